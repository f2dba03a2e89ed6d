use std::collections::HashSet;
use std::time::Duration;

use chrono::TimeDelta;
use domain::Direction;
use platform::settings::Value as _;

use crate::rig::{ENTRIES, Rig, faults, options};
use crate::{Faults, Options, PlaceNames};

#[actix::test]
async fn vehicles_come_at_the_rate_that_was_asked_for() {
    let rig = Rig::start(Options { rate: 20.0, ..options() }, ENTRIES).await;
    rig.pass(100).await;
    let made = rig.entries().confirmed;
    assert!((1990..=2010).contains(&made), "{made} instead of 2000");
    assert_eq!(rig.confirmed(Direction::Exit), [], "exits are another's");
}

#[actix::test]
async fn every_vehicle_is_new_and_reads_as_the_contract_says() {
    let rig = Rig::start(
        Options { lanes: 3, places: PlaceNames::parse("north").unwrap(), ..options() },
        ENTRIES,
    )
    .await;
    rig.pass(100).await;
    let entries = rig.confirmed(Direction::Entry);
    let ids: HashSet<_> = entries.iter().map(|entry| entry.id.clone()).collect();
    assert_eq!(ids.len(), entries.len(), "an id of its own for each");
    assert_eq!(rig.plates(Direction::Entry).len(), entries.len(), "a plate of its own for each");
    let lanes: HashSet<_> = entries.iter().filter_map(|entry| entry.lane.clone()).collect();
    assert_eq!(lanes.len(), 3, "all lanes are used");
    for entry in entries {
        assert_eq!(entry.place.as_str(), "north");
        assert_eq!(entry.plate.as_str().len(), 9, "as the format says");
        assert!(entry.id.as_str().bytes().all(|byte| byte.is_ascii_alphanumeric()));
        assert_eq!(entry.at.timestamp_subsec_nanos() % 1_000_000, 0, "to the millisecond");
    }
}

#[actix::test]
async fn a_vehicle_is_inside_only_once_its_entry_is_confirmed() {
    let rig = Rig::start(options(), ENTRIES).await;
    rig.broker.set_away(true);
    rig.pass(3).await;
    assert_eq!(rig.inside().await, 0, "nothing is confirmed");
    rig.broker.set_away(false);
    rig.pass(30).await;
    assert_eq!(rig.inside().await, rig.entries().confirmed);
}

#[actix::test]
async fn an_entry_that_fails_is_sent_again_with_the_same_id_until_it_is_confirmed() {
    let rig = Rig::start(Options { rate: 0.001, ..options() }, ENTRIES).await;
    rig.broker.fail_next(7);
    rig.pass(60).await;
    let attempts = rig.broker.attempted();
    assert_eq!(attempts.len(), 8, "seven failures, then a success");
    assert!(attempts.iter().all(|body| *body == attempts[0]), "to the letter");
    assert_eq!((rig.entries().confirmed, rig.entries().failed), (1, 7));
    assert_eq!(rig.inside().await, 1);
}

#[actix::test]
async fn an_entry_is_kept_until_a_store_that_is_away_comes_back() {
    let rig = Rig::start(Options { rate: 0.001, ..options() }, ENTRIES).await;
    rig.store.set_away(true);
    rig.pass(60).await;
    assert_eq!(rig.entries().confirmed, 1);
    rig.store.set_away(false);
    assert_eq!(rig.inside().await, 0);
    rig.pass(10).await;
    assert_eq!(rig.inside().await, 1);
}

#[actix::test]
async fn with_a_slow_broker_the_generator_falls_behind_and_does_not_pile_up() {
    let slow = Options { rate: 100.0, in_flight_max: 10, ..options() };
    let rig = Rig::start(slow, ENTRIES).await;
    rig.broker.set_delay(Duration::from_secs(1));
    rig.pass(30).await;
    assert!(rig.entries().skipped > 2000, "it says so while it falls behind");
    rig.pass(30).await;
    let counts = rig.entries();
    assert!((580..=610).contains(&counts.confirmed), "ten per second: {}", counts.confirmed);
    assert!(counts.in_flight <= 10, "{} under way", counts.in_flight);
    assert!((5200..=5400).contains(&counts.skipped), "the rest is left out: {}", counts.skipped);
    rig.broker.set_delay(Duration::ZERO);
    rig.pass(11).await;
    let caught_up = rig.entries().confirmed - counts.confirmed;
    assert!(caught_up <= 1210, "one second of turns is made up for, not sixty: {caught_up}");
}

