//! Puts the generators together, and takes them apart in the reverse order.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use actix::prelude::*;
use actix_web::web;
use domain::{Direction, SharedClock};
use futures_util::future::OptionFuture;
use platform::messaging::Publisher;
use platform::runtime::{Vital, Vitals};
use prometheus::Registry;
use serde::Serialize;
use tracing::info;

use crate::admin::{self, Control};
use crate::camera::Camera;
use crate::control::Finish;
use crate::dice::{Dice, Stream, new_seed};
use crate::entry_generator::{EntryGenerator, EntryParts};
use crate::exit_generator::{ExitGenerator, ExitParts};
use crate::inside_store::InsideStore;
use crate::keep::{Keeper, PUT_BACK_MAX};
use crate::ledger::{FileLedger, Ledger};
use crate::metrics::{Counts, Meters};
use crate::options::{Options, OptionsError};
use crate::outbox::Outbox;
use crate::phase::{self, Phase, PhaseSetter, PhaseWatch};
use crate::publisher::{Flush, PublisherActor};
use crate::slots::Slots;
use crate::tell::Telling;
use crate::traffic::Traffic;

/// Which generators run in this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Roles {
    /// The entry generator.
    pub entries: bool,
    /// The exit generator.
    pub exits: bool,
}

/// Why the generators could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A setting that makes no sense.
    #[error(transparent)]
    Options(#[from] OptionsError),
    /// The ledger's file cannot be written.
    #[error("generators.ledger: {path}: {error}", path = .path.display())]
    Ledger {
        /// As it was set.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// The registry has metrics of these names already.
    #[error("the metrics of the generators: {0}")]
    Metrics(#[from] prometheus::Error),
}

/// What the generators of this process have done so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Snapshot {
    /// None where the role does not run here.
    pub entries: Option<Counts>,
    /// None where the role does not run here.
    pub exits: Option<Counts>,
}

/// Running generators. Dropped without [`Generators::stop`] they stop at once, and what is under
/// way is given up.
pub struct Generators {
    control: Control,
    publisher: Addr<PublisherActor>,
    phases: PhaseSetter,
    /// How long a stop waits for confirmations.
    stop_max: Duration,
    /// Held for its lines.
    telling: Option<Telling>,
}

/// Starts the generators of `roles` on the current arbiter.
pub async fn start(
    options: Options,
    roles: Roles,
    publisher: Arc<dyn Publisher>,
    store: Arc<dyn InsideStore>,
    clock: SharedClock,
    registry: &Registry,
    vitals: &Vitals,
) -> Result<Generators, StartError> {
    options.check()?;
    let ledger = open_ledger(&options)?;
    let meters = Meters::new(registry, roles.entries, roles.exits)?;
    let (setter, phases) = phase::running();
    let seed = options.seed.unwrap_or_else(new_seed);

    let vital = vitals.of("publisher of the generators");
    let publisher =
        PublisherActor::new(publisher, ledger, phases.clone(), meters.clone(), vital).start();

    let shared = Shared { options: &options, seed, store, clock, phases, meters, publisher };
    let entries = roles
        .entries
        .then(|| EntryGenerator::new(shared.entry_parts(vitals.of("entry generator"))).start());
    let exits = roles
        .exits
        .then(|| ExitGenerator::new(shared.exit_parts(vitals.of("exit generator"))).start());

    let Shared { meters, publisher, .. } = shared;
    Ok(Generators {
        control: Control { entries, exits, meters },
        publisher,
        phases: setter,
        stop_max: Duration::from_secs_f64(options.stop_seconds_max),
        telling: None,
    })
}

fn open_ledger(options: &Options) -> Result<Option<Arc<dyn Ledger>>, StartError> {
    let Some(path) = &options.ledger else { return Ok(None) };
    let ledger =
        FileLedger::open(path).map_err(|error| StartError::Ledger { path: path.clone(), error })?;
    Ok(Some(Arc::new(ledger)))
}

/// What both generators are made of.
struct Shared<'a> {
    options: &'a Options,
    seed: u64,
    store: Arc<dyn InsideStore>,
    clock: SharedClock,
    phases: PhaseWatch,
    meters: Meters,
    publisher: Addr<PublisherActor>,
}

