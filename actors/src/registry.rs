//! Finds the actor of a plate, makes it where there is none, ends it where it is idle.
//!
//! Owns: which plates have an actor, and when each was last spoken to.
//! Hears: [`Observed`] from the consumers, [`Settle`] from the settler.
//! Tells: [`PlateActor`]s, everything in the order it came; [`Passivate`] as the last word.
//! Never: waits for an actor; an observation answers through its receipt.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix::dev::SendError;
use actix::{Actor, Addr, AsyncContext, Context, Handler, ResponseFuture};
use domain::Plate;
use hashlink::LinkedHashMap;
use platform::runtime::Vital;
use tokio::time::Instant;
use tracing::warn;

use crate::metrics::Metrics;
use crate::plate_actor::{Observed, Passivate, PlateActor, Settle, Shared, Unsettled};

/// Messages that an actor holds before the registry's task waits for room.
const PLATE_MAILBOX: usize = 64;
/// Observations that the registry holds; more than two consumers can have under way.
const REGISTRY_MAILBOX: usize = 4096;

/// When an actor has to go.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Without a message for this long.
    pub idle_after: Duration,
    /// Past this number the least recently used goes.
    pub residents_max: usize,
}

struct Resident {
    actor: Addr<PlateActor>,
    /// When it was last spoken to.
    used: Instant,
}

/// See the module.
pub struct Registry {
    limits: Limits,
    shared: Rc<Shared>,
    metrics: Arc<Metrics>,
    /// In order of last use, the oldest first.
    residents: LinkedHashMap<Plate, Resident>,
    /// Tells the wiring should the registry die.
    vital: Vital,
}

impl Registry {
    /// A registry that has no actors yet.
    pub fn new(limits: Limits, shared: Shared, vital: Vital) -> Self {
        let metrics = Arc::clone(&shared.metrics);
        let residents = LinkedHashMap::new();
        Self { limits, shared: Rc::new(shared), metrics, residents, vital }
    }

    /// The plate's actor, the most recently used from now on.
    fn resident(&mut self, plate: &Plate) -> Addr<PlateActor> {
        let used = Instant::now();
        if let Some(resident) = self.residents.to_back(plate) {
            if resident.actor.connected() {
                resident.used = used;
                return resident.actor.clone();
            }
            // It panicked: what it had in hand goes back to the queue, its successor starts from
            // the store (G7).
            warn!(plate = ?plate, "actor of a plate died, making another");
            self.metrics.respawned.inc();
        }
        let (plate_of_actor, shared) = (plate.clone(), Rc::clone(&self.shared));
        let actor = PlateActor::create(|context| {
            context.set_mailbox_capacity(PLATE_MAILBOX);
            PlateActor::new(plate_of_actor, shared)
        });
        self.residents.insert(plate.clone(), Resident { actor: actor.clone(), used });
        if self.residents.len() > self.limits.residents_max {
            self.passivate_oldest();
        }
        actor
    }

    /// Forgets the least recently used actor, then tells it to end. Whatever was sent to it before
    /// stands before that word in its mailbox, whatever comes after goes to a new actor: nothing is
    /// lost, and should the two meet over the record, the version decides (G4).
    fn passivate_oldest(&mut self) {
        let Some((plate, resident)) = self.residents.pop_front() else {
            return;
        };
        match resident.actor.try_send(Passivate) {
            Ok(()) => self.metrics.passivated.inc(),
            Err(SendError::Closed(_)) => {}
            // Not idle at all.
            Err(SendError::Full(_)) => {
                let used = Instant::now();
                self.residents.insert(plate, Resident { used, ..resident });
            }
        }
    }

    /// Ends the actors that were not spoken to for long.
    pub fn sweep(&mut self) {
        let now = Instant::now();
        while let Some((_, oldest)) = self.residents.front() {
            if now - oldest.used < self.limits.idle_after {
                return;
            }
            self.passivate_oldest();
        }
    }

    /// Hands an observation to its plate's actor.
    fn forward(&mut self, observed: Observed) {
        let actor = self.resident(&observed.observation.plate);
        match actor.try_send(observed) {
            Ok(()) => {}
            // A plate that is read more often than it can be judged. The task waits for room; the
            // prefetch bounds how many do.
            Err(SendError::Full(observed)) => {
                actix_rt::spawn(async move { actor.send(observed).await });
            }
            // Died this moment: the receipt, dropped, puts the delivery back.
            Err(SendError::Closed(_)) => {}
        }
    }
}

impl Actor for Registry {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        context.set_mailbox_capacity(REGISTRY_MAILBOX);
        let every = self.limits.idle_after.div_f64(4.0).max(Duration::from_millis(10));
        context.run_interval(every, |registry, _| registry.sweep());
    }
}

impl Handler<Observed> for Registry {
    type Result = ();

    fn handle(&mut self, observed: Observed, _: &mut Self::Context) {
        self.vital.may_die_here();
        self.forward(observed);
    }
}

impl Handler<Settle> for Registry {
    type Result = ResponseFuture<Result<bool, Unsettled>>;

    fn handle(&mut self, settle: Settle, _: &mut Self::Context) -> Self::Result {
        let request = self.resident(&settle.plate).send(settle);
        Box::pin(async move { request.await.unwrap_or(Err(Unsettled::Gone)) })
    }
}

#[cfg(test)]
mod tests;
