//! Looks twice a second how far the queues have been read, agrees on it with the other processors,
//! and has the verdicts given that have waited long enough (R4, R5, R7).
//!
//! Owns: this processor's watermarks.
//! Hears: its own schedule; [`SettleNow`] runs one step of it.
//! Tells: the consumers ([`HowFar`]), the store (a sign of life, what is due), the registry
//! ([`Settle`]), the summary client ([`Adopt`]).
//! Never: decides a verdict; the plate's actor does.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix::{
    Actor, ActorFutureExt, AsyncContext, AtomicResponse, Context, Handler, Message, Recipient,
    WrapFuture,
};
use domain::watermark::Marker;
use domain::{Behind, Direction, Plate, Policy, Reading, SharedClock, Watermarks};
use futures_util::StreamExt;
use futures_util::stream;
use platform::runtime::Vital;
use tracing::{debug, error, info};

use crate::consumer::{HowFar, HowFarAnswer};
use crate::gate::Gate;
use crate::health::Health;
use crate::metrics::Metrics;
use crate::plate_actor::Settle;
use crate::store::{Beat, Peers, ProcessorId, Store, StoreError};
use crate::summary_client::Adopt;

/// Plates settled at a time.
const SETTLED_AT_ONCE: usize = 256;

/// A step that has more to do than fits ends here, so that the next sign of life is not late.
const STEP_MAX: Duration = Duration::from_secs(2);

/// Run one step now.
#[derive(Debug, Message)]
#[rtype(result = "Settled")]
pub struct SettleNow;

/// What a step did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, actix::MessageResponse)]
pub struct Settled {
    /// The watermarks all processors agree on.
    pub watermarks: Watermarks,
    /// Plates that were due and are settled.
    pub plates: usize,
}

/// See the module.
pub struct Settler {
    parts: Rc<Parts>,
    marker: Marker,
    vital: Vital,
}

/// What a settler is made of.
pub struct Parts {
    /// Which processor this is.
    pub processor: ProcessorId,
    /// The consumer of entries, asked how far it has read.
    pub entries: Recipient<HowFar>,
    /// The consumer of exits, asked how far it has read.
    pub exits: Recipient<HowFar>,
    /// Finds the plates' actors.
    pub registry: Recipient<Settle>,
    /// The summary client, which takes over outboxes of processors that are gone.
    pub summary_client: Recipient<Adopt>,
    /// Shared by all processors.
    pub store: Arc<dyn Store>,
    /// Told to the plates' actors: what all processors agree on.
    pub watermarks: Rc<Cell<Watermarks>>,
    /// Told to them as well: whose history is coming in.
    pub behind: Rc<RefCell<Behind>>,
    /// Whether the last sign of life did not arrive.
    pub store_was_away: Cell<bool>,
    /// No verdicts while the outbox is full.
    pub gate: Arc<Gate>,
    /// The clock of processing time.
    pub clock: SharedClock,
    /// The rules, which say how long to wait for what is late.
    pub policy: Policy,
    /// Pause between two steps.
    pub every: Duration,
    /// Plates per look into the store.
    pub batch_max: usize,
    /// The gauges that it sets.
    pub metrics: Arc<Metrics>,
    /// Says whether the store is usable.
    pub health: Arc<Health>,
}

impl Settler {
    /// A settler that has settled nothing yet.
    pub fn new(parts: Parts, vital: Vital) -> Self {
        Self { marker: Marker::new(&parts.policy), parts: Rc::new(parts), vital }
    }
}

impl Parts {
    async fn progress(&self) -> Option<(HowFarAnswer, HowFarAnswer)> {
        let store_was_away = self.store_was_away.get();
        let entries = self.entries.send(HowFar { store_was_away }).await.ok()?;
        let exits = self.exits.send(HowFar { store_was_away }).await.ok()?;
        Some((entries, exits))
    }

    /// Exchanges watermarks, then settles what is due and this processor's to settle.
    async fn step(&self, reading: Reading, watermarks: Watermarks) -> Settled {
        let beat = Beat { processor: self.processor.clone(), reading, watermarks };
        let answer = self.store.beat(&beat).await;
        self.store_was_away.set(answer.is_err());
        if let Ok(peers) = &answer {
            self.watermarks.set(peers.watermarks);
        }
        self.show_lag();
        let peers = match answer {
            Ok(peers) => peers,
            Err(e) => {
                self.store_failed(&e);
                return Settled::default();
            }
        };
        if self.health.store.works() {
            info!("store usable");
        }
        self.behind.replace(peers.behind.clone());
        let behind = peers.behind.places().map_or(usize::MAX, Iterator::count);
        self.metrics.places_behind.set(i64::try_from(behind).unwrap_or(i64::MAX));
        self.metrics.processors.set(i64::try_from(peers.alive).unwrap_or(i64::MAX));
        self.tell_flow().await;
        if let Ok(counts) = self.store.counts().await {
            self.metrics.sessions_open.set(i64::try_from(counts.open).unwrap_or(i64::MAX));
        }
        for gone in &peers.gone {
            // Busy with one already: it is found again at the next step.
            let _ = self.summary_client.try_send(Adopt(gone.clone()));
        }
        let plates = self.settle_due(&peers).await;
        Settled { watermarks: peers.watermarks, plates }
    }

