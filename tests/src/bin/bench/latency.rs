//! Latency under a steady load, as the neighbours see it: from the moment at which a message was to
//! be published (not from when it could be: no coordinated omission) to its acknowledgement, and for
//! an exit to the confirmation of its row.

use std::collections::HashMap;
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use chrono::Utc;
use domain::wire::{ENTRY_QUEUE, EXIT_QUEUE, format_time};
use hdrhistogram::Histogram;
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::{BasicProperties, Connection, ConnectionProperties};
use serde_json::{Value, json};
use tests::Site;

use crate::cost::{self, Cpu};
use crate::report::Report;
use crate::tap::{self, Seen, Wire};

/// How long each load is kept up.
const LASTS: Duration = Duration::from_secs(20);
/// Not counted at its beginning: connections open, caches fill.
const WARMS_UP: Duration = Duration::from_secs(2);
/// How long a vehicle stays.
const STAY: Duration = Duration::from_secs(1);

/// Measures all that is about latency.
pub fn measure(report: &mut Report) {
    report.table(
        "Latency under a steady load, milliseconds from publish",
        &["messages/s", "acknowledged p50", "p99", "p99.9", "row synced p50", "p99", "p99.9"],
    );
    let costs = [100, 1_000, 5_000].map(|rate| (rate, measure_at(rate, report)));
    let memory = ["processor, MiB", "web, MiB"];
    report.table(
        "What the steady load costs",
        &[&["messages/s"], &cost::COLUMNS[..], &memory].concat(),
    );
    for (rate, costs) in costs {
        report.row([vec![json!(rate)], costs].concat());
    }
}

/// Answers what it cost.
fn measure_at(rate: u32, report: &mut Report) -> Vec<Value> {
    let (told, seen) = mpsc::channel();
    let mut site = Site::new();
    let broker = tap::before(site.broker.server().port(), Wire::Amqp, told.clone());
    let sink = tap::before(site.web_port(), Wire::Http, told);
    site.configure();
    let web = site.start_web();
    let publisher_url = site.broker.url();
    site.set("CARPARK_BROKER_URL", &site.broker.url_through(broker));
    site.set("CARPARK_SUMMARY_URL", &format!("http://127.0.0.1:{sink}/save_summary"));
    let actors = site.start_actors();
    let before = Cpu::now(&site, &[&actors], &web);
    let published = std::thread::spawn(move || publish(&publisher_url, rate));
    let sent = published.join().unwrap();
    let measured = collect(&seen, &sent);
    let cpu = Cpu::now(&site, &[&actors], &web).per_message_since(before, sent.count());
    let memory = [&actors, &web].map(|process| json!(process.memory_bytes() >> 20));
    sent.check(&site);
    let millis = |histogram: &Histogram<u64>, quantile| {
        json!(histogram.value_at_quantile(quantile) as f64 / 1e3)
    };
    let Measured { acknowledged, confirmed } = &measured;
    report.row(vec![
        json!(rate),
        millis(acknowledged, 0.5),
        millis(acknowledged, 0.99),
        millis(acknowledged, 0.999),
        millis(confirmed, 0.5),
        millis(confirmed, 0.99),
        millis(confirmed, 0.999),
    ]);
    actors.terminate();
    web.terminate();
    cpu.into_iter().chain(memory).collect()
}

struct Measured {
    /// Time until the acknowledgement, microseconds.
    acknowledged: Histogram<u64>,
    confirmed: Histogram<u64>,
}

/// What was published: by plate, when it was due and which time the message gave.
struct Sent {
    begun: Instant,
    entries: HashMap<String, (Instant, String)>,
    exits: HashMap<String, (Instant, String)>,
}

impl Sent {
    fn count(&self) -> usize {
        self.entries.len() + self.exits.len()
    }

