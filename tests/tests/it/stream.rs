//! The feed as a stream of RabbitMQ: each event once, in order, with the feed's own text, whoever dies; read by a
//! program that knows nothing of carpark.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use tests::process::{Carpark, Running};
use tests::servers::{RabbitMq, VirtualHost};
use tests::{http, ports, python, site, wait};

const SOON: Duration = Duration::from_mins(1);

/// A web role that publishes.
struct Web {
    directory: PathBuf,
    port: u16,
    broker: String,
}

impl Web {
    fn new(broker: &VirtualHost) -> Self {
        Self { directory: site::directory(), port: ports::free(), broker: broker.url() }
    }

    fn role(&self) -> Carpark {
        let role = Carpark::new(&self.directory, "web").port(self.port);
        role.env("CARPARK_BROKER_URL", &self.broker).env("CARPARK_FEED_STREAM", "true")
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Posts so many stays, from that one on, until they are confirmed.
    fn post_until_confirmed(&self, from: usize, count: usize) {
        let stay = |n: usize| {
            json!({
                "vehicle_plate": format!("ST{}", n % 97), "session_id": format!("stay-{n}"),
                "entry_date_time": "2026-05-04T08:00:00Z",
                "exit_date_time": format!("2026-05-04T09:00:00.{:03}Z", n % 1000),
            })
        };
        let body = (from..from + count).map(stay).collect::<Value>().to_string();
        let headers = [("content-type", "application/json")];
        wait::until("the stays are confirmed", SOON, || {
            let url = self.url("/save_summary");
            let answer = http::request("POST", &url, &headers, body.as_bytes());
            answer.is_ok_and(|answer| answer.status == 200).then_some(())
        });
    }

    /// Position and text of all that the feed has.
    fn told(&self) -> Vec<(u64, String)> {
        told_in(&self.directory.join("data/feed"))
    }
}

/// Waits until so much is in the stream; answers how much is.
fn until_published(running: &Running, position: usize) -> usize {
    let series = "carpark_feed_reader_position{reader=\"stream\"}";
    let what = format!("event {position} is in the stream");
    wait::until(&what, SOON * 2, || {
        let metrics = http::request("GET", &running.url("/metrics"), &[], b"").ok()?.body;
        let at = metrics.lines().find_map(|line| line.strip_prefix(series))?;
        at.trim().parse().ok().filter(|at| *at >= position)
    })
}

fn told_in(feed: &Path) -> Vec<(u64, String)> {
    let mut files: Vec<_> = fs::read_dir(feed).unwrap().map(|file| file.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|ending| ending == "log"));
    files.sort();
    let texts: String = files.iter().map(|path| fs::read_to_string(path).unwrap()).collect();
    let event = |line: &str| {
        let mut parts = line.splitn(3, ' ');
        let position = parts.next().unwrap().parse().unwrap();
        (position, parts.nth(1).unwrap().to_owned())
    };
    texts.lines().map(event).collect()
}

/// Reads from the first message until nothing comes for two seconds, and prints each as a line.
const READER: &str = r#"
import json, sys, pika
connection = pika.BlockingConnection(pika.URLParameters(sys.argv[1]))
channel = connection.channel()
channel.basic_qos(prefetch_count=1000)
found = channel.consume("carpark.feed", arguments={"x-stream-offset": "first"}, inactivity_timeout=2)
for method, properties, body in found:
    if method is None:
        break
    print(json.dumps([properties.headers["position"], properties.message_id, properties.type, body.decode()]))
    channel.basic_ack(method.delivery_tag)
connection.close()
"#;

/// Position and text of all that stands in the stream; of each the id and the type are looked at.
fn read_stream(pika: &Path, broker: &VirtualHost) -> Vec<(u64, String)> {
    let output = Command::new("timeout")
        .args(["120", "python3", "-c", READER, &broker.url()])
        .env("PYTHONPATH", pika)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8(output.stdout).unwrap();
    let message = |line: &str| {
        let message: Value = serde_json::from_str(line).unwrap();
        let text = message[3].as_str().unwrap();
        let event: Value = serde_json::from_str(text).unwrap();
        assert_eq!((&message[1], &message[2]), (&event["id"], &event["type"]));
        assert_eq!(message[0], event["position"]);
        (message[0].as_u64().unwrap(), text.to_owned())
    };
    said.lines().map(message).collect()
}

#[track_caller]
fn is_the_feed(stream: &[(u64, String)], told: &[(u64, String)]) {
    let positions: Vec<u64> = stream.iter().map(|(position, _)| *position).collect();
    let expected: Vec<u64> = told.iter().map(|(position, _)| *position).collect();
    let differs = positions.iter().zip(&expected).position(|(a, b)| a != b);
    assert!(
        positions == expected,
        "{} in the stream, {} in the feed; they differ at {differs:?}",
        positions.len(),
        expected.len(),
    );
    assert!(stream == told, "the texts differ");
}

fn pika() -> Option<PathBuf> {
    python::package("pika", "pika==1.3.2")
}

