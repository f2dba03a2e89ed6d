//! Who gets in and who does not: addresses that lead where they say, passwords and tokens that are wrong
//! or stand in for each other, names and proxies that are nobody's here, a port that is in use for a
//! moment.

mod erasure;
mod users;

use std::io::Read as _;
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;
use tests::browser::Browser;
use tests::files::Files;
use tests::process::{Carpark, Running};
use tests::servers::Redis;
use tests::{Site, http, ports, site, wait};

const AT_ONCE: Duration = Duration::from_secs(15);
const SOON: Duration = Duration::from_secs(20);
const ADMIN: &str = "admin-0123456789abcdef";
const SINK: &str = "sink-0123456789abcdef";
const CAMERA: &str = "camera-0123456789abcdef";

/// The first bytes that somebody sends to a listener, and whether anybody came to the same port of
/// 127.0.0.1.
fn first_bytes(run: impl FnOnce(u16)) -> (Vec<u8>, bool) {
    let port = ports::free();
    let v6 = TcpListener::bind(("::1", port)).unwrap();
    let v4 = TcpListener::bind(("127.0.0.1", port)).unwrap();
    v4.set_nonblocking(true).unwrap();
    let heard = thread::spawn(move || {
        let (mut link, _) = v6.accept().unwrap();
        link.set_read_timeout(Some(SOON)).unwrap();
        let mut bytes = [0; 4];
        link.read_exact(&mut bytes).unwrap();
        bytes.to_vec()
    });
    run(port);
    let came_elsewhere = v4.accept().is_ok();
    if !heard.is_finished() {
        // So that the test fails instead of waiting.
        let _ = TcpStream::connect(("::1", port));
    }
    (heard.join().unwrap_or_default(), came_elsewhere)
}

#[test]
fn an_ipv6_address_leads_to_that_address_and_nowhere_else() {
    for role in ["configure", "actors"] {
        let (bytes, came_elsewhere) = first_bytes(|port| {
            let broker = format!("amqp://someone:hunter2@[::1]:{port}/");
            let ended = Carpark::new(&site::directory(), role)
                .env("CARPARK_BROKER_URL", &broker)
                .env("CARPARK_START_PATIENCE", "1s")
                .run(SOON)
                .failed_saying(&[&format!("[::1]:{port}")]);
            assert!(!ended.stderr.contains("hunter2"), "{}", ended.stderr);
        });
        assert_eq!((bytes.as_slice(), came_elsewhere), (&b"AMQP"[..], false), "{role}");
    }
    let (bytes, came_elsewhere) = first_bytes(|port| {
        let generators = Carpark::new(&site::directory(), "generators")
            .env("CARPARK_BROKER_URL", &format!("amqp://someone:hunter2@[::1]:{port}/"))
            .start();
        wait::until("the publisher says where it cannot publish", SOON, || {
            generators.stderr().contains(&format!("[::1]:{port}")).then_some(())
        });
        generators.terminate();
    });
    assert_eq!((bytes.as_slice(), came_elsewhere), (&b"AMQP"[..], false), "the publisher");
    // Redis, in its own protocol: an array of words.
    let site = Site::new();
    let (bytes, came_elsewhere) = first_bytes(|port| {
        site.carpark("actors")
            .env("CARPARK_STORE_URL", &format!("redis://:hunter2@[::1]:{port}/0"))
            .env("CARPARK_START_PATIENCE", "1s")
            .run(SOON)
            .failed_saying(&[&format!("[::1]:{port}")]);
    });
    assert_eq!((bytes.first(), came_elsewhere), (Some(&b'*'), false), "Redis");
}

#[test]
fn a_process_that_listens_on_ipv6_reaches_itself() {
    let directory = site::directory();
    let port = ports::free();
    let carpark = Carpark::new(&directory, "all")
        .env("CARPARK_WEB_LISTEN", &format!("[::1]:{port}"))
        .args(&["--rate", "20"])
        .start();
    Files::in_directory(&directory.join("data")).wait_for_summaries(5, Duration::from_mins(1));
    carpark.terminate();
}

