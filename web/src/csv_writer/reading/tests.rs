use std::fs;

use domain::wire::{EXCEPTIONS_HEADER, SUMMARIES_HEADER};
use domain::{ExceptionKind, ObservationId, Plate};

use super::*;
use crate::row::Lines;

fn summary(plate: &str) -> Summary {
    let at = |seconds: i64| chrono::DateTime::from_timestamp(1_700_000_000 + seconds, 0).unwrap();
    Summary {
        origin: None,
        session_id: format!("id of {plate}").into(),
        plate: Plate::parse(plate).unwrap(),
        entry_at: at(0),
        exit_at: at(90),
        place: domain::PlaceName::parse("=SUM(A1)").unwrap(),
        repaired: false,
    }
}

fn exception() -> ExceptionRow {
    let summary = summary("AB12");
    ExceptionRow {
        kind: ExceptionKind::UnmatchedExit,
        plate: summary.plate,
        entry_at: None,
        exit_at: Some(summary.exit_at),
        observation_id: Some(ObservationId::parse("+1, \"quoted\"").unwrap()),
        session_id: None,
        place: domain::PlaceName::default(),
        revision: 7,
        recorded_at: summary.exit_at,
        reason: "said, with a comma".to_owned(),
    }
}

fn text<R: Row>(rows: &[R]) -> String {
    Lines::of(rows).iter().map(|row| std::str::from_utf8(row.text).unwrap()).collect()
}

fn read(summaries: &str, exceptions: &str) -> Told {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("summaries.csv"), summaries).unwrap();
    fs::write(dir.path().join("exceptions.csv"), exceptions).unwrap();
    read_told(dir.path()).unwrap()
}

#[test]
fn rows_are_read_back_as_they_were_written_and_as_often() {
    let (one, other) = (summary("AB12"), summary("CD34"));
    let rows = text(&[one.clone(), other.clone(), one.clone()]);
    let told = read(
        &format!("{SUMMARIES_HEADER}\n{rows}"),
        &format!("{EXCEPTIONS_HEADER}\n{}", text(&[exception()])),
    );
    assert_eq!(told.summaries, [one.clone(), other, one]);
    assert_eq!(told.exceptions, [exception()]);
    assert_eq!(told.damaged, []);
}

#[test]
fn files_of_past_days_come_first() {
    let dir = tempfile::tempdir().unwrap();
    for (name, plate) in [
        ("summaries.csv", "CC33"),
        ("summaries-2026-11-19.csv", "BB22"),
        ("summaries-2026-11-18.csv", "AA11"),
    ] {
        let rows = text(&[summary(plate)]);
        fs::write(dir.path().join(name), format!("{SUMMARIES_HEADER}\n{rows}")).unwrap();
    }
    let told = read_told(dir.path()).unwrap();
    let plates: Vec<&str> = told.summaries.iter().map(|row| row.plate.as_str()).collect();
    assert_eq!(plates, ["AA11", "BB22", "CC33"]);
}

#[test]
fn a_line_that_is_no_row_is_named_by_file_and_number() {
    let row = text(&[summary("AB12")]);
    let odd = row.replace("90.000", "91.000"); // does not add up
    let torn = &row[..row.len() / 2];
    let told = read(&format!("{SUMMARIES_HEADER}\n{row}{odd}nonsense\n{torn}"), "");
    assert_eq!(told.summaries, [summary("AB12")]);
    let damaged: Vec<(u64, bool)> =
        told.damaged.iter().map(|damaged| (damaged.line, damaged.is_torn)).collect();
    assert_eq!(damaged, [(3, false), (4, false), (5, true)]);
    assert!(told.damaged.iter().all(|damaged| damaged.path.ends_with("summaries.csv")));
}
