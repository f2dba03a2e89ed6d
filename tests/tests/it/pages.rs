//! What an operator looks at, in a real browser.

mod cameras;
mod connection;
mod counts;
mod dead_letters;
mod holding;
mod looks;
mod pictures;
mod protection;
mod switch;
mod tabs;
mod vehicles;
mod webhooks;

use chrono::{TimeDelta, Utc};
use domain::wire::{ENTRY_QUEUE, EXIT_QUEUE, format_time};
use serde_json::json;
use tests::browser::{Browser, key};
use tests::process::Running;
use tests::{Site, http};

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
    browser.wait_for_text("Sign in to see plates");
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
    browser.wait_for("document.getElementById('live').innerText.startsWith('Connection lost')");
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
