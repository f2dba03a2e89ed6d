use super::*;
use crate::testing::{at, plate, reads};

/// Judges the observations and writes the verdicts down: the reads of a passage joined by `+`.
fn check(input: &str, expected: &str) {
    let observations = reads(input);
    let all = verdicts(&observations, &ReReads::default());
    let text = all.values().map(told).collect::<Vec<_>>().join("; ");
    assert_eq!(text, expected, "{input}");
}

fn told(verdicts: &Verdicts<'_>) -> String {
    let ids = |passage: &Passage<'_>| {
        passage.reads.iter().map(|read| read.id.as_str()).collect::<Vec<_>>().join("+")
    };
    let mut parts = Vec::new();
    for stay in &verdicts.sessions {
        parts.push(format!("stay {} to {}", ids(&stay.entry), ids(&stay.exit)));
    }
    parts.extend(verdicts.unmatched_exits.iter().map(|exit| format!("unmatched {}", ids(exit))));
    for missed in &verdicts.missed_exits {
        parts.push(format!("missed {} before {}", ids(&missed.entry), ids(&missed.followed_by)));
    }
    parts.extend(verdicts.open_entry.iter().map(|open| format!("open {}", ids(open))));
    parts.join(", ")
}

#[test]
fn nothing_read_says_nothing() {
    check("", "");
}

#[test]
fn order_of_the_input_does_not_matter() {
    check("e1 10:00, x1 11:00, e2 12:00", "stay e1 to x1, open e2");
    check("e2 12:00, x1 11:00, e1 10:00", "stay e1 to x1, open e2");
}

#[test]
fn an_exit_ends_only_the_entry_directly_before_it() {
    check("e1 10:00, e2 11:00, x1 12:00", "stay e2 to x1, missed e1 before e2");
    check("e1 10:00, x1 11:00, x2 12:00", "stay e1 to x1, unmatched x2");
    check("x1 10:00, e1 11:00", "unmatched x1, open e1");
}

#[test]
fn at_one_instant_the_entry_comes_first() {
    check("x1 10:00, e1 10:00", "stay e1 to x1");
    check("1x 10:00, 2e 10:00", "stay 2e to 1x");
}

#[test]
fn reads_up_to_20_s_after_their_neighbour_are_one_passage() {
    check("e1 10:00:00, e2 10:00:20, e3 10:00:40", "open e1+e2+e3");
    check("e1 10:00:00, e2 10:00:20.001", "missed e1 before e2, open e2");
    check("e1 10:00:00, e2 10:00:05 north", "missed e1 before e2, open e2");
    check("e1 10:00:00, x1 10:00:05, e2 10:00:10", "stay e1 to x1, open e2");
}

#[test]
fn an_id_counts_once() {
    check("e1 10:00, e1 11:00, x1 12:00", "stay e1 to x1");
}

#[test]
fn plates_are_judged_apart() {
    let mut observations = reads("e1 10:00, x1 11:00, x1 11:00");
    observations[1].plate = Plate::parse("XYZ789").unwrap();
    let all = verdicts(&observations, &ReReads::default());
    let texts: Vec<String> = all.values().map(told).collect();
    assert_eq!(texts, ["stay e1 to x1", "unmatched x1"]);
}

fn session(entry: &str, exit: &str, times_withdrawn: usize) -> Effect {
    let [entry, exit] = [entry, exit].map(crate::testing::read);
    Effect::Summary(Summary {
        session_id: session_id(&plate(), &entry.id, &exit.id, times_withdrawn),
        plate: plate(),
        entry_at: entry.at,
        exit_at: exit.at,
        place: entry.place,
        repaired: false,
        origin: None,
    })
}

fn withdrawn(entry: &str, exit: &str, times_withdrawn: usize) -> Effect {
    let Effect::Summary(summary) = session(entry, exit, times_withdrawn) else { unreachable!() };
    Effect::Exception(ExceptionRow {
        observation_id: None,
        session_id: Some(summary.session_id),
        ..row(ExceptionKind::Withdrawn, entry, 9)
    })
}

fn exception(kind: ExceptionKind, read: &str, revision: u64) -> Effect {
    Effect::Exception(row(kind, read, revision))
}

fn row(kind: ExceptionKind, read: &str, revision: u64) -> ExceptionRow {
    let read = crate::testing::read(read);
    ExceptionRow {
        kind,
        plate: plate(),
        entry_at: (read.direction == Direction::Entry).then_some(read.at),
        exit_at: (read.direction == Direction::Exit).then_some(read.at),
        observation_id: Some(read.id),
        session_id: None,
        place: read.place,
        revision,
        recorded_at: at("10:00"),
        reason: String::new(),
    }
}

/// Adds the effects up, forwards and backwards and all of them twice, and compares.
fn compare(input: &str, effects: &[Effect], watermarks: &Watermarks, expected: &[&str]) {
    let orders: [Vec<&Effect>; 2] = [
        effects.iter().chain(effects).collect(),
        effects.iter().rev().chain(effects.iter().rev()).collect(),
    ];
    for order in orders {
        let mut net = Net::default();
        net.extend(order);
        let differences = net.differences(&reads(input), watermarks, &Policy::default());
        let texts: Vec<String> = differences.iter().map(ToString::to_string).collect();
        assert_eq!(texts, expected, "{input}");
    }
}

