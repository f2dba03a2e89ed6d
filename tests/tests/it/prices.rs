//! Prices: a table that is put is known to all processes, and what is quoted by it is what `carpark rates`
//! says of the same file, to the cent.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};
use tests::http::{self, Answer};
use tests::process::{Carpark, Running, binary, workspace};
use tests::{feed, site, wait};

use crate::places::Apart;

const SOON: Duration = Duration::from_secs(40);

fn call(method: &str, running: &Running, path: &str, kind: &str, body: &str) -> Answer {
    let headers = [("content-type", kind)];
    http::request(method, &running.url(path), &headers, body.as_bytes()).unwrap()
}

fn post(running: &Running, path: &str, body: &Value) -> Answer {
    call("POST", running, path, "application/json", &body.to_string())
}

fn get(running: &Running, path: &str) -> Value {
    http::get(&running.url(path)).ok().json()
}

fn ready_table(name: &str) -> String {
    std::fs::read_to_string(workspace().join(format!("rates/tables/{name}.toml"))).unwrap()
}

/// What `carpark rates price` says of a file.
fn priced(file: &Path, arguments: &[&str]) -> Value {
    let output = Command::new(binary())
        .args(["rates", "price", &file.display().to_string(), "--json"])
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Waits until the price of the first hour is this.
fn wait_for_price(running: &Running, amount: u64) -> Value {
    wait::until(&format!("the price is {amount}"), SOON, || {
        let shown = http::get(&running.url("/places/north")).json();
        (shown["price"]["amount"] == amount).then_some(shown)
    })
}

const TABLE: &str = "/admin/rate-tables/dynamic";

/// Waits until a process knows a version of the table as its newest.
fn wait_for_version(office: &Running, version: u32) -> Value {
    wait::until("the table is known", SOON, || {
        let shown = http::get(&office.url(TABLE)).json();
        (shown["version"] == version).then_some(shown)
    })
}

fn put(office: &Running, table: &str) -> Answer {
    call("PUT", office, TABLE, "application/toml", table)
}

fn count(office: &Running, inside: u32) {
    let count = json!({ "inside": inside, "by": "Ada" });
    post(office, "/admin/places/north/count", &count).ok();
}

/// Waits until the feed says last that the place has this price and so much free.
fn wait_for_told(web: &Running, amount: u64, free: u64) {
    wait::until("the feed says the price", SOON, || {
        let events = feed::read_all(web);
        let last = events.iter().rfind(|event| event["type"] == "parking_lot_state")?.clone();
        let data = &last["data"];
        (data["price"]["amount"] == amount && data["free"] == free).then_some(())
    });
}

#[test]
fn a_table_that_one_process_takes_is_quoted_by_all_and_its_prices_follow_how_full_a_place_is() {
    let apart = Apart::new();
    let web = apart.web();
    let [mut one, mut other] = [apart.office(), apart.office()];
    one.wait_ready(SOON);
    other.wait_ready(SOON);
    without_a_table_there_is_no_price(&one);
    what_is_wrong_is_named(&one);

    let first = put(&one, &ready_table("dynamic"));
    assert_eq!((first.status, &first.json()["version"]), (201, &1.into()));
    let shown = wait_for_version(&other, 1);
    let words = shown["words"].as_str().unwrap();
    assert!(words.contains("From 85 % full: prices times 1.5"), "{words}");
    let again = call("PUT", &other, TABLE, "application/json", &shown["table"].to_string());
    assert_eq!((again.status, &again.json()["is_new"]), (200, &false.into()), "{}", again.body);
    for office in [&one, &other] {
        wait_for_price(office, 288);
        is_quoted_to_the_cent(office);
    }

    // Dearer from 85 percent on, until it is below 75, also for who was not there.
    count(&one, 90);
    for office in [&one, &other] {
        let shown = wait_for_price(office, 540);
        assert_eq!(shown["bays"]["standard"]["price"]["words"], "5.40 EUR for the first hour");
    }
    wait_for_told(&web, 540, 10);
    count(&other, 80);
    wait_for_told(&web, 540, 20);
    one.kill();
    one = apart.office();
    one.wait_ready(SOON);
    for office in [&one, &other] {
        let shown = wait_for_price(office, 540);
        assert_eq!((&shown["free"], &shown["price"]["factor"]), (&20.into(), &"1.5".into()));
    }
    count(&one, 70);
    wait_for_told(&web, 360, 30);

    // A new version is another one beside the first.
    let dearer = ready_table("dynamic").replace("amount = \"3.00\"", "amount = \"6.00\"");
    let second = put(&other, &dearer);
    assert_eq!((second.status, &second.json()["version"]), (201, &2.into()));
    wait_for_version(&one, 2);
    wait_for_price(&one, 720);
    each_version_has_its_price(&one);
    both_changes_are_told(&web);
    for statement in
        ["UPDATE rate_tables SET text = '{}'", "DELETE FROM rate_tables", "TRUNCATE rate_tables"]
    {
        let refused = apart.database.query(statement).unwrap_err();
        assert!(refused.contains("rows of rate_tables are only added"), "{refused}");
    }
    for running in [one, other, web] {
        running.terminate();
    }
}

/// A stay of more than a day, as `/quotes` is asked for it.
fn a_long_stay() -> Value {
    json!({ "place": "north", "from": "2026-03-02T09:00:00Z", "to": "2026-03-03T12:20:00Z" })
}

fn without_a_table_there_is_no_price(office: &Running) {
    let north = r#"{"rate_table":"dynamic","bays":{"standard":{"spaces":100}}}"#;
    let described = call("PUT", office, "/admin/places/north", "application/json", north);
    let remark = described.ok().json()["remarks"][0].as_str().unwrap().to_owned();
    assert!(remark.starts_with("no price: there is no rate table `dynamic`"), "{remark}");
    let refused = post(office, "/quotes", &a_long_stay());
    assert_eq!(refused.status, 422, "no price is never 0: {}", refused.body);
    assert_eq!(get(office, "/places/north")["price"]["words"], "no price");
    assert!(get(office, "/admin/places/north")["remarks"][0].as_str().unwrap() == remark);
}

fn what_is_wrong_is_named(office: &Running) {
    let faulty = ready_table("dynamic")
        .replace("grace = \"none\"\n", "")
        .replace("until_below_percent = 75", "until_below_percent = 95");
    let refused = put(office, &faulty);
    assert_eq!(refused.status, 422);
    let detail = refused.json()["detail"].as_str().unwrap().to_owned();
    for part in ["2 fault(s)", "rules.grace: is missing", "occupancy from 85"] {
        assert!(detail.contains(part), "{part}: {detail}");
    }
    assert_eq!(http::get(&office.url(TABLE)).status, 404, "nothing was kept");
}

fn is_quoted_to_the_cent(office: &Running) {
    let file = workspace().join("rates/tables/dynamic.toml");
    let [entry, exit] = ["2026-03-02T09:00Z", "2026-03-03T12:20Z"];
    let expected = priced(&file, &["--entry", entry, "--exit", exit, "--factor", "0.8"]);
    assert!(expected["total"].as_i64().unwrap() > 2_000, "{expected}");
    let quote = post(office, "/quotes", &a_long_stay()).ok().json();
    assert_eq!((&quote["bill"], &quote["factor"]), (&expected, &"0.8".into()));
    assert!(quote["words"].as_str().unwrap().contains("times 0.8 by occupancy"), "{quote}");
    for (key, value, status) in [
        // That has no effect.
        ("plate", "AB1", 400),
        ("place", "south", 404),
        ("bay_type", "truck", 422),
        ("to", "2026-03-02T09:00:00Z", 422),
        ("to", "2027-03-04T09:00:00Z", 422),
    ] {
        let mut stay = a_long_stay();
        stay[key] = value.into();
        let answer = post(office, "/quotes", &stay);
        assert_eq!(answer.status, status, "{stay}: {}", answer.body);
    }
}

fn each_version_has_its_price(office: &Running) {
    let hour = json!({ "from": "2026-03-02T09:00:00Z", "until": "2026-03-02T10:00:00Z" });
    let ask = |query: &str, stay: &Value| post(office, &format!("{TABLE}/price{query}"), stay);
    let total = |query: &str, stay: &Value| ask(query, stay).ok().json()["bill"]["total"].clone();
    assert_eq!((total("?version=1", &hour), total("", &hour)), (360.into(), 720.into()));
    assert_eq!(total("?language=de", &json!({ "segments": [hour] })), 720);
    for (query, status) in [("?version=3", 404), ("?language=fr", 400), ("?versoin=1", 400)] {
        assert_eq!(ask(query, &hour).status, status, "{query}");
    }
    let listed = get(office, "/admin/rate-tables");
    let dynamic = &listed["rate_tables"][0];
    let versions = dynamic["versions"].as_array().unwrap();
    assert_eq!((versions.len(), &dynamic["holds_now"]), (2, &2.into()));
    assert_eq!(get(office, &format!("{TABLE}?version=1"))["version"], 1);
}

fn both_changes_are_told(web: &Running) {
    let changes = wait::until("both changes are told", SOON, || {
        let events = feed::read_all(web);
        let changes = events.iter().filter(|event| event["type"] == "rate_table.changed");
        let changes: Vec<Value> = changes.cloned().collect();
        (changes.len() == 2).then_some(changes)
    });
    let second = json!({ "rate_table": "dynamic", "before": 1, "after": 2, "by": "admin" });
    assert_eq!((&changes[1]["data"], &changes[1]["subject"]), (&second, &"dynamic".into()));
    assert_eq!(changes[1].get("place"), None, "it is about no place");
}

#[test]
fn a_table_beside_the_configuration_is_put_at_the_start_and_again_only_where_it_says_something_else()
 {
    let directory = site::directory();
    let toml = "[rate_tables.main]\nfile = \"rates/main.toml\"\n\
        [places.north]\ntime_zone = \"Europe/Berlin\"\nrate_table = \"main\"\nbays = { standard = 5 }\n";
    std::fs::create_dir(directory.join("rates")).unwrap();
    std::fs::write(directory.join("carpark.toml"), toml).unwrap();
    let table =
        ready_table("dynamic").replace("id = \"dynamic\"\n", "").replace("version = 1\n", "");
    let file = directory.join("rates/main.toml");
    let start = || Carpark::new(&directory, "serve").start_ready();
    let versions = |running: &Running| get(running, "/admin/rate-tables/main")["version"].clone();
    std::fs::write(&file, &table).unwrap();
    for _ in 0..2 {
        let carpark = start();
        wait_for_price(&carpark, 288);
        assert_eq!(versions(&carpark), 1);
        carpark.terminate();
    }
    std::fs::write(&file, table.replace("\"3.00\"", "\"6.00\"")).unwrap();
    let carpark = start();
    wait_for_price(&carpark, 576);
    assert_eq!(versions(&carpark), 2);
    carpark.terminate();
    std::fs::write(&file, table.replace("[[product.line]]", "[[product.lime]]")).unwrap();
    let ended = Carpark::new(&directory, "serve").run(SOON);
    ended.failed_saying(&[
        "`rate_tables.main.file`",
        "rates/main.toml: line 19",
        "did you mean `line`?",
    ]);
    std::fs::write(&file, table.replace("\"EUR\"", "\"GBP\"")).unwrap();
    let ended = Carpark::new(&directory, "serve").run(SOON);
    ended
        .failed_saying(&["rate table `main` has the currency EUR, and this one GBP", "another id"]);
}
