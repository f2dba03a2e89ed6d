//! What an operator looks at, in a real browser.

mod cameras;
mod protection;

use std::time::Duration;

use chrono::{TimeDelta, Utc};
use domain::wire::{ENTRY_QUEUE, EXIT_QUEUE, format_time};
use serde_json::{Value, json};
use tests::browser::{Browser, key};
use tests::process::{Carpark, Running};
use tests::{Site, http, site};

const TOKEN: &str = "the operator's token";
/// A place whose name would do something, were it not only text.
const NASTY_PLACE: &str = "<script>document.title='taken'</script>";

fn read(kind: &str, plate: &str, minutes_ago: i64, car_park: &str) -> String {
    let at = format_time(Utc::now() - TimeDelta::minutes(minutes_ago));
    let id = format!("{kind}-{plate}-{minutes_ago}");
    let time = format!("{kind}_date_time");
    json!({ "id": id, "vehicle_plate": plate, "place": car_park, &*time: at }).to_string()
}

/// Web and actors apart, with tokens, as in a real installation.
struct Installed {
    site: Site,
    web: Option<Running>,
    actors: Running,
}

impl Installed {
    fn new() -> Self {
        Self::with(|_| {})
    }

    /// With more settings.
    fn with(set: impl FnOnce(&mut Site)) -> Self {
        let mut site = Site::new();
        site.set("CARPARK_LATENESS", "500ms");
        site.set("CARPARK_ADMIN_TOKEN", TOKEN);
        site.set("CARPARK_PAGES_TIME_ZONE", "Europe/Berlin");
        set(&mut site);
        site.configure();
        let actors = site.start_actors_unready();
        site.set("CARPARK_ACTORS_URL", actors.url("").trim_end_matches('/'));
        let web = site.start_web();
        Self { site, web: Some(web), actors }
    }

    fn web(&self) -> &Running {
        self.web.as_ref().unwrap()
    }

    fn comes(&self, plate: &str, minutes_ago: i64, car_park: &str) {
        self.site.client().publish(ENTRY_QUEUE, [read("entry", plate, minutes_ago, car_park)]);
    }

    fn goes(&self, plate: &str, minutes_ago: i64, car_park: &str) {
        self.site.client().publish(EXIT_QUEUE, [read("exit", plate, minutes_ago, car_park)]);
    }

    fn signed_in(&self) -> Browser {
        let browser = Browser::new();
        browser.open(&self.web().url("/sign-in"));
        browser.type_into("#token", TOKEN);
        browser.click(".sign-in button");
        browser.wait_for("document.getElementById('live')?.dataset.state === 'live'");
        browser
    }

    fn end(mut self) {
        self.actors.terminate();
        self.web.take().unwrap().terminate();
    }
}

fn has_row(region: &str, text: &str) -> String {
    let text = json!(text);
    format!(
        "[...document.querySelectorAll('#{region} tr')].some(r => r.innerText.includes({text}))"
    )
}

#[test]
fn a_stranger_sees_figures_and_states_and_no_plate_and_signs_in_to_see_more() {
    let carpark = Installed::new();
    let browser = Browser::new();
    browser.open(&carpark.web().url("/"));
    browser.wait_for_text("All is well");
    browser.wait_for("document.getElementById('figure-inside').innerText === '0'");
    carpark.comes("SEE123", 3, "main");
    browser.wait_for("document.getElementById('figure-inside').innerText === '1'");
    browser.wait_for_text("All is well");
    let shown = browser.eval("document.documentElement.outerHTML");
    assert!(!shown.as_str().unwrap().contains("SEE123"), "{shown}");

    // A plate's own page leads to the sign-in, and from there to where one was going.
    browser.open(&carpark.web().url("/sessions/SEE123"));
    browser.type_into("#token", "a guess");
    browser.click(".sign-in button");
    browser.wait_for_text("That is not the admin token.");
    browser.type_into("#token", TOKEN);
    browser.click(".sign-in button");
    browser.wait_for("document.querySelector('h1')?.innerText === 'SEE123'");
    assert_eq!(browser.eval("document.cookie"), "", "no script sees the cookie");

    browser.open(&carpark.web().url("/"));
    browser.wait_for(&has_row("open", "SEE123"));
    browser.click(".account button");
    browser.wait_for_text("signed in");
    browser.wait_for("!document.body.innerText.includes('SEE123')");
    drop(browser);
    carpark.end();
}

