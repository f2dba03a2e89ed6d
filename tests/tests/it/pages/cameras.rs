//! How the cameras do, before an operator's eyes.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use serde_json::{Value, json};
use tests::browser::Browser;
use tests::process::{Carpark, Running};
use tests::{http, site};

use super::{Installed, TOKEN, has_row};

const LAYOUT: &str = r#"
[places.main]
time_zone = "Europe/Berlin"
[lanes.in]
role = "entry"
[lanes.out]
role = "exit"
[cameras.entry-1]
lane = "in"
[cameras.exit-1]
lane = "out"
[cameras.exit-2]
lane = "out"
"#;
/// Of what an operator is told of a message that nobody understands.
const REFUSAL: &str = "of no vendor that carpark knows";
/// What counts as lately, so short that a test can wait for it.
const LATELY: &str = "4s";

pub fn post(web: &Running, camera: &str, body: &Value) -> u16 {
    let headers = [("authorization", &*format!("Bearer {TOKEN}"))];
    let url = web.url(&format!("/cameras/{camera}"));
    http::request("POST", &url, &headers, body.to_string().as_bytes()).unwrap().status
}

/// A vehicle that the camera at the entry sees now.
fn passes(web: &Running, plate: &str) {
    let now = domain::wire::format_time(chrono::Utc::now());
    let read = json!({ "id": plate, "vehicle_plate": plate, "entry_date_time": now });
    assert_eq!(post(web, "entry-1", &read), 200);
}

fn leaves(web: &Running, camera: &str, plate: &str) {
    let now = domain::wire::format_time(chrono::Utc::now());
    let read = json!({ "id": plate, "vehicle_plate": plate, "exit_date_time": now });
    assert_eq!(post(web, camera, &read), 200);
}

pub fn says_that_it_is_there(web: &Running, camera: &str) {
    let now = chrono::Utc::now().timestamp_millis();
    let heartbeat =
        json!({ "data_type": "heartbeat", "company_id": "c", "version": 1, "timestamp": now });
    assert_eq!(post(web, camera, &heartbeat), 200);
}

/// That the page says this of the camera.
fn row(camera: &str, state: &str) -> String {
    let (camera, state) = (json!(camera), json!(state));
    format!(
        "[...document.querySelectorAll('#cameras tr')].some(r =>
            r.cells[0].innerText === {camera} && r.querySelector('.word')?.innerText.trim() === {state})"
    )
}

/// A cell of the camera's row.
fn cell(camera: &str, number: usize) -> String {
    let camera = json!(camera);
    format!(
        "[...document.querySelectorAll('#cameras tr')].find(r =>
            r.cells[0].innerText === {camera}).cells[{number}].innerText"
    )
}

#[test]
fn a_camera_whose_heartbeats_alone_go_on_is_seen_to_read_nothing_and_to_read_again() {
    let carpark = Installed::with(|site| {
        std::fs::write(site.directory().join("carpark.toml"), LAYOUT).unwrap();
        site.set("CARPARK_CAMERA_TOKEN", TOKEN);
        site.set("CARPARK_CAMERA_READS_WITHIN", LATELY);
    });
    let browser = carpark.signed_in();
    let web = carpark.web();
    browser.wait_for(&row("entry-1", "never heard"));
    browser.wait_for("document.getElementById('state').innerText.includes('0 of 3 reporting; 3 have never sent anything')");
    passes(web, "FIRST1");
    browser.wait_for(&row("entry-1", "reading"));
    browser.wait_for(&format!("/^\\d+ s ago$/.test({})", cell("entry-1", 2)));
    assert_eq!(browser.eval(&cell("entry-1", 3)), "–", "it sends no heartbeats");
    says_that_it_is_there(web, "exit-1");
    browser.wait_for(&row("exit-1", "quiet"));
    browser.wait_for(&format!("/^\\d+ s ago$/.test({})", cell("exit-1", 3)));
    assert_eq!(browser.eval(&cell("exit-1", 2)), "–", "it has read nothing yet");
    // One that was never heard of is not well.
    browser
        .wait_for("document.querySelector('#state .summary.warn')?.innerText.includes('cameras')");
    browser.wait_for(
        "document.getElementById('state').innerText.includes('1 has never sent anything')",
    );

    // The day begins: vehicles pass the entry, and the exit's camera says no more than that it is
    // there.
    let is_day = AtomicBool::new(true);
    thread::scope(|scope| {
        scope.spawn(|| {
            for n in 0.. {
                if !is_day.load(Ordering::Relaxed) {
                    return;
                }
                passes(web, &format!("DAY{n:04}"));
                says_that_it_is_there(web, "exit-1");
                thread::sleep(std::time::Duration::from_millis(40));
            }
        });
        let seen = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            browser.wait_for(&row("exit-1", "reads nothing"));
            browser.wait_for(&row("entry-1", "reading"));
            browser.wait_for(
                "document.querySelector('#cameras tbody tr .word.bad')
                    ?.innerText.includes('reads nothing')",
            );
            browser.wait_for_text("Something is broken");
            leaves(web, "exit-1", "FIRST1");
            browser.wait_for(&row("exit-1", "reading"));
        }));
        is_day.store(false, Ordering::Relaxed);
        seen.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    });

    assert_eq!(post(web, "exit-2", &json!({ "nobody": "knows" })), 422);
    browser.wait_for(&row("exit-2", "refused"));
    browser.wait_for(&has_row("cameras", REFUSAL));
    // A stranger sees how it does, and not why.
    let stranger = Browser::new();
    stranger.open(&web.url("/"));
    stranger.wait_for(&row("exit-2", "refused"));
    assert_eq!(stranger.eval(&has_row("cameras", REFUSAL)), false);
    let states = http::get_as(TOKEN, &web.url("/admin/cameras")).ok().json();
    assert_eq!(states["cameras"][2]["state"], "refused", "{states}");
    drop((browser, stranger));
    carpark.end();
}

#[test]
fn in_one_process_the_page_shows_the_cameras_and_without_any_it_has_no_place_for_them() {
    let directory = site::directory();
    std::fs::write(directory.join("carpark.toml"), LAYOUT).unwrap();
    let carpark = Carpark::new(&directory, "serve").start_ready();
    let browser = Browser::new();
    browser.open(&carpark.url("/"));
    browser.wait_for(&row("entry-1", "never heard"));
    passes(&carpark, "ALONE1");
    browser.wait_for(&row("entry-1", "reading"));
    browser.be_a_phone(360, 740);
    let width = browser.eval("document.documentElement.scrollWidth").as_u64().unwrap();
    assert!(width <= 360, "{width} wide");
    carpark.terminate();

    std::fs::remove_file(directory.join("carpark.toml")).unwrap();
    let carpark = Carpark::new(&directory, "serve").start_ready();
    browser.open(&carpark.url("/"));
    browser.wait_for_text("All is well");
    assert_eq!(browser.eval("document.getElementById('cameras')"), Value::Null);
    assert_eq!(browser.eval("document.body.innerText.includes('Cameras')"), false);
    drop(browser);
    carpark.terminate();
}
