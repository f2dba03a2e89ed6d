//! The tunable part of the rules.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use crate::{LaneName, PlaceName};

/// R2: two reads of one kind at one place no further apart than this are one passage, where the
/// site says nothing else.
pub const RE_READ: TimeDelta = TimeDelta::seconds(20);
/// R2: the longest time a site may set: past it a car that came back is taken for one that waits.
pub const RE_READ_MAX: TimeDelta = TimeDelta::hours(1);
/// R8: how far ahead of the clock an observation may be before it is absurd.
pub const AHEAD_MAX: TimeDelta = TimeDelta::minutes(5);

/// R2, by site: for how long after a read another one is the same passage. A car that waits at a
/// barrier is read again and again. What is set more closely counts: the lane, then the place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReReads {
    /// Where neither lane nor place says anything.
    pub default: TimeDelta,
    /// By place.
    pub places: BTreeMap<PlaceName, TimeDelta>,
    /// By place and lane.
    pub lanes: BTreeMap<(PlaceName, LaneName), TimeDelta>,
}

impl Default for ReReads {
    fn default() -> Self {
        Self { default: RE_READ, places: BTreeMap::new(), lanes: BTreeMap::new() }
    }
}

impl ReReads {
    /// What counts for a read there.
    pub fn of(&self, place: &PlaceName, lane: Option<&LaneName>) -> TimeDelta {
        let of_lane = lane
            .filter(|_| !self.lanes.is_empty())
            .and_then(|lane| self.lanes.get(&(place.clone(), lane.clone())));
        of_lane.or_else(|| self.places.get(place)).copied().unwrap_or(self.default)
    }
}

/// How long to wait and how far to look back. A record that was judged under one policy may be
/// judged on under another: of it only the time of re-reads is stored, with each observation, so
/// that another setting changes what is read from then on and nothing before.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// R2.
    pub re_reads: ReReads,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            lateness: TimeDelta::seconds(5),
            repair_window: TimeDelta::hours(24),
            max_stay: TimeDelta::hours(72),
            observations_max: 256,
            re_reads: ReReads::default(),
        }
    }
}
