//! `just million`: a million open sessions. Memory of the processor while they come and when they
//! are all there; after a restart, the time to the first row.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "it stops at the first surprise and lives by the real clock, as a test does"
)]

use std::time::{Duration, Instant};

use chrono::{TimeDelta, Utc};
use domain::wire::{ENTRY_QUEUE, EXIT_QUEUE, format_time};
use tests::{Site, wait};

const LONG: Duration = Duration::from_mins(20);

fn main() {
    let count = std::env::args().nth(1).map_or(1_000_000, |text| text.parse::<u32>().unwrap());
    let site = Site::new();
    site.configure();
    let web = site.start_web();
    let actors = site.start_actors();
    let empty = actors.memory_bytes();
    let client = site.client();
    let at = format_time(Utc::now() - TimeDelta::hours(1));
    let entry =
        |n: u32| format!(r#"{{"id":"e{n}","vehicle_plate":"M{n:07}","entry_date_time":"{at}"}}"#);
    let begun = Instant::now();
    let mut most = 0;
    for chunk in (0..count).step_by(50_000) {
        client.publish(ENTRY_QUEUE, (chunk..count.min(chunk + 50_000)).map(entry));
        most = most.max(actors.memory_bytes());
        println!("{:>8} published, processor {} MiB", chunk + 50_000, actors.memory_bytes() >> 20);
    }
    let open = || site.redis.command::<u32>(0, &["SCARD", "entry_plates"]);
    wait::until("all are open", LONG, || {
        most = most.max(actors.memory_bytes());
        (open() == count).then_some(())
    });
    let seconds = begun.elapsed().as_secs_f64();
    println!("{count} open after {seconds:.0} s ({:.0}/s)", f64::from(count) / seconds);
    let mib = |bytes: u64| bytes >> 20;
    println!(
        "processor: {} MiB empty, {} MiB with all of them, {} MiB at most",
        mib(empty),
        mib(actors.memory_bytes()),
        mib(most)
    );
    let info: String = site.redis.command(0, &["INFO", "memory"]);
    let used = info.lines().find(|line| line.starts_with("used_memory_human")).unwrap();
    println!("Redis: {used}");
    actors.terminate();

    let exit = format!(
        r#"{{"id":"x0","vehicle_plate":"M0000000","exit_date_time":"{}"}}"#,
        format_time(Utc::now())
    );
    client.publish(EXIT_QUEUE, [exit]);
    let begun = Instant::now();
    let actors = site.start_actors_unready();
    site.files().wait_for_summaries(1, LONG);
    println!("first row {:.2} s after the start of a processor", begun.elapsed().as_secs_f64());
    wait::until("it is ready", LONG, || actors.is_ready().then_some(()));
    println!("processor: {} MiB after the restart", mib(actors.memory_bytes()));
    actors.terminate();
    web.terminate();
}
