//! Simulated vehicles that report in: once per interval each of them decides by its dice
//! whether it pings.
//!
//! Reading order: [`Options`] → `fleet` (the vehicles, made of a seed) → `monitor` (the vehicle
//! monitor over HTTP) → `way` (how a ping gets there) → `generator` (the actor) → `admin`.

mod admin;
mod fleet;
mod generator;
mod metrics;
mod monitor;
mod options;
mod way;

use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, Addr};
use actix_web::web::Data;
use async_trait::async_trait;
use domain::SharedClock;
use platform::component::Component;
use platform::http::Routes;
use platform::runtime::Vitals;
use prometheus::Registry;
use tracing::info;

use crate::dice::{Dice, Stream, new_seed};
use crate::tell::Telling;
pub(crate) use admin::routes;
use generator::{Finish, PingGenerator};
use metrics::Meters;
pub use monitor::Monitor;
pub use options::{Options, Register};
pub use way::{OverHttp, OverQueue, Way, WayError};

/// Registers the vehicles that `options` make; answers how many. Those that are registered already stay
/// as they are. An error says why in words.
pub async fn register(options: &Options, monitor: &Monitor) -> Result<usize, String> {
    let count = options.vehicles.unwrap_or_default();
    let made = fleet::make(count, options.customers, options.seed.unwrap_or(0));
    monitor.import(made.csv).await.map(|()| made.vehicles.len())
}

/// The running simulation of vehicles.
pub struct Pings {
    generator: Addr<PingGenerator>,
    meters: Meters,
    /// Held for its lines.
    telling: Option<Telling>,
}

/// For pings under way at a stop.
const STOP_MAX: Duration = Duration::from_secs(3);

/// Starts them on the current arbiter. They register themselves as soon as the monitor is there.
pub fn start(
    options: Options,
    monitor: Monitor,
    way: Arc<dyn Way>,
    clock: SharedClock,
    registry: &Registry,
    vitals: &Vitals,
) -> Result<Pings, prometheus::Error> {
    let meters = Meters::new(registry)?;
    let seed = options.seed.unwrap_or_else(new_seed);
    let dice = Dice::new(seed, Stream::Pings);
    let vital = vitals.of("ping generator");
    let generator = PingGenerator::new(options, monitor, way, dice, clock, meters.clone(), vital);
    Ok(Pings { generator: generator.start(), meters, telling: None })
}

impl Pings {
    /// Says in the log, `every` so often, what was published since the last time; never where that
    /// is zero.
    pub fn tell_every(&mut self, every: Duration) {
        let meters = self.meters.clone();
        let count = move || {
            let [confirmed, failed, refused] =
                ["confirmed", "failed", "refused"].map(|outcome| meters.count(outcome));
            [confirmed, failed, refused, meters.silent.get()]
        };
        let mut before = count();
        self.telling = Telling::start(every, move || {
            let now = count();
            info!(
                published = now[0] - before[0],
                not_confirmed = now[1] - before[1],
                refused = now[2] - before[2],
                silent = now[3] - before[3],
                published_since_start = now[0],
                "pings published"
            );
            before = now;
        });
    }
}

#[async_trait(?Send)]
impl Component for Pings {
    /// The routes under `/admin/generators/pings`.
    fn routes(&self) -> Routes {
        let generator = self.generator.clone();
        routes().sharing(move || Data::new(generator.clone()))
    }

    /// Makes no more pings and waits a moment for those under way.
    async fn stop(self: Box<Self>) {
        let _ = tokio::time::timeout(STOP_MAX, self.generator.send(Finish)).await;
    }
}
