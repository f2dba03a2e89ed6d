use proptest::prelude::*;

use super::*;
use crate::testing::{at, read};
use crate::{Command, Decision, Observation, Policy, Record, Watermarks, decide};

/// Lanes that begin with `e-` lead to chargers.
struct ByName;

impl BayTypes for ByName {
    fn behind(&self, _: &PlaceName, lane: Option<&LaneName>) -> BayType {
        let is_electric = lane.is_some_and(|lane| lane.as_str().starts_with("e-"));
        BayType::parse(if is_electric { "electric" } else { "standard" }).unwrap()
    }
}

/// Plates whose records are judged, and the fold of what is told of them.
#[derive(Default)]
struct Town {
    records: BTreeMap<Plate, Record>,
    occupancy: Occupancy,
}

impl Town {
    fn happens(&mut self, plate: &str, command: Command) {
        let plate = Plate::parse(plate).unwrap();
        let record = self.records.entry(plate.clone()).or_default();
        if let Decision::Changed { record: next, effects } =
            decide(&plate, record, command, &Policy::default())
        {
            *record = next;
            for effect in &effects {
                self.occupancy.hear(effect, &ByName);
            }
        }
    }

    /// `AA1 e1 10:00 north`: which plate, and its read.
    fn reads(&mut self, reads: &str) {
        for line in reads.split(',') {
            let (plate, text) = line.trim().split_once(' ').unwrap();
            let observation = Observation { plate: Plate::parse(plate).unwrap(), ..read(text) };
            let watermarks = Watermarks::default();
            let now = at("30d00:00");
            let command = Command::Observe { observation, watermarks, is_past: false, now };
            self.happens(plate, command);
        }
    }

    fn settles(&mut self) {
        let plates: Vec<String> = self.records.keys().map(ToString::to_string).collect();
        for plate in plates {
            let (watermarks, behind) = (Watermarks::END, crate::Behind::default());
            let command = Command::Settle { watermarks, behind, now: at("30d00:00") };
            self.happens(&plate, command);
        }
    }

    fn derived(&self, place: &str) -> u32 {
        self.count(place).derived()
    }

    fn count(&self, place: &str) -> Count {
        self.occupancy.count(&spot(place))
    }
}

fn spot(place: &str) -> Spot {
    (PlaceName::parse(place).unwrap(), BayType::default())
}

#[test]
fn a_stay_that_ends_at_another_place_is_right_in_both_counts() {
    let mut town = Town::default();
    town.reads("AA1 e1 10:00 north, BB2 e1 10:05 south");
    assert_eq!((town.derived("north"), town.derived("south")), (1, 1));
    town.reads("AA1 x1 11:00 south");
    assert_eq!((town.derived("north"), town.derived("south")), (0, 1));
}

#[test]
fn an_exit_that_nobody_read_is_over_when_the_vehicle_comes_again_elsewhere() {
    let mut town = Town::default();
    town.reads("AA1 e1 10:00 north, AA1 e2 15:00 south");
    town.settles();
    assert_eq!((town.derived("north"), town.derived("south")), (0, 1));
}

#[test]
fn what_people_count_holds_until_the_vehicles_are_seen_to_leave() {
    let mut town = Town::default();
    town.reads("AA1 e1 10:00, BB2 e1 10:05");
    town.occupancy.verify(spot("main"), 4, at("12:00"));
    assert_eq!(town.derived("main"), 4, "two that nobody read as they came");
    assert_eq!(town.count("main").verified.unwrap().derived, 2);
    town.reads("CC3 x1 13:00, DD4 x1 13:01, EE5 x1 13:02");
    town.settles();
    assert_eq!(town.derived("main"), 2, "they leave; of a third nobody knew");
    town.reads("AA1 x1 14:00, BB2 x1 14:00");
    assert_eq!(town.derived("main"), 0);
}

#[test]
fn a_stay_that_people_know_to_be_over_is_not_taken_off_twice() {
    let mut town = Town::default();
    town.reads("AA1 e1 10:00, BB2 e1 10:05");
    town.occupancy.verify(spot("main"), 1, at("12:00"));
    assert_eq!(town.derived("main"), 1, "one of them has left unread");
    town.reads("AA1 e2 18:00");
    town.settles();
    assert_eq!(town.derived("main"), 2, "that one comes again");
    town.reads("AA1 x2 19:00, BB2 x1 19:00");
    assert_eq!(town.derived("main"), 0);
}

#[test]
fn an_erased_plates_vehicle_is_still_inside() {
    let mut town = Town::default();
    town.reads("AA1 e1 10:00");
    assert_eq!(town.occupancy.erase(&Plate::parse("AA1").unwrap()), Some(spot("main")));
    assert_eq!(town.derived("main"), 1);
    town.records.clear();
    town.reads("AA1 x1 11:00");
    town.settles();
    assert_eq!(town.derived("main"), 0);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

    /// In whatever order the reads of some plates arrive, what is counted are the stays that stand open.
    #[test]
    fn the_count_is_of_the_stays_that_stand_open(
        reads in prop::collection::vec((0..3_u8, any::<bool>(), 0..6_i64, any::<bool>()), 0..14)
    ) {
        let mut town = Town::default();
        for (number, (plate, is_exit, hour, is_north)) in reads.into_iter().enumerate() {
            let (way, place) = (if is_exit { 'x' } else { 'e' }, if is_north { "north" } else { "main" });
            town.reads(&format!("AA{plate} {way}{number} {:02}:{:02} {place}", 10 + hour, number));
        }
        for place in ["north", "main"] {
            let is_there = |record: &&Record| {
                record.open_entry().is_some_and(|entry| entry.place.as_str() == place)
            };
            let open = town.records.values().filter(is_there).count();
            prop_assert_eq!(town.derived(place) as usize, open);
        }
    }
}
