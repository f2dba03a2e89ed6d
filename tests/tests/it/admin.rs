//! The admin endpoints: what is known of sessions, why, and an operator's word.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::wire::{ENTRY_QUEUE, EXIT_QUEUE};
use serde_json::{Value, json};
use tests::process::{Carpark, Running};
use tests::{Site, http, site, wait};

const TOLD: Duration = Duration::from_mins(1);

fn entry(plate: &str, hour: u32, car_park: &str) -> String {
    format!(
        r#"{{"id":"e-{plate}-{hour}","vehicle_plate":"{plate}","place":"{car_park}",
            "entry_date_time":"2026-05-04T{hour:02}:00:00Z"}}"#
    )
}

fn exit(plate: &str, hour: u32, car_park: &str) -> String {
    entry(plate, hour, car_park).replace("entry_date", "exit_date").replace("e-", "x-")
}

fn get(actors: &Running, path: &str) -> Value {
    http::get(&actors.url(path)).ok().json()
}

fn plates(page: &Value, of: &str) -> BTreeSet<String> {
    let items = page[of].as_array().unwrap().iter();
    items.map(|item| item["vehicle_plate"].as_str().unwrap().to_owned()).collect()
}

fn set<const N: usize>(plates: [&str; N]) -> BTreeSet<String> {
    plates.map(str::to_owned).into()
}

/// A stay, a lone exit, a missed exit with a stay after it, an open stay, at two places.
fn site_with_cars() -> (Site, Running, Running) {
    let mut site = Site::new();
    site.set("CARPARK_LATENESS", "1s");
    site.configure();
    let client = site.client();
    client.publish(
        ENTRY_QUEUE,
        [
            entry("STAY1", 8, "north"),
            entry("MISS1", 8, "main"),
            entry("MISS1", 12, "main"),
            entry("OPEN1", 9, "main"),
        ],
    );
    client.publish(
        EXIT_QUEUE,
        [exit("STAY1", 10, "north"), exit("LONE1", 7, "main"), exit("MISS1", 13, "main")],
    );
    // The read of May is long past: its overstay is told as well.
    let (web, actors) = (site.start_web(), site.start_actors());
    // Not by counting lines: a stay may be told and taken back, should an exit come first.
    wait::until("all is told", TOLD, || {
        let files = site.files();
        let told = (files.standing_summaries().len(), files.standing_exceptions().len());
        (told == (2, 3)).then_some(())
    });
    (site, web, actors)
}

#[test]
fn sessions_and_exceptions_are_found_by_state_place_and_time_in_pages() {
    let (_site, web, actors) = site_with_cars();
    for (query, found) in [
        ("", set(["STAY1", "LONE1", "MISS1", "OPEN1"])),
        ("?state=open", set(["OPEN1"])),
        ("?state=finished", set(["STAY1", "MISS1"])),
        ("?state=finished&place=north", set(["STAY1"])),
        ("?state=missed_exit", set(["MISS1"])),
        ("?since=2026-05-04T12:30:00Z", set(["MISS1", "OPEN1"])),
        ("?until=2026-05-04T07:30:00Z", set(["LONE1"])),
        ("?plate=iss-1", set(["MISS1"])),
        ("?state=open&plate=pen", set(["OPEN1"])),
        ("?state=open&plate=iss", set([])),
        // Told of as an overstay, so it is among the exceptions.
        ("?order=longest", set([])),
    ] {
        assert_eq!(plates(&get(&actors, &format!("/admin/sessions{query}")), "sessions"), found);
    }
    for (query, found) in [
        ("", set(["LONE1", "MISS1", "OPEN1"])),
        ("?kind=unmatched_exit", set(["LONE1"])),
        ("?kind=missed_exit", set(["MISS1"])),
        ("?kind=overstay", set(["OPEN1"])),
    ] {
        let page = get(&actors, &format!("/admin/exceptions{query}"));
        assert_eq!(plates(&page, "exceptions"), found, "{page}");
    }
    let mut seen = BTreeSet::new();
    let mut after = String::new();
    loop {
        let page = get(&actors, &format!("/admin/sessions?limit=1{after}"));
        seen.extend(plates(&page, "sessions"));
        let Some(next) = page["next"].as_str() else { break };
        after = format!("&after={next}");
    }
    assert_eq!(seen.len(), 4);
    for wrong in [
        "?state=gone",
        "?limit=0",
        "?since=noon",
        "?colour=red",
        "?kind=overstay",
        "?plate=-x",
        "?order=shortest",
        "?order=longest&place=main",
    ] {
        let answer = http::get(&actors.url(&format!("/admin/sessions{wrong}")));
        assert_eq!(answer.status, 400, "{wrong}");
    }
    actors.terminate();
    web.terminate();
}

