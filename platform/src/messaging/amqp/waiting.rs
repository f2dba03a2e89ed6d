//! How many messages wait in a queue of RabbitMQ: the one way to ask, and [`Waiting`], which asks for the
//! dead letters every few seconds, so over a connection that is kept.

use domain::wire::DEAD_LETTER_QUEUE;
use lapin::options::QueueDeclareOptions;
use lapin::types::FieldTable;
use lapin::{Channel, Connection};
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::{PATIENCE, Server};
use crate::messaging::BrokerError;

/// See the module.
pub(super) struct Waiting {
    server: Server,
    /// Opened by the first question, and again after a failure.
    link: Mutex<Option<(Connection, Channel)>>,
}

impl Waiting {
    pub(super) fn new(server: Server) -> Self {
        Self { server, link: Mutex::new(None) }
    }

    /// How many there are now, those that somebody looks at left out.
    pub(super) async fn count(&self) -> Result<u64, BrokerError> {
        let mut link = self.link.lock().await;
        let counted = timeout(PATIENCE, self.ask(&mut link)).await;
        let counted =
            counted.unwrap_or_else(|_| Err(self.server.unreachable(&"no count within 10 s")));
        if counted.is_err() {
            *link = None;
        }
        counted
    }

    async fn ask(&self, link: &mut Option<(Connection, Channel)>) -> Result<u64, BrokerError> {
        if link.is_none() {
            let connection = self.server.connect("carpark dead letters' count").await?;
            let channel = connection.create_channel().await;
            *link = Some((connection, channel.map_err(|e| self.server.explain(&e))?));
        }
        let Some((_, channel)) = link else { return Err(BrokerError::NotConnected) };
        let count = waiting_in(channel, DEAD_LETTER_QUEUE).await;
        count.map(u64::from).map_err(|e| self.server.explain(&e))
    }
}

/// How many messages wait in a queue; those that somebody holds do not count.
pub(super) async fn waiting_in(channel: &Channel, queue: &str) -> lapin::Result<u32> {
    let passive = QueueDeclareOptions { passive: true, ..Default::default() };
    let queue = channel.queue_declare(queue.into(), passive, FieldTable::default()).await?;
    Ok(queue.message_count())
}
