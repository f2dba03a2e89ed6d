//! What is reported of a finished session.

use chrono::{DateTime, TimeDelta};
use compact_str::CompactString;

use crate::{Instant, LaneName, ObservationId, PlaceName, Plate};

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
    /// Where it comes from; nothing is known of that in the files.
    pub origin: Option<Origin>,
}

/// What a stay was made of: told with it, but no column of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The version of the plate's record at the verdict.
    pub revision: u64,
    /// The read that stands for the entry.
    pub entry_id: ObservationId,
    /// By which lane it came in.
    pub entry_lane: Option<LaneName>,
    /// The read that stands for the exit.
    pub exit_id: ObservationId,
    /// The car park that it left, which need not be the one that it entered.
    pub exit_place: PlaceName,
    /// By which lane it went out.
    pub exit_lane: Option<LaneName>,
}

/// A stay that has begun: an entry stands open. Of one plate at most one does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// The plate that is inside.
    pub plate: Plate,
    /// The read that stands for the entry.
    pub observation_id: ObservationId,
    /// Event time of the entry.
    pub entry_at: Instant,
    /// The car park that it entered.
    pub place: PlaceName,
    /// By which lane it came in.
    pub lane: Option<LaneName>,
    /// The version of the plate's record that says so.
    pub revision: u64,
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
