//! Who is told of what happens, before an operator's eyes: how each does, a test, and a new beginning.

use serde_json::json;
use tests::browser::Browser;
use tests::process::Carpark;
use tests::receiver::Receiver;
use tests::{http, site};

#[test]
fn how_each_webhook_does_is_seen_tried_and_begun_again() {
    let (ledger, other) = (Receiver::start(), Receiver::start());
    ledger.answers(|_| 410);
    let directory = site::directory();
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let webhook = |name: &str, receiver: &Receiver, more: &str| {
        let url = receiver.url();
        format!(
            "[webhooks.{name}]\nurl = '{url}'\nsecret = '{secret}'\nallow_private = true\n{more}\n"
        )
    };
    let configuration = [
        webhook("ledger", &ledger, ""),
        webhook("other", &other, "types = ['session.*']\nplaces = ['main']"),
    ];
    std::fs::write(directory.join("carpark.toml"), configuration.concat()).unwrap();
    let serve = Carpark::new(&directory, "serve").start_ready();
    let browser = Browser::new();
    browser.open(&serve.url("/"));
    browser.wait_for_text("2 of 2 delivering");
    let stay = json!({ "vehicle_plate": "PAGE1", "entry_date_time": "2026-05-04T08:00:00Z",
        "exit_date_time": "2026-05-04T09:00:00Z" });
    http::post_json(&serve.url("/save_summary"), &stay).ok();
    browser.wait_for_text("1 of 2 delivering");
    browser
        .wait_for("document.querySelector('#state .summary.warn').innerText.includes('webhooks')");

    browser.click("#state a[href='/webhooks']");
    browser.wait_for_text("it answered 410");
    browser.wait_for_text("session.closed 1");
    browser.wait_for_text("session.opened, session.closed, session.withdrawn of main");
    assert!(!browser.text().contains("whsec_"), "no secret is on the page");
    // A test says what came back, and the page stays.
    browser.eval("window.isOld = true");
    browser.click("tr[data-key=ledger] form[data-action$='/test'] button");
    browser.wait_for_text("ledger did not take the test: 410 Gone");
    browser.click("tr[data-key=other] form[data-action$='/test'] button");
    browser.wait_for_text("other took the test: 200");
    assert_eq!(browser.eval("window.isOld"), true);
    assert!(other.received().iter().any(|had| had.body.contains("carpark.test")));
    ledger.answers(|_| 200);
    browser.click("tr[data-key=ledger] form[data-action$='/enable'] button");
    browser.wait_for("window.isOld === undefined && document.readyState === 'complete'");
    browser.open(&serve.url("/"));
    browser.wait_for_text("2 of 2 delivering");
    browser.open(&serve.url("/webhooks"));
    browser.wait_for(
        "document.querySelectorAll('.webhooks form[data-action$=\"/enable\"]').length === 0",
    );
    drop(browser);
    serve.terminate();
}
