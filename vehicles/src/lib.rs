//! The vehicle monitor: vehicles of several customers send a ping once a minute; one that was heard
//! within the limit is connected, any other is not.
//!
//! Reading order, the way of a ping: the queue → `consumer` → `registry` (knows
//! every vehicle; decides by [`domain::presence`], notices silence by its timeline) → [`store`] (by
//! way of its keeper) → [`live`] (who listens hears of changes). `fleet` is what the registry knows;
//! [`routes`] is what people ask.

mod consumer;
mod fleet;
mod health;
pub mod inside;
pub mod live;
mod metrics;
mod options;
pub mod plates;
mod registry;
pub mod routes;
pub mod shapes;
pub mod store;

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, Addr};
use actix_web::web::Data;
use async_trait::async_trait;
use consumer::{Consumer, Drain};
use domain::SharedClock;
use fleet::Fleet;
use inside::Inside;
use live::Live;
use plates::Plates;
use platform::component::{Component, States};
use platform::http::Routes;
use platform::messaging::{Consumed, Queue};
use platform::runtime::{Vitals, texts};
use platform::storage::Unreached;
use registry::Registry;
use routes::Desk;
use store::keeper::{Keep, Keeper};
use store::{Kept, Store, StoreError};
use tracing::{info, warn};

pub use health::Health;
pub use metrics::Metrics;
pub use options::Options;
pub use routes::routes;

/// Between two attempts at the store at the start.
const START_PAUSE: Duration = Duration::from_millis(500);

/// What the monitor is given.
pub struct Parts {
    /// What can be set.
    pub options: Options,
    /// The queue of pings; `None`: they come over HTTP alone.
    pub queue: Option<Consumed>,
    /// Where all is kept.
    pub store: Arc<dyn Store>,
    /// Who knows which vehicles are in a car park.
    pub inside: Option<Arc<dyn Inside>>,
    /// The clock of processing time.
    pub clock: SharedClock,
    /// Counts what every part of the room does; made by [`Metrics::new`].
    pub metrics: Arc<Metrics>,
    /// Hears of an actor that dies.
    pub vitals: Vitals,
}

/// The running monitor.
pub struct Vehicles {
    options: Options,
    consumer: Option<(Addr<Consumer>, Rc<dyn Queue>)>,
    keeper: Addr<Keeper>,
    store: Arc<dyn Store>,
    desk: Desk,
    health: Arc<Health>,
}

impl Vehicles {
    /// Loads what was kept and wires the actors, on this thread, from the store back to the queue.
    pub async fn start(parts: Parts) -> Result<Self, StoreError> {
        let Parts { options, queue, store, inside, clock, metrics, vitals } = parts;
        let kept = load(&*store, options.start_patience).await?;
        let health = Arc::new(Health::default());
        health.store.works();

        let keeper = Keeper::new(
            Arc::clone(&store),
            Arc::clone(&metrics),
            Arc::clone(&health),
            vitals.of("vehicles' keeper"),
        )
        .start();
        let now = clock.now();
        let live = Arc::new(Live::new(now.timestamp_millis()));
        let fleet = Fleet::new(options.silence(), kept, now);
        info!(
            vehicles = fleet.vehicles.len(),
            customers = fleet.customers.len(),
            "vehicle monitor started"
        );
        let registry = Registry::new(
            fleet,
            keeper.clone(),
            Arc::clone(&live),
            Arc::clone(&clock),
            Arc::clone(&metrics),
            vitals.of("vehicles' registry"),
        )
        .start();
        let consumer = queue.map(|(events, queue)| {
            let consumer = Consumer::start(
                (events, Rc::clone(&queue)),
                registry.clone().recipient(),
                Arc::clone(&clock),
                Arc::clone(&metrics),
                Arc::clone(&health),
                vitals.of("vehicles' consumer"),
            );
            (consumer, queue)
        });
        if consumer.is_none() {
            health.queue.works_always();
        }
        let desk = Desk { registry, live, inside, clock, metrics };
        Ok(Self { options, consumer, keeper, store, desk, health })
    }

    /// What is held of a plate here.
    pub fn plates(&self) -> Plates {
        Plates::new(self.desk.registry.clone())
    }

    /// Whether each part works.
    pub fn health(&self) -> Arc<Health> {
        Arc::clone(&self.health)
    }

    /// Notices now who has fallen silent, outside the schedule.
    pub async fn notice_now(&self) {
        let _ = self.desk.registry.send(registry::Notice).await;
    }
}

#[async_trait(?Send)]
impl Component for Vehicles {
    fn routes(&self) -> Routes {
        let desk = self.desk.clone();
        routes::routes().sharing(move || Data::new(desk.clone()))
    }

    fn checks(&self) -> Option<States> {
        let health = self.health();
        Some(Box::new(move || texts(health.parts())))
    }

    /// Consumes no more, finishes what is in flight, ends the streams of events, gives the right to
    /// write back. What is not acknowledged goes back to the queue.
    async fn stop(self: Box<Self>) {
        let goodbye = async {
            if let Some((consumer, queue)) = &self.consumer {
                let _ = consumer.send(Drain).await;
                queue.close().await;
            }
            // What was asked before this is kept when it is answered.
            let _ = self.keeper.send(Keep(Vec::new())).await;
            self.store.let_go().await
        };
        let said = tokio::time::timeout(self.options.stop_patience, goodbye).await;
        if !matches!(said, Ok(Ok(()))) {
            warn!("no goodbye to the queue and the store of vehicles; they notice by themselves");
        }
        self.desk.live.close();
        info!("vehicle monitor stopped");
    }
}

/// Takes the right to write, then reads everything; waits while another process has it or the
/// store is not there, for as long as there is hope.
async fn load(store: &dyn Store, patience: Duration) -> Result<Kept, StoreError> {
    let deadline = tokio::time::Instant::now() + patience;
    let mut is_told = false;
    loop {
        match store.reach().await {
            Err(Unreached::Refused(why)) => return Err(StoreError(why)),
            // Then what comes next fails as well, and says so.
            Ok(()) | Err(Unreached::Away(_)) => {}
        }
        let trouble = match store.hold().await {
            Ok(true) => match store.load().await {
                Ok(kept) => return Ok(kept),
                Err(e) => e,
            },
            Ok(false) => StoreError(
                "another process runs the vehicle monitor on this store; one at a time does"
                    .to_owned(),
            ),
            Err(e) => e,
        };
        if tokio::time::Instant::now() >= deadline {
            return Err(trouble);
        }
        if !is_told {
            warn!(error = %trouble, "vehicles' store not usable yet, waiting");
            is_told = true;
        }
        tokio::time::sleep(START_PAUSE).await;
    }
}

#[cfg(test)]
mod tests;
