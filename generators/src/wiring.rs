//! Puts the generators together, and takes them apart in the reverse order.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use actix::prelude::*;
use actix_web::web::Data;
use async_trait::async_trait;
use domain::{Direction, SharedClock};
use futures_util::future::join_all;
use platform::component::{Component, States};
use platform::http::Routes;
use platform::messaging::Publisher;
use platform::runtime::Vitals;
use platform::settings::{Refused, Settings as _};
use prometheus::Registry;
use serde::Serialize;
use tokio_util::sync::DropGuard;
use tracing::info;

use crate::admin::{self, Control, Running};
use crate::dice::new_seed;
use crate::generator::{Finish, Generator};
use crate::inside_store::InsideStore;
use crate::ledger::Ledger;
use crate::metrics::{Counts, Meters};
use crate::options::Options;
use crate::tell::Telling;
use crate::way::{PUT_BACK_MAX, Stop, Way};

/// Why the generators could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A setting that makes no sense.
    #[error(transparent)]
    Options(#[from] Refused),
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
    /// None where another process makes the entries.
    pub entries: Option<Counts>,
    /// None where another process makes the exits.
    pub exits: Option<Counts>,
}

/// Running generators. Dropped without [`Generators::finish`] they stop at once, and what is under
/// way is given up.
pub struct Generators {
    control: Control,
    publisher: Arc<dyn Publisher>,
    ledger: Option<Arc<Ledger>>,
    stop: Stop,
    /// How long a stop waits for confirmations.
    stop_max: Duration,
    /// Held for its lines.
    telling: Option<Telling>,
    /// Gives up when it is dropped.
    _run: DropGuard,
}

/// Starts the generators of `kinds` on the current arbiter.
pub async fn start(
    options: Options,
    kinds: &[Direction],
    publisher: Arc<dyn Publisher>,
    store: Arc<dyn InsideStore>,
    clock: SharedClock,
    registry: &Registry,
    vitals: &Vitals,
) -> Result<Generators, StartError> {
    options.check()?;
    let ledger = options.ledger.as_deref().map(|path| {
        let opened = Ledger::open(path).map(Arc::new);
        opened.map_err(|error| StartError::Ledger { path: path.to_owned(), error })
    });
    let ledger = ledger.transpose()?;
    let seed = options.seed.unwrap_or_else(new_seed);
    let stop = Stop::new();
    let run = |kind| {
        let meters = Arc::new(Meters::register(kind, registry)?);
        let way = Way {
            publisher: Arc::clone(&publisher),
            ledger: ledger.clone(),
            store: Arc::clone(&store),
            clock: Arc::clone(&clock),
            stop: stop.clone(),
            meters: Arc::clone(&meters),
        };
        let vital = match kind {
            Direction::Entry => vitals.of("entry generator"),
            Direction::Exit => vitals.of("exit generator"),
        };
        let generator = Generator::new(kind, options.clone(), seed, Arc::new(way), vital).start();
        Ok::<_, StartError>(Running { kind, generator, meters })
    };
    Ok(Generators {
        control: Control(kinds.iter().map(|kind| run(*kind)).collect::<Result<_, _>>()?),
        publisher,
        ledger,
        stop_max: Duration::from_secs_f64(options.stop_seconds_max),
        telling: None,
        _run: stop.giving_up.clone().drop_guard(),
        stop,
    })
}

impl Generators {
    /// Says in the log, `every` so often, what was published since the last time; never where that
    /// is zero.
    pub fn tell_every(&mut self, every: Duration) {
        let mut told: Vec<_> = self
            .control
            .0
            .iter()
            .map(|running| (running.kind, Arc::clone(&running.meters), running.meters.counts()))
            .collect();
        self.telling = Telling::start(every, move || {
            for (kind, meters, before) in &mut told {
                let now = meters.counts();
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
        let of = |kind| self.control.of(kind).map(|running| running.meters.counts());
        Snapshot { entries: of(Direction::Entry), exits: of(Direction::Exit) }
    }

    /// Stops making traffic, waits for the confirmations of what is under way, up to the limit of
    /// the options, then gives up on the rest: vehicles whose exit is unconfirmed go back into the
    /// store. At last brings the ledger to its file. Returns what was done.
    pub async fn finish(self) -> Snapshot {
        self.stop.draining.cancel();
        let finished =
            join_all(self.control.0.iter().map(|running| running.generator.send(Finish)));
        tokio::pin!(finished);
        if tokio::time::timeout(self.stop_max, &mut finished).await.is_err() {
            tracing::warn!("the broker did not confirm all messages before the stop");
            self.stop.giving_up.cancel();
            let put_back = tokio::time::timeout(PUT_BACK_MAX * 2, &mut finished).await;
            if put_back.is_err() {
                tracing::warn!("not all passages under way came to an end");
            }
        }
        if let Some(ledger) = &self.ledger {
            // One that cannot be written has said so.
            let _ = ledger.flush();
        }
        self.snapshot()
    }
}

#[async_trait(?Send)]
impl Component for Generators {
    /// The routes under `/admin/generators`.
    fn routes(&self) -> Routes {
        let control = self.control.clone();
        admin::routes().sharing(move || Data::new(control.clone()))
    }

    fn checks(&self) -> Option<States> {
        let publisher = Arc::clone(&self.publisher);
        Some(Box::new(move || {
            let state = if publisher.is_ready() { "ok" } else { "cannot publish" };
            vec![("publisher".to_owned(), state.to_owned())]
        }))
    }

    async fn stop(self: Box<Self>) {
        self.finish().await;
    }
}

#[cfg(test)]
mod tests;
