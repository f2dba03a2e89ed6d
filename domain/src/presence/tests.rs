use chrono::DateTime;
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

const SILENCE: Silence =
    Silence { within: TimeDelta::seconds(60), tolerance: TimeDelta::seconds(10) };

fn second(second: i64) -> Instant {
    DateTime::from_timestamp(1_800_000_000 + second, 0).unwrap()
}

fn heard(seconds: impl IntoIterator<Item = i64>) -> Presence {
    let mut presence = Presence::default();
    for at in seconds {
        presence.hear(second(at), &SILENCE);
    }
    presence
}

fn periods(presence: &Presence) -> Vec<(i64, i64)> {
    let second_of = |at: Instant| (at - second(0)).num_seconds();
    presence.periods().iter().map(|period| (second_of(period.from), second_of(period.to))).collect()
}

#[test]
fn a_vehicle_is_connected_up_to_the_limit_after_its_last_ping_and_not_longer() {
    assert_eq!(heard([]).status(second(0), &SILENCE), Status::NeverSeen);
    let presence = heard([0]);
    assert_eq!(presence.status(second(0), &SILENCE), Status::Connected);
    assert_eq!(presence.status(second(70), &SILENCE), Status::Connected);
    let after = second(70) + TimeDelta::nanoseconds(1);
    assert_eq!(presence.status(after, &SILENCE), Status::Disconnected);
}

#[test]
fn one_that_pings_every_minute_with_jitter_never_flaps() {
    let presence = heard([0, 66, 120, 189, 240]);
    assert_eq!(periods(&presence), [(0, 240)]);
}

#[test]
fn a_late_ping_closes_the_gap_it_falls_into() {
    let mut presence = heard([0, 130]);
    assert_eq!(periods(&presence), [(0, 0), (130, 130)]);
    assert_eq!(presence.hear(second(65), &SILENCE), Heard::Earlier);
    assert_eq!(periods(&presence), [(0, 130)]);
    assert_eq!(presence.last_seen(), Some(second(130)));
}

#[test]
fn what_a_ping_changed_is_told() {
    let mut presence = heard([0]);
    assert_eq!(presence.hear(second(0), &SILENCE), Heard::Nothing);
    assert_eq!(presence.hear(second(60), &SILENCE), Heard::Newest);
    assert_eq!(presence.hear(second(30), &SILENCE), Heard::Nothing);
    assert_eq!(presence.hear(second(-30), &SILENCE), Heard::Newest);
    assert_eq!(presence.hear(second(500), &SILENCE), Heard::Earlier);
    assert_eq!(presence.hear(second(-60), &SILENCE), Heard::Earlier);
}

#[test]
fn the_history_tells_of_every_change_the_newest_first() {
    let presence = heard([0, 60, 300]);
    let seen = |now| -> Vec<(Status, i64)> {
        let changes = presence.history(second(now), &SILENCE);
        changes.iter().map(|c| (c.status, (c.at - second(0)).num_seconds())).collect()
    };
    let connected = |at| (Status::Connected, at);
    let gone = |at| (Status::Disconnected, at);
    assert_eq!(seen(310), [connected(300), gone(130), connected(0)]);
    assert_eq!(seen(371), [gone(370), connected(300), gone(130), connected(0)]);
}

proptest! {
    #[test]
    fn any_order_of_pings_ends_in_the_same_presence(
        pings in vec(0_i64..2_000, 0..60),
        shuffled in any::<prop::sample::Index>(),
        seed in any::<u64>(),
    ) {
        // 2,000 s have room for no more periods than are remembered.
        let mut other = pings.clone();
        let mut state = seed | 1;
        for at in (1..other.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            other.swap(at, usize::try_from(state >> 33).unwrap() % (at + 1));
        }
        if !other.is_empty() {
            let twice = other[shuffled.index(other.len())];
            other.push(twice); // and once more
        }
        let (one, other) = (heard(pings.iter().copied()), heard(other));
        prop_assert_eq!(&one, &other);
        prop_assert_eq!(one.last_seen(), pings.iter().max().map(|at| second(*at)));
        let stored = Presence::from_periods(one.periods().iter().rev().copied(), &SILENCE);
        prop_assert_eq!(&stored, &one);
    }

    #[test]
    fn however_many_gaps_the_memory_is_bounded_and_the_latest_ping_wins(
        pings in vec(0_i64..1_000_000, 1..200),
    ) {
        let presence = heard(pings.iter().copied());
        prop_assert!(presence.periods().len() <= PERIODS_MAX);
        prop_assert_eq!(presence.last_seen(), pings.iter().max().map(|at| second(*at)));
        for pair in presence.periods().windows(2) {
            prop_assert!(pair[1].from - pair[0].to > SILENCE.limit());
        }
        for period in presence.periods() {
            prop_assert!(period.from <= period.to);
        }
    }
}
