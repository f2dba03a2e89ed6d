//! The actors between the broker and the summary service.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use actors::plate_desk::LaterHolder;
use actors::store::Store;
use actors::summary_client::{HttpSink, SinkOptions};
use actors::{Actors, Metrics};
use anyhow::Context;
use platform::messaging::embedded::EmbeddedPublisher;
use platform::messaging::topology::Declarations;
use url::Url;

use super::{Wiring, reachable};
use crate::progress::Progress;
use crate::redis_watch::{self, RedisWatch};
use crate::roles::open;

/// What other parts want of the actors.
pub struct Started {
    /// The way into the broker, where it is embedded.
    pub publisher: Option<EmbeddedPublisher>,
    /// The store of the sessions.
    pub store: Arc<dyn Store>,
    /// Where they want to be told who else knows of plates.
    pub vehicles: LaterHolder,
    /// The same of the office.
    pub places: LaterHolder,
}

/// Starts them, when broker and store are there.
pub async fn start(wiring: &Wiring<'_>) -> anyhow::Result<Started> {
    let (config, clock) = (wiring.config, &wiring.clock);
    let summary_url = summary_url(wiring)?;
    let metrics = Arc::new(Metrics::new(&wiring.registry)?);
    let declarations = Declarations::register(&wiring.registry)?;
    let (broker, publisher) = open::broker(config, clock, declarations, &wiring.watched)?;
    let (store, processor) = open::store(config, clock, &wiring.watched)?;
    open::prepare(&*broker, &*store, config.start_patience).await?;
    let redis =
        RedisWatch::start(redis_watch::SESSIONS, Arc::clone(&store), &wiring.registry).await?;
    actors::store::respell(&*store, &processor, &config.actors.policy, clock)
        .await
        .context("plates of an earlier version could not be moved to the current spelling")?;
    let sink = HttpSink::new(SinkOptions {
        summary_url,
        token: config.tokens.sink.clone(),
        patience: config.post_patience,
    });
    let actors = Actors::start(actors::Parts {
        options: config.actors.clone(),
        broker,
        store: Arc::clone(&store),
        sink: Box::new(sink),
        processor,
        clock: Arc::clone(clock),
        metrics: Arc::clone(&metrics),
        vitals: wiring.vitals.clone(),
    });
    if let Some(redis) = redis {
        let _ = actors.health().store_settings.set(Arc::clone(&redis.part));
        wiring.run(redis);
    }
    let (vehicles, places) = (actors.vehicles(), actors.places());
    let started = Started { publisher, store, vehicles, places };
    let progress =
        Progress::start(config.progress_every, metrics, actors.gate(), Arc::clone(clock));
    if let Some(progress) = progress {
        wiring.run(progress);
    }
    wiring.run(actors);
    Ok(started)
}

/// Where the actors post: to this process where it writes the files itself, unless told otherwise.
fn summary_url(wiring: &Wiring<'_>) -> anyhow::Result<Url> {
    if let Some(url) = &wiring.config.summary_url {
        return Ok(url.clone());
    }
    let own = match wiring.plan.web {
        true => wiring.address,
        false => SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 40_000),
    };
    Ok(format!("http://{}/save_summary", reachable(own)).parse()?)
}
