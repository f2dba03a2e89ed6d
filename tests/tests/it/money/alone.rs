//! An office on SQLite, alone: what it has answered outlives it. And whose token opens what.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Mutex;
use std::thread;

use chrono::Utc;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use tests::process::{Carpark, Running, START};
use tests::{http, ports, site, wait};

use super::{HOLD, SOON, ago, asks, call, get, open_account};

const SPACES: usize = 25;

const ONE_PLACE: &str = r#"
[places.east]
time_zone = "UTC"
bays = { standard = 25 }
[lanes.east-in]
place = "east"
role = "entry"
gate = "everybody"
"#;

/// There is nobody whose feed it could read.
fn lone_office(directory: &Path, port: u16) -> Running {
    std::fs::write(directory.join("carpark.toml"), ONE_PLACE).unwrap();
    let office = Carpark::new(directory, "office")
        .port(port)
        .env("CARPARK_OFFICE_HOLD", "5.00")
        .env("CARPARK_FEED_URL", &format!("http://127.0.0.1:{}/feed", ports::free()))
        .start();
    office.wait_live(START);
    office
}

#[test]
fn a_sqlite_office_killed_between_check_ins_has_each_that_it_answered_and_none_twice() {
    const ASKERS: usize = 8;
    const CARS: usize = 12;
    let (directory, port) = (site::directory(), ports::free());
    let seed = Utc::now().timestamp_micros().unsigned_abs();
    eprintln!("dice {seed}");
    let mut dice = StdRng::seed_from_u64(seed);
    let office = lone_office(&directory, port);
    let plates: Vec<String> = (0..CARS).map(|n| format!("HH{n}")).collect();
    open_account(&office, "ann", &plates, 100_000);
    let (at, url) = (ago(0), office.url("/gates/east-in/check-in"));
    // The first asker's cars are Ann's, the others' belong to nobody.
    let plate = |asker: usize, n: usize| match asker {
        0 => format!("HH{n}"),
        _ => format!("ZZ{asker}N{n}"),
    };
    // Body and answer, by id.
    let answered: Mutex<BTreeMap<String, (String, String)>> = Mutex::default();
    let ask = |id: &str, body: &str| {
        wait::until("the gate is answered", SOON, || {
            // It is not there, or its database is not.
            let answer = call("POST", &url, body).ok().filter(|answer| answer.status != 503)?;
            assert_eq!(answer.status, 200, "{id}: {}", answer.body);
            Some(answer.body)
        })
    };
    let (mut office, mut kills) = (Some(office), 0);
    thread::scope(|scope| {
        let (answered, ask, plate) = (&answered, &ask, &plate);
        let askers: Vec<_> = (0..ASKERS)
            .map(|asker| {
                scope.spawn(move || {
                    for n in 0..CARS {
                        let id = format!("a{asker}-{n}");
                        let body = asks(&id, &plate(asker, n), at);
                        let answer = ask(&id, &body);
                        answered.lock().unwrap().insert(id, (body, answer));
                    }
                })
            })
            .collect();
        let is_over = || askers.iter().all(thread::ScopedJoinHandle::is_finished);
        while !is_over() {
            // Not by the clock: kills fall between check-ins on any machine.
            let goal = answered.lock().unwrap().len() + dice.random_range(2..=12);
            wait::until("some more are answered", SOON, || {
                (is_over() || answered.lock().unwrap().len() >= goal).then_some(())
            });
            office.take().unwrap().kill();
            kills += 1;
            office = Some(lone_office(&directory, port));
        }
    });
    let (office, answered) = (office.unwrap(), answered.into_inner().unwrap());
    eprintln!("{} answered, {kills} kills", answered.len());
    assert!(kills > 3, "{kills} kills");
    let mut admitted = BTreeSet::new();
    for (id, (body, answer)) in &answered {
        assert_eq!(ask(id, body), *answer, "{id} is answered the same");
        let answer: Value = serde_json::from_str(answer).unwrap();
        if answer["decision"] == "admitted" {
            let body: Value = serde_json::from_str(body).unwrap();
            admitted.insert(body["credential"]["value"].as_str().unwrap().to_owned());
        } else {
            assert_eq!(answer["reason"], "full", "{answer}");
        }
    }
    assert_eq!(admitted.len(), SPACES, "each bay is given away, and none twice");
    for plate in &admitted {
        let again = ask("again", &asks(&format!("again-{plate}"), plate, at));
        assert!(again.contains("already_inside"), "{plate} is inside: {again}");
    }
    let of_ann = admitted.iter().filter(|plate| plate.starts_with("HH")).count();
    let account = get(&office, "/admin/holders/ann");
    assert_eq!(account["held"], HOLD * i64::try_from(of_ann).unwrap(), "{account}");
    assert_eq!(account["balance"], 100_000);
    office.terminate();
}

