use chrono::{DateTime, TimeDelta};
use domain::{Customer, CustomerId};
use proptest::prelude::*;

use super::import::read;
use super::listing::{Cursor, Filter, Sort};
use super::*;

const SILENCE: Silence =
    Silence { within: TimeDelta::seconds(60), tolerance: TimeDelta::seconds(10) };

fn second(second: i64) -> Instant {
    DateTime::from_timestamp(1_800_000_000 + second, 0).unwrap()
}

fn id(text: &str) -> VehicleId {
    VehicleId::parse(text).unwrap()
}

fn fleet(count: usize) -> Fleet {
    let mut fleet = Fleet::new(SILENCE, Kept::default(), second(0));
    let owner = CustomerId::parse("c1").unwrap();
    fleet.put_customer(&Customer::new(owner.clone(), "Ann", "").unwrap());
    for n in 0..count {
        let plate = Plate::parse(&format!("P{n:04}")).unwrap();
        let vehicle = Vehicle { id: id(&format!("V{n:04}")), plate, customer: owner.clone() };
        fleet.put_vehicle(&vehicle, second(0)).unwrap();
    }
    fleet
}

fn ping(fleet: &mut Fleet, vehicle: &str, at: i64, now: i64) -> Vec<(String, Status)> {
    let (mut changes, mut turned) = (Vec::new(), Vec::new());
    let ping = Ping { vehicle: id(vehicle), at: second(at) };
    fleet.ping(&ping, second(now), &mut changes, &mut turned).unwrap();
    names(&turned)
}

fn notice(fleet: &mut Fleet, now: i64) -> Vec<(String, Status)> {
    let mut turned = Vec::new();
    while !fleet.notice(second(now), 3, &mut turned) {}
    names(&turned)
}

fn names(turned: &[Turned]) -> Vec<(String, Status)> {
    turned.iter().map(|turned| (turned.vehicle.as_str().to_owned(), turned.to)).collect()
}

#[test]
fn silence_is_noticed_once_when_it_has_lasted_and_not_after_a_newer_ping() {
    let mut fleet = fleet(2);
    assert_eq!(ping(&mut fleet, "V0000", 0, 0), [("V0000".to_owned(), Status::Connected)]);
    assert_eq!(ping(&mut fleet, "V0000", 50, 50), []);
    assert_eq!(notice(&mut fleet, 71), [], "it was heard in the meantime");
    assert_eq!(fleet.next_due(), Some(second(120)));
    assert_eq!(notice(&mut fleet, 120), []);
    assert_eq!(notice(&mut fleet, 121), [("V0000".to_owned(), Status::Disconnected)]);
    assert_eq!(notice(&mut fleet, 500), []);
    assert_eq!(fleet.next_due(), None);
    assert_eq!(ping(&mut fleet, "V0000", 500, 500), [("V0000".to_owned(), Status::Connected)]);
    assert_eq!(fleet.counts, StatusCounts { connected: 1, disconnected: 0, never_seen: 1 });
}

#[test]
fn a_vehicle_that_is_removed_and_comes_back_begins_anew() {
    let mut fleet = fleet(1);
    ping(&mut fleet, "V0000", 0, 0);
    let plate = Plate::parse("P0000").unwrap();
    let customer = CustomerId::parse("c1").unwrap();
    let vehicle = Vehicle { id: id("V0000"), plate, customer };
    fleet.remove_vehicle(&vehicle.id).unwrap();
    assert_eq!(fleet.counts, StatusCounts::default());
    fleet.put_vehicle(&vehicle, second(10)).unwrap();
    assert_eq!(notice(&mut fleet, 100), []);
    assert_eq!(fleet.counts, StatusCounts { never_seen: 1, ..StatusCounts::default() });
}

#[test]
fn what_was_heard_stays_when_the_master_data_changes_and_silence_is_due_once() {
    let mut fleet = fleet(1);
    ping(&mut fleet, "V0000", 0, 0);
    for plate in ["NEW1", "NEW2", "NEW3"] {
        let plate = Plate::parse(plate).unwrap();
        let customer = CustomerId::parse("c1").unwrap();
        fleet.put_vehicle(&Vehicle { id: id("V0000"), plate, customer }, second(10)).unwrap();
    }
    assert_eq!(fleet.vehicles[&id("V0000")].presence.last_seen(), Some(second(0)));
    assert_eq!(fleet.counts, StatusCounts { connected: 1, ..StatusCounts::default() });
    let mut turned = Vec::new();
    assert!(!fleet.notice(second(100), 1, &mut turned));
    assert!(fleet.notice(second(100), 1, &mut turned), "a vehicle is due once");
    assert_eq!(names(&turned), [("V0000".to_owned(), Status::Disconnected)]);
}

#[test]
fn a_list_of_one_state_counts_all_states() {
    let mut fleet = fleet(5);
    ping(&mut fleet, "V0001", 0, 0);
    let filter = Filter { status: Some(Status::Connected), limit: 10, ..Filter::default() };
    let page = fleet.list(&filter);
    assert_eq!((page.matching, page.vehicles.len()), (1, 1));
    assert_eq!(page.counts, StatusCounts { connected: 1, disconnected: 0, never_seen: 4 });
}

