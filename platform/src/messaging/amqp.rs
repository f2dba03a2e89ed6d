//! RabbitMQ: consumes a queue for ever, over as many connections as that takes. lapin's own
//! recovery is left off: a delivery tag means something on one connection only, and here that is
//! plain to see.

mod consuming;
mod dead_letters;
mod dialling;
mod publishing;
mod server;
mod shelf;
mod streaming;
mod supervisor;
mod turn;
mod url;
mod waiting;

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use async_trait::async_trait;
use domain::{Instant, SharedClock};
use futures_util::StreamExt;
use futures_util::stream;
use lapin::options::{BasicAckOptions, BasicCancelOptions, BasicNackOptions, BasicQosOptions};
use lapin::{Channel, Connection};
use tokio::sync::watch;
use tokio::time::timeout;
use tracing::{info, warn};

use super::dead_letters::DeadLetters;
use super::{Broker, BrokerError, Consumed, Queue, Tag};
use crate::runtime::Backoff;
use consuming::Consuming;
use dead_letters::DeadLetterOffice;
use shelf::Shelf;
use waiting::waiting_in;

pub use publishing::{AmqpPublisher, PublisherOptions};
pub use server::Server;
pub use streaming::{StreamEntry, StreamWriter};
pub use url::AmqpUrlError;

/// Longest wait for any answer of the broker.
const PATIENCE: Duration = Duration::from_secs(10);
const CONSUMER_TAG: &str = "carpark";
const PERSISTENT: u8 = 2;

/// Consumes queues of a RabbitMQ.
pub struct AmqpBroker {
    server: Server,
    /// Most unacknowledged deliveries per queue (G6).
    prefetch: u16,
    /// Shared by all queues: dead letters are rare. A connection of its own, because the broker may
    /// block one that publishes.
    dead_letters: Rc<DeadLetterOffice>,
}

impl AmqpBroker {
    /// A broker that has not connected yet; its parts do so later.
    pub fn new(server: Server, prefetch: u16, clock: SharedClock) -> Self {
        let dead_letters = Rc::new(DeadLetterOffice::new(server.clone(), clock));
        Self { server, prefetch, dead_letters }
    }
}

#[async_trait(?Send)]
impl Broker for AmqpBroker {
    async fn prepare(&self) -> Result<(), BrokerError> {
        let connection = self.server.connect("carpark configure").await?;
        self.server.declare(&connection).await?;
        let _ = timeout(PATIENCE, connection.close(200, "declared".into())).await;
        Ok(())
    }

    fn dead_letters(&self) -> Rc<dyn DeadLetters> {
        Rc::new(Shelf::new(self.server.clone()))
    }

    fn consume(&self, name: &'static str) -> Consumed {
        let queue = Rc::new(AmqpQueue {
            server: self.server.clone(),
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

/// A consumed queue.
struct AmqpQueue {
    server: Server,
    name: &'static str,
    prefetch: u16,
    dead_letters: Rc<DeadLetterOffice>,
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
    /// The channel of deliveries and acknowledgements.
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
        let connection = self.server.connect(&format!("carpark {}", self.name)).await?;
        self.server.declare(&connection).await?;
        let opening = async {
            let channel = connection.create_channel().await?;
            let asking = connection.create_channel().await?;
            channel.basic_qos(self.prefetch, BasicQosOptions::default()).await?;
            Ok::<_, lapin::Error>((channel, asking))
        };
        let (channel, asking) = self.server.within(PATIENCE, opening, "opening a channel").await?;
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
    }
}