    async fn tell_flow(&self) {
        let passed = self.metrics.flow.take();
        if !passed.is_empty() && self.store.count_passed(&passed).await.is_err() {
            self.metrics.flow.add(&passed);
        }
    }

    async fn settle_due(&self, peers: &Peers) -> usize {
        let mut settled = 0;
        let begun = tokio::time::Instant::now();
        while self.gate.is_open() && begun.elapsed() < STEP_MAX {
            let due = match self.store.due(&peers.watermarks, &peers.behind, self.batch_max).await {
                Ok(due) => due,
                Err(e) => {
                    self.store_failed(&e);
                    break;
                }
            };
            let is_all = due.len() < self.batch_max;
            let mine: Vec<Plate> = due.into_iter().filter(|plate| is_mine(plate, peers)).collect();
            let done = self.settle(&mine, peers).await;
            settled += done;
            // The rest is another's, or cannot be settled now; the next step sees.
            if is_all || done == 0 {
                break;
            }
        }
        if settled > 0 {
            debug!(plates = settled, "plates settled");
        }
        settled
    }

    async fn settle(&self, plates: &[Plate], peers: &Peers) -> usize {
        let settle = |plate: &Plate| Settle {
            plate: plate.clone(),
            watermarks: peers.watermarks,
            behind: peers.behind.clone(),
        };
        stream::iter(plates)
            .map(|plate| self.registry.send(settle(plate)))
            .buffer_unordered(SETTLED_AT_ONCE)
            .filter(|answer| std::future::ready(matches!(answer, Ok(Ok(true)))))
            .count()
            .await
    }

    fn store_failed(&self, error: &StoreError) {
        self.metrics.failures.with_label_values(&["store"]).inc();
        if self.health.store.fails(&error.to_string()) {
            error!(error = %error, "store not usable, trying again");
        }
    }

    /// Of what all agree on: that is what is waited for.
    fn show_lag(&self) {
        let (marks, now) = (self.watermarks.get(), self.clock.now());
        for (direction, mark) in [(Direction::Entry, marks.entries), (Direction::Exit, marks.exits)]
        {
            if let Some(mark) = mark {
                self.metrics.watermark_lag(direction).set((now - mark).as_seconds_f64());
            }
        }
    }

    fn show_offset(&self, answers: &(HowFarAnswer, HowFarAnswer)) {
        let offsets = [answers.0.clock_offset, answers.1.clock_offset];
        let known: Vec<f64> = offsets.into_iter().flatten().collect();
        if !known.is_empty() {
            self.metrics.clock_offset.set(known.iter().sum::<f64>() / known.len() as f64);
        }
    }
}

/// Each due plate is one processor's: no two settle it, nobody has to ask. A plate hashes alike
/// everywhere; should two disagree on who is alive, the record's version decides (G4).
fn is_mine(plate: &Plate, peers: &Peers) -> bool {
    let sum = plate
        .as_str()
        .bytes()
        .fold(0_usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(usize::from(byte)));
    sum % peers.alive.max(1) == peers.rank % peers.alive.max(1)
}

impl Actor for Settler {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        context.run_interval(self.parts.every, |_, context| {
            // One that is still running is not overtaken: the mailbox waits with the actor.
            let _ = context.address().try_send(SettleNow);
        });
    }
}

impl Handler<SettleNow> for Settler {
    type Result = AtomicResponse<Self, Settled>;

    fn handle(&mut self, _: SettleNow, _: &mut Self::Context) -> Self::Result {
        self.vital.may_die_here();
        let parts = Rc::clone(&self.parts);
        let asked = async move { parts.progress().await };
        let step = asked.into_actor(self).then(|answers, settler, _| {
            let parts = Rc::clone(&settler.parts);
            let marks = answers.map(|answers| {
                parts.show_offset(&answers);
                let reading = settler.marker.advance(&answers.0.progress, &answers.1.progress);
                (reading, settler.marker.marks())
            });
            let step = async move {
                match marks {
                    Some((reading, marks)) => parts.step(reading, marks).await,
                    None => Settled::default(),
                }
            };
            step.into_actor(settler)
        });
        AtomicResponse::new(Box::pin(step))
    }
}
