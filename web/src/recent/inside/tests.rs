use std::collections::BTreeMap;

use super::*;
use crate::testing::at;

fn stay(plate: &str, entry: &str, minute: i64, at_place: PlaceNo) -> Stay {
    Stay {
        plate: Plate::parse(plate).unwrap(),
        entry: entry.parse().unwrap(),
        at: at("2026-11-20T10:00:00Z") + chrono::TimeDelta::minutes(minute),
        place: at_place,
    }
}

fn plates(stays: &[&Stay]) -> Vec<String> {
    stays.iter().map(|stay| stay.plate.to_string()).collect()
}

fn closes(inside: &mut Inside, plate: &str, entry: &str) -> bool {
    inside.closed(&Plate::parse(plate).unwrap(), &entry.parse().unwrap())
}

#[test]
fn the_longest_stand_first_at_each_place_and_at_all() {
    let mut inside = Inside::new(100);
    for (plate, minute, place) in [("AA1", 3, 0), ("AA2", 1, 1), ("AA3", 2, 0), ("AA4", 4, 1)] {
        inside.opened(stay(plate, "e", minute, place));
    }
    assert_eq!(plates(&inside.longest(None, 3)), ["AA2", "AA3", "AA1"]);
    assert_eq!(plates(&inside.longest(Some(0), 10)), ["AA3", "AA1"]);
    assert_eq!((inside.count(None), inside.count(Some(1)), inside.count(Some(7))), (4, 2, 0));
}

#[test]
fn a_stay_ends_by_its_own_exit_or_by_the_next_entry_of_the_plate() {
    let mut inside = Inside::new(100);
    inside.opened(stay("AA1", "e1", 1, 0));
    assert!(!closes(&mut inside, "AA1", "e0"), "of another entry");
    inside.opened(stay("AA1", "e2", 2, 1));
    assert!(!closes(&mut inside, "AA1", "e1"), "it is the second that stands open");
    assert_eq!((inside.count(None), inside.count(Some(0)), inside.count(Some(1))), (1, 0, 1));
    assert!(closes(&mut inside, "AA1", "e2") && !closes(&mut inside, "AA1", "e2"));
    assert_eq!(inside.count(None), 0);
}

#[test]
fn those_that_are_only_counted_are_taken_off_as_well_and_room_is_used_again() {
    let mut inside = Inside::new(2);
    for n in 0..5 {
        inside.opened(stay(&format!("AA{n}"), &format!("e{n}"), n, 0));
    }
    assert_eq!((inside.count(None), inside.kept(), inside.count(Some(0))), (5, 2, 5));
    assert!(!closes(&mut inside, "AA4", "e3") && closes(&mut inside, "AA4", "e4"));
    assert!(inside.forget(&Plate::parse("AA3").unwrap()));
    assert!(closes(&mut inside, "AA0", "e0"));
    inside.opened(stay("AA9", "e9", 9, 0));
    assert_eq!(plates(&inside.longest(None, 9)), ["AA1", "AA9"]);
    assert_eq!((inside.count(None), inside.count(Some(0))), (3, 3));
}

/// Against the plainest thing that could be right.
#[test]
fn whatever_comes_and_goes_the_counts_and_the_longest_are_right() {
    let mut inside = Inside::new(1_000);
    let mut plain: BTreeMap<String, Stay> = BTreeMap::new();
    let mut dice = fastrand::Rng::with_seed(7);
    for step in 0..5_000 {
        let plate = format!("AA{}", dice.u32(..60));
        match dice.u32(..3) {
            0 => {
                inside.forget(&Plate::parse(&plate).unwrap());
                plain.remove(&plate);
            }
            1 => {
                if let Some(stay) = plain.remove(&plate) {
                    assert!(inside.closed(&stay.plate, &stay.entry));
                }
            }
            _ => {
                let stay = stay(&plate, &format!("e{step}"), dice.i64(0..500), dice.u32(..3));
                inside.opened(stay.clone());
                plain.insert(plate, stay);
            }
        }
        for place in [None, Some(0), Some(1), Some(2)] {
            let here =
                || plain.values().filter(|stay| place.is_none_or(|place| stay.place == place));
            assert_eq!(inside.count(place), here().count() as u64);
            let mut times: Vec<Instant> = here().map(|stay| stay.at).collect();
            times.sort();
            times.truncate(5);
            let longest: Vec<Instant> =
                inside.longest(place, 5).iter().map(|stay| stay.at).collect();
            assert_eq!(longest, times);
        }
    }
}