#[test]
fn a_car_comes_and_goes_and_the_page_follows_by_itself() {
    let carpark = Installed::new();
    let browser = carpark.signed_in();
    carpark.comes("LIVE42", 90, "north");
    browser.wait_for(&has_row("open", "LIVE42"));
    browser.wait_for(&has_row("open", "1 h 30 min"));
    browser.wait_for("document.getElementById('figure-inside').innerText === '1'");
    carpark.comes("LIVE43", 1, "north");
    browser.wait_for("document.querySelectorAll('#chart rect.entries').length >= 1");
    carpark.goes("LIVE42", 0, "north");
    browser.wait_for(&has_row("sessions", "LIVE42"));
    browser.wait_for(&format!("!{}", has_row("open", "LIVE42")));
    browser.wait_for("document.getElementById('figure-inside').innerText === '1'");
    // Times are those of the place.
    let entered = (Utc::now() - TimeDelta::minutes(90)).format("%Y-%m-%dT").to_string();
    let machine = browser.eval("document.querySelector('#sessions time').dateTime");
    let machine = machine.as_str().unwrap();
    assert!(machine.ends_with("+01:00") || machine.ends_with("+02:00"), "{machine} of {entered}");
    drop(browser);
    carpark.end();
}

#[test]
fn an_operator_finds_a_plate_by_a_part_closes_its_session_and_dismisses_an_exception() {
    let carpark = Installed::new();
    carpark.comes("FIND77", 40, "main");
    carpark.comes("OTHER1", 50, "main");
    carpark.goes("LONE99", 30, "main");
    let browser = carpark.signed_in();
    browser.wait_for(&has_row("open", "OTHER1"));
    browser.wait_for(&has_row("open", "FIND77"));
    let longest = "document.querySelector('#open tbody tr').innerText.includes('OTHER1')";
    assert_eq!(browser.eval(longest), true, "the longest first");
    browser.type_into("#search-plate", "ind-7");
    browser.wait_for("!document.getElementById('found').hidden");
    browser.wait_for(&has_row("found", "FIND77"));
    assert_eq!(browser.eval(&has_row("found", "OTHER1")), false);

    browser.click("#found a.plate");
    browser.wait_for("document.getElementById('dialog').open");
    browser.wait_for_text("nothing was read after this entry");
    browser.type_into("form[data-action$='/close'] input[name=reason]", "barrier was up");
    browser.click("form[data-action$='/close'] button");
    browser.wait_for("document.querySelector('[data-outcome]').innerText === 'Closed.'");
    browser.wait_for_text("Finished");
    browser.click("[data-close-dialog]");
    browser.wait_for(&has_row("sessions", "FIND77"));
    let rows = carpark.site.files().summaries();
    assert!(rows.iter().any(|row| row.vehicle_plate == "FIND77"));

    browser.wait_for(&has_row("exceptions", "LONE99"));
    browser.click("#exceptions a.plate");
    browser.type_into("form[data-action='/exceptions/dismiss'] input[name=reason]", "=seen it");
    browser.click("form[data-action='/exceptions/dismiss'] button");
    browser.wait_for_text("=seen it");
    browser.press(key::ESCAPE);
    browser.wait_for(&format!("!{}", has_row("exceptions", "LONE99")));
    browser.wait_for("document.getElementById('figure-exceptions').innerText === '0'");

    // It holds over a restart of the service; the exception's own row stays where it is.
    drop(browser);
    let Installed { site, web, actors } = carpark;
    web.unwrap().terminate();
    assert_eq!(site.files().standing_exceptions().len(), 1);
    let web = site.start_web();
    let listed = http::get_as(TOKEN, &web.url("/exceptions")).ok().json();
    assert_eq!(listed["exceptions"], json!([]));
    let held = http::get_as(TOKEN, &actors.url("/admin/plates/LONE99")).ok().json();
    assert!(held.to_string().contains("=seen it"), "{held}");
    let erase = [("authorization", format!("Bearer {TOKEN}"))];
    let erase: Vec<_> = erase.iter().map(|(name, value)| (*name, value.as_str())).collect();
    http::request("DELETE", &actors.url("/admin/plates/LONE99"), &erase, b"").unwrap().ok();
    let data = site.directory().join("data/dismissals.csv");
    assert!(!std::fs::read_to_string(data).unwrap().contains("LONE99"));
    actors.terminate();
    web.terminate();
}

