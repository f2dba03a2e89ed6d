use super::*;
use crate::record::Record;
use crate::testing::{at, reads};

/// A record with the observations, which arrived in the order given.
fn record(input: &str) -> Record {
    let mut record = Record::default();
    for observation in reads(input) {
        record.insert(
            observation,
            at("12:00"),
            crate::record::Waits::FromItsTime,
            crate::policy::RE_READ,
        );
    }
    record
}

fn id(record: &Record, seq: Seq) -> &str {
    record.known(seq).unwrap().id.as_str()
}

/// The passages as `reads joined by + (the one that stands)`.
fn check_passages(input: &str, expected: &str) {
    let record = record(input);
    let passages = passages(&record.observations, None);
    let told = passages.iter().map(|passage| {
        let reads = &record.observations[passage.first..passage.end];
        assert_eq!(record.known(passage.stands).map(|known| known.at), Some(passage.at));
        assert_eq!(reads.last().map(|known| known.at), Some(passage.read_until));
        let ids: Vec<&str> = reads.iter().map(|known| known.id.as_str()).collect();
        format!("{} ({})", ids.join("+"), id(&record, passage.stands))
    });
    assert_eq!(told.collect::<Vec<_>>().join(", "), expected, "{input}");
}

/// The verdicts, with when they are due and how many reads they reach.
fn check_verdicts(input: &str, forgotten_until: Option<&str>, expected: &[(&str, Due, usize)]) {
    let record = record(input);
    let due_verdicts = verdicts(&record.observations, forgotten_until.map(at), &Policy::default());
    let told: Vec<(String, Due, usize)> = due_verdicts
        .iter()
        .map(|due_verdict| {
            let id = |seq| id(&record, seq);
            let text = match due_verdict.verdict {
                Verdict::Session(entry, exit) => format!("session {}-{}", id(entry), id(exit)),
                Verdict::Lone(kind, read) => {
                    format!("{} {}", kind.as_str().trim_end_matches("_exit"), id(read))
                }
            };
            (text, due_verdict.due, due_verdict.end)
        })
        .collect();
    let told: Vec<(&str, Due, usize)> =
        told.iter().map(|(text, due, end)| (text.as_str(), *due, *end)).collect();
    assert_eq!(told, expected, "{input}");
}

#[test]
fn a_passage_is_a_run_of_reads_of_one_kind_at_one_place_within_20_s_of_each_other() {
    check_passages("", "");
    check_passages("e1 10:00", "e1 (e1)");
    check_passages("e1 10:00:00, e2 10:00:20, e3 10:00:40", "e1+e2+e3 (e1)");
    check_passages("e1 10:00:00, e2 10:00:20.000000001", "e1 (e1), e2 (e2)");
    check_passages("e1 10:00:00, e2 10:00:01 north", "e1 (e1), e2 (e2)");
    check_passages("e1 10:00:00, e2 10:00:01 north, e3 10:00:02", "e1 (e1), e2 (e2), e3 (e3)");
    check_passages("e1 10:00:00, x1 10:00:01, e2 10:00:02", "e1 (e1), x1 (x1), e2 (e2)");
}

#[test]
fn the_read_that_arrived_first_stands() {
    check_passages("e2 10:00:10, e3 10:00:20, e1 10:00:00", "e1+e2+e3 (e2)");
    check_passages("e3 10:00:20, e1 10:00:00, e2 10:00:10", "e1+e2+e3 (e3)");
}

#[test]
fn reads_of_one_instant_are_ordered_entries_first_and_then_by_id() {
    check_passages("x2 10:00, x1 10:00, e2 10:00, e1 10:00", "e1+e2 (e2), x1+x2 (x2)");
    check_passages("1x 10:00, 2e 10:00", "2e (2e), 1x (1x)");
}

