//! The dead letters in RabbitMQ: the [`DeadLetterOffice`] puts them there; [`shelf`](super::shelf)
//! lets a person look at them, replay and discard them.

use std::cell::OnceCell;

use bytes::Bytes;
use domain::SharedClock;
use domain::wire::{
    DEAD_LETTER_QUEUE, QUEUE_HEADER, REASON_HEADER, REFUSED_AT_HEADER, format_time,
};
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::{BasicProperties, Channel, Confirmation, Connection};

use super::{AmqpPublisher, PATIENCE, PublisherOptions, Server};
use crate::messaging::{BrokerError, Message};

/// Publishes what can never be processed.
pub(super) struct DeadLetterOffice {
    server: Server,
    clock: SharedClock,
    /// Started by the first dead letter: they are rare.
    publisher: OnceCell<AmqpPublisher>,
}

impl DeadLetterOffice {
    pub(super) fn new(server: Server, clock: SharedClock) -> Self {
        Self { server, clock, publisher: OnceCell::new() }
    }

    pub(super) async fn publish(
        &self,
        queue: &str,
        body: &[u8],
        reason: &str,
    ) -> Result<(), BrokerError> {
        let publisher = self.publisher.get_or_init(|| {
            let options = PublisherOptions::new("carpark dead letters");
            AmqpPublisher::start(self.server.clone(), &options, &[DEAD_LETTER_QUEUE])
        });
        let mut headers = FieldTable::default();
        let refused_at = format_time(self.clock.now());
        for (name, value) in
            [(REASON_HEADER, reason), (QUEUE_HEADER, queue), (REFUSED_AT_HEADER, &refused_at)]
        {
            headers.insert(name.into(), AMQPValue::LongString(value.into()));
        }
        let letter =
            Message { queue: DEAD_LETTER_QUEUE, id: None, body: Bytes::copy_from_slice(body) };
        publisher.publish_with(&letter, headers).await.map_err(|e| self.server.unreachable(&e))
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
    let channel = server.within(PATIENCE, opened, "opening a channel").await?;
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
