//! The dead letters in RabbitMQ: [`Publisher`] puts them there; [`shelf`](super::shelf) lets a person
//! look at them, replay and discard them.

use std::rc::Rc;
use std::sync::Arc;

use domain::SharedClock;
use domain::wire::{
    DEAD_LETTER_QUEUE, QUEUE_HEADER, REASON_HEADER, REFUSED_AT_HEADER, format_time,
};
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::{BasicProperties, Channel, Confirmation, Connection};
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::{PATIENCE, PERSISTENT, Server};
use crate::broker::BrokerError;

/// Publishes what can never be processed.
pub(super) struct Publisher {
    server: Rc<Server>,
    clock: SharedClock,
    /// Opened by the first dead letter, and again after a failure.
    channel: Mutex<Option<Arc<(Connection, Channel)>>>,
}

impl Publisher {
    pub(super) fn new(server: Rc<Server>, clock: SharedClock) -> Self {
        Self { server, clock, channel: Mutex::new(None) }
    }

    pub(super) async fn publish(
        &self,
        queue: &str,
        body: &[u8],
        reason: &str,
    ) -> Result<(), BrokerError> {
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
        let published = publish(&link.1, DEAD_LETTER_QUEUE, body, properties);
        let outcome = match timeout(PATIENCE, published).await {
            Ok(Ok(confirm)) => match timeout(PATIENCE, confirm).await {
                Ok(confirmed) => self.server.taken(confirmed),
                Err(_) => Err(self.server.unreachable(&"dead letter not confirmed within 10 s")),
            },
            Ok(Err(e)) => Err(self.server.explain(&e)),
            Err(_) => Err(self.server.unreachable(&"dead letter not sent within 10 s")),
        };
        if outcome.is_err() {
            *self.channel.lock().await = None;
        }
        outcome
    }

    async fn link(&self) -> Result<Arc<(Connection, Channel)>, BrokerError> {
        let mut link = self.channel.lock().await;
        if let Some(link) = &*link {
            return Ok(Arc::clone(link));
        }
        let fresh = Arc::new(open(&self.server, "dead letters").await?);
        *link = Some(Arc::clone(&fresh));
        Ok(fresh)
    }

    pub(super) async fn close(&self) {
        if let Some(link) = self.channel.lock().await.take() {
            let _ = timeout(PATIENCE, link.0.close(200, "stopping".into())).await;
        }
    }
}

/// A connection and a channel that confirms.
pub(super) async fn open(
    server: &Server,
    name: &str,
) -> Result<(Connection, Channel), BrokerError> {
    let connection = server.connect(name).await?;
    server.declare(&connection).await?;
    let opened = async {
        let channel = connection.create_channel().await?;
        channel.confirm_select(ConfirmSelectOptions::default()).await?;
        Ok::<_, lapin::Error>(channel)
    };
    let channel = match timeout(PATIENCE, opened).await {
        Ok(channel) => channel.map_err(|e| server.explain(&e))?,
        Err(_) => return Err(server.unreachable(&"no channel within 10 s")),
    };
    Ok((connection, channel))
}

pub(super) async fn publish(
    channel: &Channel,
    queue: &str,
    body: &[u8],
    properties: BasicProperties,
) -> lapin::Result<impl Future<Output = lapin::Result<Confirmation>>> {
    // A message that finds no queue comes back instead of vanishing.
    let options = BasicPublishOptions { mandatory: true, ..Default::default() };
    channel.basic_publish(ShortString::default(), queue.into(), options, body, properties).await
}

impl Server {
    /// Whether a published message is in its queue.
    pub(super) fn taken(&self, confirmed: lapin::Result<Confirmation>) -> Result<(), BrokerError> {
        match confirmed {
            // Without a message inside: a returned one found no queue.
            Ok(Confirmation::Ack(None)) => Ok(()),
            Ok(other) => Err(self.unreachable(&format!("message not taken: {other:?}"))),
            Err(e) => Err(self.explain(&e)),
        }
    }
}
