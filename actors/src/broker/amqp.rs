//! RabbitMQ: consumes a queue for ever, over as many connections as that takes. lapin's own
//! recovery is left off: a delivery tag means something on one connection only, and here that is
//! plain to see.

mod consuming;
mod dead_letters;
mod shelf;
mod turn;
mod waiting;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::wire::{ENTRY_QUEUE, EXIT_QUEUE};
use domain::{Instant, Kind, SharedClock};
use futures_util::StreamExt;
use futures_util::stream::{self, LocalBoxStream};
use lapin::options::{BasicAckOptions, BasicCancelOptions, BasicNackOptions, BasicQosOptions};
use lapin::uri::AMQPUri;
use lapin::{Channel, Connection, ConnectionProperties, ErrorKind};
use publisher::parse_amqp_url;
use tokio::sync::watch;
use tokio::time::timeout;
use tracing::{info, warn};

use super::dead_letters::DeadLetters;
use super::topology::{self, Declared};
use super::{Broker, BrokerError, Event, Queue, Tag};
use crate::backoff::Backoff;
use crate::metrics::Metrics;
use consuming::Consuming;
use dead_letters::Publisher;
use shelf::Shelf;
use waiting::waiting_in;

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
    dead_letters: Rc<Publisher>,
}

/// Where RabbitMQ is.
struct Server {
    uri: AMQPUri,
    /// The URL without its password.
    shown: String,
    metrics: Arc<Metrics>,
    /// It was told that looks at the dead letters are not one at a time.
    looks_side_by_side: Cell<bool>,
}

impl AmqpBroker {
    /// Checks the URL; connects later.
    pub fn new(
        url: &str,
        prefetch: u16,
        clock: SharedClock,
        metrics: Arc<Metrics>,
    ) -> Result<Self, BrokerError> {
        let shown = service::masked(url);
        let uri = parse_amqp_url(url, HEARTBEAT_SECONDS)
            .map_err(|e| BrokerError::Refused { url: shown.clone(), reason: e.to_string() })?;
        let server = Rc::new(Server { uri, shown, metrics, looks_side_by_side: Cell::new(false) });
        let dead_letters = Rc::new(Publisher::new(Rc::clone(&server), clock));
        Ok(Self { server, prefetch, dead_letters })
    }
}

impl AmqpBroker {
    /// Consumes a queue of that name. What comes out of it is the caller's to read.
    pub fn consume_queue(
        &self,
        name: &'static str,
    ) -> (LocalBoxStream<'static, Event>, Rc<dyn Queue>) {
        let queue = Rc::new(AmqpQueue {
            server: Rc::clone(&self.server),
            name,
            prefetch: self.prefetch,
            dead_letters: Rc::clone(&self.dead_letters),
            live: RefCell::new(None),
            depths: watch::Sender::new(None),
            let_go: watch::Sender::new(0),
            cancelled: watch::Sender::new(false),
        });
        let consuming = Consuming::new(Rc::clone(&queue));
        let events = stream::unfold(consuming, Consuming::next).boxed_local();
        (events, queue)
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
        self.consume_queue(queue_name(kind))
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

/// What is said of a [`Live`] that is none any more.
const CHANNEL_CLOSED: &str = "RabbitMQ has closed the channel of the deliveries";

impl Live {
    /// Whether deliveries can still come on it.
    fn is_open(&self) -> bool {
        self.channel.status().connected()
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
            // Without an answer the watermark does not move; the connection speaks for itself.
            let asked = timeout(PATIENCE, waiting_in(&live.asking, name)).await;
            if let Ok(Ok(waiting)) = asked {
                let connection = live.connection_number;
                depths.send_replace(Some((connection, waiting.into(), asked_at)));
            }
        });
    }

    async fn is_alive(&self) -> Result<(), BrokerError> {
        let live = self.live().ok_or(BrokerError::NotConnected)?;
        if !live.is_open() {
            return Err(self.server.unreachable(&CHANNEL_CLOSED));
        }
        let asked = waiting_in(&live.asking, self.name).await;
        asked.map(|_| ()).map_err(|e| self.server.explain(&e))
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