impl Shared<'_> {
    fn entry_parts(&self, vital: Vital) -> EntryParts {
        let meters = Arc::clone(&self.meters.entries);
        EntryParts {
            camera: Camera::new(Direction::Entry, self.options),
            traffic: Traffic::new(self.options, self.clock.now()),
            plate_format: self.options.plate_format.clone(),
            dice: Dice::new(self.seed, Stream::Entries),
            clock: Arc::clone(&self.clock),
            phases: self.phases.clone(),
            slots: Slots::new(self.options.in_flight_max, meters.in_flight.clone()),
            outbox: self.outbox(),
            keeper: self.keeper(),
            store: Arc::clone(&self.store),
            meters,
            vital,
        }
    }

    fn exit_parts(&self, vital: Vital) -> ExitParts {
        let meters = Arc::clone(&self.meters.exits);
        ExitParts {
            camera: Camera::new(Direction::Exit, self.options),
            traffic: Traffic::new(self.options, self.clock.now()),
            plate_format: self.options.plate_format.clone(),
            matched_share: self.options.matched_share,
            misread_share: self.options.faults.misread_share,
            dice: Dice::new(self.seed, Stream::Exits),
            clock: Arc::clone(&self.clock),
            phases: self.phases.clone(),
            slots: Slots::new(self.options.in_flight_max, meters.in_flight.clone()),
            outbox: self.outbox(),
            keeper: self.keeper(),
            store: Arc::clone(&self.store),
            meters,
            vital,
        }
    }

    fn outbox(&self) -> Outbox {
        let publisher = self.publisher.clone().recipient();
        Outbox::new(publisher, self.phases.clone(), Arc::clone(&self.clock))
    }

    fn keeper(&self) -> Keeper {
        Keeper::new(Arc::clone(&self.store), self.phases.clone())
    }
}

impl Generators {
    /// Adds the routes under `/admin/generators` to a server, one of whose workers may be any
    /// thread. Authorisation is the caller's to wrap around.
    pub fn configure(&self) -> impl Fn(&mut web::ServiceConfig) + Clone + Send + 'static + use<> {
        let control = self.control.clone();
        move |config| admin::routes(control.clone(), config)
    }

    /// Says in the log, `every` so often, what was published since the last time; never where that
    /// is zero.
    pub fn tell_every(&mut self, every: Duration) {
        let Control { entries, exits, meters } = self.control.clone();
        let runs = [(entries.is_some(), Direction::Entry), (exits.is_some(), Direction::Exit)];
        let mut told: Vec<(Direction, Counts)> = runs
            .into_iter()
            .filter(|(runs, _)| *runs)
            .map(|(_, kind)| (kind, meters.of(kind).counts()))
            .collect();
        self.telling = Telling::start(every, move || {
            for (kind, before) in &mut told {
                let now = meters.of(*kind).counts();
                info!(
                    kind = kind.as_str(),
                    published = now.confirmed - before.confirmed,
                    not_confirmed = now.failed - before.failed,
                    published_since_start = now.confirmed,
                    inside = now.inside,
                    "reads published"
                );
                *before = now;
            }
        });
    }

    /// What was done so far.
    pub fn snapshot(&self) -> Snapshot {
        let Control { entries, exits, meters } = &self.control;
        Snapshot {
            entries: entries.as_ref().map(|_| meters.entries.counts()),
            exits: exits.as_ref().map(|_| meters.exits.counts()),
        }
    }

    /// Stops making traffic, waits for the confirmations of what is under way, up to the limit of
    /// the options, then gives up on the rest: vehicles whose exit is unconfirmed go back into the
    /// store. At last brings the ledger to its file. Returns what was done. The vitals are at rest by
    /// then.
    pub async fn stop(self) -> Snapshot {
        self.phases.set(Phase::Draining);
        let Control { entries, exits, .. } = self.control.clone();
        let finished = futures_util::future::join(
            OptionFuture::from(entries.map(|generator| generator.send(Finish))),
            OptionFuture::from(exits.map(|generator| generator.send(Finish))),
        );
        tokio::pin!(finished);
        if tokio::time::timeout(self.stop_max, &mut finished).await.is_err() {
            tracing::warn!("the broker did not confirm all messages before the stop");
            self.phases.set(Phase::GivingUp);
            let put_back = tokio::time::timeout(PUT_BACK_MAX * 2, &mut finished).await;
            if put_back.is_err() {
                tracing::warn!("not all passages under way came to an end");
            }
        }
        // A ledger that cannot be written has said so.
        let _flushed = self.publisher.send(Flush).await;
        self.snapshot()
    }
}

#[cfg(test)]
mod tests;
