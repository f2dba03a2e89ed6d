//! `carpark` by itself: no server, no configuration.

use std::time::{Duration, Instant};

use tests::files::Files;
use tests::process::Carpark;
use tests::truth::{Order, Truth, Workload};
use tests::{http, site, wait};

#[test]
fn carpark_alone_writes_sessions_and_unmatched_exits_about_eighty_to_twenty() {
    let directory = site::directory();
    let started_at = Instant::now();
    let carpark = Carpark::new(&directory, "").start_ready();
    // Nothing was said about a data directory: it is ./data.
    let files = Files::in_directory(&directory.join("data"));
    let within = Duration::from_secs(20).saturating_sub(started_at.elapsed());
    files.wait_for_summaries(1, within);
    let within = Duration::from_secs(20).saturating_sub(started_at.elapsed());
    files.wait_for_exceptions(1, within);

    let share = wait::until("enough cars came to tell the share", Duration::from_mins(1), || {
        let unmatched = files.exceptions().iter().filter(|r| r.kind == "unmatched_exit").count();
        let matched = files.summary_count();
        (matched + unmatched >= 100)
            .then(|| u32::try_from(unmatched * 100 / (matched + unmatched)).unwrap())
    });
    // Of 100 dice rolls at 20 %, between 6 and 34 in all but one of 3,000 runs; and while traffic
    // grows, exits of the first seconds wait for their verdict.
    assert!((6..=34).contains(&share), "{share} % unmatched");

    for path in ["/livez", "/readyz", "/metrics", "/summaries.csv"] {
        http::get(&carpark.url(path)).ok();
    }
    let said = carpark.stdout();
    assert!(said.contains(&carpark.port().to_string()), "says where it listens:\n{said}");
    assert!(said.contains("summaries.csv"), "says where it writes:\n{said}");
    wait::until("it prints a line of progress", Duration::from_secs(20), || {
        let said = carpark.stdout();
        ["inside", "matched", "unmatched", "pending"].iter().all(|w| said.contains(w)).then_some(())
    });
    carpark.terminate();
}

#[test]
fn what_was_written_before_a_restart_stays_and_nothing_is_written_twice() {
    let directory = site::directory();
    let files = Files::in_directory(&directory.join("data"));
    let mut count = 0;
    for round in 0..4 {
        let carpark = Carpark::new(&directory, "all").args(&["--rate", "100"]).start_ready();
        files.wait_for_summaries(count + 100, Duration::from_mins(1));
        if round % 2 == 0 {
            carpark.kill();
        } else {
            carpark.terminate();
        }
        count = files.summary_count();
    }
    let mut ids: Vec<_> = files.summaries().into_iter().map(|row| row.session_id).collect();
    ids.sort();
    ids.dedup();
    assert!(ids.len() >= 400);
    assert_eq!(ids.len(), files.summary_count());
}

#[test]
fn serve_makes_no_traffic_of_its_own() {
    let directory = site::directory();
    let carpark = Carpark::new(&directory, "serve").start_ready();
    let metrics = http::get(&carpark.url("/metrics")).ok().body;
    assert!(!metrics.contains("vehicle_entry_"), "no generator runs");
    carpark.terminate();
    assert_eq!(Files::in_directory(&directory.join("data")).summary_count(), 0);
}

#[test]
fn two_on_one_data_directory_the_second_says_so() {
    let directory = site::directory();
    let first = Carpark::new(&directory, "serve").start_ready();
    Carpark::new(&directory, "serve")
        .run(Duration::from_secs(20))
        .failed_saying(&["CARPARK_DATA_DIR", "another"]);
    assert!(first.is_ready());
    first.terminate();
}

#[test]
fn a_day_from_a_file_becomes_its_rows_and_what_is_no_read_a_dead_letter() {
    let directory = site::directory();
    let truth = Truth::of(Workload::realistic(31, 2_000));
    let messages = truth.messages(Order::AsItHappened);
    let mut lines: Vec<&str> = messages.iter().map(|message| &*message.body).collect();
    lines.insert(7, "this is no read");
    lines.insert(9, "");
    std::fs::write(directory.join("day.jsonl"), lines.join("\n")).unwrap();
    let carpark = Carpark::new(&directory, "serve")
        .args(&["--reads", "day.jsonl", "--lateness", "1s"])
        .start_ready();
    truth.wait_until_told(&Files::in_directory(&directory.join("data")), Duration::from_mins(1));
    let dead = http::get(&carpark.url("/admin/dead-letters")).ok().body;
    assert!(dead.contains("malformed_json") && !dead.contains("missing"), "{dead}");
    carpark.terminate();

    let empty = site::directory();
    let wrong = Carpark::new(&empty, "serve").args(&["--reads", "nowhere.jsonl"]);
    wrong.run(Duration::from_secs(20)).failed_saying(&["reads", "nowhere.jsonl"]);
    assert!(!empty.join("data").exists(), "nothing was begun");
}
