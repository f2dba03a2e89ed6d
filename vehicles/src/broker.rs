//! Where pings come from beside HTTP: a seam. The program puts the queue of its broker behind it.
//! At least once: what is not acknowledged comes again.

use std::rc::Rc;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::LocalBoxStream;

/// Names a delivery: its connection, and its number on that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tag {
    /// Counts the connections.
    pub connection: u32,
    /// Counts the deliveries of a connection.
    pub number: u64,
}

/// What the consumer hears.
#[derive(Debug, Clone)]
pub enum Event {
    /// The queue is being consumed.
    Connected,
    /// A message.
    Delivered {
        /// To acknowledge it by.
        tag: Tag,
        /// The message.
        body: Bytes,
        /// Whether it was delivered before.
        redelivered: bool,
    },
    /// The connection is gone, with the reason; what is unacknowledged will come again.
    Disconnected(String),
}

/// The way back to the queue.
#[async_trait(?Send)]
pub trait Queue {
    /// Acknowledges the delivery and all before it on the same connection.
    async fn acknowledge(&self, up_to: Tag);

    /// Publishes a message to the dead letters; durable when it answers.
    async fn dead_letter(&self, body: &[u8], reason: &str) -> Result<(), String>;

    /// Whether the queue is being consumed now: asks the broker; why not, in words.
    async fn is_alive(&self) -> Result<(), String> {
        Ok(())
    }

    /// No further deliveries.
    async fn cancel(&self);

    /// Ends the connection; what is unacknowledged goes back.
    async fn close(&self);
}

/// A consumed queue: its events, and the way back.
pub type Consumed = (LocalBoxStream<'static, Event>, Rc<dyn Queue>);
