//! The feed, read over HTTP as its readers do, or out of its files where nothing runs; and held
//! against the CSV files.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::files::{ExceptionRow, Files, SummaryRow};
use crate::http;
use crate::process::Running;

/// Who reads the feed page by page, and keeps its position.
#[derive(Debug, Default)]
pub struct Follower {
    /// All that was read.
    pub events: Vec<Value>,
    /// The position behind which it goes on.
    pub after: u64,
}

impl Follower {
    /// Asks once; answers how many events came, and an error where nobody answers.
    pub fn ask(&mut self, url: &str, wait: &str) -> Result<usize, String> {
        let url = format!("{url}/feed?after={}&limit=97&wait={wait}", self.after);
        let answer = http::request("GET", &url, &[], b"")?;
        if answer.status != 200 {
            return Err(format!("{}: {}", answer.status, answer.body));
        }
        let mut page = answer.json();
        self.after = page["next"].as_u64().expect("a position");
        let events = page["events"].take();
        let Value::Array(events) = events else { panic!("no events: {events}") };
        let count = events.len();
        self.events.extend(events);
        Ok(count)
    }
}

/// All that the feed has, from the first position on.
#[track_caller]
pub fn read_all(running: &Running) -> Vec<Value> {
    let mut follower = Follower::default();
    while follower.ask(&running.url(""), "0s").unwrap() > 0 {}
    follower.events
}

/// The same of the files of a data directory that nobody has open.
#[track_caller]
pub fn read_files(data_dir: &Path) -> Vec<Value> {
    let Ok(files) = fs::read_dir(data_dir.join("feed")) else { return Vec::new() };
    let paths = files.map(|entry| entry.unwrap().path());
    let mut logs: Vec<_> =
        paths.filter(|path| path.extension().is_some_and(|e| e == "log")).collect();
    logs.sort();
    let texts: String = logs.iter().map(|path| fs::read_to_string(path).unwrap()).collect();
    let event = |line: &str| {
        let text = line.splitn(3, ' ').nth(2).unwrap_or_else(|| panic!("no event: {line}"));
        serde_json::from_str(text).unwrap_or_else(|e| panic!("{e}: {line}"))
    };
    texts.lines().map(event).collect()
}

/// Wants each event once, each position one behind the last, and of each row of the files one event,
/// in the order of the rows.
#[track_caller]
pub fn is_what_the_files_say(events: &[Value], files: &Files) {
    let positions: Vec<u64> = events.iter().map(|e| e["position"].as_u64().unwrap()).collect();
    let expected: Vec<u64> = (1..=events.len() as u64).collect();
    assert_eq!(positions, expected, "positions");
    let ids: BTreeSet<&str> = events.iter().map(|event| event["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), events.len(), "each event has an id of its own");

    let of = |is_wanted: fn(&str) -> bool| {
        events.iter().filter(move |event| is_wanted(event["type"].as_str().unwrap()))
    };
    let sessions: Vec<SummaryRow> = of(|kind| kind == "session.closed").map(summary_row).collect();
    assert!(sessions == files.summaries(), "{}", difference(&sessions, &files.summaries()));
    let exceptions: Vec<ExceptionRow> =
        of(|kind| kind != "session.closed" && kind != "session.opened")
            .map(exception_row)
            .collect();
    assert!(exceptions == files.exceptions(), "{}", difference(&exceptions, &files.exceptions()));
}

/// Wants the events of each plate in the order of the verdicts (G9): none of an earlier version of its
/// record behind one of a later.
#[track_caller]
pub fn is_in_order(events: &[Value]) {
    let mut revisions: BTreeMap<&str, (u64, &Value)> = BTreeMap::new();
    for event in events {
        let data = &event["data"];
        let revision = data["revision"].as_u64().or_else(|| data["origin"]["revision"].as_u64());
        let (Some(revision), Some(plate)) = (revision, data["vehicle_plate"].as_str()) else {
            continue; // posted by somebody else, or erased
        };
        if let Some((last, before)) = revisions.insert(plate, (revision, event)) {
            assert!(last <= revision, "told too late: {event}\nafter {before}");
        }
    }
}

fn difference<R: std::fmt::Debug + PartialEq>(told: &[R], written: &[R]) -> String {
    let at = told.iter().zip(written).position(|(a, b)| a != b);
    let at = at.unwrap_or(told.len().min(written.len()));
    format!(
        "{} rows of the feed, {} of the file; they differ at {at}: {:?} and {:?}",
        told.len(),
        written.len(),
        told.get(at),
        written.get(at),
    )
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn summary_row(event: &Value) -> SummaryRow {
    let data = &event["data"];
    SummaryRow {
        vehicle_plate: text(&data["vehicle_plate"]),
        entry_date_time: text(&data["entry_date_time"]),
        exit_date_time: text(&data["exit_date_time"]),
        duration_seconds: format!("{:.3}", data["duration_seconds"].as_f64().unwrap()),
        session_id: text(&data["session_id"]),
        place: text(&data["place"]),
        repaired: data["repaired"].as_bool().unwrap(),
    }
}

fn exception_row(event: &Value) -> ExceptionRow {
    let data = &event["data"];
    let kind = match event["type"].as_str().unwrap() {
        "exception.raised" => ["unmatched_exit", "missed_exit", "overstay"].as_slice(),
        "exception.repaired" => &["repaired"],
        "session.withdrawn" => &["withdrawn"],
        other => panic!("a type that has no row: {other}"),
    };
    assert!(kind.contains(&data["kind"].as_str().unwrap()), "{event}");
    ExceptionRow {
        kind: text(&data["kind"]),
        vehicle_plate: text(&data["vehicle_plate"]),
        entry_date_time: text(&data["entry_date_time"]),
        exit_date_time: text(&data["exit_date_time"]),
        observation_id: text(&data["observation_id"]),
        session_id: text(&data["session_id"]),
        place: text(&data["place"]),
        revision: data["revision"].as_u64().unwrap(),
        recorded_at: text(&data["recorded_at"]),
        reason: text(&data["reason"]),
    }
}
