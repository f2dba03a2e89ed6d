//! Appends to a stream of RabbitMQ, in order, without a hole and without a repeat, whatever dies. How far it
//! has come is what the stream itself says last; nobody else keeps it.
//!
//! - **One at a time.** A message is published when the one before it is confirmed: so no later one is in the stream
//!   without an earlier one, and of a connection that is lost at most one message is uncertain.
//! - **One at a time who writes.** Whoever writes consumes a queue beside the stream exclusively, *on the channel on
//!   which it publishes*. RabbitMQ gives it to another channel only when that one is dead, with all that it was still
//!   to hand on: so behind a writer that was killed, or a connection that was lost, nothing arrives any more.
//! - **Then what stands is read**, twice, until it says the same: what a dead channel had handed on may have been on its
//!   way into the stream.
//! - **And what arrives is watched**: a repeat that came all the same is seen and said.

use std::fmt::Display;
use std::time::Duration;

use futures_util::{FutureExt, StreamExt};
use lapin::message::Delivery;
use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, BasicQosOptions,
    ConfirmSelectOptions, QueueDeclareOptions,
};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::{BasicProperties, Channel, Confirmation, Connection, Consumer};
use tokio::time::{Instant, sleep, timeout};

use super::{PATIENCE, PERSISTENT, Server};
use crate::messaging::BrokerError;
use crate::messaging::topology::{Declared, declare_queue};
use crate::runtime::Backoff;
use crate::runtime::failpoint::die_at;

/// Header with the place of a message in the order of all.
const POSITION_HEADER: &str = "position";
/// Messages that a reader is given at a time.
const PREFETCH: u16 = 1000;
/// The end of the stream is where nothing comes for this long.
const QUIET: Duration = Duration::from_millis(700);
/// The same where nothing has come at all.
const EMPTY: Duration = Duration::from_secs(3);
/// A file of the stream: what is too old goes file by file.
const SEGMENT_BYTES: i64 = 50_000_000;

/// Something to append.
#[derive(Debug, Clone, Copy)]
pub struct StreamEntry<'a> {
    /// Its place in the order of all.
    pub position: u64,
    /// What it is recognised by.
    pub id: &'a str,
    /// What kind of message it is.
    pub kind: &'a str,
    /// What it says: JSON.
    pub body: &'a str,
}

/// See the module.
pub struct StreamWriter {
    server: Server,
    name: &'static str,
    /// How long a message is kept.
    max_age: Duration,
    live: Option<Live>,
    /// Messages that were seen to be in the stream twice.
    repeats: u64,
}

/// One connection's worth, of one who alone may write.
struct Live {
    connection: Connection,
    channel: Channel,
    /// Held by the channel; nothing is ever delivered.
    _fence: Consumer,
    /// What arrives.
    tail: Tail,
}

/// Reads the stream to its end.
struct Tail {
    channel: Channel,
    consumer: Consumer,
    last: Option<u64>,
}

impl StreamWriter {
    /// Of the stream `name`, whose messages are kept for `max_age`. Connects when it is asked.
    pub fn new(server: Server, name: &'static str, max_age: Duration) -> Self {
        Self { server, name, max_age, live: None, repeats: 0 }
    }

    /// The position of the last message of the stream; `None`: it is empty. Connects anew. When this answers, nothing
    /// that anybody else has published, nor this one before, can still arrive.
    pub async fn settle(&mut self) -> Result<Option<u64>, BrokerError> {
        self.close().await;
        let connection = self.server.connect(&format!("carpark {}", self.name)).await?;
        self.declare(&connection).await?;
        let (channel, fence) = self.fence(&connection).await?;
        let mut last = self.end(&connection).await?.last;
        let tail = loop {
            sleep(QUIET).await;
            let tail = self.end(&connection).await?;
            if tail.last == last {
                break tail;
            }
            last = tail.last;
        };
        self.live = Some(Live { connection, channel, _fence: fence, tail });
        Ok(last)
    }