#[test]
fn what_a_camera_or_a_person_wrote_is_only_text_and_nothing_else_is_asked_of_anyone() {
    let carpark = Installed::new();
    carpark.comes("NASTY1", 40, NASTY_PLACE);
    carpark.goes("NASTY2", 30, NASTY_PLACE);
    let browser = carpark.signed_in();
    browser.wait_for(&has_row("open", NASTY_PLACE));
    browser.wait_for(&has_row("exceptions", NASTY_PLACE));
    browser.click("#exceptions a.plate");
    browser
        .type_into("form.action input[name=reason]", "<img src=x onerror=document.title='taken'>");
    browser.click("form.action button");
    browser.wait_for("document.querySelector('#dialog-content').innerText.includes('<img src=x')");
    let search = carpark.web().url("/sessions?plate=%3Cscript%3Ealert(1)%3C/script%3E");
    browser.open(&search);
    browser
        .wait_for("document.querySelector('h1').innerText.includes('<script>alert(1)</script>')");
    assert_ne!(browser.eval("document.title"), "taken");
    assert_eq!(browser.eval("document.querySelectorAll('main script, main img').length"), 0);

    let complaints = browser.console();
    let complaints: Vec<_> = complaints.iter().filter(|line| !line.contains("400")).collect();
    assert!(complaints.is_empty(), "{complaints:#?}");
    let here = carpark.web().url("/");
    let network = browser.network();
    let asked: Vec<&str> = network
        .iter()
        .filter(|event| event["method"] == "Network.requestWillBeSent")
        .filter_map(|event| event["params"]["request"]["url"].as_str())
        .filter(|url| url.starts_with("http") || url.starts_with("ws"))
        .collect();
    assert!(asked.len() > 5, "{asked:?}");
    assert!(asked.iter().all(|url| url.starts_with(&here)), "{asked:#?}");
    drop(browser);
    carpark.end();
}

#[test]
fn the_page_says_when_it_is_not_live_and_is_live_again_with_what_it_missed() {
    let mut carpark = Installed::new();
    let browser = carpark.signed_in();
    let port = carpark.web().port();
    carpark.web.take().unwrap().terminate();
    browser.wait_for("document.getElementById('live').innerText.startsWith('Not live')");
    carpark.comes("BACK01", 2, "main");
    carpark.web = Some(carpark.site.carpark("web").port(port).start_ready());
    // The sign-in ended with the process: the page comes back as a stranger's, and says so.
    browser.wait_for("document.getElementById('live').dataset.state === 'live'");
    browser.wait_for("document.getElementById('figure-inside').innerText === '1'");

    // The actors go: the figures stay, and the page says how old they are.
    let actors_port = carpark.actors.port();
    carpark.actors.kill();
    browser.wait_for_text("Something is broken");
    browser.wait_for_text("no answer from the processors since");
    carpark.actors = carpark.site.carpark("actors").port(actors_port).start_ready();
    browser.wait_for_text("All is well");
    drop(browser);
    carpark.end();
}

