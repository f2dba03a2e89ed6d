//! The time of day: the one place that reads it.

use std::sync::Arc;

use domain::SharedClock;

/// The machine's clock.
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
pub fn system() -> SharedClock {
    Arc::new(chrono::Utc::now)
}