    /// Whether the files say of each vehicle that it came and went, once, and nothing else.
    fn check(&self, site: &Site) {
        let rows = site.files().summaries();
        let told: HashMap<&str, (&str, &str)> = rows
            .iter()
            .map(|row| (&*row.vehicle_plate, (&*row.entry_date_time, &*row.exit_date_time)))
            .collect();
        assert_eq!(rows.len(), self.exits.len(), "a row for each exit");
        for (plate, (_, exit)) in &self.exits {
            let entry = &self.entries[plate].1;
            assert_eq!(told.get(&**plate), Some(&(&**entry, &**exit)), "{plate}");
        }
        assert_eq!(site.files().exception_count(), 0);
    }
}

/// Publishes at the rate, half entries and half exits.
fn publish(url: &str, rate: u32) -> Sent {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let properties = ConnectionProperties::default();
        let connection = Connection::connect(url, properties).await.unwrap();
        let channel = connection.create_channel().await.unwrap();
        channel.confirm_select(ConfirmSelectOptions::default()).await.unwrap();
        let vehicles = rate / 2 * u32::try_from(LASTS.as_secs()).unwrap();
        let every = Duration::from_secs(1) * 2 / rate;
        let mut sent = Sent {
            begun: Instant::now() + Duration::from_millis(50),
            entries: HashMap::new(),
            exits: HashMap::new(),
        };
        // In the order of time: entry n at n * every, its exit a stay later.
        let mut plan: Vec<(Duration, &'static str, u32)> = (0..vehicles)
            .flat_map(|n| [(every * n, ENTRY_QUEUE, n), (every * n + STAY, EXIT_QUEUE, n)])
            .collect();
        plan.sort_unstable();
        let mut confirms = Vec::with_capacity(plan.len());
        for (after, queue, vehicle) in plan {
            let at = sent.begun + after;
            let wait = at.saturating_duration_since(Instant::now());
            if wait > Duration::from_millis(1) {
                tokio::time::sleep(wait).await;
            } else if !wait.is_zero() {
                while Instant::now() < at {
                    tokio::task::yield_now().await;
                }
            }
            let plate = format!("L{vehicle:07}");
            let (field, times) = match queue {
                ENTRY_QUEUE => ("entry_date_time", &mut sent.entries),
                _ => ("exit_date_time", &mut sent.exits),
            };
            let now = format_time(Utc::now());
            let body = format!(
                r#"{{"id":"{field:.2}{vehicle}","vehicle_plate":"{plate}","{field}":"{now}"}}"#
            );
            times.insert(plate, (at, now));
            let properties = BasicProperties::default().with_delivery_mode(2);
            let options = BasicPublishOptions::default();
            let confirm = channel.basic_publish(
                "".into(),
                queue.into(),
                options,
                body.as_bytes(),
                properties,
            );
            confirms.push(confirm.await.unwrap());
        }
        for confirm in confirms {
            confirm.await.unwrap();
        }
        sent
    })
}

/// Takes what the taps saw until every message is acknowledged and every row confirmed.
fn collect(seen: &Receiver<Seen>, sent: &Sent) -> Measured {
    let histogram = || Histogram::<u64>::new(3).unwrap();
    let mut measured = Measured { acknowledged: histogram(), confirmed: histogram() };
    let (mut acknowledged, mut confirmed) = (0, 0);
    while acknowledged < sent.count() || confirmed < sent.exits.len() {
        let next = seen.recv_timeout(Duration::from_secs(30));
        let (body, at, is_ack) = match next.expect("every message is done with in time") {
            Seen::Acknowledged(body, at) => (body, at, true),
            Seen::Confirmed(body, at) => (body, at, false),
        };
        let body = String::from_utf8(body).unwrap();
        for plate in body.split("\"vehicle_plate\":\"").skip(1).map(|rest| &rest[..8]) {
            let is_exit = !is_ack || body.contains("exit_date_time");
            let times = if is_exit { &sent.exits } else { &sent.entries };
            let since = times[plate].0;
            let micros = u64::try_from((at - since).as_micros()).unwrap().max(1);
            let histogram = match is_ack {
                true => (&mut measured.acknowledged, &mut acknowledged),
                false => (&mut measured.confirmed, &mut confirmed),
            };
            *histogram.1 += 1;
            if since - sent.begun >= WARMS_UP {
                histogram.0.record(micros).unwrap();
            }
        }
    }
    measured
}
