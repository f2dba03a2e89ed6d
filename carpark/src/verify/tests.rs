use domain::{ExceptionKind, ObservationId, session_id};

use super::*;

fn at(minutes: i64) -> Instant {
    chrono::DateTime::from_timestamp(1_700_000_000 + 60 * minutes, 0).unwrap()
}

fn message(id: &str, plate: &str, field: &str, minutes: i64) -> String {
    format!(r#"{{"id":"{id}","vehicle_plate":"{plate}","{field}":"{}"}}"#, format_time(at(minutes)))
}

fn entry(id: &str, plate: &str, minutes: i64) -> String {
    message(id, plate, "entry_date_time", minutes)
}

fn exit(id: &str, plate: &str, minutes: i64) -> String {
    message(id, plate, "exit_date_time", minutes)
}

/// A stay, a lone exit, a message sent twice.
fn ledger() -> Ledger {
    ledger_of(&[
        entry("e1", "AA11", 0),
        exit("x1", "aa-11", 30),
        exit("x1", "aa-11", 30),
        exit("x2", "BB22", 60),
    ])
}

fn ledger_of(messages: &[String]) -> Ledger {
    let mut ledger = Ledger::default();
    for message in messages {
        ledger.add(message.as_bytes(), at(1_000));
    }
    ledger
}

fn stay() -> Summary {
    let plate = Plate::parse("AA11").unwrap();
    let id = |text| ObservationId::parse(text).unwrap();
    Summary {
        session_id: session_id(&plate, &id("e1"), &id("x1"), 0),
        plate,
        entry_at: at(0),
        exit_at: at(30),
        place: domain::PlaceName::default(),
        repaired: false,
        origin: None,
    }
}

fn unmatched() -> ExceptionRow {
    ExceptionRow {
        kind: ExceptionKind::UnmatchedExit,
        plate: Plate::parse("BB22").unwrap(),
        entry_at: None,
        exit_at: Some(at(60)),
        observation_id: Some(ObservationId::parse("x2").unwrap()),
        session_id: None,
        place: domain::PlaceName::default(),
        revision: 2,
        recorded_at: at(61),
        reason: String::new(),
    }
}

fn told() -> Told {
    Told { summaries: vec![stay()], exceptions: vec![unmatched()], ..Told::default() }
}

fn audit(ledger: &Ledger, told: &Told) -> Audit {
    Audit::of(ledger, told, None, at(100), &Policy::default())
}

/// Lost, doubled, wrong, torn.
fn counts(audit: &Audit) -> [usize; 4] {
    let [lost, doubled, wrong, feed, torn] = audit.findings().map(|(_, findings)| findings.len());
    assert_eq!(feed, 0, "none is looked at");
    [lost, doubled, wrong, torn]
}

#[test]
fn files_that_say_what_the_ledger_says_are_clean() {
    let audit = audit(&ledger(), &told());
    assert!(audit.is_clean(), "{audit}");
    let text = audit.to_string();
    for line in [
        "4 observations of 2 plates",
        "1 sent more than once",
        "1 sessions that hold (0 withdrawn), 1 exceptions that hold",
        "lost          0",
        "torn          0",
    ] {
        assert!(text.contains(line), "no {line:?} in:\n{text}");
    }
}

#[test]
fn a_missing_row_is_lost() {
    let nothing = Told::default();
    assert_eq!(counts(&audit(&ledger(), &nothing)), [2, 0, 0, 0]);
}

#[test]
fn what_is_not_due_yet_is_not_lost() {
    let early = Audit::of(&ledger(), &Told::default(), None, at(29), &Policy::default());
    assert_eq!((counts(&early), early.pending), ([0, 0, 0, 0], 1));
}

#[test]
fn a_row_that_stands_twice_is_doubled() {
    let mut told = told();
    told.summaries.push(stay());
    told.exceptions.push(unmatched());
    assert_eq!(counts(&audit(&ledger(), &told)), [0, 2, 0, 0]);
}

#[test]
fn a_row_that_nobody_owes_is_wrong() {
    let mut told = told();
    told.summaries.push(Summary { session_id: "made-up".into(), ..stay() });
    assert_eq!(counts(&audit(&ledger(), &told)), [0, 0, 1, 0]);
    told.summaries = vec![Summary { exit_at: at(31), ..stay() }];
    assert_eq!(counts(&audit(&ledger(), &told)), [0, 0, 1, 0]);
    told.summaries = vec![stay(), Summary { plate: Plate::parse("ZZ99").unwrap(), ..stay() }];
    let found = audit(&ledger(), &told);
    assert_eq!(found.findings()[2].1.len(), 1, "{found}");
}

#[test]
fn a_damaged_line_is_torn() {
    let mut told = told();
    told.damaged.push(Damaged { path: "data/summaries.csv".into(), line: 7, is_torn: true });
    let audit = audit(&ledger(), &told);
    assert_eq!(counts(&audit), [0, 0, 0, 1]);
    assert!(audit.to_string().contains("data/summaries.csv, line 7 is torn"));
}

#[test]
fn a_plate_that_was_there_before_the_ledger_began_is_not_judged() {
    // In the ledger the exit alone; in the file the stay that began before.
    let ledger = ledger_of(&[exit("x1", "AA11", 30), exit("x2", "BB22", 60)]);
    let audit = audit(&ledger, &told());
    assert!(audit.is_clean(), "{audit}");
    assert_eq!(audit.beyond.len(), 1);
}

#[test]
fn a_message_that_is_no_observation_must_be_among_the_dead_letters() {
    let ledger = ledger_of(&["{\"id\":\"e9\"}".to_owned()]);
    let of = |dead: Option<&BTreeSet<String>>| {
        Audit::of(&ledger, &Told::default(), dead, at(100), &Policy::default())
    };
    assert_eq!((counts(&of(None)), of(None).unchecked_refusals), ([0, 0, 0, 0], 1));
    assert_eq!(counts(&of(Some(&BTreeSet::new()))), [1, 0, 0, 0]);
    let dead = BTreeSet::from(["{\"id\":\"e9\"}".to_owned()]);
    assert_eq!((counts(&of(Some(&dead))), of(Some(&dead)).dead), ([0, 0, 0, 0], 1));
}

#[test]
fn a_read_among_the_dead_letters_may_be_missing_and_may_be_there() {
    let ledger = ledger();
    let dead = BTreeSet::from([exit("x2", "BB22", 60)]);
    for exceptions in [vec![], vec![unmatched()]] {
        let told = Told { exceptions, ..told() };
        let audit = Audit::of(&ledger, &told, Some(&dead), at(100), &Policy::default());
        assert!(audit.is_clean(), "{audit}");
        assert_eq!(audit.dead, 1);
    }
}

#[test]
fn findings_show_no_plate() {
    let text = audit(&ledger(), &Told::default()).to_string();
    assert!(!text.contains("AA11") && !text.contains("BB22"), "{text}");
}

#[test]
fn a_ledger_is_read_whatever_ends_its_lines() {
    let path = std::env::temp_dir().join(format!("carpark-ledger-{}", std::process::id()));
    let lines = [entry("e1", "AA11", 0), exit("x1", "aa-11", 30), String::new()];
    std::fs::write(&path, lines.join("\r\n\r\n")).unwrap();
    let mut ledger = Ledger::default();
    ledger.read(&path, at(1_000)).unwrap();
    std::fs::remove_file(&path).unwrap();
    assert!(ledger.refused().is_empty(), "{:?}", ledger.refused());
}
