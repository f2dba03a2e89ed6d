//! RabbitMQ: consumes a queue for ever, over as many connections as that takes. lapin's own
//! recovery is left off: a delivery tag means something on one connection only, and here that is
//! plain to see.

mod dead_letters;

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use domain::wire::{ENTRY_QUEUE, EXIT_QUEUE};
use domain::{Instant, Kind, SharedClock};
use futures_util::StreamExt;
use futures_util::stream::{self, LocalBoxStream};
use lapin::message::{BasicGetMessage, Delivery as Message};
use lapin::options::{
    BasicAckOptions, BasicCancelOptions, BasicConsumeOptions, BasicGetOptions, BasicNackOptions,
    BasicQosOptions, QueueDeclareOptions,
};
use lapin::types::{AMQPValue, FieldTable};
use lapin::uri::AMQPUri;
use lapin::{Channel, Connection, ConnectionProperties, ErrorKind};
use tokio::sync::watch;
use tokio::time::timeout;
use tracing::{info, warn};

use super::dead_letters::DeadLetters;
use super::topology::{self, Declared};
use super::{Broker, BrokerError, Delivery, Event, Queue, Tag};
use crate::backoff::Backoff;
use crate::metrics::Metrics;
use dead_letters::{Publisher, Shelf};

/// Seconds between heartbeats where the URL names none: a dead link is noticed within twice that.
const HEARTBEAT_SECONDS: u16 = 5;
/// Longest wait for any answer of the broker.
const PATIENCE: Duration = Duration::from_secs(10);
const CONSUMER_TAG: &str = "carpark";
const PERSISTENT: u8 = 2;

/// A message that came back so often is given alone. A process that is killed once or twice returns
/// all it had, and that is no message's fault.
const SUSPECT_FROM: i64 = 3;
/// One that came back so often waits until everything else is done with.
const GRAVE_FROM: i64 = 10;
const GRAVE_PAUSE: Duration = Duration::from_millis(200);
/// How often a quorum queue has had a message back.
const RETURNED_HEADER: &str = "x-delivery-count";

/// RabbitMQ at a URL.
pub struct AmqpBroker {
    server: Rc<Server>,
    /// Most unacknowledged deliveries per queue (G6).
    prefetch: u16,
    /// Shared by both queues: dead letters are rare. A connection of its own, because the broker
    /// may block one that publishes.
    dead_letters: Rc<Publisher>,
}

/// Where RabbitMQ is.
struct Server {
    uri: AMQPUri,
    /// The URL without its password.
    shown: String,
    metrics: Arc<Metrics>,
}

/// The URL with its password masked, for logs and errors.
pub fn masked(url: &str) -> String {
    match url::Url::parse(url) {
        Ok(mut url) if url.password().is_some() => {
            let _ = url.set_password(Some("***"));
            url.to_string()
        }
        Ok(url) => url.to_string(),
        Err(_) => "(not a URL)".to_owned(),
    }
}

impl AmqpBroker {
    /// Checks the URL; connects later.
    pub fn new(
        url: &str,
        prefetch: u16,
        clock: SharedClock,
        metrics: Arc<Metrics>,
    ) -> Result<Self, BrokerError> {
        let shown = masked(url);
        let mut uri: AMQPUri = url.parse().map_err(|reason: String| BrokerError::Refused {
            url: shown.clone(),
            reason: format!(
                "not an AMQP URL ({reason}); expected amqp://user:password@host:5672/vhost"
            ),
        })?;
        uri.query.heartbeat.get_or_insert(HEARTBEAT_SECONDS);
        if uri.vhost.is_empty() {
            "/".clone_into(&mut uri.vhost); // `amqp://host/`: everybody means the default one
        }
        let server = Rc::new(Server { uri, shown, metrics });
        let dead_letters = Rc::new(Publisher::new(Rc::clone(&server), clock));
        Ok(Self { server, prefetch, dead_letters })
    }
}

impl Server {
    async fn connect(&self, name: &str) -> Result<Connection, BrokerError> {
        let properties =
            ConnectionProperties::default().with_connection_name(format!("carpark {name}").into());
        match timeout(PATIENCE, Connection::connect_uri(self.uri.clone(), properties)).await {
            Ok(Ok(connection)) => Ok(connection),
            Ok(Err(e)) => Err(self.explain(&e)),
            Err(_) => Err(self.unreachable(&"no answer within 10 s")),
        }
    }

    fn unreachable(&self, reason: &dyn std::fmt::Display) -> BrokerError {
        BrokerError::Unreachable { url: self.shown.clone(), reason: reason.to_string() }
    }

