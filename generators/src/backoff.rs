//! How long to wait before trying again.

use std::time::Duration;

use crate::dice::Dice;

/// Doubles from `FIRST` to `MAX`; each wait is between half and the whole of it, so that many who
/// failed together do not come back together.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    failures: u32,
}

const FIRST: Duration = Duration::from_millis(100);
const MAX: Duration = Duration::from_secs(5);

impl Backoff {
    /// The wait after one more failure.
    pub(crate) fn next(&mut self, dice: &mut Dice) -> Duration {
        let whole = FIRST.saturating_mul(1 << self.failures.min(16)).min(MAX);
        self.failures += 1;
        whole / 2 + dice.up_to(whole / 2)
    }
}

#[cfg(test)]
mod tests;