#[test]
fn a_wrong_password_of_redis_ends_the_start_at_once_and_says_what_to_do() {
    let redis = Redis::start_as("right", &["--requirepass", "right"]);
    let mut site = Site::new();
    let port = redis.port();
    let no_scripts = ["ACL", "SETUSER", "reader", "on", ">right", "~*", "+@all", "-eval"];
    let _set_up: String = redis.command(0, &no_scripts);
    site.set("CARPARK_START_PATIENCE", "60s");
    for (user, why) in
        [(":hunter2@", "authentication"), ("", "authentication"), ("reader:right@", "NOPERM")]
    {
        let url = |database: u8| format!("redis://{user}127.0.0.1:{port}/{database}");
        for (role, variable, database) in [
            ("actors", "CARPARK_STORE_URL", 0),
            ("generators", "CARPARK_GENERATOR_STORE_URL", 1),
            ("vehicles", "CARPARK_VEHICLES_STORE_URL", 2),
        ] {
            let begun = Instant::now();
            let ended = site
                .carpark(role)
                .env(variable, &url(database))
                .run(AT_ONCE)
                .failed_saying(&["Redis at redis://", "check user, password", why]);
            assert!(!ended.stderr.contains("hunter2"), "{}", ended.stderr);
            assert!(begun.elapsed() < AT_ONCE, "{role} as {user:?}");
        }
    }
}

#[test]
fn without_an_admin_token_no_other_one_is_the_administrators() {
    let directory = site::directory();
    let carpark = Carpark::new(&directory, "serve")
        .env("CARPARK_SINK_TOKEN", SINK)
        .env("CARPARK_CAMERA_TOKEN", CAMERA)
        .start_ready();
    let stay = json!({
        "vehicle_plate": "AB-12",
        "entry_date_time": "2026-05-04T10:00:00Z", "exit_date_time": "2026-05-04T11:00:00Z",
    });
    let bearer = format!("Bearer {SINK}");
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let body = stay.to_string();
    let url = carpark.url("/save_summary");
    http::request("POST", &url, &headers, body.as_bytes()).unwrap().ok();
    for path in
        ["/admin/status", "/admin/sessions", "/admin/plates/AB12", "/summaries.csv", "/vehicles"]
    {
        for token in [SINK, CAMERA] {
            let refused = http::get_as(token, &carpark.url(path));
            assert_eq!(refused.status, 401, "{path}");
            assert!(refused.body.contains("CARPARK_ADMIN_TOKEN"), "{path}: {}", refused.body);
        }
    }
    let form = ("content-type", "application/x-www-form-urlencoded");
    let body = format!("token={SINK}&next=/");
    let signed_in =
        http::request("POST", &carpark.url("/sign-in"), &[form], body.as_bytes()).unwrap();
    assert_eq!((signed_in.status, signed_in.header("set-cookie")), (403, ""));
    assert!(!http::get(&carpark.url("/")).ok().body.contains("AB12"));
    assert!(carpark.stderr().contains("CARPARK_ADMIN_TOKEN"), "{}", carpark.stderr());
    carpark.terminate();
}

#[test]
fn where_strangers_come_weak_tokens_end_the_start_with_what_to_do() {
    let run = |sink: &str| {
        let port = ports::free();
        Carpark::new(&site::directory(), "serve")
            .port(port)
            .env("CARPARK_WEB_LISTEN", &format!("0.0.0.0:{port}"))
            .env("CARPARK_ADMIN_TOKEN", ADMIN)
            .env("CARPARK_SINK_TOKEN", sink)
    };
    for weak in ["a", "change-me", ADMIN, "with a blank in it"] {
        run(weak).run(AT_ONCE).failed_saying(&["CARPARK_SINK_TOKEN", "openssl rand"]);
    }
    let carpark = run(SINK).start();
    carpark.wait_live(SOON);
    carpark.terminate();
}

#[test]
fn a_plate_is_not_shown_under_a_strangers_name_nor_through_a_proxy() {
    let carpark = Carpark::new(&site::directory(), "serve").start_ready();
    let ask = |path: &str, headers: &[(&str, &str)]| {
        http::request("GET", &carpark.url(path), headers, b"").unwrap()
    };
    for path in ["/plates/AB12", "/admin/plates/AB12", "/summaries.csv", "/admin/status"] {
        assert_eq!(ask(path, &[]).status, 200, "{path}");
        assert_eq!(ask(path, &[("host", "evil.example")]).status, 403, "{path}");
        let refused = ask(path, &[("x-forwarded-for", "192.0.2.1")]);
        assert_eq!(refused.status, 403, "{path}");
        assert!(refused.body.contains("CARPARK_ADMIN_TOKEN"), "{}", refused.body);
        assert_eq!(ask(path, &[]).header("cache-control"), "no-store", "{path}");
        assert_eq!(ask(path, &[]).header("x-content-type-options"), "nosniff", "{path}");
    }
    for path in ["/livez", "/readyz", "/metrics"] {
        assert_eq!(ask(path, &[("x-forwarded-for", "192.0.2.1")]).status, 200, "{path}");
    }
    carpark.terminate();
}

