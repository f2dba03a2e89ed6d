//! How a camera does, in one word. Pure, and the one place where it is judged.
//!
//! Each word that is no good news is that of an alert (`monitoring/rules/alerts.yml`), by the same
//! limits; where several hold, the worst.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Passages before the other cameras of a place within [`Facts::reads_within`] that show that there
/// was something to read.
const PASSED_MIN: usize = 30;
/// A camera that sends heartbeats sends one within this.
const HEARTBEAT_WITHIN: Duration = Duration::from_mins(10);
/// A refusal is told of for so long.
const REFUSED_FOR: Duration = Duration::from_mins(15);
/// Seconds that a clock may be ahead.
const AHEAD_MAX: f64 = 2.0;
/// Seconds that a clock may be behind; a read takes a while on its way.
const BEHIND_MAX: f64 = 120.0;
/// Share of the last passages without a plate that is sure.
const UNREAD_SHARE_MAX: f64 = 0.3;
/// Passages that a share says something of.
const SHARE_OF_MIN: usize = 20;

/// How a camera does; the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CameraState {
    /// It tells of no vehicle, and the other cameras of its place do: its event stream is dead,
    /// though its heartbeats may go on.
    ReadsNothing,
    /// It had sent heartbeats, and sends nothing any more.
    Silent,
    /// Its messages are not understood.
    Refused,
    /// Its reads come before they were made, or long after; or one was refused because it lay too
    /// far ahead.
    ClockWrong,
    /// Too many plates are not read, or with low confidence.
    ReadsBadly,
    /// It tells of vehicles.
    Reading,
    /// It is there, and tells of no vehicle; nothing says that there was one.
    Quiet,
    /// Nothing came of it since it was configured.
    NeverHeard,
}

/// How bad that is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// As it should be.
    Well,
    /// Nothing is known of it yet.
    Unknown,
    /// It will get worse, or the rows are less right than usual.
    Warning,
    /// Reads are lost now.
    Critical,
}

/// What it is judged by. Ages are in seconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Facts {
    pub(super) was_heard: bool,
    /// Since it is watched.
    pub(super) watched_for: f64,
    /// A camera that was put up is heard of within this.
    pub(super) heard_within: Duration,
    pub(super) heartbeat_age: Option<f64>,
    /// Since it is watched, as long as there was none.
    pub(super) read_age: f64,
    pub(super) has_read: bool,
    /// What counts as lately.
    pub(super) reads_within: Duration,
    /// Of all cameras of its place, lately.
    pub(super) passed_at_place: usize,
    /// Of its own, lately.
    pub(super) passed: usize,
    /// Of a message that was not understood.
    pub(super) refusal_age: Option<f64>,
    /// Of a read that lay too far ahead to be taken: its age, and how far ahead it lay.
    pub(super) ahead: Option<(f64, f64)>,
    pub(super) clock_offset: Option<f64>,
    pub(super) unread_share: f64,
    pub(super) low_confidence_share: f64,
    /// Passages that the shares are of.
    pub(super) share_of: usize,
}

impl Facts {
    /// A read that was refused as too far ahead, not long ago.
    pub(super) fn ahead_now(&self) -> Option<f64> {
        let (age, by) = self.ahead?;
        (!is_beyond(age, REFUSED_FOR)).then_some(by)
    }

    /// Whether a camera that never was heard of should have been.
    fn is_overdue(&self) -> bool {
        is_beyond(self.watched_for, self.heard_within)
    }
}

fn is_beyond(age: f64, limit: Duration) -> bool {
    age > limit.as_secs_f64()
}

/// The worst that holds.
pub(super) fn judge(facts: &Facts) -> CameraState {
    let Facts { read_age, heartbeat_age, .. } = *facts;
    let is_lately = read_age <= facts.reads_within.as_secs_f64();
    let is_off = |offset: f64| !(-AHEAD_MAX..=BEHIND_MAX).contains(&offset);
    if !is_lately && facts.passed_at_place > PASSED_MIN {
        CameraState::ReadsNothing
    } else if heartbeat_age.is_some_and(|age| is_beyond(age, HEARTBEAT_WITHIN))
        && is_beyond(read_age, HEARTBEAT_WITHIN)
    {
        CameraState::Silent
    } else if facts.refusal_age.is_some_and(|age| !is_beyond(age, REFUSED_FOR)) {
        CameraState::Refused
    } else if facts.ahead_now().is_some() || is_lately && facts.clock_offset.is_some_and(is_off) {
        CameraState::ClockWrong
    } else if facts.unread_share + facts.low_confidence_share > UNREAD_SHARE_MAX
        && facts.passed > SHARE_OF_MIN
    {
        CameraState::ReadsBadly
    } else if facts.has_read && is_lately {
        CameraState::Reading
    } else if facts.was_heard {
        CameraState::Quiet
    } else {
        CameraState::NeverHeard
    }
}

impl CameraState {
    /// The state in words, as the pages show it.
    pub fn words(self) -> &'static str {
        match self {
            Self::ReadsNothing => "reads nothing",
            Self::Silent => "silent",
            Self::Refused => "refused",
            Self::ClockWrong => "clock wrong",
            Self::ReadsBadly => "reads badly",
            Self::Reading => "reading",
            Self::Quiet => "quiet",
            Self::NeverHeard => "never heard",
        }
    }

    /// That of the alert.
    pub(super) fn severity(self, facts: &Facts) -> Severity {
        match self {
            Self::ReadsNothing => Severity::Critical,
            Self::Silent | Self::Refused | Self::ClockWrong | Self::ReadsBadly => Severity::Warning,
            Self::Reading | Self::Quiet => Severity::Well,
            // It may have been put up just now; or be a cable that was never plugged in.
            Self::NeverHeard if facts.is_overdue() => Severity::Warning,
            Self::NeverHeard => Severity::Unknown,
        }
    }
}

#[cfg(test)]
mod tests;
