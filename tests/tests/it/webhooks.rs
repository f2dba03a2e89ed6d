//! Webhooks: each event reaches a receiver at least once and under one id, whatever dies; one receiver never holds
//! up another; and what arrives can be verified by whoever knows Standard Webhooks.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;
use std::thread;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use tests::process::{Carpark, Running};
use tests::receiver::{Received, Receiver};
use tests::{feed, http, ports, python, site, wait};

const SOON: Duration = Duration::from_secs(30);
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A web role that has this configuration.
struct Web {
    directory: std::path::PathBuf,
    port: u16,
}

impl Web {
    fn new(configuration: &str) -> Self {
        let web = Self { directory: site::directory(), port: ports::free() };
        web.configure(configuration);
        web
    }

    fn configure(&self, configuration: &str) {
        fs::write(self.directory.join("carpark.toml"), configuration).unwrap();
    }

    fn role(&self) -> Carpark {
        Carpark::new(&self.directory, "web").port(self.port)
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Posts a stay; whether it was confirmed.
    fn post(&self, n: usize) -> bool {
        let stay = json!({
            "vehicle_plate": "HOOK1", "session_id": format!("stay-{n}"),
            "entry_date_time": format!("2026-05-04T08:00:{:02}Z", n % 60),
            "exit_date_time": "2026-05-04T09:00:00.5Z",
        });
        let headers = [("content-type", "application/json")];
        let body = stay.to_string();
        let answer = http::request("POST", &self.url("/save_summary"), &headers, body.as_bytes());
        answer.is_ok_and(|answer| answer.status == 200)
    }

    /// How the webhook does.
    fn status(&self, name: &str) -> Value {
        let list = http::get(&self.url("/admin/webhooks")).ok().json();
        let hooks = list["webhooks"].as_array().unwrap();
        hooks.iter().find(|hook| hook["name"] == name).unwrap().clone()
    }

    #[track_caller]
    fn until_state(&self, name: &str, state: &str) {
        let what = format!("{name} is {state}");
        wait::until(&what, SOON, || (self.status(name)["state"] == state).then_some(()));
    }

    #[track_caller]
    fn until_begun(&self, names: &[&str]) {
        wait::until("the webhooks have begun", SOON, || {
            let list = http::get(&self.url("/admin/webhooks")).json();
            let has_begun = |name: &&str| {
                let hooks = list["webhooks"].as_array().unwrap();
                hooks.iter().any(|hook| hook["name"] == **name && hook["position"].is_u64())
            };
            names.iter().all(has_begun).then_some(())
        });
    }
}

fn webhook(name: &str, url: &str, more: &str) -> String {
    format!("[webhooks.{name}]\nurl = '{url}'\nsecret = '{SECRET}'\nallow_private = true\n{more}\n")
}

/// Wants the events in the order of the feed: behind those that were there no other than the next is new.
#[track_caller]
fn came_in_order(receiver: &Receiver) {
    let mut last = 0;
    for had in receiver.received() {
        let event: Value = serde_json::from_str(&had.body).unwrap();
        let position = event["position"].as_u64().unwrap();
        assert!(position <= last + 1, "{position} came behind {last}");
        last = last.max(position);
    }
}

/// Wants of each event of the feed a request with its very text, and nothing else; answers how many were sent
/// more than once.
#[track_caller]
fn each_event_was_received(running: &Running, receiver: &Receiver) -> usize {
    let events = feed::read_all(running);
    wait::until("each event is received", SOON, || {
        let ids: BTreeMap<String, Received> =
            receiver.received().into_iter().map(|r| (r.id().to_owned(), r)).collect();
        (ids.len() == events.len()).then_some(())
    });
    let all = receiver.received();
    for had in &all {
        let body: Value = serde_json::from_str(&had.body).unwrap();
        let event = events.iter().find(|event| event["id"] == had.id());
        assert_eq!(Some(&body), event, "what was sent is what the feed says");
    }
    all.len() - events.len()
}

fn dies_at(place: &str) {
    let receiver = Receiver::start();
    let web = Web::new(&webhook("ledger", &receiver.url(), ""));
    let first = web.role().start_ready();
    web.until_begun(&["ledger"]);
    first.terminate();
    let mut n = 0;
    for survived in [0, 3, 7] {
        let doomed = web.role().env("FAILPOINTS", &format!("{place}={survived}*off->return"));
        let mut doomed = doomed.start();
        doomed.wait_live(SOON);
        while !doomed.has_ended() {
            n += 1;
            web.post(n);
        }
        let status = doomed.wait(SOON);
        assert_eq!(status.code(), None, "it was to die: {status}");
    }
    let running = web.role().start_ready();
    let again = each_event_was_received(&running, &receiver);
    came_in_order(&receiver);
    eprintln!("{n} stays, {again} deliveries again");
    running.terminate();
}

#[test]
fn it_dies_before_an_event_is_sent() {
    dies_at("webhook_taken");
}

#[test]
fn it_dies_when_an_event_is_sent_and_nobody_has_kept_that() {
    dies_at("webhook_sent");
}

#[test]
fn it_dies_when_it_is_kept_that_an_event_was_sent() {
    dies_at("webhook_kept");
}

#[test]
fn killed_again_and_again_each_event_arrives_beside_a_receiver_that_fails_and_one_that_is_dead() {
    let (receiver, failing) = (Receiver::start(), Receiver::start());
    let fails = std::sync::atomic::AtomicUsize::new(0);
    failing.answers(move |_| {
        let at = fails.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        if at.is_multiple_of(3) { 500 } else { 200 }
    });
    // Takes connections and says nothing.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let dead = format!("http://{}/", silent.local_addr().unwrap());
    let at_once = Receiver::start();
    let configuration = [
        webhook("dead", &dead, ""),
        webhook("live", &receiver.url(), ""),
        webhook("at-once", &at_once.url(), "concurrency = 4"),
        webhook("failing", &failing.url(), ""),
    ];
    let web = Web::new(&configuration.concat());
    let first = web.role().start_ready();
    web.until_begun(&["dead", "live", "at-once", "failing"]);
    first.terminate();
    let now = chrono::Utc::now().timestamp_micros().unsigned_abs();
    eprintln!("dice {now}");
    let mut dice = StdRng::seed_from_u64(now);
    let mut n = 0;
    for _ in 0..8 {
        let running = web.role().start();
        running.wait_live(SOON);
        for _ in 0..dice.random_range(5..40) {
            n += 1;
            web.post(n);
        }
        thread::sleep(Duration::from_millis(dice.random_range(0..300)));
        running.kill();
    }
    let running = web.role().start_ready();
    let again = each_event_was_received(&running, &receiver);
    came_in_order(&receiver);
    eprintln!("{n} stays, {again} deliveries again to the live one");
    each_event_was_received(&running, &at_once);
    failing.answers(|_| 200);
    http::post_json(&web.url("/admin/webhooks/failing/enable"), &json!({})).ok();
    each_event_was_received(&running, &failing);
    wait::until("what had failed is taken", SOON, || {
        let failing = web.status("failing");
        (failing["state"] == "delivering" && failing["lag"] == 0).then_some(())
    });
    let dead = web.status("dead");
    assert!(dead["lag"].as_u64().unwrap() > 0 && dead["last_success"].is_null(), "{dead}");
    running.terminate();
}

#[test]
fn who_answers_410_is_told_nothing_more_until_somebody_begins_again() {
    let receiver = Receiver::start();
    receiver.answers(|_| 410);
    let web = Web::new(&webhook("ledger", &receiver.url(), ""));
    let running = web.role().start_ready();
    web.until_begun(&["ledger"]);
    assert!(web.post(1));
    web.until_state("ledger", "disabled");
    receiver.answers(|_| 200);
    running.kill();
    let running = web.role().start_ready();
    assert!(web.post(2));
    assert_eq!(running.metric("carpark_webhook_disabled{webhook=\"ledger\"}").to_string(), "1");
    web.until_state("ledger", "disabled");
    assert_eq!(receiver.received().len(), 1, "killed and started again, it sends nothing");
    http::post_json(&web.url("/admin/webhooks/ledger/enable"), &json!({})).ok();
    each_event_was_received(&running, &receiver);
    web.until_state("ledger", "delivering");
    let log = http::get(&web.url("/admin/webhooks/ledger/deliveries")).ok().json();
    let outcomes: Vec<_> = log["deliveries"].as_array().unwrap().iter().collect();
    assert_eq!((&outcomes[2]["outcome"], &outcomes[2]["status"]), (&json!("ended"), &json!(410)));
    running.terminate();
}

#[test]
fn who_fails_is_asked_again_after_pauses_that_grow() {
    let receiver = Receiver::start();
    receiver.answers(|_| 503);
    let web = Web::new(&webhook("ledger", &receiver.url(), ""));
    let running = web.role().start_ready();
    web.until_begun(&["ledger"]);
    assert!(web.post(1));
    let mut pauses = Vec::new();
    for attempt in 1..=3 {
        wait::until("the attempt has failed", SOON, || {
            let log = http::get(&web.url("/admin/webhooks/ledger/deliveries")).json();
            (log["deliveries"][0]["attempt"] == attempt).then_some(())
        });
        let status = web.status("ledger");
        let time = |name: &str| {
            chrono::DateTime::parse_from_rfc3339(status[name].as_str().unwrap()).unwrap()
        };
        pauses.push((time("next_retry") - time("last_failure")).num_seconds());
        // The first comes by itself; nobody waits for the others.
        if attempt > 1 {
            http::post_json(&web.url("/admin/webhooks/ledger/enable"), &json!({})).ok();
        }
    }
    let [first, second, third] = pauses[..] else { panic!("{pauses:?}") };
    assert!((4..7).contains(&first), "{pauses:?}");
    assert!((299..=361).contains(&second) && (1799..=2161).contains(&third), "{pauses:?}");
    let ids: std::collections::BTreeSet<String> =
        receiver.received().iter().map(|had| had.id().to_owned()).collect();
    assert_eq!(ids.len(), 1, "each attempt has the event's id");
    running.terminate();
}

#[test]
fn an_address_of_a_private_network_is_not_asked_whatever_leads_to_it() {
    let (receiver, redirecting) = (Receiver::start(), Receiver::start());
    redirecting.answers(|_| 307);
    let port = receiver.url().rsplit(':').next().unwrap().to_owned();
    let guarded = |name: &str, host: &str| {
        let url = format!("https://{host}:{port}");
        webhook(name, &url, "").replace("allow_private = true\n", "")
    };
    let web = Web::new(
        &[
            guarded("address", "127.0.0.1"),
            guarded("name", "localhost"),
            guarded("mapped", "[::ffff:127.0.0.1]"),
            guarded("number", "2130706433"),
            webhook("redirecting", &redirecting.url(), ""),
        ]
        .concat(),
    );
    let running = web.role().start_ready();
    let names = ["address", "name", "mapped", "number", "redirecting"];
    web.until_begun(&names);
    assert!(web.post(1));
    for name in names {
        web.until_state(name, "retrying");
        let log = http::get(&web.url(&format!("/admin/webhooks/{name}/deliveries"))).json();
        let why = log["deliveries"][0]["why"].as_str().unwrap().to_owned();
        let expected = if name == "redirecting" { "not followed" } else { "private network" };
        assert!(why.contains(expected), "{name}: {why}");
        let test = http::post_json(&web.url(&format!("/admin/webhooks/{name}/test")), &json!({}));
        let test = test.ok().json();
        assert_eq!(test["delivered"], false, "{test}");
    }
    assert_eq!(receiver.received().len(), 0, "it was not asked");
    let paths: Vec<String> = redirecting.received().into_iter().map(|had| had.path).collect();
    assert_eq!(paths, ["/hook", "/hook"], "nobody follows");
    running.terminate();
}

#[test]
fn a_delivery_is_verified_by_the_standards_own_library_while_a_secret_is_replaced() {
    let receiver = Receiver::start();
    let web = Web::new("");
    let new = Carpark::new(&web.directory, "webhooks secret").run(SOON).succeeded();
    let new = new.stdout.trim().to_owned();
    web.configure(&webhook("ledger", &receiver.url(), "types = ['session.*']"));
    let running = web.role().start_ready();
    web.until_begun(&["ledger"]);
    assert!(web.post(1));
    wait::until("the first", SOON, || (receiver.received().len() == 1).then_some(()));
    running.terminate();
    // The new one signs beside the old one, until the receiver knows it.
    let both = format!("secret = ['{new}', '{SECRET}']");
    let configuration = webhook("ledger", &receiver.url(), "");
    web.configure(&configuration.replace(&format!("secret = '{SECRET}'"), &both));
    let shown = Carpark::new(&web.directory, "config").run(SOON).succeeded().stdout;
    assert!(shown.contains("[webhooks.ledger]") && !shown.contains("whsec_"), "{shown}");
    let running = web.role().start_ready();
    assert!(web.post(2));
    wait::until("the second", SOON, || (receiver.received().len() == 2).then_some(()));
    running.terminate();

    let Some(path) = python::package("standardwebhooks", "standardwebhooks==1.1.0") else { return };
    let verifies = |secret: &str, delivery: &Received| {
        let program = "import json, sys\n\
             from standardwebhooks import Webhook\n\
             given = json.load(sys.stdin)\n\
             Webhook(sys.argv[1]).verify(given['body'], given['headers'])\n";
        let file = tempfile::NamedTempFile::new().unwrap();
        let given = json!({ "body": delivery.body, "headers": delivery.headers });
        fs::write(file.path(), given.to_string()).unwrap();
        let output = Command::new("python3")
            .args(["-c", program, secret])
            .env("PYTHONPATH", &path)
            .stdin(file.reopen().unwrap())
            .output()
            .unwrap();
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let had = receiver.received();
    for (secret, delivery, expected) in [
        (SECRET, &had[0], true),
        (&new, &had[0], false),
        (SECRET, &had[1], true),
        (&new, &had[1], true),
    ] {
        let (is_verified, said) = verifies(secret, delivery);
        assert_eq!(is_verified, expected, "{said}");
        assert!(expected || said.contains("WebhookVerificationError"), "{said}");
    }
}