#[test]
fn a_folded_read_reaches_as_far_as_those_it_stands_for() {
    let mut record = record("e1 10:00:00, e2 10:01:20, e3 10:01:40.1, x4 10:05, x5 10:05:50");
    record.observations[0].until = Some(at("10:01:00"));
    record.observations[3].until = Some(at("10:05:29.9"));
    let told: Vec<(usize, usize, Instant)> = passages(&record.observations, None)
        .iter()
        .map(|passage| (passage.first, passage.end, passage.read_until))
        .collect();
    assert_eq!(
        told,
        [
            (0, 2, at("10:01:20")),
            (2, 3, at("10:01:40.1")),
            (3, 4, at("10:05:29.9")),
            (4, 5, at("10:05:50")),
        ]
    );
}

#[test]
fn each_passage_has_its_verdict_and_its_time() {
    check_verdicts("", None, &[]);
    check_verdicts("e1 10:00, x1 11:00", None, &[("session e1-x1", Due::AtOnce, 2)]);
    check_verdicts("x1 11:00", None, &[("unmatched x1", Due::OnEntries(at("11:00:05")), 1)]);
    check_verdicts("e1 10:00", None, &[("overstay e1", Due::OnExits(at("3d10:00:05")), 1)]);
    check_verdicts(
        "e1 10:00, e2 11:00, x2 12:00, x3 13:00",
        None,
        &[
            ("missed e1", Due::OnExits(at("11:00:05")), 1),
            ("session e2-x2", Due::AtOnce, 3),
            ("unmatched x3", Due::OnEntries(at("13:00:05")), 4),
        ],
    );
    check_verdicts(
        "e1 10:00:00, e2 10:00:10, x1 11:00:00, x2 11:00:10, e3 12:00",
        None,
        &[("session e1-x1", Due::AtOnce, 4), ("overstay e3", Due::OnExits(at("3d12:00:05")), 5)],
    );
}

#[test]
fn nothing_pairs_across_what_was_forgotten() {
    check_verdicts(
        "e1 10:00, x1 11:00",
        Some("10:00"),
        &[
            ("missed e1", Due::OnExits(at("10:00:05")), 1),
            ("unmatched x1", Due::OnEntries(at("11:00:05")), 2),
        ],
    );
    check_verdicts(
        "e1 10:00, e2 11:00",
        Some("10:30"),
        &[
            ("missed e1", Due::OnExits(at("10:30:05")), 1),
            ("overstay e2", Due::OnExits(at("3d11:00:05")), 2),
        ],
    );
    check_verdicts("e1 10:00, x1 11:00", Some("11:00"), &[("session e1-x1", Due::AtOnce, 2)]);
    check_verdicts("e1 10:00, x1 11:00", Some("09:59"), &[("session e1-x1", Due::AtOnce, 2)]);
    check_verdicts(
        "x1 10:00:00, x2 10:00:10",
        Some("10:00:05"),
        &[
            ("unmatched x1", Due::OnEntries(at("10:00:05")), 1),
            ("unmatched x2", Due::OnEntries(at("10:00:15")), 2),
        ],
    );
}

#[test]
fn at_the_end_of_time_a_verdict_is_due_at_the_end_of_time() {
    let mut record = record("e1 10:00");
    record.observations[0].at = Instant::MAX_UTC;
    let due_verdicts = verdicts(&record.observations, None, &Policy::default());
    assert_eq!(due_verdicts[0].due, Due::OnExits(Instant::MAX_UTC));
    assert!(due_verdicts[0].due.has_come(&Watermarks::END));
}

#[test]
fn a_verdict_is_due_when_its_stream_was_read_up_to_the_instant() {
    let read_to = |entries: &str, exits: &str| Watermarks {
        entries: Some(at(entries)),
        exits: Some(at(exits)),
    };
    assert!(Due::AtOnce.has_come(&Watermarks::default()));
    let on_entries = Due::OnEntries(at("11:00"));
    assert!(on_entries.has_come(&read_to("11:00", "00:00")));
    assert!(!on_entries.has_come(&read_to("10:59:59.999999999", "23:00")));
    assert!(!on_entries.has_come(&Watermarks::default()));
    let on_exits = Due::OnExits(at("11:00"));
    assert!(on_exits.has_come(&read_to("00:00", "11:00")));
    assert!(!on_exits.has_come(&read_to("23:00", "10:59:59.999999999")));
    assert!(!on_exits.has_come(&Watermarks::default()));
}
