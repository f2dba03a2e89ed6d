use std::time::Duration;

use super::{Backoff, FIRST, MAX};
use crate::dice::{Dice, Stream};

#[test]
fn waits_double_up_to_the_longest_and_are_spread_over_their_second_half() {
    let mut dice = Dice::new(1, Stream::PublisherWaits);
    let mut backoff = Backoff::default();
    let mut whole = FIRST;
    for _ in 0..100 {
        let wait = backoff.next(&mut dice);
        assert!((whole / 2..=whole).contains(&wait), "{wait:?} of {whole:?}");
        whole = (whole * 2).min(MAX);
    }
}

#[test]
fn those_who_fail_together_do_not_come_back_together() {
    let mut dice = Dice::new(1, Stream::PublisherWaits);
    let mut waits: Vec<Duration> = (0..100).map(|_| Backoff::default().next(&mut dice)).collect();
    waits.sort();
    waits.dedup();
    assert!(waits.len() > 90);
}
