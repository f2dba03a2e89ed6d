//! How messages travel, over queues by their names: one seam for who consumes ([`Broker`]), one for
//! who publishes ([`Publisher`]), two implementations of both. RabbitMQ ([`amqp`], the one place that
//! knows lapin) and a bounded channel ([`embedded`]). Both deliver at least once: what is not
//! acknowledged comes again.

pub mod amqp;
pub mod dead_letters;
pub mod embedded;
mod publisher;
pub mod topology;

pub use publisher::{Message, PublishError, Publisher};

use std::rc::Rc;

use async_trait::async_trait;
use bytes::Bytes;
use domain::Instant;
use futures_util::stream::LocalBoxStream;

use dead_letters::DeadLetters;

/// Names a delivery: the broker's tag, and which connection it came on. A tag of an earlier
/// connection names nothing any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tag {
    /// Number of the connection that delivered it, counted from the start.
    pub connection: u32,
    /// Counts the deliveries of a connection, from 1, without a gap.
    pub number: u64,
}

/// One message, delivered.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// To acknowledge it by.
    pub tag: Tag,
    /// The message, as it was published.
    pub body: Bytes,
    /// Whether it was delivered before.
    pub redelivered: bool,
}

/// What a consumer hears.
#[derive(Debug)]
pub enum Event {
    /// The queue is being consumed; deliveries follow.
    Connected,
    /// A message was delivered.
    Delivered(Delivery),
    /// The answer to [`Queue::ask_depth`], in its place: after every delivery that had arrived.
    Depth {
        /// Messages that wait to be delivered.
        waiting: u64,
        /// When it was asked.
        asked_at: Instant,
    },
    /// The connection is gone, with the reason: whatever is unacknowledged will come again. The
    /// stream goes on by itself.
    Disconnected(String),
}

/// Why the broker did not do what it was asked.
#[derive(Debug, Clone, thiserror::Error)]
pub enum BrokerError {
    /// Retrying may succeed.
    #[error("RabbitMQ is not reachable at {url}: {reason}")]
    Unreachable {
        /// The broker's URL, without the password.
        url: String,
        /// What went wrong, in words.
        reason: String,
    },
    /// It will not work until somebody changes something.
    #[error("RabbitMQ at {url} refuses: {reason}")]
    Refused {
        /// The broker's URL, without the password.
        url: String,
        /// In words, with what to do.
        reason: String,
    },
    /// No connection at this moment; the consumer is reconnecting.
    #[error("not connected")]
    NotConnected,
    /// Another process has the dead letters in hand.
    #[error(
        "another process looks at the dead letters just now, and nobody else sees those that it holds: \
         ask again in a moment"
    )]
    LookedAt,
}

/// A source of messages.
#[async_trait(?Send)]
pub trait Broker {
    /// One attempt to reach it and to declare what is missing: said at the start, when a person
    /// is still looking.
    async fn prepare(&self) -> Result<(), BrokerError>;

    /// Consumes a queue. The stream reconnects by itself; it ends after [`Queue::cancel`].
    fn consume(&self, queue: &'static str) -> Consumed;

    /// What could not be processed.
    fn dead_letters(&self) -> Rc<dyn DeadLetters>;
}

/// A consumed queue: its events, and the way back.
pub type Consumed = (LocalBoxStream<'static, Event>, Rc<dyn Queue>);

/// The way back to the broker, for one consumed queue.
#[async_trait(?Send)]
pub trait Queue {
    /// Acknowledges the delivery and all before it on the same connection. Where that connection is
    /// gone nothing happens: they come again, and are recognised (R1).
    async fn acknowledge(&self, up_to: Tag);

    /// Puts a delivery back into the queue. After the delivery limit the broker dead-letters it.
    async fn give_back(&self, tag: Tag);

    /// Publishes a message to the dead letters with the reason; durable when it answers.
    async fn dead_letter(&self, body: &[u8], reason: &str) -> Result<(), BrokerError>;

    /// Asks how many messages wait to be delivered; [`Event::Depth`] answers, unless the
    /// connection is lost meanwhile.
    fn ask_depth(&self, asked_at: Instant);

    /// Whether the queue is being consumed now: asks the broker. The caller bounds the wait.
    async fn is_alive(&self) -> Result<(), BrokerError> {
        Ok(())
    }

    /// Ends further deliveries.
    async fn cancel(&self);

    /// Ends the connection; what is unacknowledged goes back.
    async fn close(&self);
}
