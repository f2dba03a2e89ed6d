//! What is reported of a finished session.

use chrono::{DateTime, TimeDelta};
use compact_str::CompactString;

use crate::{Instant, PlaceName, Plate};

/// One finished stay: a row of `summaries.csv`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// R9: derived from the two observations' ids.
    pub session_id: CompactString,
    /// The plate that stayed.
    pub plate: Plate,
    /// Event time of the entry.
    pub entry_at: Instant,
    /// When it ended; never before `entry_at`.
    pub exit_at: Instant,
    /// The car park of the entry.
    pub place: PlaceName,
    /// R6: whether it replaces a verdict that had been reported.
    pub repaired: bool,
}

impl Summary {
    /// How long the stay was, in whole milliseconds: the difference of the two instants as they
    /// are written, so that a row always adds up.
    pub fn duration(&self) -> TimeDelta {
        to_millis(self.exit_at) - to_millis(self.entry_at)
    }
}

/// `at` cut to whole milliseconds, the resolution of the files.
pub(crate) fn to_millis(at: Instant) -> Instant {
    DateTime::from_timestamp_millis(at.timestamp_millis()).unwrap_or(at)
}
