//! `carpark verify`: an audit that finds what is wrong, and nothing else.

use std::fs;
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use domain::wire::format_time;
use tests::files::Files;
use tests::process::{Carpark, Ended};
use tests::site;

fn verify(directory: &std::path::Path, arguments: &[&str]) -> Ended {
    Carpark::new(directory, "verify").args(arguments).run(Duration::from_secs(30))
}

#[test]
fn a_day_of_faulty_cameras_is_clean_and_every_tampering_is_found() {
    let directory = site::directory();
    let files = Files::in_directory(&directory.join("data"));
    let faults = [
        "--rate",
        "60",
        "--ledger",
        "ledger.jsonl",
        "--faults-duplicate-share",
        "0.1",
        "--faults-re-read-share",
        "0.1",
        "--plate-format",
        "AAA-9999",
        "--places",
        "main",
        "--lateness",
        "1s",
    ];
    let carpark = Carpark::new(&directory, "").args(&faults).start_ready();
    files.wait_for_summaries(300, Duration::from_mins(1));
    files.wait_for_exceptions(40, Duration::from_mins(1));
    // What is young when the traffic ends is not due yet.
    let settled = format_time(Utc::now() - TimeDelta::seconds(4));
    carpark.terminate();
    let audit = || verify(&directory, &["--ledger", "ledger.jsonl", "--as-of", &settled]);

    let clean = audit().succeeded();
    for line in [
        "lost          0",
        "doubled       0",
        "wrong         0",
        "feed          0",
        "torn          0",
    ] {
        assert!(clean.stdout.contains(line), "no {line:?}:\n{}", clean.stdout);
    }

    let text = fs::read_to_string(files.summaries_path()).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let tampered = |name: &str, of_feed: usize, lines: Vec<&str>| {
        fs::write(files.summaries_path(), lines.join("\n") + "\n").unwrap();
        let ended = audit();
        assert_eq!(ended.status.code(), Some(1), "{name}\n{}", ended.stdout);
        assert!(ended.stdout.contains(&format!("{name:<13} 1\n")), "{name}\n{}", ended.stdout);
        let feed = format!("feed          {of_feed}\n");
        assert!(ended.stdout.contains(&feed), "{name}\n{}", ended.stdout);
    };
    tampered("lost", 1, [&lines[..1], &lines[2..]].concat());
    tampered("doubled", 0, [&lines[..], &lines[1..2]].concat());
    let other_place = lines[1].replace(",main,", ",elsewhere,");
    tampered("wrong", 1, [&lines[..1], &[&other_place], &lines[2..]].concat());

    let log = directory.join("data/feed/00000000000000000001.log");
    let told = fs::read_to_string(&log).unwrap();
    fs::write(&log, told.replacen("session.closed", "session.opened", 1)).unwrap();
    tampered("feed", 1, lines.clone());
    fs::write(&log, &told).unwrap();

    fs::write(files.summaries_path(), &text[..text.len() - 5]).unwrap();
    let ended = audit();
    assert_eq!(ended.status.code(), Some(1));
    assert!(ended.stdout.contains("torn          1\n"), "{}", ended.stdout);
}

#[test]
fn what_cannot_be_audited_is_said_with_what_to_do() {
    let directory = site::directory();
    verify(&directory, &[]).failed_saying(&["--ledger"]);
    verify(&directory, &["--ledger", "nowhere"]).failed_saying(&["nowhere", "cannot read"]);
    fs::write(directory.join("ledger"), "").unwrap();
    verify(&directory, &["--ledger", "ledger", "--as-of", "noon"]).failed_saying(&["noon", "2026"]);
    verify(&directory, &["--ledger", "ledger", "--data-dir", "nowhere"])
        .failed_saying(&["nowhere", "cannot read"]);
}
