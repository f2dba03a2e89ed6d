//! The seam to the time of day: a trait here, the one reading of it in the `carpark` crate.

use std::sync::Arc;

use crate::Instant;

/// Tells the time. Passed in wherever time matters, so that a test owns it.
pub trait Clock: Send + Sync {
    /// The present instant.
    fn now(&self) -> Instant;
}

/// A clock that many share.
pub type SharedClock = Arc<dyn Clock>;

impl<F: Fn() -> Instant + Send + Sync> Clock for F {
    fn now(&self) -> Instant {
        self()
    }
}