#[test]
fn it_works_on_a_phone_and_by_keyboard_alone() {
    let carpark = Installed::new();
    carpark.comes("PHONE1", 40, "a place with quite a long name, as they have");
    carpark.goes("PHONE2", 30, "main");
    let browser = carpark.signed_in();
    browser.wait_for(&has_row("open", "PHONE1"));
    browser.wait_for(&has_row("exceptions", "PHONE2"));
    browser.be_a_phone(360, 740);
    for path in ["/", "/sessions/PHONE1", "/exceptions", "/sessions?plate=PHONE", "/sign-in"] {
        browser.open(&carpark.web().url(path));
        let width = browser.eval("document.documentElement.scrollWidth").as_u64().unwrap();
        assert!(width <= 360, "{path} is {width} wide");
    }

    browser.open(&carpark.web().url("/"));
    browser.wait_for(&has_row("open", "PHONE1"));
    let is_on =
        |what: &str| browser.eval(&format!("document.activeElement.matches({})", json!(what)));
    let tab_to = |what: &str| {
        for _ in 0..60 {
            if is_on(what) == true {
                // What has the focus can be seen to have it.
                let outline = "getComputedStyle(document.activeElement).outlineStyle";
                assert_ne!(browser.eval(outline), "none", "{what}");
                return;
            }
            browser.press(key::TAB);
        }
        panic!("the focus never comes to {what}");
    };
    tab_to(".skip");
    tab_to("#search-plate");
    browser.press("phone1");
    browser.wait_for(&has_row("found", "PHONE1"));
    tab_to("#found a.plate");
    browser.press(key::ENTER);
    browser.wait_for("document.getElementById('dialog').open");
    browser.wait_for("document.activeElement.matches('#dialog h1')");
    tab_to("#dialog form[data-action$='/close'] input[name=reason]");
    browser.press("seen by the guard");
    browser.press(key::ENTER);
    browser.wait_for("document.querySelector('[data-outcome]').innerText === 'Closed.'");
    browser.press(key::ESCAPE);
    browser.wait_for("!document.getElementById('dialog').open");
    drop(browser);
    carpark.end();
}

/// Of each text on the page: the contrast of its colour to what is behind it.
const LOW_CONTRASTS: &str = r"(() => {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const luminance = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((v) => v / 255).map((v) => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
    return .2126 * x + .7152 * y + .0722 * z;
  };
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = rgba(getComputedStyle(at).backgroundColor);
      if (colour[3] > 250) return colour;
    }
    return [255, 255, 255, 255];
  };
  const low = [];
  let looked = 0;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !element.checkVisibility()) continue;
    if (element.closest('.hidden, script, noscript, title')) continue;
    const style = getComputedStyle(element);
    const colour = element instanceof SVGElement ? style.fill : style.color;
    const [one, other] = [luminance(rgba(colour)), luminance(behind(element))];
    const contrast = (Math.max(one, other) + .05) / (Math.min(one, other) + .05);
    looked += 1;
    if (contrast < 4.5) low.push(`${walker.currentNode.data.trim()}: ${contrast.toFixed(2)}`);
  }
  return { looked, low };
})()";

#[test]
fn every_text_can_be_read_in_light_and_in_dark() {
    let carpark = Installed::new();
    carpark.comes("DARK01", 40, "main");
    carpark.comes("LONG01", 4 * 24 * 60, "main");
    carpark.goes("DARK02", 30, "main");
    let browser = carpark.signed_in();
    browser.wait_for(&has_row("open", "Overstay"));
    browser.wait_for(&has_row("exceptions", "DARK02"));
    for scheme in ["light", "dark"] {
        browser.prefer(scheme);
        for path in ["/", "/sessions/LONG01", "/sessions/DARK02", "/exceptions", "/sign-in"] {
            browser.open(&carpark.web().url(path));
            browser.prefer(scheme);
            let found = browser.eval(LOW_CONTRASTS);
            assert!(found["looked"].as_u64().unwrap() > 5, "{path}: {found}");
            assert_eq!(found["low"], json!([]), "{path} in {scheme}");
        }
    }
    drop(browser);
    carpark.end();
}

#[test]
fn the_page_is_small_and_quick() {
    let carpark = Installed::new();
    for n in 0..40 {
        carpark.comes(&format!("SMALL{n:02}"), 40 + n, "main");
        carpark.goes(&format!("QUICK{n:02}"), 30 + n, "main");
    }
    let browser = carpark.signed_in();
    browser.wait_for("document.getElementById('figure-inside').innerText === '40'");
    let first = Browser::new();
    first.open(&carpark.web().url("/"));
    for (who, browser) in [("a first look", &first), ("signed in, again", &browser)] {
        browser.open(&carpark.web().url("/"));
        let figures = browser.eval(
            "(() => { const all = [...performance.getEntriesByType('navigation'),
                ...performance.getEntriesByType('resource')];
              const page = all[0];
              return { ms: page.domContentLoadedEventEnd - page.startTime,
                bytes: all.reduce((sum, e) => sum + (e.encodedBodySize || 0), 0) }; })()",
        );
        eprintln!("{who}: {figures}");
        assert!(figures["bytes"].as_f64().unwrap() < 150_000.0, "{figures}");
        // A guard against something gross, not a measurement: the machine may be busy.
        assert!(figures["ms"].as_f64().unwrap() < 2_000.0, "{figures}");
    }
    drop((browser, first));
    carpark.end();
}

