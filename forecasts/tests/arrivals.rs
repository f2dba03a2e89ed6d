//! What is said of clients, on simulated drivers whose habits are known.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod drivers;
#[path = "drivers/score.rs"]
mod score;

use score::{Score, WHO, score as scored};

#[test]
fn habits_are_better_than_yesterday_and_than_the_median() {
    let (by_life, reliability) = scored(2, 98, 5);
    let mut sums = [Score::default(); WHO.len()];
    for (_, scores) in &by_life {
        sums.iter_mut().zip(scores).for_each(|(sum, score)| sum.add(score));
    }
    let [habit, yesterday, median] = sums;
    for simple in [yesterday, median] {
        assert!(habit.brier() < 0.8 * simple.brier(), "{habit:?}\n{simple:?}");
        assert!(habit.precision() > simple.precision(), "{habit:?}\n{simple:?}");
        assert!(habit.useful_per_notice() > simple.useful_per_notice(), "{habit:?}\n{simple:?}");
    }
    assert!(habit.recall() > yesterday.recall(), "{habit:?}\n{yesterday:?}");
    // What is said with a chance comes true as often as that.
    let (mut off, mut count) = (0.0, 0.0);
    for (said, came, moments) in reliability {
        off += (said - f64::from(came)).abs();
        count += f64::from(moments);
    }
    assert!(off / count < 0.01, "{reliability:?}");
}

#[test]
fn the_same_seed_gives_the_same_table() {
    assert_eq!(scored(1, 50, 9), scored(1, 50, 9));
    assert_ne!(scored(1, 50, 9).0, scored(1, 50, 10).0);
}
