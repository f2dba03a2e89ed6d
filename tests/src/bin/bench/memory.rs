//! Open sessions: what they take of the processor's memory and of the store's, and how soon a
//! processor that starts among them writes its first row.

use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use domain::wire::{ENTRY_QUEUE, EXIT_QUEUE, format_time};
use serde_json::json;
use tests::process::Running;
use tests::{Site, wait};

use crate::report::Report;

const LONG: Duration = Duration::from_mins(20);
/// So many are published at a time.
const CHUNK: u32 = 50_000;

/// Everything about memory; so many sessions are opened, one after the other.
pub fn measure(counts: &[u32], report: &mut Report) {
    report.table(
        "Open sessions, MiB",
        &["open", "processor", "at most", "Redis", "opened per second"],
    );
    let site = Site::new();
    site.configure();
    let web = site.start_web();
    let actors = site.start_actors();
    let mib = |bytes: u64| json!(bytes >> 20);
    let store = || mib(redis_bytes(&site));
    let empty = actors.memory_bytes();
    report.row(vec![json!(0), mib(empty), mib(actors.memory_bytes_peak()), store(), json!("")]);
    let entered = Utc::now() - TimeDelta::hours(1);
    let mut open = 0;
    for &count in counts {
        let begun = Instant::now();
        enter(&site, open..count, entered);
        wait::until("all are open", LONG, || (inside(&site) == count).then_some(()));
        let rate = f64::from(count - open) / begun.elapsed().as_secs_f64();
        open = count;
        let (now, most) = (actors.memory_bytes(), actors.memory_bytes_peak());
        report.row(vec![json!(count), mib(now), mib(most), store(), json!(rate)]);
    }
    actors.terminate();
    restart(&site, open, entered, report);
    web.terminate();
}

/// A processor starts among them all, and one vehicle leaves.
fn restart(site: &Site, open: u32, entered: DateTime<Utc>, report: &mut Report) {
    report.table(
        format!("A processor starts with {open} open sessions"),
        &["first row after, s", "ready after, s", "processor, MiB"],
    );
    let left = Utc::now();
    let exit = format!(
        r#"{{"id":"x0","vehicle_plate":"{}","exit_date_time":"{}"}}"#,
        plate(0),
        format_time(left)
    );
    site.client().publish(EXIT_QUEUE, [exit]);
    let begun = Instant::now();
    let actors = site.start_actors_unready();
    site.files().wait_for_summaries(1, LONG);
    let first = begun.elapsed().as_secs_f64();
    wait::until("it is ready", LONG, || actors.is_ready().then_some(()));
    let ready = begun.elapsed().as_secs_f64();
    report.row(vec![json!(first), json!(ready), json!(actors.memory_bytes() >> 20)]);
    let row = &site.files().summaries()[0];
    assert_eq!(
        (&*row.vehicle_plate, &*row.entry_date_time, &*row.exit_date_time),
        (&*plate(0), &*format_time(entered), &*format_time(left))
    );
    assert_eq!((inside(site), site.files().exception_count()), (open - 1, 0));
    Running::terminate(actors);
}

fn enter(site: &Site, vehicles: std::ops::Range<u32>, at: DateTime<Utc>) {
    let at = format_time(at);
    let entry = |n: u32| {
        format!(r#"{{"id":"e{n}","vehicle_plate":"{}","entry_date_time":"{at}"}}"#, plate(n))
    };
    for begin in vehicles.clone().step_by(CHUNK as usize) {
        let end = vehicles.end.min(begin + CHUNK);
        site.client().publish(ENTRY_QUEUE, (begin..end).map(entry));
    }
}

fn plate(number: u32) -> String {
    format!("M{number:07}")
}

fn inside(site: &Site) -> u32 {
    site.redis.command(0, &["SCARD", "entry_plates"])
}

fn redis_bytes(site: &Site) -> u64 {
    let info: String = site.redis.command(0, &["INFO", "memory"]);
    let used = info.lines().find_map(|line| line.strip_prefix("used_memory:"));
    used.and_then(|bytes| bytes.trim().parse().ok()).unwrap_or_default()
}
