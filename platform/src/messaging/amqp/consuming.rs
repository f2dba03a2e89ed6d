//! Consumes a queue for ever: connects, takes messages one by one while the first ones are suspect,
//! then in full width, and begins anew when the connection is lost.

use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use domain::Instant;
use futures_util::StreamExt;
use lapin::message::{BasicGetMessage, Delivery as Message};
use lapin::options::{BasicConsumeOptions, BasicGetOptions};
use lapin::types::{AMQPValue, FieldTable};
use tokio::sync::watch;
use tokio::time::timeout;
use tracing::warn;

use super::{AmqpQueue, CHANNEL_CLOSED, CONSUMER_TAG, Live, PATIENCE};
use crate::messaging::{BrokerError, Delivery, Event, Tag};

/// A message that came back so often is given alone. A process that is killed once or twice returns
/// all it had, and that is no message's fault.
const SUSPECT_FROM: i64 = 3;
/// One that came back so often waits until everything else is done with.
const GRAVE_FROM: i64 = 10;
const GRAVE_PAUSE: Duration = Duration::from_millis(200);
/// How often it is looked whether the channel still is one, while a message is waited for.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How often a quorum queue has had a message back.
const RETURNED_HEADER: &str = "x-delivery-count";

/// Where the stream of events stands.
enum Phase {
    /// There is no connection.
    Idle,
    /// Connected, and taking one message at a time, each when the one before is done with: a
    /// message that came back often may be what ended the processes that had it, and with it went
    /// all that they had been given. So it is given alone.
    OneByOne {
        /// The one that was given last.
        given: u64,
    },
    /// The queue is consumed, deliveries come.
    Live(lapin::Consumer),
}

/// The stream of events of one queue.
pub(super) struct Consuming {
    queue: Rc<AmqpQueue>,
    depths: watch::Receiver<Option<(u32, u64, Instant)>>,
    connections: u32,
    phase: Phase,
}

impl Consuming {
    /// A consumer that is not connected yet.
    pub(super) fn new(queue: Rc<AmqpQueue>) -> Self {
        Self { depths: queue.depths.subscribe(), queue, connections: 0, phase: Phase::Idle }
    }

    /// The next event: the step that [`stream::unfold`] repeats.
    pub(super) async fn next(mut self) -> Option<(Event, Self)> {
        let mut cancelled = self.queue.cancelled.subscribe();
        if *cancelled.borrow_and_update() {
            return None;
        }
        tokio::select! {
            biased;
            event = self.next_event() => Some((event, self)),
            _ = cancelled.changed() => None,
        }
    }

    async fn next_event(&mut self) -> Event {
        match &mut self.phase {
            Phase::Idle => {
                self.connections += 1;
                self.queue.connect_patiently(self.connections).await;
                self.phase = Phase::OneByOne { given: 0 };
                Event::Connected
            }
            Phase::OneByOne { given } => {
                let given = *given;
                match self.queue.take_one(given).await {
                    Ok(Some(message)) if times_returned(&message) >= SUSPECT_FROM => {
                        self.phase = Phase::OneByOne { given: message.delivery_tag };
                        self.delivered(message)
                    }
                    Ok(message) => match self.queue.consume().await {
                        Ok(consumer) => {
                            self.phase = Phase::Live(consumer);
                            match message {
                                Some(message) => self.delivered(message),
                                None => Box::pin(self.next_event()).await,
                            }
                        }
                        Err(e) => self.lost(e.to_string()),
                    },
                    Err(e) => self.lost(e.to_string()),
                }
            }
            Phase::Live(consumer) => loop {
                // Deliveries first: an answer about the depth must not overtake one that is here.
                let delivered = tokio::select! {
                    biased;
                    delivered = consumer.next() => delivered,
                    Ok(()) = self.depths.changed() => match *self.depths.borrow_and_update() {
                        Some((connection, waiting, asked_at)) if connection == self.connections => {
                            return Event::Depth { waiting, asked_at };
                        }
                        _ => continue,
                    },
                };
                return match delivered {
                    Some(Ok(message)) => self.delivered(message),
                    Some(Err(e)) => self.lost(e.to_string()),
                    None => {
                        self.lost("the broker ended the consumer (was the queue deleted?)".into())
                    }
                };
            },
        }
    }

    fn delivered(&self, message: Message) -> Event {
        Event::Delivered(Delivery {
            tag: Tag { connection: self.connections, number: message.delivery_tag },
            body: Bytes::from(message.data),
            redelivered: message.redelivered,
        })
    }

    fn lost(&mut self, reason: String) -> Event {
        self.phase = Phase::Idle;
        if let Some(live) = self.queue.live.borrow_mut().take() {
            // Not awaited: the link may be silent, and nothing depends on the farewell.
            actix_rt::spawn(async move {
                let _ = timeout(PATIENCE, live.connection.close(320, "lost".into())).await;
            });
        }
        Event::Disconnected(reason)
    }
}

impl AmqpQueue {
    /// One message, once the one `given` before is done with; `None` where the queue is empty.
    async fn take_one(&self, given: u64) -> Result<Option<Message>, BrokerError> {
        let live = self.live().ok_or(BrokerError::NotConnected)?;
        self.done_with(given, &live).await?;
        let got = live.channel.basic_get(self.name.into(), BasicGetOptions::default());
        let got = self.server.within(PATIENCE, got, "taking a message").await?;
        let message = got.map(|BasicGetMessage { delivery, .. }| delivery);
        if let Some(message) = &message {
            let returned = times_returned(message);
            if returned >= SUSPECT_FROM && given == 0 {
                warn!(
                    queue.name = self.name,
                    message.returned = returned,
                    "a message came back again and again, taking them one by one"
                );
            }
            if returned >= GRAVE_FROM {
                // What else is under way, in the other queue, is done with before this one strikes.
                tokio::time::sleep(GRAVE_PAUSE).await;
            }
        }
        Ok(message)
    }

    /// Waits until a delivery is acknowledged or given back: on an open channel it always is. On one
    /// that the broker has closed meanwhile nothing can be, and nothing else would tell.
    async fn done_with(&self, given: u64, live: &Live) -> Result<(), BrokerError> {
        let mut let_go = self.let_go.subscribe();
        while timeout(LOOK_EVERY, let_go.wait_for(|number| *number >= given)).await.is_err() {
            if !live.is_open() {
                return Err(self.server.unreachable(&CHANNEL_CLOSED));
            }
        }
        Ok(())
    }

    async fn consume(&self) -> Result<lapin::Consumer, BrokerError> {
        let live = self.live().ok_or(BrokerError::NotConnected)?;
        let consuming = live.channel.basic_consume(
            self.name.into(),
            CONSUMER_TAG.into(),
            BasicConsumeOptions::default(),
            FieldTable::default(),
        );
        self.server.within(PATIENCE, consuming, "consuming").await
    }
}

/// How often the queue has had the message back.
fn times_returned(message: &Message) -> i64 {
    let headers = message.properties.headers().as_ref();
    match headers.and_then(|headers| headers.inner().get(RETURNED_HEADER)) {
        Some(AMQPValue::LongLongInt(count)) => *count,
        Some(AMQPValue::LongInt(count)) => i64::from(*count),
        Some(AMQPValue::LongUInt(count)) => i64::from(*count),
        Some(AMQPValue::ShortInt(count)) => i64::from(*count),
        Some(AMQPValue::ShortUInt(count)) => i64::from(*count),
        Some(AMQPValue::ShortShortInt(count)) => i64::from(*count),
        Some(AMQPValue::ShortShortUInt(count)) => i64::from(*count),
        _ => 0,
    }
}