#[test]
fn the_same_id_is_answered_the_same_however_its_time_is_written() {
    let directory = site::directory();
    let office = lone_office(&directory, ports::free());
    let ask =
        |path: &str, body: &Value| call("POST", &office.url(path), &body.to_string()).unwrap();
    let now = Utc::now();
    // A gate whose clock says nanoseconds, and one that leaves the time to the office.
    for (id, at) in
        [("n", json!(format!("{}.123456789Z", now.format("%FT%T")))), ("o", Value::Null)]
    {
        let mut body =
            json!({ "id": id, "credential": { "kind": "plate", "value": format!("ZZ {id}1") } });
        if !at.is_null() {
            body["at"] = at;
        }
        let first = ask("/gates/east-in/check-in", &body).ok();
        assert_eq!(first.json()["decision"], "admitted", "{}", first.body);
        let again = ask("/gates/east-in/check-in", &body);
        assert_eq!((again.status, again.body), (200, first.body), "{body}");
        body["credential"]["value"] = "ZZ 99".into();
        assert_eq!(ask("/gates/east-in/check-in", &body).status, 409, "another question");
    }
    office.terminate();
}

#[test]
fn the_gates_token_opens_the_gates_alone_and_no_other_opens_them() {
    const TOKENS: [&str; 6] = ["admin", "sink", "camera", "ping", "feed", "gate"];
    let directory = site::directory();
    std::fs::write(directory.join("carpark.toml"), ONE_PLACE).unwrap();
    let mut carpark = Carpark::new(&directory, "serve");
    for token in TOKENS {
        carpark = carpark
            .env(&format!("CARPARK_{}_TOKEN", token.to_uppercase()), &format!("of-the-{token}"));
    }
    let carpark = carpark.start_ready();
    let status = |method: &str, path: &str, token: &str, body: &str| {
        let shown = format!("Bearer of-the-{token}");
        let headers = [("content-type", "application/json"), ("authorization", &*shown)];
        let headers = if token.is_empty() { &headers[..1] } else { &headers[..] };
        http::request(method, &carpark.url(path), headers, body.as_bytes()).unwrap().status
    };
    for lane in ["check-in", "check-out"] {
        let path = format!("/gates/east-in/{lane}");
        let body = asks(lane, "ZZ 1", ago(0));
        for token in TOKENS.iter().filter(|token| **token != "gate") {
            assert_eq!(
                status("POST", &path, token, &body),
                401,
                "{path} with the token of {token}"
            );
        }
        assert_eq!(status("POST", &path, "", &body), 401, "{path} without a token");
        assert_eq!(status("POST", &path, "gate", &body), 200, "{path}");
    }
    for (method, path) in [
        ("GET", "/admin/holders"),
        ("GET", "/admin/holders/ann/statement"),
        ("POST", "/admin/holders/ann/payments"),
        ("PUT", "/admin/holders/ann"),
        ("GET", "/admin/rights"),
        ("PUT", "/admin/rights/r"),
        ("DELETE", "/admin/rights/r"),
        ("GET", "/admin/bills"),
        ("POST", "/admin/bills/s/waive"),
        ("POST", "/admin/bills/s/approve"),
        ("PUT", "/admin/places/east"),
        ("GET", "/feed"),
        ("POST", "/save_facts"),
        ("POST", "/save_summary"),
        ("GET", "/summaries.csv"),
    ] {
        assert_eq!(
            status(method, path, "gate", "{}"),
            401,
            "{method} {path} with the gate's token"
        );
    }
    assert_eq!(status("GET", "/admin/holders", "admin", ""), 200);
    assert_eq!(status("GET", "/admin/bills", "admin", ""), 200);
    carpark.terminate();
}
