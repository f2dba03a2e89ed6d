//! RabbitMQ: consumes a queue for ever, over as many connections as that takes. lapin's own
//! recovery is left off: a delivery tag means something on one connection only, and here that is
//! plain to see.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use domain::wire::{DEAD_LETTER_QUEUE, ENTRY_QUEUE, EXIT_QUEUE, QUEUE_HEADER, REASON_HEADER};
use domain::wire::{REFUSED_AT_HEADER, format_time};
use domain::{Instant, Kind, SharedClock};
use futures_util::StreamExt;
use futures_util::stream::{self, LocalBoxStream};
use lapin::options::{
    BasicAckOptions, BasicCancelOptions, BasicConsumeOptions, BasicNackOptions,
    BasicPublishOptions, BasicQosOptions, ConfirmSelectOptions, QueueDeclareOptions,
};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::uri::AMQPUri;
use lapin::{BasicProperties, Channel, Confirmation, Connection, ConnectionProperties, ErrorKind};
use tokio::sync::{Mutex, watch};
use tokio::time::timeout;
use tracing::{info, warn};

use super::topology::{self, Declared};
use super::{Broker, BrokerError, Delivery, Event, Queue, Tag};
use crate::backoff::Backoff;

/// Seconds between heartbeats where the URL names none: a dead link is noticed within twice that.
const HEARTBEAT_SECONDS: u16 = 5;
/// Longest wait for any answer of the broker.
const PATIENCE: Duration = Duration::from_secs(10);
const CONSUMER_TAG: &str = "carpark";
const PERSISTENT: u8 = 2;

/// RabbitMQ at a URL.
pub struct AmqpBroker {
    server: Rc<Server>,
    /// Most unacknowledged deliveries per queue (G6).
    prefetch: u16,
    /// Shared by both queues: dead letters are rare. A connection of its own, because the broker
    /// may block one that publishes.
    dead_letters: Rc<DeadLetters>,
}

