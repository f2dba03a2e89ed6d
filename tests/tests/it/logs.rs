//! Logs and standard output that nobody takes: a full disk, a pipe whose reader has gone, none at
//! all. That harms the log and nothing else.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::time::Duration;

use serde_json::json;
use tests::files::Files;
use tests::process::{Carpark, Running};
use tests::{http, site};

const SOON: Duration = Duration::from_secs(30);

fn full() -> Stdio {
    File::options().write(true).open("/dev/full").unwrap().into()
}

/// A pipe that nobody reads from.
fn abandoned() -> Stdio {
    let (_reader, writer) = std::io::pipe().unwrap();
    writer.into()
}

/// What it was told is done, and what it refuses is answered, though neither can be told of.
fn does_its_work(mut carpark: Running) {
    carpark.wait_ready(SOON);
    for _ in 0..20 {
        let bad = http::post_json(&carpark.url("/save_summary"), &json!({ "vehicle_plate": "" }));
        assert_eq!(bad.status, 422);
    }
    let row = json!({
        "vehicle_plate": "QUIET1",
        "entry_date_time": "2026-05-04T08:00:00Z", "exit_date_time": "2026-05-04T09:00:00Z",
    });
    http::post_json(&carpark.url("/save_summary"), &row).ok();
    carpark.terminate();
}

#[test]
fn the_program_starts_works_and_stops_though_nothing_it_says_can_be_written() {
    for (what, out, err) in [
        ("both full", full(), full()),
        ("both abandoned", abandoned(), abandoned()),
        ("full and abandoned", full(), abandoned()),
    ] {
        let directory = site::directory();
        let carpark = Carpark::new(&directory, "all")
            .args(&["--rate", "20"])
            .env("CARPARK_PROGRESS_EVERY", "100ms")
            .env("CARPARK_LOG", "debug")
            .start_with(Some(out), Some(err));
        eprintln!("{what}");
        does_its_work(carpark);
        let files = Files::in_directory(&directory.join("data"));
        assert!(files.summaries().iter().any(|row| row.vehicle_plate == "QUIET1"));
    }
}

#[test]
fn a_reader_who_has_seen_enough_ends_nothing() {
    let directory = site::directory();
    let (reader, writer) = std::io::pipe().unwrap();
    let carpark = Carpark::new(&directory, "all")
        .env("CARPARK_PROGRESS_EVERY", "50ms")
        .start_with(Some(writer.into()), None);
    let mut line = String::new();
    BufReader::new(reader).read_line(&mut line).unwrap();
    assert!(line.starts_with("carpark "), "{line}");
    does_its_work(carpark);
}

#[test]
fn commands_end_silently_where_their_reader_has_gone_and_say_so_where_a_disk_is_full() {
    let directory = site::directory();
    fs::write(
        directory.join("message.json"),
        r#"{"id":"a","vehicle_plate":"PIPE1","entry_date_time":"2026-05-04T08:00:00Z"}"#,
    )
    .unwrap();
    fs::create_dir(directory.join("data")).unwrap();
    for command in ["config", "camera test message.json", "verify --ledger message.json"] {
        let with = |out| {
            let mut ended = Carpark::new(&directory, command).start_with(Some(out), None);
            let status = ended.wait(SOON);
            (status.code(), ended.stderr())
        };
        let usual = Carpark::new(&directory, command).run(SOON).status.code();
        assert_eq!(with(abandoned()), (usual, String::new()), "{command}");
        let (code, said) = with(full());
        assert!(code.is_some_and(|code| code != 0 && code != 101), "{command}: {code:?}");
        assert!(said.contains("standard output") && said.contains("No space"), "{command}: {said}");
    }
}
