use proptest::prelude::*;

use super::*;

fn place(json: &str) -> Place {
    serde_json::from_str(json).unwrap()
}

fn bay(text: &str) -> BayType {
    BayType::parse(text).unwrap()
}

fn held(id: &str, json: &str, in_use: u32) -> Held {
    let right: Right = serde_json::from_str(json).unwrap();
    right.check().unwrap();
    Held { id: id.parse().unwrap(), right, in_use }
}

struct Case {
    id: PlaceName,
    place: Place,
    plate: Plate,
    question: Question<'static>,
}

/// A holder with 10.00 at a place with five bays, all free, and two reserved ones; 2.00 are set aside.
fn case() -> Case {
    let id: PlaceName = "p".parse().unwrap();
    let place = place(
        r#"{"bays":{"standard":{"spaces":5},"reserved":{"spaces":2},
            "electric":{"spaces":1,"may_use":["standard","reserved"]}}}"#,
    );
    let supply = place.bays.iter().map(|(bay_type, bays)| {
        (bay_type.clone(), Supply { spaces: bays.spaces, ..Supply::default() })
    });
    let supply = supply.collect();
    let question = Question {
        place: (Box::leak(Box::new(id.clone())), Box::leak(Box::new(place.clone()))),
        zone: chrono_tz::UTC,
        gate: Gate::Holders,
        wanted: bay("standard"),
        plate: None,
        at: "2026-01-05T12:00:00Z".parse().unwrap(),
        who: Who::Holder { id: "ann".parse().unwrap(), room: 1_000 },
        rights: Vec::new(),
        is_inside: false,
        supply,
        hold: 200,
    };
    Case { id, place, plate: Plate::parse("B-AB 1").unwrap(), question }
}

impl Case {
    fn decide(&self) -> Decision {
        let plate = Some(&self.plate);
        decide_admission(&Question {
            place: (&self.id, &self.place),
            plate,
            ..self.question.clone()
        })
    }

    fn fill(&mut self, bay_type: &str, supply: Supply) {
        self.question.supply.insert(bay(bay_type), supply);
    }
}

fn admitted(bay_type: &str, right: Option<&str>, hold: i64) -> Decision {
    let right = right.map(|id| id.parse().unwrap());
    Decision::Admitted { bay_type: bay(bay_type), right, hold }
}

fn refused(reason: Reason) -> Decision {
    Decision::Refused(reason)
}

#[test]
fn who_has_an_account_and_enough_in_it_comes_in() {
    let mut case = case();
    assert_eq!(case.decide(), admitted("standard", None, 200));
    case.question.who = Who::Holder { id: "ann".parse().unwrap(), room: 200 };
    assert_eq!(case.decide(), admitted("standard", None, 200), "exactly enough is enough");
    case.question.who = Who::Holder { id: "ann".parse().unwrap(), room: 199 };
    assert_eq!(case.decide(), refused(Reason::BalanceBelowMinimum));
}

#[test]
fn a_stranger_comes_in_where_everybody_may() {
    let mut case = case();
    case.question.who = Who::Stranger;
    assert_eq!(case.decide(), refused(Reason::NoAccount));
    case.question.gate = Gate::Everybody;
    assert_eq!(case.decide(), admitted("standard", None, 0));
    case.question.who = Who::Unknown;
    assert_eq!(case.decide(), refused(Reason::UnknownCredential));
}

#[test]
fn a_closed_place_and_a_vehicle_that_is_inside_let_nobody_in() {
    let mut case = case();
    case.question.is_inside = true;
    assert_eq!(case.decide(), refused(Reason::AlreadyInside));
    case.place.is_closed = true;
    assert_eq!(case.decide(), refused(Reason::Closed));
}

#[test]
fn a_bay_is_given_away_once_whoever_has_it() {
    let full = |admitted, entered, reserved, derived| Supply {
        spaces: 5,
        admitted,
        entered,
        reserved,
        derived,
    };
    for (supply, free) in [
        (full(4, 4, 0, 4), 1),
        (full(5, 5, 0, 5), 0),
        (full(5, 0, 0, 0), 0),
        (full(3, 3, 2, 3), 0),
        // Two have come in without being let in, two are on the way, one has reserved.
        (full(2, 0, 1, 2), 0),
        (full(2, 0, 0, 2), 1),
        // More are inside than there are bays.
        (full(0, 0, 0, 7), 0),
        // Reads have missed those who came in; what was given away stays given away.
        (full(5, 5, 0, 1), 0),
    ] {
        assert_eq!(supply.free(), free, "{supply:?}");
        let mut case = case();
        case.fill("standard", supply);
        let expected =
            if free > 0 { admitted("standard", None, 200) } else { refused(Reason::Full) };
        assert_eq!(case.decide(), expected, "{supply:?}");
    }
}

