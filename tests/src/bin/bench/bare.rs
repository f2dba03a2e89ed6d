//! What carpark is held against: the broker alone, and the broker and the store without actors.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use deadpool_redis::redis;
use domain::wire::{ENTRY_QUEUE, EXIT_QUEUE};
use futures_util::StreamExt;
use lapin::options::{BasicAckOptions, BasicConsumeOptions, BasicQosOptions};
use lapin::types::FieldTable;
use lapin::{Channel, Connection, ConnectionProperties, Consumer};
use serde::Deserialize;
use tests::Site;

/// As many as carpark's own.
const PREFETCH: u16 = 1_000;
/// Deliveries per acknowledgement, and commits per pipeline; larger ones gain nothing.
const BATCH: usize = 100;

/// What is stored of an observation by the plain loop: its record is the message.
const SCRIPT: &str = "\
local stands = redis.call('HGET', KEYS[1], 'version')
if (stands or '0') ~= ARGV[1] then return redis.call('HGET', KEYS[1], 'record') end
redis.call('HSET', KEYS[1], 'version', ARGV[2], 'record', ARGV[3])
return 1";

#[derive(Deserialize)]
struct Named<'a> {
    #[serde(borrow)]
    vehicle_plate: std::borrow::Cow<'a, str>,
}

/// A consumed queue on a connection of its own.
struct Queue {
    _connection: Connection,
    channel: Channel,
    consumer: Consumer,
}

impl Queue {
    async fn consume(url: &str, name: &str) -> Self {
        let properties = ConnectionProperties::default();
        let connection = Connection::connect(url, properties).await.unwrap();
        let channel = connection.create_channel().await.unwrap();
        channel.basic_qos(PREFETCH, BasicQosOptions::default()).await.unwrap();
        let options = BasicConsumeOptions::default();
        let consumer =
            channel.basic_consume(name.into(), "bare".into(), options, FieldTable::default());
        let consumer = consumer.await.unwrap();
        Self { _connection: connection, channel, consumer }
    }

    /// Up to [`BATCH`] messages, those that are there once one is; none where none comes for a
    /// second.
    async fn next_batch(&mut self) -> Vec<lapin::message::Delivery> {
        let first = tokio::time::timeout(Duration::from_secs(1), self.consumer.next()).await;
        let Ok(Some(first)) = first else { return Vec::new() };
        let mut batch = vec![first.unwrap()];
        while batch.len() < BATCH
            && let Some(Some(next)) = futures_util::FutureExt::now_or_never(self.consumer.next())
        {
            batch.push(next.unwrap());
        }
        batch
    }

    async fn acknowledge(&self, batch: &[lapin::message::Delivery]) {
        let last = batch.last().unwrap().delivery_tag;
        self.channel.basic_ack(last, BasicAckOptions { multiple: true }).await.unwrap();
    }
}

/// Runs `work` on both queues at once, on one thread; the time from the first consume to the last
/// acknowledgement of `count` messages.
fn on_both<F: Future<Output = (usize, Instant)>>(
    count: usize,
    work: impl Fn(&'static str) -> F,
) -> Duration {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let begun = Instant::now();
    let (entries, exits) =
        runtime.block_on(async { tokio::join!(work(ENTRY_QUEUE), work(EXIT_QUEUE)) });
    assert!(entries.0 + exits.0 >= count, "the queues had too few messages");
    entries.1.max(exits.1) - begun
}

/// A consumer that does nothing but acknowledge.
pub fn drain(site: &Site, count: usize) -> Duration {
    let url = site.broker.url();
    on_both(count, |name| {
        let url = url.clone();
        async move {
            let mut queue = Queue::consume(&url, name).await;
            let (mut done, mut last) = (0, Instant::now());
            loop {
                let batch = queue.next_batch().await;
                if batch.is_empty() {
                    return (done, last);
                }
                queue.acknowledge(&batch).await;
                (done, last) = (done + batch.len(), Instant::now());
            }
        }
    })
}

/// Drain, store with a condition in pipelines, acknowledge: what a program would do that has no
/// actors, no rules and nothing to report.
pub fn plain_loop(site: &Site, count: usize) -> Duration {
    let (url, store_url) = (site.broker.url(), site.redis.url(3));
    on_both(count, |name| {
        let (url, store_url) = (url.clone(), store_url.clone());
        async move {
            let client = redis::Client::open(store_url).unwrap();
            let mut store = client.get_multiplexed_async_connection().await.unwrap();
            let hash: String =
                redis::cmd("SCRIPT").arg("LOAD").arg(SCRIPT).query_async(&mut store).await.unwrap();
            let mut versions: HashMap<String, u64> = HashMap::new();
            let mut queue = Queue::consume(&url, name).await;
            let (mut done, mut last) = (0, Instant::now());
            loop {
                let batch = queue.next_batch().await;
                if batch.is_empty() {
                    return (done, last);
                }
                let mut pipeline = redis::pipe();
                for message in &batch {
                    let named: Named<'_> = serde_json::from_slice(&message.data).unwrap();
                    // The two loops do not meet in the store.
                    let key = format!("{name}:{}", named.vehicle_plate);
                    let version = versions.entry(key.clone()).or_default();
                    pipeline.cmd("EVALSHA").arg(&hash).arg(1).arg(key);
                    pipeline.arg(*version).arg(*version + 1).arg(&message.data);
                    *version += 1;
                }
                let answers: Vec<u8> = pipeline.query_async(&mut store).await.unwrap();
                assert!(answers.iter().all(|answer| *answer == 1));
                queue.acknowledge(&batch).await;
                (done, last) = (done + batch.len(), Instant::now());
            }
        }
    })
}
