//! How a ping gets to the vehicle monitor: over its queue, or over HTTP where there is none.

use std::sync::Arc;

use async_trait::async_trait;
use domain::VehicleId;
use domain::wire::ping::PING_QUEUE;
use platform::messaging::{Message, Publisher};

use super::monitor::Monitor;

/// Why a ping is not known to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WayError {
    /// Nothing takes pings just now; retrying may succeed.
    #[error("the way to the vehicle monitor is closed")]
    Away,
    /// It will not be taken.
    #[error("the vehicle monitor does not take it")]
    Refused,
}

/// Brings pings for the generator, which tries again where it is told that the way is closed.
#[async_trait]
pub trait Way: Send + Sync {
    /// Brings a ping; returns when it is confirmed. Brought twice it is the same.
    async fn bring(&self, vehicle: &VehicleId, body: String) -> Result<(), WayError>;

    /// Pings that may be under way at a time.
    fn window(&self) -> usize;
}

/// Over RabbitMQ, with confirms.
pub struct OverQueue(pub Arc<dyn Publisher>);

/// Posts pings to the vehicle monitor.
pub struct OverHttp(pub Monitor);

#[async_trait]
impl Way for OverQueue {
    async fn bring(&self, _: &VehicleId, body: String) -> Result<(), WayError> {
        let message = Message { queue: PING_QUEUE, id: None, body: body.into() };
        self.0.publish(&message).await.map_err(|_| WayError::Away)
    }

    fn window(&self) -> usize {
        1_000
    }
}

#[async_trait]
impl Way for OverHttp {
    async fn bring(&self, vehicle: &VehicleId, body: String) -> Result<(), WayError> {
        self.0.ping(vehicle, body).await
    }

    /// Each has a thread while it waits.
    fn window(&self) -> usize {
        16
    }
}
