//! Lone reads that wait for their place's past.

use super::*;
use crate::PlaceName;
use crate::record::{OnPast, Waiting};

#[test]
fn what_was_history_when_it_came_waits_until_its_places_past_has_come_in() {
    let (plate, policy, arrived) =
        (Plate::parse("ABC123").unwrap(), Policy::default(), at("1d10:00"));
    let judge = |record: &Record, command| match decide(&plate, record, command, &policy) {
        Decision::Changed { record, effects } => (record, effects),
        Decision::Unchanged => (record.clone(), Vec::new()),
    };
    let observe = |text: &str, is_past| Command::Observe {
        observation: Observation { plate: plate.clone(), ..read(text) },
        watermarks: Watermarks::default(),
        is_past,
        now: arrived,
    };
    let settle = |seconds, behind: &[&str]| {
        let mark = Some(arrived + TimeDelta::seconds(seconds));
        let behind = behind.iter().map(|name| PlaceName::parse(name).unwrap()).collect();
        let watermarks = Watermarks { entries: mark, exits: mark };
        Command::Settle { watermarks, behind, now: arrived }
    };
    let waiting = |record: &Record| record.outlook(&policy).waiting;
    let on_past = |place: &str, of| OnPast {
        place: PlaceName::parse(place).unwrap(),
        of,
        at: arrived + policy.lateness,
    };

    // R4, whatever the marks were.
    let (lone, _) = judge(&Record::default(), observe("x1 10:00 north", true));
    let expected =
        Waiting { on_past: vec![on_past("north", Direction::Entry)], ..Waiting::default() };
    assert_eq!(waiting(&lone), expected);
    assert_eq!(Record::from_json(lone.to_json().as_bytes()).unwrap(), lone);
    assert_eq!(judge(&lone, settle(4, &[])).1, []);
    assert_eq!(judge(&lone, settle(5, &["main", "north"])).1, []);
    assert_eq!(judge(&lone, settle(5, &["main"])).1.len(), 1);

    // R5: for the past of whichever of the two came last, if it was history.
    let (two, _) = judge(&Record::default(), observe("e1 09:00", false));
    let (two, _) = judge(&two, observe("e2 10:00 north", true));
    assert_eq!(waiting(&two).on_past, [on_past("north", Direction::Exit)]);
    assert_eq!(judge(&two, settle(5, &["north"])).1, []);
    assert_eq!(judge(&two, settle(5, &["main"])).1.len(), 1);

    // An overstay waits for it only if the past can still end the stay: 72 h are long.
    let open = |text| waiting(&judge(&Record::default(), observe(text, true)).0);
    assert_eq!(open("e1 10:00 north").on_exits, Some(at("3d10:00:05")));
    let stay = TimeDelta::hours(24);
    let short = Policy { max_stay: stay, ..Policy::default() };
    let (record, _) = judge(&Record::default(), observe("e1 10:00 north", true));
    assert_eq!(record.outlook(&short).waiting.on_past, [on_past("north", Direction::Exit)]);
}
