//! `just bench`: how fast, against what the broker and the store can give on the same machine in
//! the same minutes. Starts servers of its own, fills the queues with a day whose rows are known,
//! measures, holds the files against what is owed, prints tables and writes them as JSON.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    clippy::cast_precision_loss,
    reason = "it stops at the first surprise, lives by the real clock, and reckons with counts"
)]

mod backlog;
mod bare;
mod cost;
mod day;
mod embedded;
mod latency;
mod memory;
mod places;
mod report;
mod tap;

use report::Report;

const USAGE: &str = "\
bench [PART...] [ROUNDS] [--json FILE]

Parts, all by default, in this order:
  backlog    200,000 messages: a bare consumer, a plain loop, one carpark, ROUNDS times (3);
             then two and four processors, and messages of 1 KB
  latency    100, 1,000 and 5,000 messages a second, from publish to row and to acknowledgement
  embedded   the same 200,000 messages through one process without servers
  places     10,000 places: how long an app waits for GET /places
  memory     0, 100,000 and 1,000,000 open sessions, and a restart among them
  once       one backlog and one carpark, for a profiler (not by default)

CARPARK_BIN names the program. Ends with 1 where a row is lost, doubled or wrong.";

fn main() {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == "--help" || argument == "-h") {
        println!("{USAGE}");
        return;
    }
    let json = arguments.iter().position(|argument| argument == "--json").map(|at| {
        arguments.remove(at);
        arguments.remove(at)
    });
    let rounds = arguments.iter().find_map(|argument| argument.parse().ok()).unwrap_or(3);
    let parts: Vec<&str> =
        arguments.iter().map(String::as_str).filter(|a| a.parse::<usize>().is_err()).collect();
    let is_wanted = |part: &str| parts.is_empty() || parts.contains(&part);

    let mut report = Report::default();
    if is_wanted("backlog") {
        backlog::measure(rounds, &mut report);
    }
    if is_wanted("latency") {
        latency::measure(&mut report);
    }
    if is_wanted("embedded") {
        embedded::measure(&mut report);
    }
    if is_wanted("places") {
        places::measure(&mut report);
    }
    if is_wanted("memory") {
        memory::measure(&[100_000, 1_000_000], &mut report);
    }
    if parts.contains(&"once") {
        backlog::once(&mut report);
    }
    report.print();
    if let Some(path) = json {
        report.write_json(&path);
    }
}
