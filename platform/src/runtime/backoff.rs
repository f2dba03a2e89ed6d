//! Waiting longer after each failure, and never in step with others.

use std::time::Duration;

/// Doubles from a first to a longest delay, each time shortened by up to half at random, so that
/// many processors do not come back in one wave.
#[derive(Debug)]
pub struct Backoff {
    first: Duration,
    longest: Duration,
    attempts: u32,
}

/// For a server that is away: from a tenth of a second to five.
impl Default for Backoff {
    fn default() -> Self {
        Self::new(Duration::from_millis(100), Duration::from_secs(5))
    }
}

impl Backoff {
    /// A backoff before the first attempt.
    pub fn new(first: Duration, longest: Duration) -> Self {
        Self { first, longest, attempts: 0 }
    }

    /// How many attempts have failed so far.
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// A success: the next failure begins anew.
    pub fn reset(&mut self) {
        self.attempts = 0;
    }

    /// Counts a failure and answers how long to wait.
    pub fn next_delay(&mut self) -> Duration {
        let doubled = self.first.saturating_mul(1 << self.attempts.min(16));
        self.attempts += 1;
        doubled.min(self.longest).mul_f64(0.5 + fastrand::f64() / 2.0)
    }

    /// Counts a failure and waits.
    pub async fn wait(&mut self) {
        tokio::time::sleep(self.next_delay()).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest_and_begin_anew_after_a_success() {
        let mut backoff = Backoff::default();
        let mut whole = Duration::from_millis(100);
        for attempt in 0..100 {
            assert_eq!(backoff.attempts(), attempt);
            let wait = backoff.next_delay();
            assert!((whole / 2..=whole).contains(&wait), "{wait:?} of {whole:?}");
            whole = (whole * 2).min(Duration::from_secs(5));
        }
        backoff.reset();
        assert!(backoff.next_delay() <= Duration::from_millis(100));
    }
}