#[test]
fn the_stream_says_what_the_feed_says_whoever_is_killed() {
    const AT_ONCE: usize = 100;
    let Some(pika) = pika() else { return };
    let server = Arc::new(RabbitMq::start());
    let broker = server.virtual_host();
    let web = Web::new(&broker);
    let now = chrono::Utc::now().timestamp_micros().unsigned_abs();
    eprintln!("dice {now}");
    let mut dice = StdRng::seed_from_u64(now);
    let is_over = AtomicBool::new(false);
    let mut faults = [0, 0, 0, 1, 1, 1, 2, 2, 2, 2];
    faults.shuffle(&mut dice);
    let posted = thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut posted = 0;
            while !is_over.load(Ordering::Relaxed) {
                web.post_until_confirmed(posted, AT_ONCE);
                posted += AT_ONCE;
                thread::sleep(Duration::from_millis(100));
            }
            posted
        });
        let mut running = web.role().start();
        let mut published = 0;
        for fault in faults {
            // In the middle of it: what is published by then is more than it was.
            published += dice.random_range(1..500);
            published = until_published(&running, published);
            eprintln!("at {published}: {}", ["RabbitMQ", "the connection", "web"][fault]);
            match fault {
                0 => {
                    server.kill();
                    server.restart();
                }
                1 => broker.close_connections(),
                _ => {
                    running.kill();
                    running = web.role().start();
                }
            }
        }
        is_over.store(true, Ordering::Relaxed);
        let posted = writer.join().unwrap();
        running.wait_ready(SOON);
        until_published(&running, posted);
        for metric in ["carpark_feed_stream_repeats_total", "carpark_feed_stream_holes_total"] {
            assert!(running.metric(metric).abs() < 0.5, "{metric}");
        }
        running.terminate();
        posted
    });
    let stream = read_stream(&pika, &broker);
    is_the_feed(&stream, &web.told());
    assert_eq!(stream.len(), posted);
}

#[test]
fn it_dies_when_a_message_is_in_the_stream_and_nobody_knows() {
    let Some(pika) = pika() else { return };
    let broker = RabbitMq::shared().virtual_host();
    let web = Web::new(&broker);
    let mut posted = 0;
    for survived in [0, 1, 5] {
        let place = format!("stream_confirmed={survived}*off->return");
        let mut doomed = web.role().env("FAILPOINTS", &place).start();
        doomed.wait_live(SOON);
        web.post_until_confirmed(posted, 10);
        posted += 10;
        let status = doomed.wait(SOON);
        assert_eq!(status.code(), None, "it was to die: {status}");
    }
    let running = web.role().start_ready();
    until_published(&running, posted);
    running.terminate();
    is_the_feed(&read_stream(&pika, &broker), &web.told());
}

#[test]
fn a_second_writer_waits_until_the_first_is_gone() {
    let broker = RabbitMq::shared().virtual_host();
    let (first, second) = (Web::new(&broker), Web::new(&broker));
    let one = first.role().start_ready();
    first.post_until_confirmed(0, 5);
    until_published(&one, 5);
    let two = second.role().start_ready();
    second.post_until_confirmed(0, 7);
    wait::until("it says why it stands still", SOON, || {
        two.stderr().contains("still writes to the stream").then_some(())
    });
    assert!(http::get(&two.url("/readyz")).body.contains("still writes to the stream"));
    one.terminate();
    until_published(&two, 7);
    two.terminate();
}

#[test]
fn a_stream_that_is_ahead_of_a_restored_feed_is_left_alone_and_said() {
    let broker = RabbitMq::shared().virtual_host();
    let web = Web::new(&broker);
    let running = web.role().start_ready();
    web.post_until_confirmed(0, 5);
    until_published(&running, 5);
    running.terminate();
    fs::remove_dir_all(web.directory.join("data")).unwrap();
    let running = web.role().start_ready();
    web.post_until_confirmed(0, 2);
    wait::until("it says why it stands still", SOON, || {
        http::get(&running.url("/readyz")).ok().body.contains("of an older copy").then_some(())
    });
    running.terminate();
    let Some(pika) = pika() else { return };
    assert_eq!(read_stream(&pika, &broker).len(), 5);
}

#[test]
fn the_example_of_a_reader_in_python_reads() {
    let Some(pika) = pika() else { return };
    let broker = RabbitMq::shared().virtual_host();
    let web = Web::new(&broker);
    let running = web.role().start_ready();
    web.post_until_confirmed(0, 3);
    until_published(&running, 3);
    let printed = web.directory.join("printed");
    let mut example = Command::new("python3");
    example.args(["-c", &crate::documented::block("\"x-stream-offset\": \"first\"").text]);
    example.env("PYTHONPATH", &pika).env("CARPARK_BROKER_URL", broker.url());
    let mut reader = tests::guard::spawn(example.stdout(fs::File::create(&printed).unwrap()));
    wait::until("it has read all", SOON, || {
        let said = fs::read_to_string(&printed).unwrap();
        let begins = |(n, line): (usize, &str)| line.starts_with(&format!("{n} session.closed {{"));
        (said.lines().count() == 3 && (1..).zip(said.lines()).all(begins)).then_some(())
    });
    reader.kill().unwrap();
    reader.wait().unwrap();
    running.terminate();
}

#[test]
fn without_rabbitmq_it_says_so_and_does_not_start() {
    let directory = site::directory();
    let role = Carpark::new(&directory, "web").env("CARPARK_FEED_STREAM", "true");
    role.run(SOON).failed_saying(&["feed.stream", "CARPARK_BROKER_URL"]);
}
