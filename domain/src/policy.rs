//! The tunable part of the rules.

use chrono::TimeDelta;

/// R2: two reads of one kind at one place no further apart than this are one passage.
pub const RE_READ: TimeDelta = TimeDelta::seconds(20);
/// R8: how far ahead of the clock an observation may be before it is absurd.
pub const AHEAD_MAX: TimeDelta = TimeDelta::minutes(5);

/// How long to wait and how far to look back. A record that was judged under one policy may be
/// judged on under another: nothing of it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// By how much a watermark must have passed an observation before its absence from a pair is
    /// a verdict (R4, R5).
    pub lateness: TimeDelta,
    /// For how long after its arrival an observation that has its verdict can still change it (R6).
    pub repair_window: TimeDelta,
    /// R7: a stay longer than this is reported while it lasts.
    pub max_stay: TimeDelta,
    /// Most observations kept of one plate (G6). Past it the oldest are judged at once, however
    /// short they waited: a "plate" read a thousand times a day is `UNKNOWN`, or a stuck camera.
    pub observations_max: usize,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            lateness: TimeDelta::seconds(5),
            repair_window: TimeDelta::hours(24),
            max_stay: TimeDelta::hours(72),
            observations_max: 256,
        }
    }
}
