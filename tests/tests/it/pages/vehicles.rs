//! The page of the vehicles that report in.

use serde_json::{Value, json};
use tests::browser::{Browser, key};
use tests::process::Carpark;
use tests::{http, site};

use super::looks::LOW_CONTRASTS;
use super::{NASTY_PLACE, has_row};

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
