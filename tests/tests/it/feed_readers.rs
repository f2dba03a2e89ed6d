//! G9 at length: a million events, three kinds of readers, and a web role that is killed twenty times.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use platform::feed::{Event, HttpSource, Meters, Reader, Wanted, follow};
use platform::runtime::Vitals;
use prometheus::Registry;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tests::process::Carpark;
use tests::{http, ports, site, wait};

const EVENTS: u64 = 1_000_000;
const KILLS: u64 = 20;
/// Stays of one post.
const AT_ONCE: u64 = 500;
/// Longest time without anything new, for whoever writes or reads.
const PATIENCE: Duration = Duration::from_mins(3);

/// What a reader makes of the events: it wants each to be the next one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Taken {
    position: u64,
    /// Of the texts of all events up to here.
    digest: u64,
}

impl Taken {
    fn take(&mut self, text: &str) {
        let (_, position) = text.rsplit_once("\"position\":").unwrap();
        let (position, _) = position.split_once(',').unwrap();
        let position: u64 = position.parse().unwrap();
        assert_eq!(position, self.position + 1, "each once, in order");
        // Stays are posted one after the other: the n-th of them is the n-th event.
        assert!(text.contains(&format!("\"subject\":\"stay-{position}\"")), "{text}");
        self.position = position;
        self.digest = text.bytes().fold(self.digest, |digest, byte| {
            (digest ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
    }

    /// What the files of the feed say.
    fn of_files(feed: &Path) -> Self {
        let mut files: Vec<_> = fs::read_dir(feed).unwrap().map(|f| f.unwrap().path()).collect();
        files.retain(|path| path.extension().is_some_and(|ending| ending == "log"));
        files.sort();
        let mut taken = Self::default();
        for file in files {
            for line in BufReader::new(fs::File::open(file).unwrap()).lines() {
                taken.take(line.unwrap().splitn(3, ' ').nth(2).unwrap());
            }
        }
        taken
    }
}

/// A reader's way, which has to go on.
struct Way {
    last: u64,
    since: Instant,
    /// How often it was cut off.
    cut: u64,
}

impl Way {
    fn new() -> Self {
        Self { last: 0, since: Instant::now(), cut: 0 }
    }

    fn is_at(&mut self, position: u64) {
        if position > self.last {
            (self.last, self.since) = (position, Instant::now());
        }
        assert!(self.since.elapsed() < PATIENCE, "it stands still at {position}");
    }

    fn cut_off(&mut self, position: u64) {
        self.is_at(position);
        self.cut += 1;
        thread::sleep(Duration::from_millis(10));
    }
}

/// Page by page, waiting for news; it keeps the position that the last page said.
fn by_long_poll(port: u16) -> (Taken, u64) {
    #[derive(Deserialize)]
    struct Page {
        events: Vec<Box<RawValue>>,
        next: u64,
    }
    let (mut taken, mut way) = (Taken::default(), Way::new());
    while taken.position < EVENTS {
        let after = taken.position;
        let url = format!("http://127.0.0.1:{port}/feed?after={after}&limit=1000&wait=2s");
        let Ok(answer) = http::request("GET", &url, &[], b"") else {
            way.cut_off(after);
            continue;
        };
        // One that is stopping, or has just begun, may say so.
        let Ok(page) = serde_json::from_str::<Page>(&answer.body) else {
            assert_eq!(answer.status, 503, "{}", answer.body);
            way.cut_off(after);
            continue;
        };
        for event in &page.events {
            taken.take(event.get());
        }
        assert_eq!(page.next, taken.position);
        way.is_at(taken.position);
    }
    (taken, way.cut)
}

/// As a stream, which goes on behind the id of the last event that came whole.
fn by_stream(port: u16) -> (Taken, u64) {
    let (mut taken, mut way) = (Taken::default(), Way::new());
    while taken.position < EVENTS {
        let _cut_off = stream_on(port, &mut taken);
        way.cut_off(taken.position);
    }
    (taken, way.cut - 1)
}

/// Until everything is read, or it is cut off (`None`).
fn stream_on(port: u16, taken: &mut Taken) -> Option<()> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let last = taken.position;
    let asked = format!(
        "GET /feed?after=0 HTTP/1.0\r\nhost: 127.0.0.1:{port}\r\naccept: text/event-stream\r\n\
         last-event-id: {last}\r\n\r\n"
    );
    stream.write_all(asked.as_bytes()).ok()?;
    let mut lines = BufReader::with_capacity(1 << 16, stream);
    let (mut line, mut id) = (String::new(), None);
    while taken.position < EVENTS {
        line.clear();
        lines.read_line(&mut line).ok()?;
        // What has no end was cut off.
        let whole = line.strip_suffix('\n')?;
        if let Some(said) = whole.strip_prefix("id: ") {
            id = said.parse::<u64>().ok();
        } else if let Some(event) = whole.strip_prefix("data: {") {
            taken.take(&format!("{{{event}"));
            assert_eq!(id, Some(taken.position));
        }
    }
    Some(())
}

/// With the kit, and a store that is a file; it is dropped again and again, wherever it is, and begins anew.
fn by_the_kit(port: u16, file: &Path) -> (Taken, u64) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let vitals = Vitals::default();
    let url = format!("http://127.0.0.1:{port}").parse().unwrap();
    let mut way = Way::new();
    let mut dice = StdRng::seed_from_u64(1);
    while Kept::stands(file).position < EVENTS {
        let lasts = Duration::from_millis(dice.random_range(500..6000));
        tokio::task::LocalSet::new().block_on(&runtime, async {
            let source = HttpSource::new(&url, None, &Wanted::default());
            let kept = Kept { file: file.to_owned() };
            let meters = Meters::register(&Registry::new(), "kept").unwrap();
            let following = follow(source, kept, meters, vitals.of("kept"));
            tokio::time::sleep(lasts).await;
            drop(following);
        });
        way.cut_off(Kept::stands(file).position);
    }
    (Kept::stands(file), way.cut - 1)
}

/// Keeps the position and what it has made together, in a file that is put in place in one step.
struct Kept {
    file: PathBuf,
}

impl Kept {
    fn stands(file: &Path) -> Taken {
        let text = fs::read_to_string(file);
        text.map(|text| serde_json::from_str(&text).unwrap()).unwrap_or_default()
    }
}

#[async_trait(?Send)]
impl Reader for Kept {
    type Error = std::io::Error;

