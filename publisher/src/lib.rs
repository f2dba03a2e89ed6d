//! The way of observations into a broker, for whoever has some: simulated cameras and real ones. The
//! seam ([`Publisher`]): a message is handed over and confirmed, or it is not. Over `RabbitMQ`
//! ([`AmqpPublisher`], which takes pings of vehicles too); the embedded broker is the binary's to supply.
//! [`parse_amqp_url`] reads a broker's URL for all who connect to one, those who consume included.

mod amqp;
mod amqp_connection;
mod amqp_url;
mod backoff;

use async_trait::async_trait;
use domain::{Kind, wire};

pub use amqp::{AmqpOptions, AmqpPublisher};
pub use amqp_url::{AmqpUrlError, parse_amqp_url};

/// Hands messages to a broker. Implementations log when they lose their broker and when they have
/// it back, once each; callers try again and stay silent.
#[async_trait]
pub trait Publisher: Send + Sync {
    /// Publishes `body`, an observation of `kind` as JSON. Returns when the broker has confirmed
    /// that it holds the message (G1). An error does not mean that it does not: the caller sends
    /// the same message again, and its id makes it one.
    async fn publish(&self, kind: Kind, body: String) -> Result<(), PublishError>;

    /// Whether a message would go out now, for a readiness probe.
    fn is_ready(&self) -> bool {
        true
    }
}

/// Why a message is not known to be with the broker. All of them pass: try again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PublishError {
    /// There is no connection, or it broke before the confirmation.
    #[error("the broker is away")]
    Away,
    /// The broker refuses all publishers for want of memory or disk.
    #[error("the broker holds publishers back")]
    Blocked,
    /// The broker has no such queue.
    #[error("queue `{0}` does not exist: declare it with `carpark configure`")]
    NoQueue(&'static str),
    /// The queue took it not: it is full, or its leader is changing.
    #[error("the broker refused the message")]
    Refused,
    /// No confirmation came in time.
    #[error("the broker did not confirm in time")]
    Unconfirmed,
}

/// The queue of a kind.
pub fn queue_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Entry => wire::ENTRY_QUEUE,
        Kind::Exit => wire::EXIT_QUEUE,
    }
}