#[test]
fn a_plates_timeline_says_why_and_an_operator_ends_a_stay() {
    let (site, web, actors) = site_with_cars();
    let timeline = get(&actors, "/admin/sessions/miss-1");
    assert_eq!(timeline["reads"].as_array().unwrap().len(), 3);
    let states: Vec<&Value> =
        timeline["sessions"].as_array().unwrap().iter().map(|item| &item["state"]).collect();
    assert_eq!(states, ["missed_exit", "finished"]);
    assert!(timeline["sessions"][0]["why"].as_str().unwrap().contains("R5"));
    assert_eq!(timeline["sessions"][1]["duration_seconds"], 3600.0);
    assert_eq!(http::get(&actors.url("/admin/sessions/NOBODY")).status, 404);

    let close = |plate: &str, body: Value| {
        http::post_json(&actors.url(&format!("/admin/sessions/{plate}/close")), &body)
    };
    assert_eq!(close("STAY1", json!({ "reason": "left" })).status, 404);
    let early = json!({ "reason": "left", "exit_date_time": "2026-05-04T08:59:00Z" });
    assert_eq!(close("OPEN1", early).status, 422);
    assert_eq!(close("OPEN1", json!({ "reason": "" })).status, 400);
    assert_eq!(close("OPEN1", json!({})).status, 400);
    let left = json!({ "reason": "gate was open", "exit_date_time": "2026-05-04T11:00:00Z" });
    let closed = close("OPEN1", left).ok().json();
    let row = wait::until("the stay is told", TOLD, || {
        site.files().summaries().into_iter().find(|row| row.vehicle_plate == "OPEN1")
    });
    assert_eq!(row.duration_seconds, "7200.000");
    let timeline = get(&actors, "/admin/sessions/OPEN1");
    assert_eq!(timeline["sessions"][0]["exit"]["id"], closed["observation_id"]);
    assert_eq!(timeline["sessions"][0]["exit"]["camera"], "gate was open");
    assert_eq!(timeline["sessions"][0]["exit"]["lane"], "operator");
    actors.terminate();
    web.terminate();
}

#[test]
fn the_status_tells_watermarks_queues_and_parts() {
    let (_site, web, actors) = site_with_cars();
    let status = wait::until("the watermarks are known", TOLD, || {
        let status = get(&actors, "/admin/status");
        status["vehicle_entry"]["watermark"].is_string().then_some(status)
    });
    assert_eq!(status["processors_alive"], 1, "{status}");
    assert_eq!(status["vehicle_entry"]["observations"], 4);
    assert_eq!(status["passed"], json!([]), "what passed in May is history");
    assert_eq!(status["vehicle_exit"]["waiting"], 0);
    assert_eq!(status["parts"]["store"], "ok");
    assert!(status["matched_events"].as_u64().unwrap() >= 2, "{status}");
    actors.terminate();
    web.terminate();
}

#[test]
fn every_route_is_described_and_the_page_comes_out_of_the_binary() {
    let directory = site::directory();
    let carpark = Carpark::new(&directory, "all").args(&["--admin-token", "secret"]).start_ready();
    let api = http::get(&carpark.url("/openapi.json")).ok().json();
    let paths = api["paths"].as_object().unwrap();
    for path in [
        "/livez",
        "/readyz",
        "/metrics",
        "/save_summary",
        "/save_exception",
        "/summaries.csv",
        "/exceptions.csv",
        "/exceptions",
        "/exceptions/dismiss",
        "/sessions/{plate}/close",
        "/admin/status",
        "/admin/sessions",
        "/admin/sessions/{plate}",
        "/admin/sessions/{plate}/close",
        "/admin/exceptions",
        "/admin/dead-letters",
        "/admin/dead-letters/replay",
        "/admin/dead-letters/{id}",
        "/admin/dead-letters/{id}/replay",
        "/admin/plates/{plate}",
        "/admin/generators",
        "/admin/generators/rate",
        "/admin/generators/pause",
        "/admin/generators/resume",
    ] {
        assert!(paths.contains_key(path), "{path} is not described");
    }
    // What is described is there: nobody answers 404 for want of a route.
    // A stream of events is there as well, but it does not end.
    for path in paths.keys().filter(|path| !path.contains('{') && !path.ends_with("/events")) {
        for method in paths[path].as_object().unwrap().keys() {
            if ["get"].contains(&method.as_str()) {
                let status = http::get_as("secret", &carpark.url(path)).status;
                assert!(status < 400, "GET {path}: {status}");
            }
        }
    }
    let page = http::get(&carpark.url("/docs/")).ok();
    assert!(page.body.contains("swagger-ui"), "{}", page.body);
    assert!(!page.body.contains("https://") && !page.body.contains("http://"), "{}", page.body);
    assert_eq!(http::get(&carpark.url("/docs")).status, 302);
    carpark.terminate();
}
