//! Brokers and stores: which one the configuration means, opened, and waited for.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use actors::store::{EmbeddedStore, ProcessorId, RedisOptions, RedisStore, Store};
use anyhow::Context;
use domain::SharedClock;
use domain::wire::{ENTRY_QUEUE, EXIT_QUEUE};
use platform::messaging::amqp::{AmqpBroker, AmqpPublisher, PublisherOptions, Server};
use platform::messaging::embedded::{EmbeddedBroker, EmbeddedPublisher};
use platform::messaging::topology::Declarations;
use platform::messaging::{Broker, BrokerError, Publisher};
use platform::storage::Unreached;
use tracing::warn;

use super::watched::Watched;
use crate::config::Config;

/// Messages that wait in each queue of the embedded broker.
const EMBEDDED_QUEUE: usize = 10_000;
/// First and longest pause between attempts at a server that is not there yet.
const ATTEMPT_PAUSES: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(2));

/// The actors' broker, and the way into it where it is embedded.
pub fn broker(
    config: &Config,
    clock: &SharedClock,
    declarations: Declarations,
    watched: &Watched,
) -> anyhow::Result<(Box<dyn Broker>, Option<EmbeddedPublisher>)> {
    if let Some(url) = &config.broker_url {
        return Ok((Box::new(amqp_broker(url, config, clock, declarations)?), None));
    }
    let path = in_data_dir(&config.data_dir, EmbeddedBroker::DEAD_LETTERS)?;
    let broker = EmbeddedBroker::open(
        &[ENTRY_QUEUE, EXIT_QUEUE],
        &path,
        EMBEDDED_QUEUE,
        config.prefetch.into(),
        Arc::clone(clock),
    )?;
    watched.database("dead_letters", broker.file());
    let publisher = broker.publisher();
    Ok((Box::new(broker), Some(publisher)))
}

/// RabbitMQ at `url`.
pub fn amqp_broker(
    url: &str,
    config: &Config,
    clock: &SharedClock,
    declarations: Declarations,
) -> anyhow::Result<AmqpBroker> {
    let server = Server::new(url, declarations).context("CARPARK_BROKER_URL")?;
    Ok(AmqpBroker::new(server, config.prefetch, Arc::clone(clock)))
}

/// A publisher to those queues, of RabbitMQ or of the embedded broker.
pub fn publisher(
    options: &PublisherOptions,
    queues: &[&'static str],
    config: &Config,
    embedded: Option<EmbeddedPublisher>,
) -> anyhow::Result<Arc<dyn Publisher>> {
    let Some(url) = &config.broker_url else {
        let embedded =
            embedded.context("an embedded broker needs the actors in the same process")?;
        return Ok(Arc::new(embedded));
    };
    let server = Server::new(url, Declarations::unseen()?).context("CARPARK_BROKER_URL")?;
    Ok(Arc::new(AmqpPublisher::start(server, options, queues)))
}

/// The sessions' store, and who this process is in it.
pub fn store(
    config: &Config,
    clock: &SharedClock,
    watched: &Watched,
) -> anyhow::Result<(Arc<dyn Store>, ProcessorId)> {
    if let Some(url) = &config.store_url {
        let options = RedisOptions {
            retention: config.rules.retention,
            silent_after: RedisOptions::silent_after(config.rules.lateness),
            ..RedisOptions::new(&**url)
        };
        let store = RedisStore::new(options).context("CARPARK_STORE_URL")?;
        let alphabet: Vec<char> = ('a'..='z').chain('0'..='9').collect();
        let processor = ProcessorId(nanoid::nanoid!(12, &alphabet).into());
        return Ok((Arc::new(store), processor));
    }
    let path = in_data_dir(&config.data_dir, "carpark.redb")?;
    let store = EmbeddedStore::open(&path, config.rules.retention, Arc::clone(clock))?;
    watched.database("store_file", store.file());
    Ok((Arc::new(store), ProcessorId("embedded".into())))
}

/// The vehicle monitor's store.
pub fn vehicles_store(
    config: &Config,
    watched: &Watched,
) -> anyhow::Result<Arc<dyn vehicles::store::Store>> {
    if let Some(url) = &config.vehicles.store_url {
        let store = vehicles::store::RedisStore::new(url, &nanoid::nanoid!());
        return Ok(Arc::new(store.context("CARPARK_VEHICLES_STORE_URL")?));
    }
    let path = in_data_dir(&config.data_dir, "vehicles.redb")?;
    let store = vehicles::store::EmbeddedStore::open(&path)?;
    watched.database("vehicles_file", store.file());
    Ok(Arc::new(store))
}

fn in_data_dir(data_dir: &Path, name: &str) -> anyhow::Result<PathBuf> {
    Ok(self::data_dir(data_dir)?.join(name))
}

/// The data directory, made where it is missing.
pub fn data_dir(data_dir: &Path) -> anyhow::Result<PathBuf> {
    std::fs::create_dir_all(data_dir).with_context(|| {
        format!(
            "the data directory {} cannot be created or written: set CARPARK_DATA_DIR to one that can",
            data_dir.display()
        )
    })?;
    Ok(data_dir.to_owned())
}

/// Waits for the servers while there is hope, saying so; gives up with what to do.
pub async fn prepare(
    broker: &dyn Broker,
    store: &dyn Store,
    patience: Duration,
) -> anyhow::Result<()> {
    prepare_broker(broker, patience).await?;
    patiently("the store", patience, async || {
        store.reach().await.map_err(|e| match e {
            Unreached::Away(_) => Attempt::Failed(e.into()),
            Unreached::Refused(_) => Attempt::Hopeless(e.into()),
        })
    })
    .await
}

/// The queues are declared, or it says why they cannot be.
pub async fn prepare_broker(broker: &dyn Broker, patience: Duration) -> anyhow::Result<()> {
    patiently("RabbitMQ", patience, async || match broker.prepare().await {
        Ok(()) => Ok(()),
        Err(e @ BrokerError::Refused { .. }) => Err(Attempt::Hopeless(e.into())),
        Err(e) => Err(Attempt::Failed(e.into())),
    })
    .await
}

/// Why an attempt was none.
pub enum Attempt {
    /// It failed, and is worth another attempt.
    Failed(anyhow::Error),
    /// Not before somebody changes something.
    Hopeless(anyhow::Error),
}

/// Attempts it while there is hope, and says so.
pub async fn patiently(
    what: &str,
    patience: Duration,
    attempt: impl AsyncFn() -> Result<(), Attempt>,
) -> anyhow::Result<()> {
    let deadline = tokio::time::Instant::now() + patience;
    let mut backoff = platform::runtime::Backoff::new(ATTEMPT_PAUSES.0, ATTEMPT_PAUSES.1);
    loop {
        let error = match attempt().await {
            Ok(()) => return Ok(()),
            Err(Attempt::Hopeless(error)) => return Err(error),
            Err(Attempt::Failed(error)) => error,
        };
        let left = deadline.saturating_duration_since(tokio::time::Instant::now());
        if left.is_zero() {
            return Err(error.context(format!(
                "gave up on {what} after {}: is it running, and is the URL right? \
                 (CARPARK_START_PATIENCE sets how long to wait)",
                humantime::format_duration(patience)
            )));
        }
        if backoff.attempts() == 0 {
            warn!(error = %format!("{error:#}"), patience_seconds = patience.as_secs(), "waiting for {what}");
        }
        backoff.wait().await;
    }
}
