//! Publishing over RabbitMQ: on a connection of its own, every message confirmed, many at a time.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use lapin::options::BasicPublishOptions;
use lapin::types::{FieldTable, ShortString};
use lapin::{BasicProperties, Confirmation};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::supervisor::{Report, Supervisor, Trouble};
use super::{PERSISTENT, Server};
use crate::messaging::{Message, PublishError, Publisher};

/// Reports of trouble that may wait; one is enough.
const REPORTS_MAX: usize = 64;

/// How to publish.
#[derive(Debug, Clone)]
pub struct PublisherOptions {
    /// How the connection is called in the broker's own lists: who publishes.
    pub name: String,
    /// Most unconfirmed messages to each queue. 1,000 fills the way to a broker next door.
    pub window: usize,
    /// How long to wait for a connection, and then for a confirmation. One that is not there by
    /// then does not come: the connection is given up and made anew.
    pub confirm_time_out: Duration,
}

/// See the module. Dropped, it closes its connection.
pub struct AmqpPublisher {
    outlets: Arc<Vec<Outlet>>,
    confirm_time_out: Duration,
    /// Tells the supervisor what went wrong with a message.
    reports: mpsc::Sender<Report>,
    /// Keeps the connection, and gates the outlets.
    supervisor: JoinHandle<()>,
}

/// The way to one queue. Each has a channel of its own, so that what happens to one queue is not
/// taken for the other's.
pub(super) struct Outlet {
    pub(super) queue: &'static str,
    /// Whether messages can go out; set by the supervisor alone.
    pub(super) gate: watch::Sender<Gate>,
    /// Bounds the unconfirmed messages (G6).
    window: Semaphore,
}

/// Whether messages can go out.
#[derive(Debug, Clone)]
pub(super) enum Gate {
    /// There is no connection.
    Away,
    /// The broker takes no messages for now.
    Blocked(Line),
    /// The queue is not there.
    NoQueue,
    /// Yes, on this channel.
    Open(Line),
}

/// A channel in confirm mode.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) channel: lapin::Channel,
    /// Which connection it belongs to: trouble with an old one is no news.
    pub(super) connection: u64,
}

impl PublisherOptions {
    /// For publisher `name`, everything else as it should be.
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), window: 1000, confirm_time_out: Duration::from_secs(10) }
    }
}

impl AmqpPublisher {
    /// Begins to connect, for messages to `queues`, and goes on trying for ever. Needs a Tokio
    /// runtime.
    pub fn start(server: Server, options: &PublisherOptions, queues: &[&'static str]) -> Self {
        let outlet = |queue: &&'static str| Outlet {
            queue,
            gate: watch::Sender::new(Gate::Away),
            window: Semaphore::new(options.window.max(1)),
        };
        let outlets = Arc::new(queues.iter().map(outlet).collect::<Vec<_>>());
        let (reports, heard) = mpsc::channel(REPORTS_MAX);
        let supervisor = Supervisor::new(server, options.name.clone(), Arc::clone(&outlets), heard);
        Self {
            outlets,
            confirm_time_out: options.confirm_time_out,
            reports,
            supervisor: tokio::spawn(supervisor.run()),
        }
    }

    /// Waits until messages can go out, or says what is missing when `limit` has passed.
    pub async fn wait_ready(&self, limit: Duration) -> Result<(), PublishError> {
        let all_open = async {
            for outlet in self.outlets.iter() {
                outlet.opened().await;
            }
        };
        let opened = timeout(limit, all_open).await;
        opened.map_err(|_| {
            let closed = self.outlets.iter().find(|outlet| !outlet.is_open());
            closed.map_or(PublishError::Away, Outlet::why_not)
        })
    }

    /// As [`Publisher::publish`] does, with these headers.
    pub(super) async fn publish_with(
        &self,
        message: &Message,
        headers: FieldTable,
    ) -> Result<(), PublishError> {
        let outlet = self.outlet(message.queue).ok_or(PublishError::Away)?;
        let ready = async {
            let slot = outlet.window.acquire().await.ok();
            (slot, outlet.opened().await)
        };
        let Ok((slot, line)) = timeout(self.confirm_time_out, ready).await else {
            return Err(outlet.why_not());
        };
        let line = line.ok_or(PublishError::Away)?;
        let result = self.publish_on(line, message, headers).await;
        drop(slot);
        result
    }