const END: &Watermarks = &Watermarks::END;

#[test]
fn what_was_reported_as_it_should_be_shows_no_difference() {
    compare(
        "e1 10:00, x1 11:00, x2 12:00, e3 13:00, e4 14:00",
        &[
            session("e1 10:00", "x1 11:00", 0),
            exception(ExceptionKind::UnmatchedExit, "x2 12:00", 3),
            exception(ExceptionKind::MissedExit, "e3 13:00", 4),
            exception(ExceptionKind::Overstay, "e4 14:00", 5),
        ],
        END,
        &[],
    );
}

#[test]
fn any_read_of_a_passage_may_stand_but_only_one() {
    let input = "e1 10:00:00, e2 10:00:10, x1 11:00:00, x2 11:00:10, x3 12:00:00, x4 12:00:10";
    let unmatched = |read| exception(ExceptionKind::UnmatchedExit, read, 7);
    compare(input, &[session("e2 10:00:10", "x2 11:00:10", 0), unmatched("x4 12:00:10")], END, &[]);
    compare(
        input,
        &[
            session("e1 10:00:00", "x1 11:00:00", 0),
            session("e2 10:00:10", "x1 11:00:00", 0),
            unmatched("x3 12:00:00"),
            unmatched("x4 12:00:10"),
        ],
        END,
        &[
            "A*3/6: session 9a5a474f-5a9f-5e88-ac58-e08007091098 was reported, and is none",
            "A*3/6: unmatched_exit of observation x4 was reported, and is none",
        ],
    );
}

#[test]
fn the_row_with_the_highest_revision_holds() {
    compare(
        "e1 10:00, x1 11:00",
        &[
            exception(ExceptionKind::UnmatchedExit, "x1 11:00", 2),
            exception(ExceptionKind::Repaired, "x1 11:00", 3),
            session("e1 10:00", "x1 11:00", 0),
        ],
        END,
        &[],
    );
    compare(
        "x1 11:00",
        &[
            exception(ExceptionKind::UnmatchedExit, "x1 11:00", 2),
            exception(ExceptionKind::Repaired, "x1 11:00", 3),
        ],
        END,
        &["A*3/6: unmatched_exit of observation x1 was not reported"],
    );
}

#[test]
fn a_withdrawn_session_is_none_and_one_that_holds_again_has_a_new_name() {
    let input = "e1 10:00, x1 11:00";
    let first = session("e1 10:00", "x1 11:00", 0);
    let gone = withdrawn("e1 10:00", "x1 11:00", 0);
    let again = session("e1 10:00", "x1 11:00", 1);
    compare(
        input,
        &[first.clone(), gone.clone()],
        END,
        &[
            "A*3/6: the stay from 2026-11-20 10:00:00 UTC to 2026-11-20 11:00:00 UTC was not reported",
        ],
    );
    compare(input, &[first, gone, again], END, &[]);
}

#[test]
fn what_is_not_due_yet_may_be_missing() {
    let input = "x1 12:00, e1 13:00, e2 14:00";
    let read_to =
        |entries, exits| Watermarks { entries: Some(at(entries)), exits: Some(at(exits)) };
    let unmatched = "A*3/6: unmatched_exit of observation x1 was not reported";
    let missed = "A*3/6: missed_exit of observation e1 was not reported";
    let overstay = "A*3/6: overstay of observation e2 was not reported";
    compare(input, &[], &Watermarks::default(), &[]);
    compare(input, &[], &read_to("12:00:04.999", "14:00:04.999"), &[]);
    compare(input, &[], &read_to("12:00:05", "14:00:04.999"), &[unmatched]);
    compare(input, &[], &read_to("12:00:04.999", "14:00:05"), &[missed]);
    compare(input, &[], &read_to("12:00:05", "3d14:00:05"), &[unmatched, missed, overstay]);
}

#[test]
fn an_overstay_holds_only_of_the_open_entry() {
    compare(
        "e1 10:00, x1 5d10:00",
        &[exception(ExceptionKind::Overstay, "e1 10:00", 2), session("e1 10:00", "x1 5d10:00", 0)],
        END,
        &["A*3/6: overstay of observation e1 was reported, and is none"],
    );
}

#[test]
fn a_row_that_gives_another_time_or_place_is_found() {
    compare(
        "e1 10:00, x1 11:00:00.0009, x2 12:00",
        &[
            session("e1 10:00", "x1 11:00", 0), // the files know milliseconds
            exception(ExceptionKind::UnmatchedExit, "x2 12:01", 4),
        ],
        END,
        &["A*3/6: the row of x2 differs from what was read"],
    );
    compare(
        "e1 10:00, x1 11:00",
        &[session("e1 10:00 north", "x1 11:00", 0)],
        END,
        &["A*3/6: the row of 22e82666-5d06-5c03-8a3b-83102cf4a789 differs from what was read"],
    );
}

#[test]
fn rows_that_contradict_each_other_are_found() {
    let observations = reads("x1 11:00");
    let mut net = Net::default();
    net.add(&exception(ExceptionKind::UnmatchedExit, "x1 11:00", 2));
    net.add(&exception(ExceptionKind::Overstay, "x1 11:00", 2));
    let differences = net.differences(&observations, END, &Policy::default());
    assert!(matches!(differences[..], [Difference::Contradiction { .. }]), "{differences:?}");
}
