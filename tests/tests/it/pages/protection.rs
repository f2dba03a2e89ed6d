//! What protects the pages and those who look at them, as a program sees it.

use std::time::Duration;

use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};
use tests::browser::Browser;
use tests::events::Events;
use tests::http::{self, Answer};
use tests::process::{Carpark, Running};
use tests::{site, wait};

use super::{Installed, TOKEN};

const SOON: Duration = Duration::from_secs(20);
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const JSON: (&str, &str) = ("content-type", "application/json");

fn serve() -> Running {
    let directory = site::directory();
    Carpark::new(&directory, "serve").env("CARPARK_ADMIN_TOKEN", TOKEN).start_ready()
}

fn sign_in(web: &Running, next: &str, more: &[(&str, &str)]) -> Answer {
    let headers: Vec<_> = [FORM].iter().chain(more).copied().collect();
    let body = format!("next={next}&token={}", TOKEN.replace(' ', "+"));
    http::request("POST", &web.url("/sign-in"), &headers, body.as_bytes()).unwrap()
}

/// Name and value of the cookie of a new sign-in.
fn cookie(web: &Running) -> String {
    let answer = sign_in(web, "/", &[]);
    answer.header("set-cookie").split(';').next().unwrap().to_owned()
}

fn ask(web: &Running, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
    http::request(method, &web.url(path), headers, b"").unwrap()
}

/// The token of its page, which another site's cannot know.
fn csrf_token(web: &Running, cookie: &str) -> String {
    let page = ask(web, "GET", "/", &[("cookie", cookie)]).ok().body;
    let (_, rest) = page.split_once("name=\"csrf-token\" content=\"").unwrap();
    rest.split('"').next().unwrap().to_owned()
}