    fn outlet(&self, queue: &str) -> Option<&Outlet> {
        self.outlets.iter().find(|outlet| outlet.queue == queue)
    }

    /// The supervisor hears of the first of many; a full channel means it has enough to hear.
    fn report(&self, line: &Line, trouble: Trouble) {
        let _enough = self.reports.try_send(Report { connection: line.connection, trouble });
    }

    async fn publish_on(
        &self,
        line: Line,
        message: &Message,
        headers: FieldTable,
    ) -> Result<(), PublishError> {
        let queue = message.queue;
        let sent = async {
            // Mandatory: what no queue takes comes back, instead of being confirmed and dropped.
            let options = BasicPublishOptions { mandatory: true, ..Default::default() };
            let exchange = ShortString::default();
            let properties = properties(message, headers);
            line.channel
                .basic_publish(exchange, queue.into(), options, &message.body, properties)
                .await?
                .await
        };
        match timeout(self.confirm_time_out, sent).await {
            Ok(Ok(Confirmation::Ack(None))) => Ok(()),
            // Strictly, some message of this channel was returned: lapin hands a returned message
            // to the confirmation that it completes next, which may be another's where one frame
            // confirms several. That is harmless: this message is sent again under its id, and the
            // other was lost only if it was published while the queue was away and confirmed in
            // one frame with messages published after it had come back, within milliseconds. The
            // gate closes at the first return, and opens when the queue is seen to be there.
            Ok(Ok(Confirmation::Ack(Some(_)) | Confirmation::Nack(Some(_)))) => {
                self.report(&line, Trouble::NoQueue(queue));
                Err(PublishError::NoQueue(queue))
            }
            Ok(Ok(Confirmation::Nack(None) | Confirmation::NotRequested)) => {
                Err(PublishError::Refused)
            }
            Ok(Err(error)) => {
                self.report(&line, Trouble::Broken(error.to_string()));
                Err(PublishError::Away)
            }
            Err(_) => {
                self.report(&line, Trouble::Stuck);
                Err(PublishError::Unconfirmed)
            }
        }
    }
}

#[async_trait]
impl Publisher for AmqpPublisher {
    async fn publish(&self, message: &Message) -> Result<(), PublishError> {
        self.publish_with(message, FieldTable::default()).await
    }

    fn is_ready(&self) -> bool {
        self.outlets.iter().all(Outlet::is_open)
    }
}

impl Drop for AmqpPublisher {
    fn drop(&mut self) {
        // The connection goes with it, and closes itself.
        self.supervisor.abort();
    }
}

impl Outlet {
    /// Waits for an open gate. None when there is no supervisor any more.
    async fn opened(&self) -> Option<Line> {
        let mut gate = self.gate.subscribe();
        let opened = gate.wait_for(|gate| matches!(gate, Gate::Open(_))).await.ok()?;
        match &*opened {
            Gate::Open(line) => Some(line.clone()),
            _ => None,
        }
    }

    fn is_open(&self) -> bool {
        matches!(*self.gate.borrow(), Gate::Open(_))
    }

    fn why_not(&self) -> PublishError {
        match &*self.gate.borrow() {
            Gate::Away => PublishError::Away,
            Gate::Blocked(_) => PublishError::Blocked,
            Gate::NoQueue => PublishError::NoQueue(self.queue),
            // The window was full all the time.
            Gate::Open(_) => PublishError::Unconfirmed,
        }
    }
}

fn properties(message: &Message, headers: FieldTable) -> BasicProperties {
    let properties = BasicProperties::default()
        .with_content_type("application/json".into())
        .with_delivery_mode(PERSISTENT)
        .with_headers(headers);
    // An id of more than 255 bytes fits the body and not the header.
    match message.id.as_deref().and_then(|id| ShortString::try_new(id).ok()) {
        Some(id) => properties.with_message_id(id),
        None => properties,
    }
}

#[cfg(test)]
mod tests;
