//! Simulated cameras.

use std::sync::Arc;

use anyhow::Context;
use domain::Direction;
use domain::wire::queue_of;
use generators::{InsideStore, MemoryStore, RedisStore};
use platform::component::{Component, States};
use platform::messaging::amqp::PublisherOptions;
use platform::messaging::embedded::EmbeddedPublisher;
use platform::runtime::{Asking, Part, keep_asking, texts};
use platform::storage::Unreached;

use super::Wiring;
use crate::redis_watch::{self, RedisWatch};
use crate::roles::open;

/// Starts them.
pub async fn start(wiring: &Wiring<'_>, embedded: Option<EmbeddedPublisher>) -> anyhow::Result<()> {
    let (plan, config) = (wiring.plan, wiring.config);
    let kinds: Vec<Direction> = [(plan.entries, Direction::Entry), (plan.exits, Direction::Exit)]
        .into_iter()
        .filter_map(|(runs, kind)| runs.then_some(kind))
        .collect();
    let queues: Vec<&'static str> = kinds.iter().map(|kind| queue_of(*kind)).collect();
    let publishing = PublisherOptions::new("carpark generators");
    let publisher = open::publisher(&publishing, &queues, config, embedded)?;
    let store: Arc<dyn InsideStore> = match &config.generator_store_url {
        Some(url) => Arc::new(RedisStore::new(url).context("CARPARK_GENERATOR_STORE_URL")?),
        None => Arc::new(MemoryStore::new()),
    };
    // One that is away is waited for later, vehicle by vehicle; one that refuses never lets us in.
    if let Err(refused @ Unreached::Refused(_)) = store.reach().await {
        return Err(refused).context("CARPARK_GENERATOR_STORE_URL");
    }
    let redis =
        RedisWatch::start(redis_watch::GENERATORS, Arc::clone(&store), &wiring.registry).await?;
    if let Some(redis) = redis {
        wiring.run(redis);
    }
    if config.generator_store_url.is_some() {
        wiring.run(Asked::start(Arc::clone(&store)));
    }
    let mut generators = generators::start(
        config.generators.clone(),
        &kinds,
        publisher,
        store,
        Arc::clone(&wiring.clock),
        &wiring.registry,
        &wiring.vitals,
    )
    .await?;
    generators.tell_every(config.published_every);
    wiring.run(generators);
    Ok(())
}

/// The store, asked whether it is there; that it came or went it logs itself.
struct Asked {
    part: Arc<Part>,
    _asking: Asking,
}

impl Asked {
    fn start(store: Arc<dyn InsideStore>) -> Self {
        let part = Arc::new(Part::default());
        let told = Arc::clone(&part);
        let asking = keep_asking(
            async move || store.count().await.map(|_| ()).map_err(|e| e.to_string()),
            move |answer| {
                match answer {
                    Ok(()) => told.works(),
                    Err(reason) => told.fails(reason),
                };
            },
        );
        Self { part, _asking: asking }
    }
}

impl Component for Asked {
    fn checks(&self) -> Option<States> {
        let part = Arc::clone(&self.part);
        Some(Box::new(move || texts(vec![("generator_store", &*part)])))
    }
}
