//! How long to wait before connecting again.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(100);
const MAX: Duration = Duration::from_secs(5);

/// Doubles from `FIRST` to `MAX`; each wait is between half and the whole of it, so that many who
/// failed together do not come back together.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// The wait after one more failure.
    pub(crate) fn next(&mut self) -> Duration {
        let whole = FIRST.saturating_mul(1 << self.failures.min(16)).min(MAX);
        self.failures += 1;
        whole.mul_f64(0.5 + fastrand::f64() / 2.0)
    }

    /// It works again.
    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest_and_begin_anew_after_a_success() {
        let mut backoff = Backoff::default();
        let mut whole = FIRST;
        for _ in 0..100 {
            let wait = backoff.next();
            assert!((whole / 2..=whole).contains(&wait), "{wait:?} of {whole:?}");
            whole = (whole * 2).min(MAX);
        }
        backoff.reset();
        assert!(backoff.next() <= FIRST);
    }
}
