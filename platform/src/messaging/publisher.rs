//! The way of messages into a broker, for whoever has some: simulated cameras and real ones, a
//! vehicle's pings. A message is handed over and confirmed, or it is not.

use async_trait::async_trait;
use bytes::Bytes;
use domain::{Observation, wire};

/// A message on its way into a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The name of the queue.
    pub queue: &'static str,
    /// What the message is recognised by when it comes twice; shown in the broker's own lists.
    pub id: Option<String>,
    /// The message as JSON.
    pub body: Bytes,
}

impl From<&Observation> for Message {
    fn from(observation: &Observation) -> Self {
        Self {
            queue: wire::queue_of(observation.direction),
            id: Some(observation.id.to_string()),
            body: wire::observation_to_json(observation).into(),
        }
    }
}

/// Hands messages to a broker. Implementations log when they lose their broker and when they have
/// it back, once each; callers try again and stay silent.
#[async_trait]
pub trait Publisher: Send + Sync {
    /// Returns when the broker has confirmed that it holds the message (G1). An error does not mean
    /// that it does not: the caller sends the same message again, and its id makes it one.
    async fn publish(&self, message: &Message) -> Result<(), PublishError>;

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
    /// The queue did not take it: it is full, or its leader is changing.
    #[error("the broker refused the message")]
    Refused,
    /// No confirmation came in time.
    #[error("the broker did not confirm in time")]
    Unconfirmed,
}
