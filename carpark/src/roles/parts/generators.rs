//! Simulated cameras.

use std::sync::Arc;

use anyhow::Context;
use domain::Direction;
use domain::wire::queue_of;
use generators::{Generators, InsideStore, MemoryStore, RedisStore};
use platform::messaging::amqp::PublisherOptions;
use platform::messaging::embedded::EmbeddedPublisher;
use platform::runtime::{Asking, Part, keep_asking};
use platform::storage::Unreached;

use super::Wiring;
use crate::redis_watch::{self, RedisWatch};
use crate::roles::open;

/// Starts them.
pub async fn start(
    wiring: &Wiring<'_>,
    embedded: Option<EmbeddedPublisher>,
) -> anyhow::Result<Generators> {
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
    let is_redis = config.generator_store_url.is_some();
    let redis =
        RedisWatch::start(redis_watch::GENERATORS, Arc::clone(&store), &wiring.registry).await?;
    let store_part = Arc::new(Part::default());
    let asking = is_redis.then(|| ask(Arc::clone(&store), Arc::clone(&store_part)));
    let mut generators = generators::start(
        config.generators.clone(),
        &kinds,
        Arc::clone(&publisher),
        store,
        Arc::clone(&wiring.clock),
        &wiring.registry,
        &wiring.vitals,
    )
    .await?;
    generators.tell_every(config.published_every);
    wiring.add(|site| {
        site.routes(generators.routes());
        site.check(move || {
            let state = if publisher.is_ready() { "ok" } else { "cannot publish" };
            vec![("publisher".to_owned(), state.to_owned())]
        });
        if is_redis {
            site.check(move || vec![("generator_store".to_owned(), store_part.text())]);
        }
        if let Some(redis) = &redis {
            redis.show(site);
        }
    });
    wiring.hold((redis, asking));
    Ok(generators)
}

/// Asks the store whether it is there; that it came or went it logs itself.
fn ask(store: Arc<dyn InsideStore>, part: Arc<Part>) -> Asking {
    keep_asking(
        async move || store.count().await.map(|_| ()).map_err(|e| e.to_string()),
        move |answer| {
            match answer {
                Ok(()) => part.works(),
                Err(reason) => part.fails(reason),
            };
        },
    )
}