    /// Appends these, in order; they are in the stream when it answers. After an error nobody knows which are, and it
    /// has to be settled again.
    pub async fn append(&mut self, entries: &[StreamEntry<'_>]) -> Result<(), BrokerError> {
        let mut live = self.live.take().ok_or(BrokerError::NotConnected)?;
        for entry in entries {
            let published = timeout(PATIENCE, publish(&live.channel, self.name, entry)).await;
            match published {
                Ok(Ok(Confirmation::Ack(None))) => {}
                Ok(Ok(_)) => {
                    return Err(self.server.unreachable(&"the stream did not take a message"));
                }
                Ok(Err(error)) => return Err(self.server.explain(&error)),
                Err(_) => {
                    return Err(self.server.unreachable(&"a message was not confirmed in time"));
                }
            }
            die_at!("stream_confirmed");
        }
        self.repeats += live.tail.watch().await;
        self.live = Some(live);
        Ok(())
    }

    /// Messages that were seen to be in the stream twice since this was asked before.
    pub fn repeats(&mut self) -> u64 {
        std::mem::take(&mut self.repeats)
    }

    /// Lets others write.
    pub async fn close(&mut self) {
        if let Some(live) = self.live.take() {
            let _ = timeout(PATIENCE, live.connection.close(200, "stopping".into())).await;
        }
    }

    fn fence_name(&self) -> ShortString {
        format!("{}.writer", self.name).into()
    }

    async fn declare(&self, connection: &Connection) -> Result<(), BrokerError> {
        let text = |text: &str| AMQPValue::LongString(text.into());
        let mut stream = FieldTable::default();
        stream.insert("x-queue-type".into(), text("stream"));
        stream.insert("x-max-age".into(), text(&format!("{}s", self.max_age.as_secs())));
        let segment = AMQPValue::LongLongInt(SEGMENT_BYTES);
        stream.insert("x-stream-max-segment-size-bytes".into(), segment);
        let mut fence = FieldTable::default();
        fence.insert("x-queue-type".into(), text("classic"));
        let declaring = async {
            declare_queue(connection, self.fence_name(), fence).await?;
            declare_queue(connection, self.name.into(), stream).await
        };
        let found = self.server.within(PATIENCE, declaring, "declaring the stream").await?;
        if found == Declared::Otherwise {
            tracing::warn!(
                queue.name = self.name,
                "the stream stands with other arguments, using it as it is: it keeps messages for \
                 another time, or is no stream",
            );
        }
        Ok(())
    }

    /// A channel that alone may write, in confirm mode.
    async fn fence(&self, connection: &Connection) -> Result<(Channel, Consumer), BrokerError> {
        let deadline = Instant::now() + PATIENCE;
        let mut backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(1));
        loop {
            let fencing = async {
                let channel = connection.create_channel().await?;
                channel.confirm_select(ConfirmSelectOptions::default()).await?;
                let options = BasicConsumeOptions { exclusive: true, ..Default::default() };
                let (name, tag) = (self.fence_name(), "writer".into());
                let fence = channel.basic_consume(name, tag, options, FieldTable::default()).await;
                fence.map(|fence| (channel, fence))
            };
            match timeout(PATIENCE, fencing).await {
                Ok(Ok(fenced)) => return Ok(fenced),
                Ok(Err(error)) if error.to_string().contains("exclusive") => {}
                Ok(Err(error)) => return Err(self.server.explain(&error)),
                Err(_) => {
                    return Err(self.server.unreachable(&"asking who may write took too long"));
                }
            }
            if Instant::now() > deadline {
                let why = "another connection still writes to the stream, or RabbitMQ has not noticed its end";
                return Err(self.server.unreachable(&why));
            }
            backoff.wait().await;
        }
    }

    /// Reads from the last chunk to the end.
    async fn end(&self, connection: &Connection) -> Result<Tail, BrokerError> {
        let opening = async {
            let channel = connection.create_channel().await?;
            let passive = QueueDeclareOptions { passive: true, ..Default::default() };
            let queue =
                channel.queue_declare(self.name.into(), passive, FieldTable::default()).await?;
            channel.basic_qos(PREFETCH, BasicQosOptions::default()).await?;
            let mut from = FieldTable::default();
            from.insert("x-stream-offset".into(), AMQPValue::LongString("last".into()));
            let options = BasicConsumeOptions::default();
            let (name, tag) = (self.name.into(), "tail".into());
            let consumer = channel.basic_consume(name, tag, options, from).await?;
            Ok((channel, consumer, queue.message_count() > 0))
        };
        let (channel, consumer, has_some) =
            self.server.within(PATIENCE, opening, "reading the stream").await?;
        let mut tail = Tail { channel, consumer, last: None };
        let mut patience = if has_some { PATIENCE } else { EMPTY };
        let mut count = 0;
        while let Ok(next) = timeout(patience, tail.consumer.next()).await {
            let gone = || self.server.unreachable(&"the stream ended while it was read");
            let delivery = next.ok_or_else(gone)?.map_err(|e| self.server.explain(&e))?;
            count += 1;
            patience = QUIET;
            let position = position_of(&delivery);
            tail.last = tail.last.max(position);
            tail.handled(&delivery).await;
        }
        match (tail.last, count > 0 || has_some) {
            (None, true) => Err(self.server.unreachable(&strange(count))),
            _ => Ok(tail),
        }
    }
}

fn strange(count: u64) -> impl Display {
    match count {
        0 => "the stream has messages and tells none",
        _ => "the last messages of the stream have no `position`: somebody else writes to it",
    }
}

impl Tail {
    /// What has arrived by now; answers how many messages were there before.
    async fn watch(&mut self) -> u64 {
        let mut repeats = 0;
        while let Some(Some(Ok(delivery))) = self.consumer.next().now_or_never() {
            let position = position_of(&delivery);
            if position.is_some() && position <= self.last {
                repeats += 1;
            }
            self.last = self.last.max(position);
            self.handled(&delivery).await;
        }
        repeats
    }

    async fn handled(&self, delivery: &Delivery) {
        // An error is the connection's, and the next message says so.
        let multiple = BasicAckOptions { multiple: true };
        let _ = self.channel.basic_ack(delivery.delivery_tag, multiple).await;
    }
}

fn position_of(delivery: &Delivery) -> Option<u64> {
    let headers = delivery.properties.headers().as_ref()?;
    match headers.inner().get(POSITION_HEADER)? {
        AMQPValue::LongLongInt(position) => u64::try_from(*position).ok(),
        _ => None,
    }
}

async fn publish(
    channel: &Channel,
    stream: &str,
    entry: &StreamEntry<'_>,
) -> lapin::Result<Confirmation> {
    let mut headers = FieldTable::default();
    let position = i64::try_from(entry.position).unwrap_or(i64::MAX);
    headers.insert(POSITION_HEADER.into(), AMQPValue::LongLongInt(position));
    let properties = BasicProperties::default()
        .with_content_type("application/json".into())
        .with_delivery_mode(PERSISTENT)
        .with_message_id(entry.id.into())
        .with_type(entry.kind.into())
        .with_headers(headers);
    let options = BasicPublishOptions { mandatory: true, ..Default::default() };
    let exchange = ShortString::default();
    let published =
        channel.basic_publish(exchange, stream.into(), options, entry.body.as_bytes(), properties);
    published.await?.await
}