#[test]
fn vehicles_fall_silent_and_come_back_before_ones_eyes_and_are_filtered() {
    let directory = site::directory();
    let carpark = Carpark::new(&directory, "serve")
        .env("CARPARK_VEHICLES_CONNECTED_WITHIN", "2s")
        .env("CARPARK_VEHICLES_TOLERANCE", "1s")
        .start_ready();
    let put = |path: &str, body: Value| {
        let json = [("content-type", "application/json")];
        let body = body.to_string();
        http::request("PUT", &carpark.url(path), &json, body.as_bytes()).unwrap().ok();
    };
    let ping = |vehicle: &str| {
        http::request("POST", &carpark.url(&format!("/vehicles/{vehicle}/ping")), &[], b"")
            .unwrap()
            .ok();
    };
    put("/admin/customers/one", json!({ "name": NASTY_PLACE, "address": "Here" }));
    put("/admin/customers/two", json!({ "name": "Two Brothers", "address": "There" }));
    put("/admin/vehicles/VIN1", json!({ "plate": "AAA111", "customer": "one" }));
    put("/admin/vehicles/VIN2", json!({ "plate": "BBB222", "customer": "two" }));

    let browser = Browser::new();
    browser.open(&carpark.url("/vehicles"));
    browser.wait_for("document.getElementById('live').dataset.state === 'live'");
    browser.wait_for(&has_row("vehicles", NASTY_PLACE));
    let row = |plate: &str, state: &str| {
        let (plate, state) = (json!(plate), json!(state));
        format!(
            "[...document.querySelectorAll('#vehicles tr')].some(r =>
                r.innerText.includes({plate}) && r.innerText.includes({state}))"
        )
    };
    browser.wait_for(&row("AAA111", "Never seen"));
    ping("VIN1");
    browser.wait_for(&row("AAA111", "Connected"));
    browser.wait_for(&row("AAA111", "Disconnected"));
    ping("VIN1");
    browser.wait_for(&row("AAA111", "Connected"));
    browser.wait_for(&row("BBB222", "Never seen"));

    browser.click("#vehicles a.plate");
    browser.wait_for("document.getElementById('dialog').open");
    browser.wait_for("document.querySelectorAll('#dialog .chapters li').length >= 2");
    browser.press(key::ESCAPE);

    browser.open(&carpark.url("/vehicles?customer=two"));
    browser.wait_for(&has_row("vehicles", "BBB222"));
    assert_eq!(browser.eval(&has_row("vehicles", "AAA111")), false);
    assert_eq!(browser.eval("document.querySelector('select[name=customer]').value"), "two");
    browser.open(&carpark.url("/vehicles?status=connected"));
    ping("VIN2");
    browser.wait_for(&has_row("vehicles", "BBB222"));
    browser.wait_for(&format!("!{}", has_row("vehicles", "BBB222")));

    for scheme in ["light", "dark"] {
        for path in ["/vehicles", "/vehicles/VIN1"] {
            browser.open(&carpark.url(path));
            browser.prefer(scheme);
            let found = browser.eval(LOW_CONTRASTS);
            assert_eq!(found["low"], json!([]), "{path} in {scheme}");
        }
    }
    browser.be_a_phone(360, 740);
    browser.open(&carpark.url("/vehicles"));
    browser.wait_for(&has_row("vehicles", "AAA111"));
    let width = browser.eval("document.documentElement.scrollWidth").as_u64().unwrap();
    assert!(width <= 360, "{width} wide");
    assert_eq!(browser.console(), Vec::<String>::new());
    drop(browser);
    carpark.terminate();
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

/// A number from 0 to 1 that is the same for the same `n`.
fn dice(n: u32) -> f64 {
    let mixed = n.wrapping_mul(2_654_435_761) ^ (n.wrapping_mul(40_503) >> 3);
    f64::from(mixed.rotate_left(7).wrapping_mul(2_246_822_519) >> 8) / f64::from(1_u32 << 24)
}

fn plate(n: u32) -> String {
    let letter = |n: u32| char::from(b'A' + u8::try_from(n % 26).unwrap());
    format!("{}{} {}{}", letter(n * 7 + 3), letter(n * 11 + 5), 100 + (n * 379) % 900, letter(n))
}

