//! What the roles answer over HTTP.

use domain::wire::{EXCEPTIONS_HEADER, SUMMARIES_HEADER};
use serde_json::json;
use tests::files::Files;
use tests::process::{Carpark, Running};
use tests::truth::{Order, Truth, Workload};
use tests::{Site, http, site};

fn web() -> (Running, Files) {
    let directory = site::directory();
    let web = Carpark::new(&directory, "web").start_ready();
    (web, Files::in_directory(&directory.join("data")))
}

#[test]
fn a_plain_summary_is_written_once_and_then_a_duplicate() {
    let (web, files) = web();
    let url = web.url("/save_summary");
    let stay = json!({
        "vehicle_plate": "abc-123",
        "entry_date_time": "2026-05-04T10:00:00.123Z",
        "exit_date_time": "2026-05-04T13:30:00+02:00",
    });
    for expected in ["written", "duplicate", "duplicate"] {
        let answer = http::post_json(&url, &stay).ok();
        assert!(answer.body.contains(expected), "{expected}: {}", answer.body);
    }
    let rows = files.summaries();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].vehicle_plate, "ABC123");
    assert_eq!(rows[0].entry_date_time, "2026-05-04T10:00:00.123Z");
    assert_eq!(rows[0].exit_date_time, "2026-05-04T11:30:00.000Z");
    assert_eq!(rows[0].duration_seconds, "5399.877");
    assert_eq!((rows[0].place.as_str(), rows[0].repaired), ("main", false));
    assert!(!rows[0].session_id.is_empty());
    web.terminate();
}

#[test]
fn an_array_is_answered_item_by_item() {
    let (web, files) = web();
    let stay = |id: &str, plate: &str| {
        json!({
            "vehicle_plate": plate, "session_id": id, "place": "north",
            "entry_date_time": "2026-05-04T10:00:00Z", "exit_date_time": "2026-05-04T11:00:00Z",
        })
    };
    let url = web.url("/save_summary");
    let answer =
        http::post_json(&url, &json!([stay("a", "AA1"), stay("b", "BB1"), stay("a", "AA1")]));
    let answers = answer.ok().json();
    let said: Vec<bool> =
        answers.as_array().unwrap().iter().map(|a| a.to_string().contains("written")).collect();
    assert_eq!(said, [true, true, false], "{answers}");
    assert_eq!(http::post_json(&url, &json!([])).ok().json(), json!([]));
    assert_eq!(files.summary_count(), 2);
    web.terminate();
}

#[test]
fn nonsense_is_refused_and_nothing_of_it_is_written() {
    let (web, files) = web();
    let url = web.url("/save_summary");
    let good = json!({
        "vehicle_plate": "AA1",
        "entry_date_time": "2026-05-04T10:00:00Z", "exit_date_time": "2026-05-04T11:00:00Z",
    });
    let with = |key: &str, value: &str| {
        let mut stay = good.clone();
        stay[key] = json!(value);
        stay
    };
    for bad in [
        json!("text"),
        json!({}),
        with("vehicle_plate", ""),
        with("vehicle_plate", "entry_plates"),
        with("exit_date_time", "2026-05-04T09:00:00Z"),
        with("exit_date_time", "2026-02-30T09:00:00Z"),
        with("place", "a\nb"),
        json!([good, with("entry_date_time", "never")]),
    ] {
        let status = http::post_json(&url, &bad).status;
        assert!((400..500).contains(&status), "{status} for {bad}");
    }
    for body in [&b"{"[..], b"", b"\xff\xfe"] {
        let status = http::request("POST", &url, &[("content-type", "application/json")], body);
        assert!((400..500).contains(&status.unwrap().status), "{body:?}");
    }
    assert_eq!(http::get(&url).status, 405);
    assert_eq!(http::get(&web.url("/no_such_page")).status, 404);
    assert_eq!(files.summary_count(), 0);
    web.terminate();
}

#[test]
fn the_files_are_served_as_they_are() {
    let (web, _) = web();
    let answer = http::get(&web.url("/summaries.csv")).ok();
    assert_eq!(answer.body.trim_end(), SUMMARIES_HEADER);
    assert!(answer.content_type.starts_with("text/csv"), "{}", answer.content_type);
    assert_eq!(http::get(&web.url("/exceptions.csv")).ok().body.trim_end(), EXCEPTIONS_HEADER);
    web.terminate();
}

