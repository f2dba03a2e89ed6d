//! The car park is chosen by a switch that remembers.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::json;
use tests::browser::Browser;
use tests::process::{Carpark, Running};
use tests::{http, site, wait};

use super::{has_row, read};

const COUNTED: &str = "document.getElementById('figure-inside').innerText === ";

/// Two vehicles are in the north and one in the south; one has left the south without having come.
fn carpark() -> (Running, PathBuf) {
    let directory = site::directory();
    let reads = [
        read("entry", "NORTH1", 20, "north"),
        read("entry", "NORTH2", 10, "north"),
        read("entry", "SOUTH1", 15, "south"),
        read("exit", "LONE01", 5, "south"),
    ];
    std::fs::write(directory.join("reads"), reads.join("\n")).unwrap();
    let carpark =
        Carpark::new(&directory, "serve").args(&["--reads", "reads", "--lateness", "500ms"]);
    let carpark = carpark.start_ready();
    let described = json!({ "name": "North Garage", "bays": { "standard": { "spaces": 40 } } });
    let json = [("content-type", "application/json")];
    let body = described.to_string();
    let url = carpark.url("/admin/places/north");
    http::request("PUT", &url, &json, body.as_bytes()).unwrap().ok();
    wait::until("all is judged", Duration::from_mins(1), || {
        let listed = http::get(&carpark.url("/exceptions")).ok().json();
        (listed["counts"]["unmatched_exit"] == 1).then_some(())
    });
    (carpark, directory)
}

fn chooses(browser: &Browser, place: &str) {
    let place = json!(place);
    browser.eval(&format!(
        "(() => {{ const chosen = document.querySelector('#switch select'); chosen.value = {place}; \
         chosen.dispatchEvent(new Event('change', {{ bubbles: true }})); }})()"
    ));
    browser.wait_for(&format!(
        "new URL(location).searchParams.get('place') === {place} && \
         document.getElementById('live')?.dataset.state !== 'connecting'"
    ));
}

#[test]
fn a_car_park_is_chosen_once_and_holds_on_every_page_until_another_is() {
    let (carpark, _) = carpark();
    let browser = Browser::new();
    browser.open(&carpark.url("/"));
    browser.wait_for(&format!("{COUNTED}'3'"));
    // By the name that people gave it.
    browser.wait_for(
        "document.querySelector('#switch option[value=north]')?.innerText === 'North Garage'",
    );

    chooses(&browser, "north");
    browser.wait_for(&format!("{COUNTED}'2'"));
    browser.wait_for(&has_row("open", "NORTH1"));
    assert_eq!(browser.eval(&has_row("open", "SOUTH1")), false);
    assert_eq!(browser.eval("document.getElementById('figure-exceptions').innerText"), "0");
    assert_eq!(
        browser.eval("document.querySelector('#chart svg').getAttribute('aria-label').includes('2 entries and 0 exits')"),
        true
    );

    // It is remembered where the address says nothing, and what is new there comes by itself.
    browser.open(&carpark.url("/"));
    browser.wait_for(&format!("{COUNTED}'2'"));
    browser.wait_for("document.getElementById('live').dataset.events === '/events?place=north'");
    browser.open(&carpark.url("/exceptions"));
    browser.wait_for_text("Nothing to review.");
    browser.open(&carpark.url("/sessions?plate=SOUTH"));
    browser.wait_for_text("No open session has");

    // An address wins, and is remembered in its turn.
    browser.open(&carpark.url("/exceptions?place=south"));
    browser.wait_for_text("LONE01");
    browser.open(&carpark.url("/"));
    browser.wait_for(&format!("{COUNTED}'1'"));
    chooses(&browser, "");
    browser.wait_for(&format!("{COUNTED}'3'"));
    browser.open(&carpark.url("/exceptions"));
    browser.wait_for_text("LONE01");
    assert_eq!(browser.eval("document.querySelector('#switch select').value"), "");

    // Of a place that nobody has heard of there is nothing; and a program says by itself what it wants.
    let at =
        |place: &str| http::get(&carpark.url(&format!("/exceptions?place={place}"))).ok().json();
    assert_eq!(at("nowhere")["counts"]["unmatched_exit"], 0);
    assert_eq!(at("south")["exceptions"][0]["vehicle_plate"], "LONE01");
    drop(browser);
    carpark.terminate();
}

#[test]
fn it_works_without_scripts_and_what_the_pages_know_outlives_the_process() {
    let (carpark, directory) = carpark();
    let html = [("accept", "text/html")];
    let page = |running: &Running, path: &str, cookie: &str| {
        let headers = [html[0], ("cookie", cookie)];
        http::request("GET", &running.url(path), &headers, b"").unwrap().ok()
    };
    let first = page(&carpark, "/?place=north", "");
    let cookie = first.header("set-cookie").split(';').next().unwrap().to_owned();
    assert_eq!(cookie, "place=north");
    assert!(first.body.contains("NORTH1") && !first.body.contains("SOUTH1"), "{}", first.body);
    let again = page(&carpark, "/", &cookie);
    assert!(again.body.contains("NORTH1") && !again.body.contains("SOUTH1"));
    assert_eq!(again.header("set-cookie"), "");

    // An erased plate is on no page, nor in what is kept for the next start.
    http::request("DELETE", &carpark.url("/admin/plates/NORTH2"), &[], b"").unwrap().ok();
    let found = page(&carpark, "/sessions?plate=NORTH", &cookie);
    assert!(found.body.contains("NORTH1") && !found.body.contains("NORTH2"), "{}", found.body);
    let port = carpark.port();
    carpark.terminate();
    let kept = std::fs::read_to_string(directory.join("data/pages.checkpoint")).unwrap();
    assert!(kept.contains("NORTH1") && !kept.contains("NORTH2"), "{kept}");
    let carpark = Carpark::new(&directory, "serve").port(port).start_ready();
    wait::until("it is known who is inside", Duration::from_secs(30), || {
        let page = page(&carpark, "/", &cookie);
        (page.body.contains("NORTH1") && page.body.contains("North Garage")).then_some(())
    });
    carpark.terminate();
}
