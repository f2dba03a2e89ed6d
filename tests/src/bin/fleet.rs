//! `just fleet`: many vehicles that ping once a minute, over RabbitMQ and Redis. Memory and
//! processor time of the vehicle monitor, and how long its list takes in every order.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "it stops at the first surprise and lives by the real clock, as a test does"
)]

use std::time::{Duration, Instant};

use tests::process::Running;
use tests::{Site, http, wait};

const LONG: Duration = Duration::from_mins(10);
/// Lists of each kind.
const ASKED: usize = 20;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let vehicles: u64 = arguments.next().map_or(100_000, |text| text.parse().unwrap());
    let minutes: u64 = arguments.next().map_or(3, |text| text.parse().unwrap());
    let customers = (vehicles / 100).max(1).to_string();

    let site = Site::new();
    site.configure();
    let monitor = site.carpark("vehicles").start_ready();
    println!("monitor: {} MiB empty", monitor.memory_bytes() >> 20);
    let begun = Instant::now();
    let generator = site
        .carpark("ping-generator")
        .env("CARPARK_PINGS_MONITOR_URL", &format!("http://127.0.0.1:{}", monitor.port()))
        .args(&["--vehicles", &vehicles.to_string(), "--customers", &customers])
        .start_ready();
    let registered = || {
        let list = http::get(&monitor.url("/vehicles?limit=1")).ok().json();
        (list["matching"] == vehicles).then_some(())
    };
    wait::until("all are registered", LONG, registered);
    println!("{vehicles} registered after {:.1} s", begun.elapsed().as_secs_f64());

    for minute in 1..=minutes {
        let (pings, cpu) = figures(&monitor);
        std::thread::sleep(Duration::from_mins(1));
        let (pings_now, cpu_now) = figures(&monitor);
        println!(
            "minute {minute}: {:.0} pings, processor {:.1} s ({:.1} % of one core), {} MiB, {} wait",
            pings_now - pings,
            cpu_now - cpu,
            (cpu_now - cpu) / 0.6,
            monitor.memory_bytes() >> 20,
            site.client().depth(domain::wire::ping::PING_QUEUE),
        );
    }
    for query in [
        "sort=plate",
        "sort=id&order=desc",
        "sort=customer",
        "sort=status",
        "sort=last_seen&order=desc",
        "q=taxis&sort=customer",
        "q=7&status=disconnected&sort=last_seen",
        "customer=sim-0007",
    ] {
        let mut took: Vec<Duration> = (0..ASKED)
            .map(|_| {
                let begun = Instant::now();
                http::get(&monitor.url(&format!("/vehicles?{query}"))).ok();
                begun.elapsed()
            })
            .collect();
        took.sort();
        println!("list {query}: median {:.1?}, longest {:.1?}", took[ASKED / 2], took[ASKED - 1]);
    }
    generator.terminate();
    monitor.terminate();
}

/// Pings stored, and seconds of processor time.
fn figures(monitor: &Running) -> (f64, f64) {
    let outcomes = ["newest", "earlier", "known"];
    let stored = outcomes.map(|outcome| {
        monitor.metric(&format!("vehicles_backend_pings_total{{outcome=\"{outcome}\"}}"))
    });
    (stored.iter().sum(), monitor.metric("process_cpu_seconds_total"))
}