#[actix::test]
async fn duplicates_and_second_reads_come_in_their_shares() {
    let doubled = Faults { duplicate_share: 0.3, re_read_share: 0.2, ..Faults::default() };
    let rig = Rig::start(Options { rate: 50.0, ..faults(doubled) }, ENTRIES).await;
    rig.pass(100).await;
    let counts = rig.entries();
    let share = |count: u64| count as f64 / counts.confirmed as f64;
    assert!((share(counts.duplicates) - 0.3).abs() < 0.03, "{}", share(counts.duplicates));
    assert!((share(counts.re_reads) - 0.2).abs() < 0.03, "{}", share(counts.re_reads));

    let bodies = rig.broker.confirmed(Direction::Entry);
    let distinct: HashSet<_> = bodies.iter().collect();
    let repeated = (bodies.len() - distinct.len()) as u64;
    assert_eq!(repeated, counts.duplicates, "a duplicate is the same message");
    let ids: HashSet<_> =
        rig.confirmed(Direction::Entry).into_iter().map(|entry| entry.id).collect();
    let vehicles = rig.plates(Direction::Entry).len() as u64;
    assert_eq!(ids.len() as u64 - vehicles, counts.re_reads, "a second read has a new id");
}

#[actix::test]
async fn a_second_read_is_of_the_same_passage_and_before_the_vehicle_leaves() {
    let read_twice =
        Faults { re_read_share: 1.0, re_read_gap_seconds_max: 19.0, ..Faults::default() };
    let rig = Rig::start(faults(read_twice), ENTRIES).await;
    rig.pass(60).await;
    let entries = rig.confirmed(Direction::Entry);
    let mut pairs = 0;
    for (at, first) in entries.iter().enumerate() {
        for second in entries[at + 1..].iter().filter(|second| second.plate == first.plate) {
            assert_ne!(second.id, first.id);
            assert_eq!(second.lane, first.lane);
            let gap = second.at - first.at;
            assert!(gap >= TimeDelta::zero() && gap <= TimeDelta::seconds(5), "{gap}");
            pairs += 1;
        }
    }
    assert!(pairs > 200, "{pairs}");
}

#[actix::test]
async fn late_messages_are_overtaken_and_keep_their_event_time() {
    let late = Faults { late_share: 0.2, late_seconds_max: 5.0, ..Faults::default() };
    let rig = Rig::start(faults(late), ENTRIES).await;
    rig.pass(400).await;
    let counts = rig.entries();
    let share = counts.late as f64 / counts.confirmed as f64;
    assert!((share - 0.2).abs() < 0.03, "{share}");
    let entries = rig.confirmed(Direction::Entry);
    let overtaken = entries.windows(2).filter(|pair| pair[0].at > pair[1].at).count() as u64;
    assert!(overtaken > counts.late / 2, "{overtaken} of {}", counts.late);
    let furthest = entries.windows(2).map(|pair| pair[0].at - pair[1].at).max().unwrap();
    assert!(furthest <= TimeDelta::seconds(5), "{furthest}");
}

#[actix::test]
async fn the_same_seed_gives_the_same_messages_and_another_gives_others() {
    let everything =
        Faults { duplicate_share: 0.1, re_read_share: 0.1, late_share: 0.1, ..Faults::default() };
    tokio::time::pause();
    let mut runs = Vec::new();
    for seed in [1, 1, 2] {
        let rig =
            Rig::start_again(Options { seed: Some(seed), ..faults(everything) }, ENTRIES).await;
        rig.pass(60).await;
        runs.push(rig.broker.confirmed(Direction::Entry));
    }
    assert_eq!(runs[0], runs[1]);
    let others: HashSet<_> = runs[2].iter().collect();
    assert!(runs[0].iter().all(|body| !others.contains(body)));
}

#[actix::test]
async fn what_is_under_way_when_a_stop_comes_is_confirmed_first() {
    let rig = Rig::start(Options { rate: 100.0, ..options() }, ENTRIES).await;
    rig.broker.set_delay(Duration::from_secs(2));
    rig.pass(1).await;
    assert_eq!(rig.entries().confirmed, 0);
    let under_way = u64::try_from(rig.entries().in_flight).unwrap();
    assert!(under_way > 90, "{under_way}");
    let (broker, store) = (rig.broker.clone(), rig.store.clone());
    let stopped = rig.stop().await.entries.unwrap();
    assert_eq!((stopped.confirmed, stopped.given_up, stopped.in_flight), (under_way, 0, 0));
    assert_eq!(broker.confirmed(Direction::Entry).len() as u64, under_way);
    assert_eq!(crate::InsideStore::count(&*store).await, Ok(under_way));
}

#[actix::test]
async fn a_stop_cuts_what_is_held_back_short_and_makes_no_second_read() {
    let held_back = Faults {
        late_share: 1.0,
        late_seconds_max: 3600.0,
        re_read_share: 1.0,
        re_read_gap_seconds_max: 19.0,
        ..Faults::default()
    };
    let rig = Rig::start(faults(held_back), ENTRIES).await;
    rig.pass(1).await;
    let (broker, now) = (rig.broker.clone(), rig.clock.now());
    let stopped = rig.stop().await.entries.unwrap();
    assert!(stopped.confirmed >= 5, "{}", stopped.confirmed);
    assert_eq!((stopped.given_up, stopped.in_flight), (0, 0));
    let latest =
        broker.observations(Direction::Entry, now).into_iter().map(|e| e.at).max().unwrap();
    assert!(latest <= now, "nothing is ahead of the clock");
}
