//! The dead letters in RabbitMQ: the [`DeadLetterOffice`] puts them there; [`shelf`](super::shelf)
//! lets a person look at them, replay and discard them.

use std::cell::OnceCell;

use bytes::Bytes;
use domain::SharedClock;
use domain::wire::{
    DEAD_LETTER_QUEUE, QUEUE_HEADER, REASON_HEADER, REFUSED_AT_HEADER, format_time,
};
use lapin::types::{AMQPValue, FieldTable};

use super::{AmqpPublisher, PublisherOptions, Server};
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
