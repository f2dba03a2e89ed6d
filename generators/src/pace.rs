//! How many turns a schedule owes by now.

use std::time::Duration;

use tokio::time::Instant;

/// A schedule never owes more than what falls due in this time: after a broker's outage traffic
/// goes on, it does not come in one flood.
const OWED_MAX: Duration = Duration::from_secs(1);
/// How long to sleep at most, so that a rate that follows the time of day is followed.
const SLEEP_MAX: Duration = Duration::from_secs(1);
/// The clock of the runtime is no finer.
const SLEEP_MIN: Duration = Duration::from_millis(1);
/// Sums of fractions come out a little short of whole numbers.
const WHOLE: f64 = 1.0 - 1e-6;

/// Turns owed at a rate that may change. The first is owed at once.
#[derive(Debug)]
pub(crate) struct Pace {
    /// Turns not yet taken; the fraction is the part of the next that has passed.
    owed: f64,
    /// Up to when `owed` was reckoned.
    reckoned_at: Instant,
}

impl Pace {
    pub(crate) fn new(now: Instant) -> Self {
        Self { owed: 1.0, reckoned_at: now }
    }

    /// Adds the turns that fell due since the last call, at `rate` per second. Returns how many
    /// were dropped because too many are owed already.
    pub(crate) fn advance(&mut self, now: Instant, rate: f64) -> u64 {
        let elapsed = now.duration_since(self.reckoned_at);
        self.reckoned_at = now;
        self.owed += elapsed.as_secs_f64() * rate;
        let owed_max = (OWED_MAX.as_secs_f64() * rate).max(1.0);
        if self.owed < owed_max + 1.0 {
            return 0;
        }
        let dropped = (self.owed - owed_max).floor();
        self.owed -= dropped;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at least 1")]
        let dropped = dropped as u64;
        dropped
    }

    /// Takes a turn if one is owed.
    pub(crate) fn take(&mut self) -> bool {
        if !self.is_due() {
            return false;
        }
        self.owed = (self.owed - 1.0).max(0.0);
        true
    }

    pub(crate) fn is_due(&self) -> bool {
        self.owed >= WHOLE
    }

    /// How many turns are owed.
    pub(crate) fn due_count(&self) -> usize {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "not negative")]
        let count = (self.owed + 1.0 - WHOLE) as usize;
        count
    }

    /// How long to sleep until the next turn.
    pub(crate) fn sleep(&self, rate: f64) -> Duration {
        let seconds = ((1.0 - self.owed) / rate).max(0.0);
        Duration::try_from_secs_f64(seconds).unwrap_or(SLEEP_MAX).clamp(SLEEP_MIN, SLEEP_MAX)
    }

    /// Forgets the time that passed: nothing falls due in a pause.
    pub(crate) fn rest(&mut self, now: Instant) {
        self.reckoned_at = now;
    }
}

#[cfg(test)]
mod tests;
