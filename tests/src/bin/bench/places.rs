//! `GET /places` where there are 10,000, while vehicles come and go at a hundred of them: how long an app
//! waits, from the request to the last byte.

use std::thread;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use serde_json::{Value, json};
use tests::process::{Carpark, Running};
use tests::{http, site, wait};

use crate::report::Report;

const PLACES: u32 = 10_000;
/// Of them have traffic.
const BUSY: u32 = 100;
/// Of each shape, and of each client.
const REQUESTS: usize = 2_000;
const SOON: Duration = Duration::from_mins(1);

/// What is asked for, in words and as an address.
const SHAPES: [(&str, &str); 6] = [
    ("the first 100", "/places"),
    ("1,000 of them", "/places?limit=1000"),
    ("within 2 km, the nearest first", "/places?near=52.5,13.4,2000"),
    ("a part of a name", "/places?q=garage%2077"),
    ("one", "/places/p00042"),
    ("the first 100, as a page", "/places?html"),
];

/// Measures all of it.
pub fn measure(report: &mut Report) {
    let directory = site::directory();
    let busy: Vec<String> = (0..BUSY).map(id).collect();
    let carpark = Carpark::new(&directory, "all")
        .env("CARPARK_REQUESTS_PER_SECOND", "1000000")
        .args(&["--rate", "100", "--places", &busy.join(","), "--progress-every", "0s"])
        .start_ready();
    for from in (0..PLACES).step_by(1_000) {
        let places: Vec<Value> = (from..from + 1_000).map(described).collect();
        let answer = http::post_json(&carpark.url("/admin/places/import"), &json!(places)).ok();
        assert!(!answer.body.contains("\"line\""), "{}", answer.body);
    }
    wait::until("all are shown, and some are counted", SOON, || {
        let answer = http::get(&carpark.url("/places")).ok().json();
        let is_all = answer["matching"] == PLACES;
        let counted = answer["places"].as_array()?.iter().any(|place| place["derived"] != 0);
        (is_all && counted).then_some(())
    });
    report.table(
        "10,000 places, 200 reads a second: GET /places, ms",
        &["asked for", "clients", "answers/s", "p50", "p99", "p99.9", "most", "bytes"],
    );
    for clients in [1, 8] {
        for (words, path) in SHAPES {
            let begun = Instant::now();
            let asked = thread::scope(|scope| {
                let asking: Vec<_> =
                    (0..clients).map(|_| scope.spawn(|| ask(&carpark, path))).collect();
                let mut all = Histogram::<u64>::new(3).unwrap();
                let mut bytes = 0;
                for one in asking {
                    let (histogram, size) = one.join().unwrap();
                    all.add(histogram).unwrap();
                    bytes = size;
                }
                (all, bytes)
            });
            let (histogram, bytes) = asked;
            let millis = |micros: u64| json!(micros as f64 / 1e3);
            report.row(vec![
                json!(words),
                json!(clients),
                json!(histogram.len() as f64 / begun.elapsed().as_secs_f64()),
                millis(histogram.value_at_quantile(0.5)),
                millis(histogram.value_at_quantile(0.99)),
                millis(histogram.value_at_quantile(0.999)),
                millis(histogram.max()),
                json!(bytes),
            ]);
        }
    }
    Running::terminate(carpark);
}

/// One client on one connection; how long each answer took, in microseconds, and how large it was.
fn ask(carpark: &Running, path: &str) -> (Histogram<u64>, usize) {
    let agent: ureq::Agent = ureq::Agent::config_builder().build().into();
    let is_page = path.ends_with("?html");
    let url = carpark.url(path.trim_end_matches("?html"));
    let mut histogram = Histogram::new(3).unwrap();
    let mut size = 0;
    for _ in 0..REQUESTS {
        let begun = Instant::now();
        let request = agent.get(&url);
        let request = if is_page { request.header("accept", "text/html") } else { request };
        let mut answer = request.call().unwrap();
        size = answer.body_mut().with_config().limit(1 << 30).read_to_vec().unwrap().len();
        histogram.record(u64::try_from(begun.elapsed().as_micros()).unwrap().max(1)).unwrap();
    }
    assert!(size > 100, "{path}: {size} bytes");
    (histogram, size)
}

fn id(number: u32) -> String {
    format!("p{number:05}")
}

/// Spread over a town.
fn described(number: u32) -> Value {
    let (row, column) = (f64::from(number / 100), f64::from(number % 100));
    json!({
        "id": id(number), "name": format!("Garage {number}"), "address": format!("{number} Long street, Berlin"),
        "location": { "latitude": 52.45 + row / 1_000.0, "longitude": 13.3 + column / 500.0 },
        "time_zone": "Europe/Berlin",
        "bays": { "standard": { "spaces": 120 }, "electric": { "spaces": 8, "may_use": ["standard"] } },
    })
}