#[test]
fn another_type_of_bay_is_used_only_where_the_place_says_so_and_a_reserved_one_never() {
    let mut case = case();
    case.question.wanted = bay("electric");
    assert_eq!(case.decide(), admitted("electric", None, 200));
    case.fill("electric", Supply { spaces: 1, admitted: 1, ..Supply::default() });
    assert_eq!(case.decide(), admitted("standard", None, 200));
    case.fill("standard", Supply { spaces: 5, admitted: 5, ..Supply::default() });
    assert_eq!(case.decide(), refused(Reason::Full), "reserved bays are free, and not for sale");
    case.question.wanted = bay("standard");
    case.fill("electric", Supply { spaces: 1, ..Supply::default() });
    assert_eq!(case.decide(), refused(Reason::Full), "standard may not use electric");
    case.question.wanted = bay("reserved");
    assert_eq!(case.decide(), refused(Reason::NotValidNow), "without a right");
    case.question.rights =
        vec![held("s", r#"{"kind":"subscription","holder":"ann","bay_type":"reserved"}"#, 0)];
    assert_eq!(case.decide(), admitted("reserved", Some("s"), 0));
}

#[test]
fn a_right_that_does_not_apply_now_falls_back_to_paying() {
    let mut case = case();
    let over = r#"{"kind":"subscription","holder":"ann","until":"2026-01-05T12:00:00Z"}"#;
    case.question.rights = vec![held("s", over, 0)];
    assert_eq!(case.decide(), admitted("standard", None, 200));
    let one = r#"{"kind":"subscription","holder":"ann","at_once":1}"#;
    case.question.rights = vec![held("s", one, 0)];
    assert_eq!(case.decide(), admitted("standard", Some("s"), 0));
    case.question.rights = vec![held("s", one, 1)];
    assert_eq!(case.decide(), admitted("standard", None, 200), "the other car is inside with it");
    // A list lets a stranger in, in its time alone.
    case.question.who = Who::Stranger;
    case.question.rights = vec![held("l", r#"{"kind":"allow","plates":["BAB1"]}"#, 0)];
    assert_eq!(case.decide(), admitted("standard", Some("l"), 0));
    let over = r#"{"kind":"allow","plates":["BAB1"],"until":"2026-01-05T12:00:00Z"}"#;
    case.question.rights = vec![held("l", over, 0)];
    assert_eq!(case.decide(), refused(Reason::NotValidNow));
    case.question.rights = vec![held("l", r#"{"kind":"allow","plates":["BAB2"]}"#, 0)];
    assert_eq!(case.decide(), refused(Reason::NoAccount));
}

#[test]
fn who_is_blocked_stays_outside_whatever_else_he_has() {
    let mut case = case();
    case.question.rights = vec![
        held("s", r#"{"kind":"subscription","holder":"ann"}"#, 0),
        held("b", r#"{"kind":"block","plates":["BAB1"]}"#, 0),
    ];
    assert_eq!(case.decide(), refused(Reason::Blocked));
    case.question.rights[1] = held("b", r#"{"kind":"block","plates":["BAB1"],"places":["q"]}"#, 0);
    assert_eq!(case.decide(), admitted("standard", Some("s"), 0));
}

#[test]
fn a_reservation_has_its_bay_and_nobody_else_has() {
    let mut case = case();
    case.fill("standard", Supply { spaces: 5, admitted: 4, entered: 4, reserved: 1, derived: 4 });
    assert_eq!(case.decide(), refused(Reason::Full), "the last one is kept");
    let reservation = r#"{"kind":"reservation","holder":"ann","places":["p"],"bay_type":"standard",
        "from":"2026-01-05T11:00:00Z","until":"2026-01-05T18:00:00Z"}"#;
    case.question.rights = vec![held("r", reservation, 0)];
    assert_eq!(case.decide(), admitted("standard", Some("r"), 200));
    case.question.rights = vec![held("r", reservation, 1)];
    assert_eq!(case.decide(), refused(Reason::Full), "it is used");
    case.fill("standard", Supply { spaces: 5, admitted: 5, entered: 5, reserved: 1, derived: 5 });
    case.question.rights = vec![held("r", reservation, 0)];
    assert_eq!(case.decide(), refused(Reason::Full), "G10: never more than there are");
}

#[test]
fn each_reason_has_words_in_both_languages() {
    for reason in Reason::ALL {
        assert_ne!(reason.words("de-AT"), reason.words("en"), "{reason:?}");
        assert_eq!(reason.words("fr"), reason.words("en"));
        let said = serde_json::to_value(reason).unwrap();
        assert_eq!(said, reason.as_str());
    }
}

proptest! {
    /// However many come, and whatever leaves: of bays that only the gate fills, no more are given away
    /// than there are, and one is given away whenever one is free.
    #[test]
    fn no_more_are_let_in_than_there_is_room_for(
        spaces in 0..6_u32, comes in prop::collection::vec(any::<bool>(), 0..40),
    ) {
        let mut case = case();
        let mut supply = Supply { spaces, ..Supply::default() };
        for comes in comes {
            if comes {
                case.fill("standard", supply);
                match case.decide() {
                    Decision::Admitted { .. } => supply.admitted += 1,
                    Decision::Refused(reason) => {
                        prop_assert_eq!(reason, Reason::Full);
                        prop_assert_eq!(supply.admitted, spaces);
                    }
                }
            } else if supply.admitted > 0 {
                supply.admitted -= 1;
            }
            prop_assert!(supply.admitted <= spaces);
        }
    }
}