#[test]
fn a_text_that_a_spreadsheet_would_run_is_not_written_as_one() {
    let (web, files) = web();
    for place in ["=1+1", " =1+1", "+1", "@x", "\"quoted\", and more"] {
        let stay = json!({
            "vehicle_plate": "AA1", "place": place,
            "entry_date_time": "2026-05-04T10:00:00Z", "exit_date_time": "2026-05-04T11:00:00Z",
        });
        http::post_json(&web.url("/save_summary"), &stay).ok();
    }
    let rows = files.summaries();
    assert_eq!(rows.len(), 5);
    for row in &rows {
        assert!(!row.place.trim_start().starts_with(['=', '+', '@', '\t']), "{:?}", row.place);
    }
    web.terminate();
}

#[test]
fn whatever_shows_or_changes_plates_wants_its_token() {
    let directory = site::directory();
    std::fs::write(directory.join("token"), "sink's\n").unwrap();
    let web = Carpark::new(&directory, "web")
        .env("CARPARK_ADMIN_TOKEN", "admin's")
        .env("CARPARK_SINK_TOKEN_FILE", &directory.join("token").display().to_string())
        .start_ready();
    for path in ["/livez", "/readyz", "/metrics"] {
        http::get(&web.url(path)).ok();
    }
    for path in ["/summaries.csv", "/exceptions.csv"] {
        assert_eq!(http::get(&web.url(path)).status, 401, "{path}");
        assert_eq!(http::get_as("sink's", &web.url(path)).status, 401, "{path}");
        http::get_as("admin's", &web.url(path)).ok();
    }
    let post = |token: &str| {
        let bearer = format!("Bearer {token}");
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        http::request("POST", &web.url("/save_summary"), &headers, b"[]").unwrap().status
    };
    assert_eq!((post(""), post("admin's"), post("sink's")), (401, 401, 200));
    let said = web.stdout() + &web.stderr();
    assert!(!said.contains("admin's") && !said.contains("sink's"), "{said}");
    web.terminate();
}

#[test]
fn every_role_is_alive_ready_and_measured() {
    let mut site = Site::new();
    site.set("CARPARK_SINK_TOKEN", "the sink's token");
    site.set("CARPARK_LATENESS", "1s");
    let web = site.start_web();
    let actors = site.start_actors();
    let generators = site.carpark("generators").start_ready();
    for role in [&web, &actors, &generators] {
        for path in ["/livez", "/readyz"] {
            http::get(&role.url(path)).ok();
        }
    }
    let truth = Truth::of(Workload::realistic(31, 200));
    let before = actors.metric("backend_matched_events_total");
    truth.publish(Order::AsItHappened, &site.client());
    tests::wait::until("all are counted", tests::process::START, || {
        let matched = actors.metric("backend_matched_events_total") - before;
        (matched >= truth.session_count() as f64).then_some(())
    });

    let names_of = |role: &Running| http::get(&role.url("/metrics")).ok().body;
    let metrics = names_of(&actors);
    for name in [
        "backend_observations_total{kind=\"entry\",outcome=\"opened\"}",
        "backend_observations_total{kind=\"entry\",outcome=\"duplicate\"}",
        "backend_matched_events_total",
        "backend_unmatched_events_total",
        "backend_outbox_pending",
        "backend_sessions_open",
        "backend_watermark_lag_seconds{queue=\"vehicle_entry\"}",
        "backend_clock_offset_seconds",
        "backend_event_processing_latency_seconds_bucket{stage=\"queueing\",le=\"0.0001\"}",
        "backend_event_processing_latency_seconds_count{stage=\"processing\"}",
        "backend_event_processing_latency_seconds_count{stage=\"storage\"}",
        "backend_event_processing_latency_seconds_count{stage=\"summary\"}",
    ] {
        assert!(metrics.contains(name), "no {name}:\n{metrics}");
    }
    assert!(names_of(&web).contains("\nweb_backend_"));
    assert!(names_of(&generators).contains("\nvehicle_entry_"));
    assert!(names_of(&generators).contains("\nvehicle_exit_"));
    generators.terminate();
    actors.terminate();
    web.terminate();
}

#[test]
fn a_role_is_not_ready_while_what_it_needs_is_not_usable() {
    let site = Site::new();
    let web = site.start_web();
    let actors = site.start_actors();
    let becomes = |ready: bool, what: &str| {
        tests::wait::until(what, std::time::Duration::from_secs(15), || {
            (actors.is_ready() == ready).then_some(())
        });
    };
    site.redis.kill();
    becomes(false, "it is not ready without a store");
    site.redis.restart();
    becomes(true, "it is ready with the store again");

    let port = web.port();
    web.kill();
    becomes(false, "it is not ready without a sink");
    let web = site.carpark("web").port(port).start_ready();
    becomes(true, "it is ready with the sink again");

    http::get(&actors.url("/livez")).ok();
    actors.terminate();
    web.terminate();
}