    async fn position(&mut self) -> Result<Option<u64>, Self::Error> {
        Ok(Some(Self::stands(&self.file).position).filter(|position| *position > 0))
    }

    async fn take(&mut self, events: &[Event], next: u64) -> Result<(), Self::Error> {
        let mut taken = Self::stands(&self.file);
        for event in events {
            taken.take(&event.text);
        }
        assert_eq!(taken.position, next);
        let beside = self.file.with_extension("new");
        fs::write(&beside, serde_json::to_string(&taken)?)?;
        fs::rename(&beside, &self.file)
    }

    async fn gone(&mut self, after: u64) -> Result<(), Self::Error> {
        panic!("nothing is gone, and it is said to begin at {after}");
    }
}

/// `just readers`.
#[test]
#[ignore = "takes minutes"]
fn a_million_events_are_read_once_each_and_in_order_by_three_readers_over_twenty_kills() {
    let (directory, port) = (site::directory(), ports::free());
    let role = || Carpark::new(&directory, "web").port(port);
    let posted = AtomicU64::new(0);
    let now = chrono::Utc::now().timestamp_micros().unsigned_abs();
    eprintln!("dice {now}");
    let mut dice = StdRng::seed_from_u64(now);
    let began = Instant::now();
    thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut refused = 0_u64;
            for from in (1..=EVENTS).step_by(usize::try_from(AT_ONCE).unwrap()) {
                let stay = |n: u64| {
                    json!({
                        "vehicle_plate": format!("MIL{}", n % 997), "session_id": format!("stay-{n}"),
                        "entry_date_time": "2026-05-04T08:00:00Z",
                        "exit_date_time": format!("2026-05-04T09:{:02}:00.{:03}Z", n / 1000 % 60, n % 1000),
                    })
                };
                let body = (from..from + AT_ONCE).map(stay).collect::<Value>().to_string();
                let headers = [("content-type", "application/json")];
                let url = format!("http://127.0.0.1:{port}/save_summary");
                wait::until("the stays are confirmed", PATIENCE, || {
                    let answer = http::request("POST", &url, &headers, body.as_bytes());
                    let is_confirmed = answer.is_ok_and(|answer| answer.status == 200);
                    refused += u64::from(!is_confirmed);
                    is_confirmed.then_some(())
                });
                posted.store(from + AT_ONCE - 1, Ordering::Relaxed);
            }
            (began.elapsed(), refused)
        });
        let long_poll = scope.spawn(|| by_long_poll(port));
        let stream = scope.spawn(|| by_stream(port));
        let kept = directory.join("kept.json");
        let kit = scope.spawn(move || by_the_kit(port, &kept));
        let mut running = role().start();
        for kill in 1..=KILLS {
            wait::until("so much is posted", PATIENCE, || {
                (posted.load(Ordering::Relaxed) >= kill * EVENTS / (KILLS + 1)).then_some(())
            });
            thread::sleep(Duration::from_millis(dice.random_range(0..300)));
            running.kill();
            running = role().start();
        }
        let (wrote, again) = writer.join().unwrap();
        let readers = [("long poll", long_poll), ("stream", stream), ("kit", kit)];
        let readers = readers.map(|(name, reader)| (name, reader.join().unwrap()));
        let read = began.elapsed();
        running.terminate();
        let expected = Taken::of_files(&directory.join("data/feed"));
        assert_eq!(expected.position, EVENTS);
        for (name, (taken, cut)) in readers {
            assert_eq!(taken, expected, "{name}");
            eprintln!("{name}: {EVENTS} events, each once and in order; cut off {cut} times");
        }
        let each_second = |time: Duration| EVENTS as f64 / time.as_secs_f64();
        eprintln!(
            "written in {:.1} s ({:.0} events/s, {again} posts again), read by all three in {:.1} s \
             ({:.0} events/s), web killed {KILLS} times",
            wrote.as_secs_f64(),
            each_second(wrote),
            read.as_secs_f64(),
            each_second(read),
        );
    });
}
