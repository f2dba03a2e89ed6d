//! The bound on what is under way.

use std::sync::Arc;

use prometheus::IntGauge;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Places for passages under way (G6).
#[derive(Clone)]
pub(crate) struct Slots {
    free: Arc<Semaphore>,
    /// All of them.
    count: u32,
    /// How many are taken.
    taken: IntGauge,
}

/// One passage under way; dropped when it is done.
pub(crate) struct Slot {
    _permit: OwnedSemaphorePermit,
    taken: IntGauge,
}

impl Slots {
    /// `count` places, and `taken` shows how many are.
    pub(crate) fn new(count: usize, taken: IntGauge) -> Self {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        Self { free: Arc::new(Semaphore::new(count as usize)), count, taken }
    }

    /// A place, if one is free.
    pub(crate) fn try_take(&self) -> Option<Slot> {
        let permit = Arc::clone(&self.free).try_acquire_owned().ok()?;
        self.taken.inc();
        Some(Slot { _permit: permit, taken: self.taken.clone() })
    }

    /// Waits until a place is free.
    pub(crate) async fn freed(self) {
        let _freed = self.free.acquire().await;
    }

    /// Waits until all are free.
    pub(crate) async fn all_freed(self) {
        let _all = self.free.acquire_many(self.count).await;
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.taken.dec();
    }
}