#[test]
fn a_page_loads_nothing_from_elsewhere_and_is_not_kept_and_what_it_is_drawn_with_is_for_ever() {
    let web = serve();
    let cookie = cookie(&web);
    for path in ["/", "/sign-in", "/exceptions", "/vehicles", "/sessions?plate=ab"] {
        let accept = ("accept", "text/html");
        let headers: &[(&str, &str)] = match path {
            "/sign-in" => &[accept],
            _ => &[accept, ("cookie", &cookie)],
        };
        let page = ask(&web, "GET", path, headers).ok();
        let policy = page.header("content-security-policy");
        for part in ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(page.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(page.header("cache-control"), "no-store", "{path}");
        assert_eq!(page.header("referrer-policy"), "same-origin", "{path}");
    }

    let page = ask(&web, "GET", "/", &[]).ok().body;
    let paths: Vec<&str> = page.split('"').filter(|text| text.starts_with("/assets/")).collect();
    assert_eq!(paths.len(), 3, "{paths:?}");
    for path in paths {
        let asset = ask(&web, "GET", path, &[]).ok();
        assert!(asset.header("cache-control").contains("immutable"), "{path}");
        assert_eq!(asset.header("x-content-type-options"), "nosniff", "{path}");
        let (_, name) = path.rsplit_once('/').unwrap();
        // Of another content than this one nobody keeps this one for ever.
        assert_eq!(ask(&web, "GET", &format!("/assets/0123456789abcdef/{name}"), &[]).status, 404);
    }
    web.terminate();
}

#[test]
fn a_sign_in_is_a_cookie_that_goes_nowhere_else_and_leads_to_no_other_site() {
    let web = serve();
    let answer = sign_in(&web, "/vehicles", &[]);
    assert_eq!((answer.status, answer.header("location")), (303, "/vehicles"));
    let flags = answer.header("set-cookie");
    for flag in ["; HttpOnly", "; SameSite=Strict", "; Path=/", "; Max-Age="] {
        assert!(flags.contains(flag), "{flag}: {flags}");
    }
    assert!(!flags.contains("Secure"), "no browser would send it back over HTTP");
    let behind_tls = sign_in(&web, "/", &[("x-forwarded-proto", "https")]);
    assert!(behind_tls.header("set-cookie").contains("; Secure"));
    for elsewhere in ["//evil.example", "https://evil.example/", "/\\evil.example", "/%0d%0ax:y"] {
        assert_eq!(sign_in(&web, elsewhere, &[]).header("location"), "/", "{elsewhere}");
    }
    web.terminate();
}

#[test]
fn a_sign_in_ends_where_its_page_says_so_and_with_it_what_it_looks_at() {
    let web = serve();
    let cookie = cookie(&web);
    let signed_in = ("cookie", cookie.as_str());
    let is_in = || ask(&web, "GET", "/admin/status", &[signed_in]).status == 200;
    assert!(is_in());
    let csrf_token = csrf_token(&web, &cookie);
    let token = ("x-csrf-token", csrf_token.as_str());
    let act = |more: &[(&str, &str)]| {
        let headers: Vec<_> = [signed_in, token].iter().chain(more).copied().collect();
        ask(&web, "DELETE", "/admin/dead-letters", &headers).status
    };
    assert_eq!(act(&[]), 200);
    // Even with the page's own token, should it ever be seen.
    assert_eq!(act(&[("origin", "http://evil.example")]), 403);

    let foreign = [signed_in, ("sec-fetch-site", "cross-site")];
    assert_eq!(ask(&web, "POST", "/sign-out", &foreign).status, 403);
    assert!(is_in(), "another site's page ends no sign-in");
    let mut streams =
        ["/events", "/pages/vehicles"].map(|path| Events::open(&web, path, &[signed_in]));
    for stream in &mut streams {
        assert_eq!(stream.next("news").data["may_see"], true);
    }
    assert_eq!(ask(&web, "POST", "/sign-out", &[signed_in]).status, 303);
    assert!(!is_in(), "who kept the cookie has nothing");
    for stream in streams {
        stream.wait_for_end(2);
    }
    web.terminate();
}

#[test]
fn a_stranger_is_sent_no_plate_whatever_others_look_at() {
    let carpark = Installed::new();
    carpark.comes("SECRET1", 40, "main");
    carpark.goes("SECRET2", 30, "main");
    let web = carpark.web();
    let bearer = format!("Bearer {TOKEN}");
    let mut trusted = Events::open(web, "/events", &[("authorization", &bearer)]);
    let (mut open, mut exceptions) = (false, false);
    while !(open && exceptions) {
        let regions = trusted.next("news").data["regions"].to_string();
        open |= regions.contains("SECRET1");
        exceptions |= regions.contains("SECRET2");
    }
    let page = ask(web, "GET", "/", &[]).ok().body;
    assert!(page.contains("figure-inside\">1<"), "{page}");
    let told = Events::open(web, "/events", &[]).next("news").data;
    assert_eq!(told["may_see"], false);
    for shown in [page, told.to_string()] {
        assert!(!shown.contains("SECRET"), "{shown}");
    }
    carpark.end();
}

#[test]
fn a_stream_tells_what_is_new_and_of_another_process_everything() {
    let web = serve();
    let cookie = cookie(&web);
    let signed_in = ("cookie", cookie.as_str());
    let regions = |data: &Value| data["regions"].as_object().unwrap().len();
    let mut first = Events::open(&web, "/events", &[signed_in]);
    let whole = first.next("news");
    assert!(regions(&whole.data) >= 6, "{whole:?}");
    // Nothing happens; the chart alone moves on, once a minute.
    let next = first.next("news");
    assert!(regions(&next.data) <= 1, "{next:?}");
    let on = format!("/events?after={}", next.id);
    let resumed = Events::open(&web, &on, &[signed_in]).next("news");
    assert!(regions(&resumed.data) <= 1, "{resumed:?}");
    let header = ("last-event-id", next.id.as_str());
    let resumed = Events::open(&web, "/events", &[signed_in, header]).next("news");
    assert!(regions(&resumed.data) <= 1, "{resumed:?}");
    let other = Events::open(&web, "/events?after=elsewhere-99999", &[signed_in]).next("news");
    assert_eq!(regions(&other.data), regions(&whole.data));

    let mut vehicles = Events::open(&web, "/pages/vehicles", &[signed_in]);
    assert_eq!(regions(&vehicles.next("news").data), 1);
    assert_eq!(regions(&vehicles.next("news").data), 0);
    // The service does not wait for those who look: it ends their streams.
    web.terminate();
    first.wait_for_end(100);
    vehicles.wait_for_end(100);
}

#[test]
fn while_nobody_looks_nobody_is_asked() {
    let directory = site::directory();
    let web = Carpark::new(&directory, "serve").args(&["--progress-every", "3s"]).start_ready();
    let asked = || {
        let metrics = http::get(&web.url("/metrics")).ok().body;
        metrics.lines().any(|line| line.contains("endpoint=\"/admin/status\""))
    };
    wait::until("it has run for a while", SOON, || web.stdout().contains("inside 0").then_some(()));
    assert!(!asked());
    Events::open(&web, "/events", &[]).next("news");
    wait::until("they are asked", SOON, || asked().then_some(()));
    web.terminate();
}

#[test]
fn a_connection_that_is_dead_and_not_closed_is_not_live() {
    let web = serve();
    let browser = Browser::new();
    browser.open(&web.url("/"));
    browser.wait_for("document.getElementById('live').dataset.state === 'live'");
    web.stop();
    browser.wait_for("document.getElementById('live').innerText.startsWith('Connection lost')");
    web.cont();
    browser.wait_for("document.getElementById('live').dataset.state === 'live'");
    drop(browser);
    web.terminate();
}

#[test]
fn a_dismissal_is_of_what_holds_and_a_time_is_the_places() {
    let carpark = Installed::with(|site| site.set("CARPARK_PAGES_TIME_ZONE", "Asia/Tokyo"));
    carpark.goes("ALONE1", 30, "main");
    carpark.comes("STAYS1", 90, "main");
    let web = carpark.web();
    let bearer = format!("Bearer {TOKEN}");
    let post = |path: &str, body: &Value| {
        let headers = [("authorization", bearer.as_str()), JSON];
        http::request("POST", &web.url(path), &headers, body.to_string().as_bytes()).unwrap()
    };
    let row = wait::until("the exception is there", SOON, || {
        let listed = http::get_as(TOKEN, &web.url("/exceptions")).ok().json();
        listed["exceptions"].get(0).cloned()
    });
    let dismissal = |revision: &Value, subject: &Value| {
        json!({
            "kind": row["kind"], "vehicle_plate": row["vehicle_plate"], "subject": subject,
            "revision": revision, "reason": "seen",
        })
    };
    let (revision, subject) = (&row["revision"], &row["observation_id"]);
    let earlier = json!(revision.as_u64().unwrap() - 1);
    assert_eq!(post("/exceptions/dismiss", &dismissal(&earlier, subject)).status, 409);
    assert_eq!(post("/exceptions/dismiss", &dismissal(revision, &json!("another"))).status, 409);
    assert_eq!(post("/exceptions/dismiss", &dismissal(revision, subject)).status, 200);

    let left = Utc::now() - TimeDelta::minutes(10);
    let in_tokyo = (left + TimeDelta::hours(9)).format("%Y-%m-%dT%H:%M").to_string();
    let closing = json!({ "reason": "barrier was up", "left_at": in_tokyo });
    assert_eq!(post("/sessions/STAYS1/close", &closing).status, 200);
    let rows = wait::until("the row is written", SOON, || {
        let rows = carpark.site.files().summaries();
        (!rows.is_empty()).then_some(rows)
    });
    let minute = left.format("%Y-%m-%dT%H:%M:00.000Z").to_string();
    assert_eq!(rows[0].exit_date_time, minute);
    carpark.end();
}

#[test]
fn another_sites_page_can_do_nothing_here_with_a_token_or_without() {
    let directory = site::directory();
    let open = Carpark::new(&directory, "serve").start_ready();
    let ask = |method: &str, path: &str, headers: &[(&str, &str)]| {
        http::request(method, &open.url(path), headers, b"").unwrap().status
    };
    let evil = ("origin", "http://evil.example");
    let rebound = ("host", "evil.example");
    assert_eq!(ask("GET", "/summaries.csv", &[]), 200);
    assert_eq!(ask("GET", "/summaries.csv", &[rebound]), 403);
    assert_eq!(ask("DELETE", "/admin/dead-letters", &[]), 200);
    assert_eq!(ask("DELETE", "/admin/dead-letters", &[evil]), 403);
    assert_eq!(ask("DELETE", "/admin/dead-letters", &[("sec-fetch-site", "cross-site")]), 403);
    assert_eq!(ask("POST", "/save_summary", &[evil]), 403);
    assert_eq!(ask("POST", "/save_summary", &[("host", "web.example:40000")]), 400, "a program's");
    open.terminate();

    let directory = site::directory();
    let web = Carpark::new(&directory, "serve").env("CARPARK_ADMIN_TOKEN", TOKEN).start_ready();
    let sign_in = |headers: &[(&str, &str)], token: &str| {
        let mut all = vec![("content-type", "application/x-www-form-urlencoded")];
        all.extend(headers);
        let body = format!("next=//evil.example&token={}", token.replace(' ', "+"));
        http::request("POST", &web.url("/sign-in"), &all, body.as_bytes()).unwrap().status
    };
    assert_eq!(sign_in(&[evil], TOKEN), 403);
    assert_eq!(sign_in(&[], TOKEN), 303);
    let statuses: Vec<u16> = (0..12).map(|n| sign_in(&[], &format!("guess {n}"))).collect();
    assert_eq!(statuses[0], 401);
    assert_eq!(statuses[11], 429, "{statuses:?}");
    assert_eq!(http::get_as(TOKEN, &web.url("/admin/status")).status, 200, "the header goes on");
    web.terminate();
}

#[test]
fn a_sign_in_looks_freely_and_acts_only_from_its_own_page() {
    let directory = site::directory();
    let web = Carpark::new(&directory, "serve").env("CARPARK_ADMIN_TOKEN", TOKEN).start_ready();
    let browser = Browser::new();
    browser.open(&web.url("/sign-in"));
    browser.type_into("#token", TOKEN);
    browser.click(".sign-in button");
    browser.wait_for("document.getElementById('live')?.dataset.state === 'live'");
    let status = |method: &str, headers: Value| {
        browser.eval(&format!(
            "(() => {{ const r = new XMLHttpRequest(); r.open('{method}', '/admin/dead-letters', false);
               for (const [n, v] of Object.entries({headers})) r.setRequestHeader(n, v);
               r.send(); return r.status; }})()"
        ))
    };
    let csrf = browser.eval("document.querySelector('meta[name=csrf-token]').content");
    assert_eq!(status("GET", json!({})), 200);
    assert_eq!(status("DELETE", json!({})), 403);
    assert_eq!(status("DELETE", json!({ "x-csrf-token": "a guess" })), 403);
    assert_eq!(status("DELETE", json!({ "x-csrf-token": csrf })), 200);
    drop(browser);
    web.terminate();
}
