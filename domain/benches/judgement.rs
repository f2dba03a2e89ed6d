//! What one observation costs before anything is stored: parsing, judging, spelling the record out.
//! `cargo bench -p domain`.
#![allow(clippy::unwrap_used, reason = "a benchmark stops at the first surprise")]

use chrono::{DateTime, TimeDelta};
use divan::{Bencher, black_box};
use domain::wire::{format_time, parse_observation, parse_time};
use domain::{
    Command, Decision, Direction, Instant, Plate, Policy, Record, Watermarks, decide, observation,
};

fn main() {
    divan::main();
}

fn begin() -> Instant {
    DateTime::from_timestamp(1_795_000_000, 123_000_000).unwrap()
}

fn body(kind: Direction, number: i64) -> String {
    let field = match kind {
        Direction::Entry => "entry_date_time",
        Direction::Exit => "exit_date_time",
    };
    let at = format_time(begin() + TimeDelta::minutes(number));
    format!(
        r#"{{"id":"cam1-{number:06}","vehicle_plate":"ABC-123","{field}":"{at}","camera":"c1"}}"#
    )
}

fn observe(record: &Record, kind: Direction, number: i64) -> Decision {
    let now = begin() + TimeDelta::days(30);
    let observation = parse_observation(body(kind, number).as_bytes(), now).unwrap();
    let command =
        Command::Observe { observation, watermarks: Watermarks::default(), is_past: false, now };
    decide(&plate(), record, command, &Policy::default())
}

fn plate() -> Plate {
    Plate::parse("ABC123").unwrap()
}

/// The record after so many stays of an hour each.
fn after_stays(stays: i64) -> Record {
    let mut record = Record::default();
    for number in 0..stays * 2 {
        let kind = if number % 2 == 0 { Direction::Entry } else { Direction::Exit };
        if let Decision::Changed { record: next, .. } = observe(&record, kind, number * 60) {
            record = next;
        }
    }
    record
}

#[divan::bench]
fn parse_a_message(bencher: Bencher) {
    let (body, now) = (body(Direction::Entry, 0), begin() + TimeDelta::days(30));
    bencher.bench(|| parse_observation(black_box(body.as_bytes()), now));
}

#[divan::bench]
fn parse_a_plate(bencher: Bencher) {
    bencher.bench(|| Plate::parse(black_box(" abc·123 ")));
}

#[divan::bench]
fn read_a_time(bencher: Bencher) {
    bencher.bench(|| parse_time(black_box("2026-11-20T10:00:00.123Z")));
}

#[divan::bench]
fn write_a_time(bencher: Bencher) {
    bencher.bench(|| format_time(black_box(begin())));
}

/// An entry, with so many stays of the plate known.
#[divan::bench(args = [0, 1, 4, 16])]
fn decide_an_entry(bencher: Bencher, stays: i64) {
    let record = after_stays(stays);
    let now = begin() + TimeDelta::days(30);
    let read = parse_observation(body(Direction::Entry, stays * 120).as_bytes(), now).unwrap();
    bencher.with_inputs(|| read.clone()).bench_values(|observation: observation::Observation| {
        let command = Command::Observe {
            observation,
            watermarks: Watermarks::default(),
            is_past: false,
            now,
        };
        decide(&plate(), black_box(&record), command, &Policy::default())
    });
}

/// The exit that makes the session.
#[divan::bench]
fn decide_the_exit(bencher: Bencher) {
    let Decision::Changed { record, .. } = observe(&Record::default(), Direction::Entry, 0) else {
        panic!("an entry changes the record");
    };
    let now = begin() + TimeDelta::days(30);
    let read = parse_observation(body(Direction::Exit, 60).as_bytes(), now).unwrap();
    bencher.with_inputs(|| read.clone()).bench_values(|observation: observation::Observation| {
        let command = Command::Observe {
            observation,
            watermarks: Watermarks::default(),
            is_past: false,
            now,
        };
        decide(&plate(), black_box(&record), command, &Policy::default())
    });
}

#[divan::bench]
fn write_a_record_of_one_stay(bencher: Bencher) {
    let record = after_stays(1);
    bencher.bench(|| black_box(&record).to_json());
}

#[divan::bench]
fn read_a_record_of_one_stay(bencher: Bencher) {
    let json = after_stays(1).to_json();
    bencher.bench(|| Record::from_json(black_box(json.as_bytes())));
}
