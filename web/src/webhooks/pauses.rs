//! When what failed is tried again: the pauses that Standard Webhooks proposes, the last one again and again for as
//! long as the feed keeps the event.

use std::time::Duration;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
/// In seconds, after the first failure, the second, and so on.
const PAUSES: [u64; 9] =
    [5, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR];
/// A receiver may ask for no longer pause.
const LONGEST: Duration = Duration::from_secs(24 * HOUR);

/// Before the next attempt, after so many that failed. Up to a fifth longer at random, so that what failed together
/// does not come together; `asked` is what the receiver wants at least.
pub(super) fn pause(failed: u32, asked: Option<Duration>) -> Duration {
    let at = (failed.max(1) as usize - 1).min(PAUSES.len() - 1);
    let planned = Duration::from_secs(PAUSES[at]).mul_f64(1.0 + fastrand::f64() / 5.0);
    planned.max(asked.unwrap_or_default().min(LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_grow_and_never_end_and_the_receiver_may_ask_for_longer_ones() {
        for (failed, least) in [(1, 5), (2, 300), (3, 1800), (9, 86400), (500, 86400)] {
            let least = Duration::from_secs(least);
            let pause = pause(failed, None);
            assert!(pause >= least && pause <= least.mul_f64(1.2), "{failed}: {pause:?}");
        }
        assert_eq!(pause(1, Some(Duration::from_mins(10))), Duration::from_mins(10));
        assert!(pause(2, Some(Duration::from_secs(1))) >= Duration::from_mins(5));
        assert!(pause(1, Some(Duration::MAX)) <= LONGEST);
    }
}