/// Where RabbitMQ is.
struct Server {
    uri: AMQPUri,
    /// The URL without its password.
    shown: String,
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
    pub fn new(url: &str, prefetch: u16, clock: SharedClock) -> Result<Self, BrokerError> {
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
        let server = Rc::new(Server { uri, shown });
        let dead_letters =
            Rc::new(DeadLetters { server: Rc::clone(&server), clock, channel: Mutex::new(None) });
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
            Ok(found) => found.map_err(|e| self.explain(&e))?,
            Err(_) => return Err(self.unreachable(&"declaring the queues took over 10 s")),
        };
        for (queue, declared) in found {
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

    fn consume(&self, kind: Kind) -> (LocalBoxStream<'static, Event>, Rc<dyn Queue>) {
        let queue = Rc::new(AmqpQueue {
            server: Rc::clone(&self.server),
            name: queue_name(kind),
            prefetch: self.prefetch,
            dead_letters: Rc::clone(&self.dead_letters),
            live: RefCell::new(None),
            depths: watch::Sender::new(None),
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

/// A consumed queue.
struct AmqpQueue {
    server: Rc<Server>,
    name: &'static str,
    prefetch: u16,
    dead_letters: Rc<DeadLetters>,
    /// The connection in use; the stream sets it, the other calls use it.
    live: RefCell<Option<Rc<Live>>>,
    /// The last answer about the queue's depth: on which connection, how many, asked when.
    depths: watch::Sender<Option<(u32, u64, Instant)>>,
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
                let consumer = self.queue.connect_patiently(self.connections).await;
                self.phase = Phase::Live(consumer);
                Event::Connected
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
                    Some(Ok(delivery)) => Event::Delivered(Delivery {
                        tag: Tag { connection: self.connections, number: delivery.delivery_tag },
                        body: Bytes::from(delivery.data),
                        redelivered: delivery.redelivered,
                    }),
                    Some(Err(e)) => self.lost(e.to_string()),
                    None => {
                        self.lost("the broker ended the consumer (was the queue deleted?)".into())
                    }
                };
            },
        }
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
    async fn connect_patiently(&self, connection_number: u32) -> lapin::Consumer {
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(2));
        loop {
            match self.connect(connection_number).await {
                Ok(consumer) => {
                    info!(
                        queue.name = self.name,
                        attempts = backoff.attempts() + 1,
                        "queue consumed"
                    );
                    return consumer;
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

    async fn connect(&self, connection_number: u32) -> Result<lapin::Consumer, BrokerError> {
        let connection = self.server.connect(self.name).await?;
        self.server.declare(&connection).await?;
        let consuming = async {
            let channel = connection.create_channel().await?;
            let asking = connection.create_channel().await?;
            channel.basic_qos(self.prefetch, BasicQosOptions::default()).await?;
            let consumer = channel
                .basic_consume(
                    self.name.into(),
                    CONSUMER_TAG.into(),
                    BasicConsumeOptions::default(),
                    FieldTable::default(),
                )
                .await?;
            Ok::<_, lapin::Error>((channel, asking, consumer))
        };
        let (channel, asking, consumer) = match timeout(PATIENCE, consuming).await {
            Ok(ready) => ready.map_err(|e| self.server.explain(&e))?,
            Err(_) => return Err(self.server.unreachable(&"consuming took over 10 s")),
        };
        let live = Rc::new(Live { connection_number, connection, channel, asking });
        *self.live.borrow_mut() = Some(live);
        Ok(consumer)
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
        }
    }

    async fn give_back(&self, tag: Tag) {
        if let Some(live) = self.live_for(tag) {
            let requeue = BasicNackOptions { requeue: true, multiple: false };
            let _ = live.channel.basic_nack(tag.number, requeue).await;
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

/// Publishes what can never be processed.
struct DeadLetters {
    server: Rc<Server>,
    clock: SharedClock,
    /// Opened by the first dead letter, and again after a failure.
    channel: Mutex<Option<Arc<(Connection, Channel)>>>,
}

impl DeadLetters {
    async fn publish(&self, queue: &str, body: &[u8], reason: &str) -> Result<(), BrokerError> {
        let link = self.link().await?;
        let mut headers = FieldTable::default();
        let refused_at = format_time(self.clock.now());
        for (name, value) in
            [(REASON_HEADER, reason), (QUEUE_HEADER, queue), (REFUSED_AT_HEADER, &refused_at)]
        {
            headers.insert(name.into(), AMQPValue::LongString(value.into()));
        }
        let properties =
            BasicProperties::default().with_delivery_mode(PERSISTENT).with_headers(headers);
        let confirmed = async {
            link.1
                .basic_publish(
                    ShortString::default(),
                    DEAD_LETTER_QUEUE.into(),
                    BasicPublishOptions { mandatory: true, ..Default::default() },
                    body,
                    properties,
                )
                .await?
                .await
        };
        let outcome = match timeout(PATIENCE, confirmed).await {
            // Without a message inside: a returned one found no queue.
            Ok(Ok(Confirmation::Ack(None))) => return Ok(()),
            Ok(Ok(other)) => self.server.unreachable(&format!("dead letter not taken: {other:?}")),
            Ok(Err(e)) => self.server.explain(&e),
            Err(_) => self.server.unreachable(&"dead letter not confirmed within 10 s"),
        };
        *self.channel.lock().await = None;
        Err(outcome)
    }

    async fn link(&self) -> Result<Arc<(Connection, Channel)>, BrokerError> {
        let mut link = self.channel.lock().await;
        if let Some(link) = &*link {
            return Ok(Arc::clone(link));
        }
        let connection = self.server.connect("dead letters").await?;
        self.server.declare(&connection).await?;
        let opened = async {
            let channel = connection.create_channel().await?;
            channel.confirm_select(ConfirmSelectOptions::default()).await?;
            Ok::<_, lapin::Error>(channel)
        };
        let channel = match timeout(PATIENCE, opened).await {
            Ok(channel) => channel.map_err(|e| self.server.explain(&e))?,
            Err(_) => return Err(self.server.unreachable(&"no channel within 10 s")),
        };
        let fresh = Arc::new((connection, channel));
        *link = Some(Arc::clone(&fresh));
        Ok(fresh)
    }

    async fn close(&self) {
        if let Some(link) = self.channel.lock().await.take() {
            let _ = timeout(PATIENCE, link.0.close(200, "stopping".into())).await;
        }
    }
}