#[test]
fn pages_of_every_order_together_are_the_whole_list() {
    let mut fleet = fleet(57);
    for n in 0..20 {
        ping(&mut fleet, &format!("V{n:04}"), n % 5, 10);
    }
    for sort in [Sort::Plate, Sort::Id, Sort::Customer, Sort::Status, Sort::LastSeen] {
        for descending in [false, true] {
            let (mut seen, mut after) = (Vec::new(), None);
            loop {
                let filter = Filter { sort, descending, limit: 10, after, ..Filter::default() };
                let page = fleet.list(&filter);
                seen.extend(page.vehicles.iter().map(|(id, _)| (*id).clone()));
                let Some(next) = page.next else { break };
                after = Cursor::parse(&next.to_text());
                assert!(after.is_some());
            }
            assert_eq!(seen.len(), 57, "{sort:?}");
            seen.sort();
            seen.dedup();
            assert_eq!(seen.len(), 57, "{sort:?}");
        }
    }
}

#[test]
fn a_duplicate_is_refused_whether_it_stands_in_the_file_or_is_registered() {
    let mut fleet = fleet(1);
    let header = "vehicle_id,plate,customer_id,customer_name,customer_address";
    let file = format!(
        "{header}\nV0000,OTHER1,c1,Ann,\nnew1,P0000,c1,Ann,\n\
        new2,AB1,c1,Ann,\nnew2,AB2,c1,Ann,\nnew3,ab-1,c1,Ann,\n"
    );
    let rows = read(file.as_bytes()).unwrap();
    let taken = fleet.import(&rows.rows, second(0));
    assert_eq!(taken.vehicles_added, 1);
    let refused: Vec<_> = rows.refusals.iter().chain(&taken.refusals).collect();
    let refused: Vec<_> = refused.iter().map(|r| (r.line, r.kind, r.reason.as_str())).collect();
    let expected = [
        (5, "duplicate_vehicle", "stands on line 4"),
        (6, "duplicate_plate", "stands on line 4"),
        (2, "duplicate_vehicle", "registered already"),
        (3, "duplicate_plate", "that of vehicle `V0000`"),
    ];
    assert_eq!(refused.len(), expected.len(), "{refused:?}");
    for ((line, kind, reason), (at, of, says)) in refused.iter().zip(expected) {
        assert_eq!((*line, *kind), (at, of));
        assert!(reason.contains(says), "{reason}");
    }
    assert_eq!(fleet.vehicles[&id("V0000")].plate.as_str(), "P0000", "it is as it was");
}

#[test]
fn a_json_file_is_read_element_by_element_with_its_lines() {
    let good = r#"{"vehicle_id":"a","plate":"AB1","customer_id":"c","customer_name":"n"}"#;
    let rows = read(format!("[\n{good},\n\n {{}} , 7\n]\n").as_bytes()).unwrap();
    assert_eq!(rows.rows.iter().map(|row| row.line).collect::<Vec<_>>(), [2]);
    assert_eq!(rows.refusals.iter().map(|refusal| refusal.line).collect::<Vec<_>>(), [4, 4]);
    assert!(read(b" [ ] ").unwrap().rows.is_empty());
    for (body, line) in [
        ("[", 1),
        ("[\n", 2),
        ("[\n{\"a\":}", 2),
        ("[{}", 1),
        ("[{} {}]", 1),
        ("[]\n\nx", 3),
        ("{}", 1),
        ("vehicle_id,plate\n", 1),
        ("[{},]", 1),
    ] {
        assert_eq!(read(body.as_bytes()).unwrap_err().line, line, "{body:?}");
    }
    assert_eq!(read(b"a\n\xFF").unwrap_err().line, 2);
}

proptest! {
    #[test]
    fn no_file_breaks_the_import(body in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = read(&body);
        let _ = read(&[b"[".as_slice(), &body].concat());
    }

    #[test]
    fn whatever_comes_in_whatever_order_the_counts_are_those_of_the_vehicles(
        steps in prop::collection::vec((0_usize..5, 0_i64..400, any::<bool>()), 0..80),
    ) {
        let mut fleet = fleet(5);
        let mut now = 0;
        for (vehicle, at, is_late) in steps {
            if is_late {
                ping(&mut fleet, &format!("V{vehicle:04}"), at, now);
            } else {
                now += at;
                notice(&mut fleet, now);
                // Noticed to the second: what is counted is what is.
                for known in fleet.vehicles.values() {
                    prop_assert_eq!(known.status, known.presence.status(second(now), &SILENCE));
                }
            }
            let mut counted = StatusCounts::default();
            for known in fleet.vehicles.values() {
                *counted.of(known.status) += 1;
            }
            prop_assert_eq!(counted, fleet.counts);
        }
    }
}

#[test]
fn a_fault_is_told_with_its_line_whatever_ends_the_lines() {
    for end in ["\n", "\r\n", "\r\n\r\n", "\n\n"] {
        let file = [
            "vehicle_id,plate,customer_id,customer_name",
            "V-1,AB 204,C-1,Ada",
            "V-2,,C-1,Ada",
            "V-3,AB 205,C-1,\"Ada\nof two lines\"",
            "V-4,?,C-1,Ada",
        ]
        .join(end);
        let rows = read(file.as_bytes()).unwrap();
        let lines: Vec<_> = rows.refusals.iter().map(|refusal| refusal.line).collect();
        // A name of two lines is refused too, and is counted as two.
        let wanted: Vec<_> = ["V-2,", "V-3,", "V-4,"]
            .iter()
            .map(|id| {
                let before = &file[..file.find(id).unwrap()];
                1 + before.bytes().filter(|byte| *byte == b'\n').count() as u64
            })
            .collect();
        assert_eq!(lines, wanted, "{end:?}");
    }
}
