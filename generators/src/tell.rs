//! Says in the log what was published, every so often: for who asks a container's log whether
//! anything happens.

use std::time::Duration;

/// Tells until it is dropped.
pub(crate) struct Telling(actix_rt::task::JoinHandle<()>);

impl Telling {
    /// Has it told `every` so often; never where that is zero.
    pub(crate) fn start(every: Duration, mut tell: impl FnMut() + 'static) -> Option<Self> {
        if every.is_zero() {
            return None;
        }
        Some(Self(actix_rt::spawn(async move {
            let mut ticks = tokio::time::interval(every);
            // The first comes at once, when there is nothing to tell.
            ticks.tick().await;
            loop {
                ticks.tick().await;
                tell();
            }
        })))
    }
}

impl Drop for Telling {
    fn drop(&mut self) {
        self.0.abort();
    }
}
