//! G9: every fact is in the feed exactly once, what is read of it is what the CSV files say, and a
//! reader that keeps its position has read each once, whatever dies.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use rustix::process::Signal;
use serde_json::{Value, json};
use tests::events::Events;
use tests::feed::{self, Follower};
use tests::files::Files;
use tests::process::{Carpark, Running};
use tests::small_disk::SmallDisk;
use tests::{http, ports, site, wait};

const SOON: Duration = Duration::from_secs(30);

/// A web role without tokens, in a directory of its own.
struct Web {
    directory: PathBuf,
    port: u16,
}

impl Web {
    fn new() -> Self {
        Self { directory: site::directory(), port: ports::free() }
    }

    fn role(&self) -> Carpark {
        Carpark::new(&self.directory, "web").port(self.port)
    }

    fn start(&self) -> Running {
        self.role().start_ready()
    }

    fn data(&self) -> PathBuf {
        self.directory.join("data")
    }

    fn files(&self) -> Files {
        Files::in_directory(&self.data())
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Posts until somebody confirms it, as the actors do.
    fn post_until_confirmed(&self, path: &str, body: &Value) {
        let began = Instant::now();
        while !self.post(path, body) {
            assert!(began.elapsed() < SOON * 4, "nobody takes {body}");
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn post(&self, path: &str, body: &Value) -> bool {
        let headers = [("content-type", "application/json")];
        let answer = http::request("POST", &self.url(path), &headers, body.to_string().as_bytes());
        answer.is_ok_and(|answer| answer.status == 200)
    }
}

fn stay(plate: &str, n: usize) -> Value {
    json!({
        "vehicle_plate": plate, "session_id": format!("{plate}-{n}"),
        "entry_date_time": format!("2026-05-04T08:00:{:02}.{:03}Z", n / 1000 % 60, n % 1000),
        "exit_date_time": "2026-05-04T09:00:00.5Z",
    })
}

fn exception(plate: &str, n: usize) -> Value {
    let kind = ["unmatched_exit", "missed_exit", "overstay", "repaired", "withdrawn"][n % 5];
    json!({
        "kind": kind, "vehicle_plate": plate, "observation_id": format!("{plate}-o{n}"),
        "session_id": (kind == "withdrawn").then(|| format!("{plate}-{n}")),
        "exit_date_time": "2026-05-04T09:00:00Z", "revision": n,
        "recorded_at": "2026-05-04T09:00:05Z", "reason": "for a test",
    })
}

/// What was told of each plate, in order.
fn subjects_of(events: &[Value], plate: &str) -> Vec<String> {
    let of_plate = events.iter().filter(|event| event["data"]["vehicle_plate"] == plate);
    of_plate.map(|event| event["subject"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn killed_again_and_again_the_feed_says_each_fact_once_and_what_the_files_say() {
    const POSTERS: usize = 4;
    const ROUNDS: usize = 150;
    let web = Web::new();
    let now = chrono::Utc::now().timestamp_micros().unsigned_abs();
    eprintln!("dice {now}");
    let mut dice = StdRng::seed_from_u64(now);
    let is_over = AtomicBool::new(false);
    let events = thread::scope(|scope| {
        let web = &web;
        let is_over = &is_over;
        let follower = scope.spawn(move || {
            let mut follower = Follower::default();
            while !is_over.load(Ordering::Relaxed) {
                if follower.ask(&web.url(""), "1s").is_err() {
                    thread::sleep(Duration::from_millis(10));
                }
            }
            follower.events
        });
        let posters: Vec<_> = (0..POSTERS)
            .map(|poster| {
                scope.spawn(move || {
                    let plate = format!("POST{poster}");
                    for round in 0..ROUNDS {
                        let several: Value = (0..3).map(|n| stay(&plate, 3 * round + n)).collect();
                        web.post_until_confirmed("/save_summary", &several);
                        web.post_until_confirmed("/save_exception", &exception(&plate, round));
                    }
                })
            })
            .collect();
        while !posters.iter().all(thread::ScopedJoinHandle::is_finished) {
            let running = web.role().start();
            thread::sleep(Duration::from_millis(dice.random_range(50..900)));
            running.kill();
        }
        let running = web.start();
        for poster in posters {
            poster.join().unwrap();
        }
        // The follower has time for what came last.
        thread::sleep(Duration::from_millis(500));
        is_over.store(true, Ordering::Relaxed);
        let events = follower.join().unwrap();
        assert_eq!(feed::read_all(&running), events, "read while it came, and read again");
        running.terminate();
        events
    });
    feed::is_what_the_files_say(&events, &web.files());
    assert_eq!(feed::read_files(&web.data()), events);
    for poster in 0..POSTERS {
        let plate = format!("POST{poster}");
        let posted = (0..ROUNDS).flat_map(|round| {
            let stays = (0..3).map(move |n| 3 * round + n);
            let exception = exception(&plate, round);
            let subject = exception["observation_id"].as_str().unwrap().to_owned();
            let plate = plate.clone();
            stays.map(move |n| format!("{plate}-{n}")).chain([subject])
        });
        let posted: Vec<String> = posted.collect();
        assert_eq!(subjects_of(&events, &plate), posted, "in the order of the posts");
    }
}

/// Lets the web role die at `place`, and wants feed and files to say the same when it is back.
fn dies_at(place: &str, is_stopped: bool) {
    let web = Web::new();
    let mut n = 0;
    for survived in [1, 2, 3] {
        // Both files are synced at the start.
        let survived = if is_stopped { 2 } else { survived };
        let mut doomed =
            web.role().env("FAILPOINTS", &format!("{place}={survived}*off->return")).start();
        doomed.wait_live(SOON);
        let mut unconfirmed = Vec::new();
        while !doomed.has_ended() && unconfirmed.is_empty() {
            n += 1;
            let several: Value = (0..5).map(|at| stay("DIES1", 10 * n + at)).collect();
            if !web.post("/save_summary", &several) {
                unconfirmed.push(several);
            }
            if is_stopped && n % 4 == 0 {
                doomed.signal(Signal::TERM);
                break;
            }
        }
        let status = doomed.wait(SOON);
        assert_eq!(status.code(), None, "it was to die: {status}");
        let running = web.start();
        let told = feed::read_all(&running);
        feed::is_what_the_files_say(&told, &web.files());
        for several in unconfirmed {
            web.post_until_confirmed("/save_summary", &several);
        }
        running.terminate();
    }
    let told = feed::read_files(&web.data());
    feed::is_what_the_files_say(&told, &web.files());
    assert_eq!(told.len(), 5 * n, "each once");
}

#[test]
fn the_feed_has_them_and_the_files_have_not() {
    dies_at("feed_synced", false);
}

#[test]
fn the_files_have_them_and_nobody_was_told() {
    dies_at("rows_synced", false);
}

#[test]
fn the_files_are_synced_and_it_is_not_noted() {
    dies_at("files_synced", true);
}

#[test]
fn what_a_power_failure_takes_of_the_files_is_made_again_of_the_feed() {
    let web = Web::new();
    let running = web.start();
    for n in 0..30 {
        web.post_until_confirmed("/save_summary", &stay("POWER1", n));
        web.post_until_confirmed("/save_exception", &exception("POWER1", n));
    }
    running.kill();
    let whole = [web.files().summaries_path(), web.files().exceptions_path()]
        .map(|path| (fs::read(&path).unwrap(), path));
    // What was not synced may be there, in part or not at all, or be anything.
    for damage in 0..5 {
        for (text, path) in &whole {
            let synced = text.iter().position(|byte| *byte == b'\n').unwrap() + 1;
            let half = usize::midpoint(synced, text.len());
            let mut found = text.clone();
            match damage {
                0 => found.truncate(synced),
                1 => found.truncate(half),
                2 => found[half..].fill(0),
                3 => found[synced..half].fill(b'\n'),
                _ => found.extend_from_slice(b"POWER1,half of a ro"),
            }
            // In place: the file is the same one.
            fs::write(path, found).unwrap();
        }
        let running = web.start();
        let told = feed::read_all(&running);
        running.kill();
        assert_eq!(told.len(), 60);
        feed::is_what_the_files_say(&told, &web.files());
        for (text, path) in &whole {
            assert!(fs::read(path).unwrap() == *text, "byte for byte, damage {damage}");
        }
        forget_how_far(&web.data(), &whole);
    }
}

/// As if nothing had been synced since the header: the checkpoints of the beginning are put back.
fn forget_how_far(data: &Path, files: &[(Vec<u8>, PathBuf)]) {
    for (text, path) in files {
        let name = path.file_stem().unwrap().to_str().unwrap();
        let checkpoint = data.join("feed").join(format!("{name}.checkpoint"));
        let mut noted: Value = serde_json::from_slice(&fs::read(&checkpoint).unwrap()).unwrap();
        noted["position"] = json!(0);
        noted["bytes"] = json!(text.iter().position(|byte| *byte == b'\n').unwrap() + 1);
        fs::write(checkpoint, noted.to_string()).unwrap();
    }
}

#[test]
fn an_installation_without_a_feed_begins_one_and_tells_no_old_row_again() {
    let web = Web::new();
    let running = web.start();
    for n in 0..3 {
        web.post_until_confirmed("/save_summary", &stay("OLD1", n));
    }
    running.terminate();
    fs::remove_dir_all(web.data().join("feed")).unwrap();
    let running = web.start();
    assert_eq!(feed::read_all(&running), Vec::<Value>::new());
    let again = http::post_json(&web.url("/save_summary"), &stay("OLD1", 1)).json();
    assert_eq!(again["status"], "duplicate");
    web.post_until_confirmed("/save_summary", &stay("OLD1", 3));
    running.kill();
    let running = web.start();
    let told = feed::read_all(&running);
    assert_eq!(subjects_of(&told, "OLD1"), ["OLD1-3"]);
    assert_eq!(told[0]["position"], 1);
    assert_eq!(web.files().summary_count(), 4);
    running.terminate();
}

#[test]
fn an_erased_plate_is_erased_in_feed_and_files_though_the_process_dies_in_between() {
    let web = Web::new();
    let doomed = web.role().env("FAILPOINTS", "feed_erased=return");
    let mut running = doomed.start();
    running.wait_live(SOON);
    for n in 0..4 {
        web.post_until_confirmed("/save_summary", &stay("GOES1", n));
        web.post_until_confirmed("/save_summary", &stay("STAYS1", n));
        web.post_until_confirmed("/save_exception", &exception("GOES1", n));
    }
    let erased = http::request("DELETE", &web.url("/plates/GOES1"), &[], b"");
    assert!(erased.is_err(), "it dies before it can answer: {erased:?}");
    assert_eq!(running.wait(SOON).code(), None);
    let rows = fs::read_to_string(web.files().summaries_path()).unwrap();
    assert!(rows.contains("GOES1"), "half of it was done");

    let running = web.start();
    let told = feed::read_all(&running);
    assert_eq!(told.len(), 12, "the events stay");
    assert_eq!(subjects_of(&told, "STAYS1").len(), 4);
    let without = told.iter().filter(|event| event["data"]["vehicle_plate"].is_null()).count();
    assert_eq!(without, 8);
    web.post_until_confirmed("/save_summary", &stay("LATER1", 0));
    running.terminate();
    for file in files_below(&web.data()) {
        let text = fs::read(&file).unwrap();
        let text = String::from_utf8_lossy(&text);
        assert!(!text.contains("\"GOES1\"") && !text.contains("GOES1,"), "{}", file.display());
    }
    assert_eq!(web.files().summary_count(), 5);
    assert_eq!(web.files().exception_count(), 0);
}

fn files_below(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
}

#[test]
fn a_position_that_is_gone_is_answered_with_where_to_begin() {
    let web = Web::new();
    let running = web.start();
    for n in 0..3 {
        web.post_until_confirmed("/save_summary", &stay("GONE1", n));
    }
    // What is erased stands in a file that grows no more.
    assert_eq!(http::request("DELETE", &web.url("/plates/GONE1"), &[], b"").unwrap().status, 200);
    web.post_until_confirmed("/save_summary", &stay("GONE2", 0));
    running.terminate();
    fs::remove_file(web.data().join("feed/00000000000000000001.log")).unwrap();
    let running = web.start();
    for path in ["/feed?after=0", "/feed?after=2&wait=5s", "/feed?after=9"] {
        let answer = http::get(&web.url(path));
        assert_eq!((answer.status, &*answer.content_type), (410, "application/problem+json"));
        assert_eq!(answer.json()["after"], 3, "{}", answer.body);
    }
    let page = http::get(&web.url("/feed?after=3")).ok().json();
    assert_eq!((page["events"][0]["position"].clone(), page["next"].clone()), (json!(4), json!(4)));
    assert_eq!(http::get(&web.url("/feed")).ok().json(), page, "who asks for none gets the oldest");
    assert!(running.metric("carpark_feed_first_position") > 3.5);
    running.terminate();
}

const STREAM: (&str, &str) = ("Accept", "text/event-stream");

#[test]
fn a_stream_goes_on_where_it_was_cut_off_though_the_process_was_killed() {
    let web = Web::new();
    let mut last = "0".to_owned();
    let mut read = Vec::new();
    for round in 0..4 {
        let running = web.start();
        let mut stream =
            Events::open(&running, "/feed?after=0", &[STREAM, ("Last-Event-ID", &last)]);
        for n in 0..10 {
            web.post_until_confirmed("/save_summary", &stay("STREAM1", 10 * round + n));
        }
        // Of the last three the reader hears only when it is back.
        for _ in 0..7 {
            let event = stream.next("message");
            assert_eq!(event.id, event.data["position"].to_string());
            last = event.id;
            read.push(event.data["subject"].as_str().unwrap().to_owned());
        }
        running.kill();
    }
    let expected: Vec<String> = (0..28).map(|n| format!("STREAM1-{n}")).collect();
    assert_eq!(read, expected);
}

#[test]
fn who_waits_hears_of_news_at_once_and_is_let_go_at_once_when_the_process_ends() {
    let web = Web::new();
    let running = web.start();
    let heard = thread::spawn({
        let url = web.url("");
        move || {
            let mut follower = Follower::default();
            follower.ask(&url, "9s").unwrap();
            (Instant::now(), follower.events.len())
        }
    });
    wait::until("it waits", SOON, || (running.metric("carpark_feed_readers") > 0.5).then_some(()));
    let posted = Instant::now();
    web.post_until_confirmed("/save_summary", &stay("NEWS1", 0));
    let (heard, count) = heard.join().unwrap();
    assert_eq!(count, 1);
    assert!(heard.duration_since(posted) < Duration::from_secs(2), "{:?}", heard - posted);

    let stream = Events::open(&running, "/feed?after=1", &[STREAM]);
    let waiting = thread::spawn({
        let url = web.url("/feed?after=1&wait=60s");
        move || http::get(&url).ok().json()
    });
    wait::until("both wait", SOON, || (running.metric("carpark_feed_readers") > 1.5).then_some(()));
    let began = Instant::now();
    running.terminate();
    stream.wait_for_end(0);
    assert_eq!(waiting.join().unwrap(), json!({"events": [], "next": 1, "last": 1}));
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}

#[test]
fn readers_that_do_not_read_cost_little_and_hold_nobody_up() {
    let web = Web::new();
    let running = web.start();
    let streams: Vec<_> =
        (0..30).map(|_| Events::open(&running, "/feed?after=0", &[STREAM])).collect();
    web.post_until_confirmed("/save_summary", &stay("SLOW1", 0));
    let before = running.memory_bytes();
    for batch in 0..100 {
        let several: Value = (1..300).map(|n| stay("SLOW1", 300 * batch + n)).collect();
        web.post_until_confirmed("/save_summary", &several);
    }
    let bytes = fs::metadata(web.data().join("feed/00000000000000000001.log")).unwrap().len();
    let grown = running.memory_bytes().saturating_sub(before);
    eprintln!("{bytes} bytes for each of {} readers, memory grew by {grown}", streams.len());
    // Each holds a page and what is on its way, not all that it has not read: 15 MB for each of them.
    let all_unread = bytes * streams.len() as u64;
    assert!(bytes > 10_000_000 && grown < all_unread / 2);
    // One that reads after all has all of it.
    let mut late = streams.into_iter().next().unwrap();
    for position in 1..=1_000_u64 {
        assert_eq!(late.next("message").id, position.to_string());
    }
    running.terminate();
}

#[test]
fn the_feed_is_read_with_its_own_token_or_the_administrators_and_opens_nothing_else() {
    let directory = site::directory();
    let tokens = |role: Carpark| {
        role.env("CARPARK_ADMIN_TOKEN", "admin-token-of-a-test")
            .env("CARPARK_SINK_TOKEN", "sink-token-of-a-test")
    };
    let running = tokens(Carpark::new(&directory, "web")).start_ready();
    let status =
        |running: &Running, token: &str, path: &str| http::get_as(token, &running.url(path)).status;
    assert_eq!(http::get(&running.url("/feed")).status, 401);
    assert_eq!(status(&running, "admin-token-of-a-test", "/feed"), 200);
    assert_eq!(status(&running, "sink-token-of-a-test", "/feed"), 401);
    running.terminate();

    let own =
        tokens(Carpark::new(&directory, "web")).env("CARPARK_FEED_TOKEN", "feed-token-of-a-test");
    let running = own.start_ready();
    assert_eq!(http::get(&running.url("/feed")).status, 401);
    assert_eq!(status(&running, "feed-token-of-a-test", "/feed"), 200);
    assert_eq!(status(&running, "admin-token-of-a-test", "/feed"), 200);
    assert_eq!(status(&running, "sink-token-of-a-test", "/feed"), 401);
    assert_eq!(status(&running, "feed-token-of-a-test", "/summaries.csv"), 401);
    running.terminate();
}

#[test]
fn on_a_disk_that_is_full_for_a_while_feed_and_files_say_the_same() {
    let disk = SmallDisk::new(3 << 20);
    let mut running = Carpark::new(disk.directory(), "web").start_ready();
    let url = running.url("/save_summary");
    let post = |n: usize| http::post_json(&url, &stay("DISK1", n)).status;
    let mut n = 0;
    for left in [0, 1_000, 5_000, 12_000] {
        disk.fill(&running, left);
        let first = n;
        wait::until("the disk is full", SOON, || {
            n += 1;
            (post(n) != 200).then_some(())
        });
        disk.free(&running);
        running.wait_ready(SOON);
        for again in first + 1..=n {
            assert_eq!(post(again), 200, "sent again");
        }
    }
    let data = disk.directory().join("data");
    let told = feed::read_all(&running);
    feed::is_what_the_files_say(&told, &Files::in_directory(&data));
    assert_eq!(told.len(), n, "each once");
    running.kill();
    let running = Carpark::new(disk.directory(), "web").start_ready();
    assert_eq!(feed::read_all(&running), told);
    feed::is_what_the_files_say(&told, &Files::in_directory(&data));
    running.terminate();
}
