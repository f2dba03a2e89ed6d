//! The valve between the outbox and the consumers (G6): closed while too many reports are
//! unconfirmed, so that the broker keeps what the sink cannot take.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;

/// Counts unconfirmed reports. The summary client moves it, the consumers wait at it.
#[derive(Debug)]
pub struct Gate {
    pending: AtomicUsize,
    limit: usize,
    opened: Notify,
}

impl Gate {
    /// Closes at `limit` unconfirmed reports.
    pub fn new(limit: usize) -> Self {
        Self { pending: AtomicUsize::new(0), limit, opened: Notify::new() }
    }

    /// `count` more reports wait for the sink.
    pub fn add(&self, count: usize) {
        self.pending.fetch_add(count, Ordering::Relaxed);
    }

    /// `count` reports were confirmed and cleared.
    pub fn remove(&self, count: usize) {
        let before = self.pending.fetch_sub(count, Ordering::Relaxed);
        if before >= self.limit && before - count < self.limit {
            self.opened.notify_waiters();
        }
    }

    /// Unconfirmed reports.
    pub fn pending(&self) -> usize {
        self.pending.load(Ordering::Relaxed)
    }

    /// Whether consumption may go on.
    pub fn is_open(&self) -> bool {
        self.pending() < self.limit
    }

    /// Waits until it may.
    pub async fn passage(&self) {
        loop {
            let opened = self.opened.notified();
            if self.is_open() {
                return;
            }
            opened.await;
        }
    }
}