/// An hour of a car park, as messages: who came, who went, and what went wrong.
fn an_hour() -> (Vec<String>, Vec<String>) {
    let (mut entries, mut exits) = (Vec::new(), Vec::new());
    for n in 0..430 {
        let came = 62.0 - 62.0 * (f64::from(n) + dice(n)) / 430.0;
        let stayed = 4.0 + 70.0 * dice(n + 1_000).powi(2);
        let minutes =
            |minutes: f64| format_time(Utc::now() - Duration::from_secs_f64(minutes * 60.0));
        let message = |time: &str, at: f64| {
            json!({ "id": format!("{time}-{n}"), "vehicle_plate": plate(n), time: minutes(at) })
                .to_string()
        };
        if n % 90 != 17 {
            entries.push(message("entry_date_time", came));
        }
        if stayed < came {
            exits.push(message("exit_date_time", came - stayed));
        }
    }
    for (n, minutes) in [(900, 6_190), (901, 410), (902, 335), (903, 212)] {
        entries.push(read("entry", &plate(n), minutes, "main"));
    }
    entries.push(read("entry", &plate(905), 140, "main"));
    entries.push(read("entry", &plate(905), 47, "main"));
    (entries, exits)
}

/// The pictures of the README: `cargo test --test it -- --ignored pictures`.
#[test]
#[ignore = "writes docs/*.png"]
fn pictures_for_the_readme() {
    let pictures = tests::process::workspace().join("docs");
    let take = |browser: &Browser, name: &str| {
        for scheme in ["light", "dark"] {
            browser.prefer(scheme);
            std::fs::write(pictures.join(format!("{name}-{scheme}.png")), browser.screenshot())
                .unwrap();
        }
    };
    let carpark = Installed::new();
    let (entries, exits) = an_hour();
    carpark.site.client().publish(ENTRY_QUEUE, entries);
    carpark.site.client().publish(EXIT_QUEUE, exits);
    let browser = carpark.signed_in();
    browser.window(1180, 820);
    browser.wait_for(&has_row("open", "Overstay"));
    browser.wait_for(&has_row("exceptions", "Missed exit"));
    browser.wait_for(&has_row("exceptions", "Unmatched exit"));
    browser.wait_for("document.querySelectorAll('#chart rect.exits').length > 40");
    browser.wait_for("!document.querySelector('tr.fresh')?.getAnimations({subtree: true}).length");
    take(&browser, "page");
    drop(browser);
    carpark.end();

    let directory = site::directory();
    let carpark = Carpark::new(&directory, "serve")
        .env("CARPARK_VEHICLES_CONNECTED_WITHIN", "3s")
        .env("CARPARK_VEHICLES_TOLERANCE", "1s")
        .start_ready();
    let customers = ["Northern Couriers", "Bakery at the Mill", "City Cleaning"];
    let row = |n: u32| {
        let of = n as usize % 3;
        let (id, plate, name) = (7_310 + n * 41, plate(n * 5), customers[of]);
        format!("WVA{id}{n:02},{plate},{of},{name},Harbour Street {of}")
    };
    let header = "vehicle_id,plate,customer_id,customer_name,customer_address".to_owned();
    let file = [header].into_iter().chain((0..14).map(row)).collect::<Vec<_>>().join("\n");
    let csv = [("content-type", "text/csv")];
    let import = carpark.url("/admin/vehicles/import");
    http::request("POST", &import, &csv, file.as_bytes()).unwrap().ok();
    let ping = |n: u32| {
        let path = format!("/vehicles/WVA{}{n:02}/ping", 7_310 + n * 41);
        http::request("POST", &carpark.url(&path), &[], b"").unwrap().ok();
    };
    (0..12).for_each(ping);
    let browser = Browser::new();
    browser.window(1180, 600);
    browser.open(&carpark.url("/vehicles"));
    browser.wait_for("document.querySelectorAll('#vehicles .word.bad').length >= 12");
    (0..9).for_each(ping);
    browser.wait_for("document.querySelectorAll('#vehicles .word.ok').length === 9");
    take(&browser, "vehicles");
    drop(browser);
    carpark.terminate();
}
