//! What the fuzz targets (`fuzz/`) hold this crate to; its tests do the same with fewer inputs.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use domain::wire::{SUMMARIES_HEADER, SummaryMessage};
use domain::{ExceptionRow, Summary};
use prometheus::Registry;

use super::reading::{read_told, row};
use super::{Journal, Settings};
use crate::disk::RealDisk;
use crate::metrics::Metrics;
use crate::row::{Lines, Row, line_of};

/// A row is read back from its line as it was written.
pub fn a_row_is_read_back(summary: Summary) {
    check(summary);
}

/// The same of an exception.
pub fn an_exception_is_read_back(exception: ExceptionRow) {
    check(exception);
}

fn check<R: Row>(written: R) {
    let lines = Lines::of(&[written]);
    let line = lines.iter().next().expect("a row is a line").text;
    let text = line.strip_suffix(b"\n").expect("a line has an end");
    assert!(!text.contains(&b'\n'), "a row is one line");
    let read = row::<R>(text).expect("a row is read back");
    let again = Lines::of(&[read]);
    let text_of =
        |lines: &Lines| -> Vec<u8> { lines.iter().flat_map(|row| row.text.to_vec()).collect() };
    assert_eq!(text_of(&again), text_of(&lines), "it is the same row");
    let fact = lines.iter().next().and_then(|row| row.fact).expect("it is told");
    let event = fact.event(7, chrono::DateTime::UNIX_EPOCH);
    let told = line_of(&event, R::TABLE).expect("the feed tells of it");
    assert_eq!(told.line, line, "it is made again of its event");
}

/// A file with anything behind its header: whole lines stay, a torn one goes, and a row can be
/// written behind it, once.
pub fn a_file_is_recovered(dir: &Path, rest: &[u8]) {
    let path = dir.join("summaries.csv");
    let found = [SUMMARIES_HEADER.as_bytes(), b"\n", rest].concat();
    fs::write(&path, &found).expect("a file is written");
    let settings = Arc::new(Settings {
        data_dir: dir.to_owned(),
        index_rows: 1_000,
        rotate_daily: false,
        feed_retention: chrono::TimeDelta::days(30),
        checkpoint_every: super::CHECKPOINT_EVERY,
        clock: Arc::new(|| chrono::DateTime::UNIX_EPOCH),
        disk: Arc::new(RealDisk),
        watch: super::watch_of(dir),
        metrics: Metrics::register(&Registry::new(), Path::new("."))
            .expect("a registry of its own"),
    });
    let mut journal = Journal::open(settings).expect("whatever it holds, it can be opened");
    let whole = found.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
    assert_eq!(fs::read(&path).expect("it is there"), found[..whole], "whole lines stay");

    let message = SummaryMessage {
        vehicle_plate: "FUZZ1".to_owned(),
        entry_date_time: "2026-11-20T10:00:00Z".to_owned(),
        exit_date_time: "2026-11-20T11:00:00Z".to_owned(),
        duration_seconds: None,
        session_id: None,
        place: None,
        repaired: false,
        origin: None,
    };
    let summary = Summary::try_from(&message).expect("a good one");
    for _ in 0..2 {
        let results = journal.write(&[Lines::of(std::slice::from_ref(&summary))]);
        assert!(results.iter().all(Result::is_ok), "a row can be written");
    }
    drop(journal);
    let told = read_told(dir).expect("it can be read");
    assert!(told.summaries.iter().filter(|row| **row == summary).count() == 1, "once");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_with_anything_in_them_are_recovered() {
        let dir = tempfile::tempdir().unwrap();
        for rest in
            [&b""[..], b"\n", b"\"", b"\"\n\"", b"a,b\nc", b"\xff\xfe\n", b"\r\n\0", b"'=\n"]
        {
            a_file_is_recovered(dir.path(), rest);
        }
    }
}
