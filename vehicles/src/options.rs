//! What can be set of the vehicle monitor.

use std::time::Duration;

use domain::Silence;

/// Fixed from the start of the process.
#[derive(Debug, Clone)]
pub struct Options {
    /// When a vehicle counts as gone.
    pub silence: Silence,
    /// How long to wait for the store at the start.
    pub start_patience: Duration,
    /// Longest wait for what is in flight when stopping.
    pub stop_patience: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            silence: Silence::default(),
            start_patience: Duration::from_mins(1),
            stop_patience: Duration::from_secs(5),
        }
    }
}