fn sign_in(web: &Running, from: &str, token: &str) -> u16 {
    let headers =
        [("content-type", "application/x-www-form-urlencoded"), ("x-forwarded-for", from)];
    let body = format!("next=/&token={token}");
    http::request("POST", &web.url("/sign-in"), &headers, body.as_bytes()).unwrap().status
}

#[test]
fn who_guesses_waits_and_a_flood_of_guesses_keeps_no_right_token_out() {
    let web = Carpark::new(&site::directory(), "serve")
        .env("CARPARK_ADMIN_TOKEN", ADMIN)
        .env("CARPARK_TRUSTED_PROXIES", "127.0.0.0/8")
        .args(&["--requests-per-second", "10000"])
        .start_ready();
    // Of one network: each address is another, and they count as one.
    let of_one: Vec<u16> =
        (0..12).map(|n| sign_in(&web, &format!("2001:db8:1:2::{n:x}"), "guess")).collect();
    assert_eq!(of_one[..10], [401; 10]);
    assert_eq!(of_one[10..], [429; 2]);
    // From everywhere.
    let statuses: Vec<u16> = (0..300)
        .map(|n| sign_in(&web, &format!("198.51.{}.{}", n / 200, n % 200), "guess"))
        .collect();
    assert!(statuses.iter().filter(|status| **status == 401).count() <= 90, "{statuses:?}");
    assert_eq!(statuses.last(), Some(&429));
    assert_eq!(sign_in(&web, "203.0.113.5", ADMIN), 303, "who has guessed nothing is let in");
    // What the client itself puts before the proxy's word counts for nothing.
    assert_eq!(sign_in(&web, "203.0.113.77, 2001:db8:1:2::1", "guess"), 429);
    let lines = web.stderr().matches("wrong token at the sign-in").count();
    assert!((1..=10).contains(&lines), "{lines} lines of the flood in the log");

    for n in 0..50 {
        let guess = format!("guess-{n}");
        assert_eq!(http::get_as(&guess, &web.url("/admin/status")).status, 401);
    }
    assert_eq!(web.stderr().matches("wrong token in a header").count(), 1, "{}", web.stderr());
    web.terminate();
}

#[test]
fn a_port_that_a_connection_holds_for_a_moment_is_waited_for_and_said_once() {
    // A connection's own end: bound, and nobody listens there.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let outgoing = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let held = outgoing.local_addr().unwrap();
    let mut carpark = Carpark::new(&site::directory(), "serve").port(held.port()).start();
    wait::until("it says that it waits", SOON, || {
        carpark.stderr().contains("the port is in use").then_some(())
    });
    // The listener's side first: no port is left in TIME_WAIT on the other.
    let (accepted, _) = listener.accept().unwrap();
    drop(accepted);
    drop(outgoing);
    carpark.wait_ready(SOON);
    assert_eq!(carpark.stderr().matches("the port is in use").count(), 1, "{}", carpark.stderr());
    carpark.terminate();
}

#[test]
fn the_page_of_the_routes_is_drawn_under_its_policy_and_framed_by_nobody() {
    let carpark = Carpark::new(&site::directory(), "serve").start_ready();
    let page = http::get(&carpark.url("/docs/")).ok();
    let policy = page.header("content-security-policy");
    assert!(
        policy.contains("frame-ancestors 'none'") && policy.contains("script-src 'self'"),
        "{policy}"
    );
    assert_eq!(page.header("x-frame-options"), "DENY");
    let browser = Browser::new();
    browser.open(&carpark.url("/docs/"));
    browser.wait_for("document.querySelectorAll('.opblock').length > 5");
    let said = browser.console().join("\n");
    assert!(!said.contains("Content Security Policy"), "{said}");
    drop(browser);
    carpark.terminate();
}
