//! The vehicle monitor.

use std::sync::Arc;

use actors::store::Store;
use anyhow::Context;
use async_trait::async_trait;
use domain::Plate;
use domain::wire::ping::PING_QUEUE;
use platform::messaging::Broker as _;
use platform::messaging::topology::Declarations;
use vehicles::Vehicles;
use vehicles::inside::Inside;
use vehicles::plates::Plates;

use super::Wiring;
use crate::redis_watch::{self, RedisWatch};
use crate::roles::open;

/// Starts it, and answers what it knows of plates. `sessions` is the store of the actors, where they
/// are in this process.
pub async fn start(
    wiring: &Wiring<'_>,
    sessions: Option<Arc<dyn Store>>,
) -> anyhow::Result<Plates> {
    let (config, clock) = (wiring.config, &wiring.clock);
    let store = open::vehicles_store(config, &wiring.watched)?;
    let redis =
        RedisWatch::start(redis_watch::VEHICLES, Arc::clone(&store), &wiring.registry).await?;
    // In a process of its own it looks into the sessions' store, where there is one to look into.
    let sessions = match (sessions, &config.store_url) {
        (None, Some(_)) => Some(open::store(config, clock, &wiring.watched)?.0),
        (sessions, _) => sessions,
    };
    let queue = match &config.broker_url {
        Some(url) => {
            // The declarations are counted where the actors run.
            let broker = open::amqp_broker(url, config, clock, Declarations::unseen()?)?;
            Some(broker.consume(PING_QUEUE))
        }
        None => None,
    };
    let vehicles = Vehicles::start(vehicles::Parts {
        options: config.vehicles.clone(),
        queue,
        store,
        inside: sessions.map(|store| Arc::new(OpenStays(store)) as Arc<dyn Inside>),
        clock: Arc::clone(clock),
        metrics: Arc::new(vehicles::Metrics::new(&wiring.registry)?),
        vitals: wiring.vitals.clone(),
    })
    .await
    .context("the vehicle monitor's store")?;
    if let Some(redis) = redis {
        let _ = vehicles.health().store_settings.set(Arc::clone(&redis.part));
        wiring.run(redis);
    }
    let plates = vehicles.plates();
    wiring.run(vehicles);
    Ok(plates)
}

/// The plates with an open stay: the monitor asks, the sessions' store knows.
struct OpenStays(Arc<dyn Store>);

#[async_trait]
impl Inside for OpenStays {
    async fn inside(&self, plates: &[Plate]) -> Result<Vec<bool>, String> {
        self.0.open_among(plates).await.map_err(|e| e.to_string())
    }
}