    /// Sorts an error by what is to be done: wait, or change something.
    fn explain(&self, error: &lapin::Error) -> BrokerError {
        const ACCESS_REFUSED: u16 = 403;
        const NOT_ALLOWED: u16 = 530;
        let refused = |reason: String| BrokerError::Refused { url: self.shown.clone(), reason };
        match error.kind() {
            ErrorKind::ProtocolError(e) if e.get_id() == ACCESS_REFUSED => {
                refused(format!("{}; check user, password and permissions", e.get_message()))
            }
            ErrorKind::ProtocolError(e) if e.get_id() == NOT_ALLOWED => {
                refused(format!("{}; does the virtual host exist?", e.get_message()))
            }
            _ => self.unreachable(error),
        }
    }

    async fn declare(&self, connection: &Connection) -> Result<(), BrokerError> {
        let found = match timeout(PATIENCE, topology::declare(connection)).await {
            Ok(found) => found.map_err(|e| self.explain(&e)),
            Err(_) => Err(self.unreachable(&"declaring the queues took over 10 s")),
        };
        let found = found.inspect_err(|_| self.metrics.declaration_failures.inc())?;
        for (queue, declared) in found {
            self.metrics.declared(queue, declared);
            if declared == Declared::Otherwise {
                warn!(
                    queue.name = queue,
                    "queue stands with other arguments, using it as it is: without a delivery limit \
                     and a dead-letter exchange a poisonous message is delivered for ever or dropped"
                );
            }
        }
        Ok(())
    }
}

#[async_trait(?Send)]
impl Broker for AmqpBroker {
    async fn prepare(&self) -> Result<(), BrokerError> {
        let connection = self.server.connect("configure").await?;
        self.server.declare(&connection).await?;
        let _ = timeout(PATIENCE, connection.close(200, "declared".into())).await;
        Ok(())
    }

    fn dead_letters(&self) -> Rc<dyn DeadLetters> {
        Rc::new(Shelf::new(Rc::clone(&self.server)))
    }

    fn consume(&self, kind: Kind) -> (LocalBoxStream<'static, Event>, Rc<dyn Queue>) {
        let queue = Rc::new(AmqpQueue {
            server: Rc::clone(&self.server),
            name: queue_name(kind),
            prefetch: self.prefetch,
            dead_letters: Rc::clone(&self.dead_letters),
            live: RefCell::new(None),
            depths: watch::Sender::new(None),
            let_go: watch::Sender::new(0),
            cancelled: watch::Sender::new(false),
        });
        let consuming = Consuming {
            depths: queue.depths.subscribe(),
            queue: Rc::clone(&queue),
            connections: 0,
            phase: Phase::Idle,
        };
        let events = stream::unfold(consuming, Consuming::next).boxed_local();
        (events, queue)
    }
}

/// The queue of a kind of observation.
pub fn queue_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Entry => ENTRY_QUEUE,
        Kind::Exit => EXIT_QUEUE,
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

/// A consumed queue.
struct AmqpQueue {
    server: Rc<Server>,
    name: &'static str,
    prefetch: u16,
    dead_letters: Rc<Publisher>,
    /// The connection in use; the stream sets it, the other calls use it.
    live: RefCell<Option<Rc<Live>>>,
    /// The last answer about the queue's depth: on which connection, how many, asked when.
    depths: watch::Sender<Option<(u32, u64, Instant)>>,
    /// Number of the last delivery of this connection that was acknowledged or given back.
    let_go: watch::Sender<u64>,
    cancelled: watch::Sender<bool>,
}

/// One connection's worth.
struct Live {
    /// Its number, see [`Tag`].
    connection_number: u32,
    connection: Connection,
    /// Deliveries and acknowledgements.
    channel: Channel,
    /// Questions about the queue: an error closes the channel it happens on.
    asking: Channel,
}

/// Where the stream of events stands.
enum Phase {
    /// Not connected.
    Idle,
    /// Connected, and taking one message at a time, each when the one before is done with: a
    /// message that came back often may be what ended the processes that had it, and with it went
    /// all that they had been given. So it is given alone.
    OneByOne {
        /// The one that was given last.
        given: u64,
    },
    /// Deliveries come.
    Live(lapin::Consumer),
}

struct Consuming {
    queue: Rc<AmqpQueue>,
    depths: watch::Receiver<Option<(u32, u64, Instant)>>,
    connections: u32,
    phase: Phase,
}

impl Consuming {
    /// The next event: the step that [`stream::unfold`] repeats.
    async fn next(mut self) -> Option<(Event, Self)> {
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
    /// Connects and consumes, however often it takes. Says so once, not at every attempt.
    async fn connect_patiently(&self, connection_number: u32) {
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(2));
        loop {
            match self.connect(connection_number).await {
                Ok(()) => {
                    info!(
                        queue.name = self.name,
                        attempts = backoff.attempts() + 1,
                        "queue connected"
                    );
                    return;
                }
                Err(e) => {
                    if backoff.attempts() == 0 {
                        warn!(queue.name = self.name, error = %e, "cannot consume, trying again");
                    }
                    backoff.wait().await;
                }
            }
        }
    }

