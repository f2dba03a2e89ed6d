//! The vehicle monitor's way to the broker's queue of pings: monitor and actors know nothing of each
//! other, this crate knows both.

use std::rc::Rc;

use actors::broker::amqp::AmqpBroker;
use actors::broker::{Event, Queue, Tag};
use async_trait::async_trait;
use domain::wire::ping::PING_QUEUE;
use futures_util::StreamExt;
use vehicles::broker as monitor;

/// Consumes the pings.
pub fn consume(broker: &AmqpBroker) -> monitor::Consumed {
    let (events, queue) = broker.consume_queue(PING_QUEUE);
    let events = events.filter_map(|event| async {
        match event {
            Event::Connected => Some(monitor::Event::Connected),
            Event::Delivered(delivery) => Some(monitor::Event::Delivered {
                tag: monitor::Tag {
                    connection: delivery.tag.connection,
                    number: delivery.tag.number,
                },
                body: delivery.body,
                redelivered: delivery.redelivered,
            }),
            Event::Depth { .. } => None,
            Event::Disconnected(reason) => Some(monitor::Event::Disconnected(reason)),
        }
    });
    (events.boxed_local(), Rc::new(Pings(queue)))
}

struct Pings(Rc<dyn Queue>);

#[async_trait(?Send)]
impl monitor::Queue for Pings {
    async fn acknowledge(&self, up_to: monitor::Tag) {
        self.0.acknowledge(Tag { connection: up_to.connection, number: up_to.number }).await;
    }

    async fn dead_letter(&self, body: &[u8], reason: &str) -> Result<(), String> {
        self.0.dead_letter(body, reason).await.map_err(|e| e.to_string())
    }

    async fn is_alive(&self) -> Result<(), String> {
        self.0.is_alive().await.map_err(|e| e.to_string())
    }

    async fn cancel(&self) {
        self.0.cancel().await;
    }

    async fn close(&self) {
        self.0.close().await;
    }
}
