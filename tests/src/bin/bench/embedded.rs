//! The embedded engine: a day from standard input, every commit on the disk, until the last
//! session's row is.

use std::time::{Duration, Instant};

use serde_json::json;
use tests::files::Files;
use tests::process::{Carpark, Running};
use tests::{site, usage, wait};

use crate::day::{Day, MESSAGES};
use crate::report::Report;

const LONG: Duration = Duration::from_mins(10);

/// Measures all of it.
pub fn measure(report: &mut Report) {
    let day = Day::of(MESSAGES);
    let directory = site::directory();
    let lines: Vec<&str> = day.messages.iter().map(|message| &*message.body).collect();
    std::fs::write(directory.join("day.jsonl"), lines.join("\n")).unwrap();
    let begun = Instant::now();
    let carpark = Carpark::new(&directory, "serve").args(&["--reads", "day.jsonl"]).start();
    let files = Files::in_directory(&directory.join("data"));
    let mut sessions = files.count_summaries();
    wait::until("the sessions are written", LONG, || {
        (sessions.count() >= day.truth.session_count()).then_some(())
    });
    wait::until("all is stored", LONG, || {
        (carpark.metric_sum("backend_observations_total") >= day.len() as f64).then_some(())
    });
    let seconds = begun.elapsed().as_secs_f64();
    let cpu = usage::cpu(carpark.pid()).as_secs_f64() * 1e6 / day.len() as f64;
    let memory = carpark.memory_bytes() >> 20;
    day.truth.wait_until_told(&files, LONG);
    report.table(
        "Embedded: one process, every commit synced",
        &["messages/s", "CPU µs per message", "memory, MiB"],
    );
    report.row(vec![json!(day.len() as f64 / seconds), json!(cpu), json!(memory)]);
    Running::terminate(carpark);
}
