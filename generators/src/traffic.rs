//! How many vehicles come and how long they stay.

use std::time::Duration;

use domain::Instant;

use crate::dice::Dice;
use crate::options::{Options, Profile};

/// Entries and exits in each hour of a working day at a campus with 2,400 vehicles a day, and the
/// quantiles of the stays below: aggregates of public gate logs of some 130,000 stays.
const CAMPUS_ENTRIES: [f64; 24] = [
    12.0, 8.0, 4.0, 3.0, 6.0, 45.0, 78.0, 317.0, 365.0, 294.0, 211.0, 196.0, 198.0, 217.0, 166.0,
    151.0, 148.0, 145.0, 147.0, 117.0, 91.0, 73.0, 40.0, 22.0,
];
/// The busiest hour of exits, 17 h: exits are never held below it.
const CAMPUS_EXITS_MAX: f64 = 356.0;
/// The shares of the stays that are no longer than the minutes at the same place below.
const SHARES: [f64; 8] = [0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0];
/// Minutes that visitors who pay by the hour stay.
const VISITOR_MINUTES: [f64; 8] = [1.0, 2.5, 6.2, 18.0, 76.0, 352.0, 2327.0, 2327.0];
/// Minutes that staff stay.
const STAFF_MINUTES: [f64; 8] = [1.0, 2.4, 58.0, 262.0, 551.0, 790.0, 4103.0, 4103.0];
/// The logs tell the two apart without saying how they mix; an even mix gives the afternoon's
/// wave of exits.
const STAFF_SHARE: f64 = 0.5;

const SECONDS_PER_HOUR: f64 = 3600.0;
/// Exits may run this much faster than entries, so that what piled up in a pause drains.
const EXIT_HEADROOM: f64 = 1.25;
/// Below this share of matched exits their pace is not raised any further.
const MATCHED_SHARE_MIN: f64 = 0.1;

/// Quantiles of a stay: share of the stays (0 to 1, ascending) and seconds.
type Quantiles = Vec<(f64, f64)>;

/// The traffic of one generator.
pub(crate) struct Traffic {
    source: Source,
    /// Share of the exits that have an entry: the more are made up, the more turns exits need.
    matched_share: f64,
}

enum Source {
    Steady {
        /// Entries per second.
        rate: f64,
        stays: Quantiles,
    },
    Campus {
        /// Simulated seconds per second.
        speed: f64,
        /// When the simulated day began to run.
        started_at: Instant,
        /// Seconds into the simulated day at `started_at`.
        start_seconds: f64,
        visitors: Quantiles,
        staff: Quantiles,
    },
}

/// The rate follows a curve and cannot be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the rate follows the campus profile: start with `profile = \"steady\"` to set it")]
pub(crate) struct RateIsGiven;

impl Traffic {
    /// `options` have been checked.
    pub(crate) fn new(options: &Options, now: Instant) -> Self {
        let source = match options.profile {
            Profile::Steady => Source::Steady {
                rate: options.rate,
                stays: vec![
                    (0.0, options.dwell.min_seconds),
                    (0.5, options.dwell.median_seconds),
                    (1.0, options.dwell.max_seconds),
                ],
            },
            Profile::Campus => Source::Campus {
                speed: options.speed,
                started_at: now,
                start_seconds: f64::from(options.start_hour) * SECONDS_PER_HOUR,
                visitors: in_seconds(VISITOR_MINUTES),
                staff: in_seconds(STAFF_MINUTES),
            },
        };
        Self { source, matched_share: options.matched_share }
    }

    /// Entries per second at `now`.
    pub(crate) fn entry_rate(&self, now: Instant) -> f64 {
        match &self.source {
            Source::Steady { rate, .. } => *rate,
            Source::Campus { speed, started_at, start_seconds, .. } => {
                let elapsed = (now - *started_at).as_seconds_f64() * speed;
                CAMPUS_ENTRIES[hour_of_day(start_seconds + elapsed)] * speed / SECONDS_PER_HOUR
            }
        }
    }

    /// Exits per second at most, matched and made up. They mostly run slower: a matched one waits
    /// for a vehicle that leaves, and the others wait behind it.
    pub(crate) fn exit_rate_max(&self) -> f64 {
        let leaving = match &self.source {
            Source::Steady { rate, .. } => *rate,
            Source::Campus { speed, .. } => {
                let busiest = CAMPUS_ENTRIES.into_iter().fold(CAMPUS_EXITS_MAX, f64::max);
                busiest * speed / SECONDS_PER_HOUR
            }
        };
        if self.matched_share == 0.0 {
            return leaving;
        }
        EXIT_HEADROOM * leaving / self.matched_share.max(MATCHED_SHARE_MIN)
    }

    /// Changes the entries per second; `rate` has been checked.
    pub(crate) fn set_rate(&mut self, new_rate: f64) -> Result<(), RateIsGiven> {
        match &mut self.source {
            Source::Steady { rate, .. } => *rate = new_rate,
            Source::Campus { .. } => return Err(RateIsGiven),
        }
        Ok(())
    }

    /// How long a vehicle stays, in real time: on a campus that runs faster the stays are shorter
    /// by as much, and event times are those of the clock on the wall.
    pub(crate) fn dwell(&self, dice: &mut Dice) -> Duration {
        match &self.source {
            Source::Steady { stays, .. } => quantile(stays, dice.fraction()),
            Source::Campus { speed, visitors, staff, .. } => {
                let stays = if dice.chance(STAFF_SHARE) { staff } else { visitors };
                quantile(stays, dice.fraction()).div_f64(*speed)
            }
        }
    }
}

fn in_seconds(minutes: [f64; 8]) -> Quantiles {
    SHARES.into_iter().zip(minutes.map(|stay| stay * 60.0)).collect()
}

/// Between two quantiles a stay grows by the same factor for the same step: stays are spread over
/// orders of magnitude.
fn quantile(quantiles: &[(f64, f64)], share: f64) -> Duration {
    let above = quantiles.partition_point(|(at, _)| *at <= share).clamp(1, quantiles.len() - 1);
    let ((low, shorter), (high, longer)) = (quantiles[above - 1], quantiles[above]);
    let part = ((share - low) / (high - low)).clamp(0.0, 1.0);
    Duration::from_secs_f64(shorter * (longer / shorter).powf(part))
}

fn hour_of_day(seconds: f64) -> usize {
    let hour = (seconds / SECONDS_PER_HOUR).rem_euclid(24.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 24")]
    let hour = hour as usize;
    hour % 24
}

#[cfg(test)]
mod tests;
