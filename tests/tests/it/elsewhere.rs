//! What other roles answer, at the port of the pages: handed on, whichever processes they run in.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::json;
use tests::process::Running;
use tests::{Site, http, site, wait};

const SOON: Duration = Duration::from_secs(30);
const ADMIN: &str = "admin-token-of-a-test";
const PING: &str = "ping-token-of-a-test";

/// Asks, showing a token.
fn ask(role: &Running, token: &str, method: &str, path: &str, body: &str) -> http::Answer {
    let shown = format!("Bearer {token}");
    let headers = [("authorization", shown.as_str()), ("content-type", "application/json")];
    http::request(method, &role.url(path), &headers, body.as_bytes()).unwrap()
}

#[test]
fn vehicles_and_sessions_are_found_at_the_pages_port_in_json_live_and_with_the_callers_token() {
    let mut site = Site::new();
    site.configure();
    for (name, token) in [
        ("CARPARK_ADMIN_TOKEN", ADMIN),
        ("CARPARK_SINK_TOKEN", "sink-token-of-a-test"),
        ("CARPARK_PING_TOKEN", PING),
    ] {
        site.set(name, token);
    }
    let vehicles = site.carpark("vehicles").start_ready();
    site.set("CARPARK_VEHICLES_URL", &vehicles.url(""));
    let actors = site.start_actors_unready();
    site.set("CARPARK_ACTORS_URL", &actors.url(""));
    let web = site.start_web();

    let customer = r#"{"name":"Acme Couriers","address":"1 Mill Lane"}"#;
    assert_eq!(ask(&web, ADMIN, "PUT", "/admin/customers/acme", customer).status, 200);
    let vehicle = r#"{"plate":"AB-12-CD","customer":"acme"}"#;
    assert_eq!(ask(&web, ADMIN, "PUT", "/admin/vehicles/VIN-7", vehicle).status, 200);
    let listed = ask(&web, ADMIN, "GET", "/vehicles?status=never_seen", "").ok();
    assert_eq!(listed.content_type, "application/json");
    assert_eq!(listed.json()["vehicles"][0]["vehicle_id"], "VIN-7");

    // Events as they happen.
    let stream = TcpStream::connect(("127.0.0.1", web.port())).unwrap();
    stream.set_read_timeout(Some(SOON)).unwrap();
    write!(
        &stream,
        "GET /vehicles/events HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {ADMIN}\r\n\r\n"
    )
    .unwrap();
    let mut lines = BufReader::new(stream).lines().map(Result::unwrap);
    assert!(lines.by_ref().any(|line| line == "event: hello"));

    // With its own token, and no other; refusals come back as they are.
    assert_eq!(ask(&web, ADMIN, "POST", "/vehicles/VIN-7/ping", "").status, 401);
    assert_eq!(ask(&web, PING, "POST", "/vehicles/VIN-7/ping", "").status, 200);
    assert_eq!(ask(&web, PING, "POST", "/vehicles/nobody/ping", "").status, 404);
    assert_eq!(ask(&web, PING, "GET", "/vehicles", "").status, 401);
    assert!(lines.by_ref().any(|line| line.starts_with("data: ") && line.contains("VIN-7")));
    let one = ask(&web, ADMIN, "GET", "/vehicles/VIN-7", "").ok().json();
    assert_eq!(
        (&one["status"], &one["history"][0]["status"]),
        (&json!("connected"), &json!("connected"))
    );

    // A file, and what it made of it.
    let rows: Vec<String> =
        (0..3_000).map(|n| format!("V{n},P{n}X,acme,Acme Couriers,1 Mill Lane\n")).collect();
    let rows = rows.concat();
    let file = format!("vehicle_id,plate,customer_id,customer_name,customer_address\n{rows}");
    let taken = ask(&web, ADMIN, "POST", "/admin/vehicles/import", &file).ok().json();
    assert_eq!(taken["vehicles_added"], 3_000, "{taken}");

    // The actors' too; and all of it is described.
    assert_eq!(ask(&web, ADMIN, "GET", "/admin/sessions", "").ok().json()["sessions"], json!([]));
    assert_eq!(ask(&web, ADMIN, "GET", "/admin/status", "").status, 200);
    assert_eq!(ask(&web, ADMIN, "DELETE", "/admin/dead-letters", "").ok().json()["discarded"], 0);
    let long = format!(r#"{{"reason":"{}"}}"#, "x".repeat(80_000));
    assert_eq!(ask(&web, ADMIN, "POST", "/admin/sessions/AB1/close", &long).status, 413);
    let api = http::get(&web.url("/openapi.json")).ok().json();
    for path in
        ["/vehicles", "/vehicles/{vehicle_id}/ping", "/admin/sessions", "/admin/dead-letters"]
    {
        assert!(api["paths"][path].is_object(), "{path} is not described");
    }

    // While they are away, it is said why.
    vehicles.terminate();
    let refused = wait::until("it is noticed", SOON, || {
        let answer = ask(&web, ADMIN, "GET", "/vehicles", "");
        (answer.status == 503).then_some(answer)
    });
    let detail = refused.json()["detail"].as_str().unwrap().to_owned();
    assert!(
        detail.contains("vehicle monitor") && detail.contains("CARPARK_VEHICLES_URL"),
        "{detail}"
    );
    actors.terminate();
    // Whoever listens is let go of.
    web.terminate();
}

#[test]
fn an_address_that_leads_back_is_said_and_asked_once() {
    let mut site = Site::new();
    site.configure();
    site.set("CARPARK_VEHICLES_URL", &format!("http://127.0.0.1:{}", site.web_port()));
    let web = site.start_web();
    let answer = http::get(&web.url("/vehicles"));
    assert_eq!(answer.status, 503, "{}", answer.body);
    assert!(answer.body.contains("leads back here"), "{}", answer.body);
    web.terminate();
}

#[test]
fn a_refusal_names_the_token_that_is_wanted_and_where_it_is_found() {
    let directory = site::directory();
    let serve = tests::process::Carpark::new(&directory, "serve")
        .env("CARPARK_ADMIN_TOKEN", ADMIN)
        .env("CARPARK_SINK_TOKEN", "sink-token-of-a-test")
        .env("CARPARK_CAMERA_TOKEN", "camera-token-of-a-test")
        .env("CARPARK_PING_TOKEN", PING)
        .start_ready();
    for (method, path, setting, recipe) in [
        ("GET", "/admin/status", "CARPARK_ADMIN_TOKEN", "`just token`"),
        ("POST", "/save_summary", "CARPARK_SINK_TOKEN", "`just token sink`"),
        ("POST", "/vehicles/VIN-7/ping", "CARPARK_PING_TOKEN", "`just token ping`"),
        ("POST", "/cameras/entry-1", "CARPARK_CAMERA_TOKEN", "`just token camera`"),
    ] {
        let answer = ask(&serve, "another", method, path, "");
        assert_eq!(answer.status, 401, "{path}");
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains(setting) && detail.contains(recipe), "{path}: {detail}");
    }
    serve.terminate();
}