    async fn connect(&self, connection_number: u32) -> Result<(), BrokerError> {
        let connection = self.server.connect(self.name).await?;
        self.server.declare(&connection).await?;
        let opening = async {
            let channel = connection.create_channel().await?;
            let asking = connection.create_channel().await?;
            channel.basic_qos(self.prefetch, BasicQosOptions::default()).await?;
            Ok::<_, lapin::Error>((channel, asking))
        };
        let (channel, asking) = match timeout(PATIENCE, opening).await {
            Ok(ready) => ready.map_err(|e| self.server.explain(&e))?,
            Err(_) => return Err(self.server.unreachable(&"no channel within 10 s")),
        };
        self.let_go.send_replace(0);
        let live = Rc::new(Live { connection_number, connection, channel, asking });
        *self.live.borrow_mut() = Some(live);
        Ok(())
    }

    /// One message, once the one `given` before is done with; `None` where the queue is empty.
    async fn take_one(&self, given: u64) -> Result<Option<Message>, BrokerError> {
        let mut let_go = self.let_go.subscribe();
        // It always is: what a dead connection had under way comes back to the consumer as well.
        let _ = let_go.wait_for(|number| *number >= given).await;
        let live = self.live().ok_or(BrokerError::NotConnected)?;
        let got = live.channel.basic_get(self.name.into(), BasicGetOptions::default());
        let message = match timeout(PATIENCE, got).await {
            Ok(Ok(got)) => got.map(|BasicGetMessage { delivery, .. }| delivery),
            Ok(Err(e)) => return Err(self.server.explain(&e)),
            Err(_) => return Err(self.server.unreachable(&"no message within 10 s")),
        };
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

    async fn consume(&self) -> Result<lapin::Consumer, BrokerError> {
        let live = self.live().ok_or(BrokerError::NotConnected)?;
        let consuming = live.channel.basic_consume(
            self.name.into(),
            CONSUMER_TAG.into(),
            BasicConsumeOptions::default(),
            FieldTable::default(),
        );
        match timeout(PATIENCE, consuming).await {
            Ok(consumer) => consumer.map_err(|e| self.server.explain(&e)),
            Err(_) => Err(self.server.unreachable(&"consuming took over 10 s")),
        }
    }

    fn live(&self) -> Option<Rc<Live>> {
        self.live.borrow().clone()
    }

    fn live_for(&self, tag: Tag) -> Option<Rc<Live>> {
        self.live().filter(|live| live.connection_number == tag.connection)
    }
}

#[async_trait(?Send)]
impl Queue for AmqpQueue {
    async fn acknowledge(&self, up_to: Tag) {
        if let Some(live) = self.live_for(up_to) {
            let multiple = BasicAckOptions { multiple: true };
            // An error is the connection's, and its stream will say so.
            let _ = live.channel.basic_ack(up_to.number, multiple).await;
            self.let_go.send_replace(up_to.number);
        }
    }

    async fn give_back(&self, tag: Tag) {
        if let Some(live) = self.live_for(tag) {
            let requeue = BasicNackOptions { requeue: true, multiple: false };
            let _ = live.channel.basic_nack(tag.number, requeue).await;
            self.let_go.send_if_modified(|number| {
                let is_later = tag.number > *number;
                *number = tag.number.max(*number);
                is_later
            });
        }
    }

    async fn dead_letter(&self, body: &[u8], reason: &str) -> Result<(), BrokerError> {
        self.dead_letters.publish(self.name, body, reason).await
    }

    fn ask_depth(&self, asked_at: Instant) {
        let Some(live) = self.live() else { return };
        let (name, depths) = (self.name, self.depths.clone());
        actix_rt::spawn(async move {
            let passive = QueueDeclareOptions { passive: true, ..Default::default() };
            let question = live.asking.queue_declare(name.into(), passive, FieldTable::default());
            // Without an answer the watermark does not move; the connection speaks for itself.
            if let Ok(Ok(queue)) = timeout(PATIENCE, question).await {
                let connection = live.connection_number;
                depths.send_replace(Some((connection, queue.message_count().into(), asked_at)));
            }
        });
    }

    async fn cancel(&self) {
        self.cancelled.send_replace(true);
        if let Some(live) = self.live() {
            let cancel =
                live.channel.basic_cancel(CONSUMER_TAG.into(), BasicCancelOptions::default());
            let _ = timeout(PATIENCE, cancel).await;
        }
    }

    async fn close(&self) {
        let live = self.live.borrow_mut().take();
        if let Some(live) = live {
            let _ = timeout(PATIENCE, live.connection.close(200, "stopping".into())).await;
        }
        self.dead_letters.close().await;
    }
}
