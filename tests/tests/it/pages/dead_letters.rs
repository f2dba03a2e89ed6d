//! Messages that could not be read, before an operator's eyes, in every mode.

use serde_json::json;
use tests::browser::Browser;
use tests::http;

use super::{Installed, TOKEN};

#[test]
fn what_could_not_be_read_is_counted_shown_replayed_and_deleted() {
    let carpark = Installed::new();
    let browser = carpark.signed_in();
    browser.wait_for_text("no message waits for a decision");
    let good = super::read("entry", "AGAIN1", 5, "main");
    let bad = [
        r#"{"id":"d1","vehicle_plate":"!","entry_date_time":"2026-11-20T10:00:00Z","camera":"north-2"}"#.to_owned(),
        "<script>document.title = 'taken'</script>".to_owned(),
        json!({ "id": "d3", "vehicle_plate": "AB123" }).to_string(),
    ];
    carpark.site.client().publish(domain::wire::ENTRY_QUEUE, bad);
    browser.wait_for_text("3 messages could not be read");
    browser
        .wait_for("document.querySelector('#state .summary.warn').innerText.includes('refused')");
    assert_eq!(carpark.actors.metric_sum("backend_dead_letters_waiting").to_string(), "3");

    browser.click("#state a[href='/dead-letters']");
    browser.wait_for("document.querySelectorAll('.letters tbody tr').length === 3");
    browser.wait_for_text("north-2");
    assert_ne!(browser.eval("document.title"), "taken");
    // Once more: it is as unreadable as before, and comes back. The page loads itself anew.
    browser.eval("window.isOld = true");
    browser.click(".letters tbody tr:nth-child(1) form[data-action$='/replay'] button");
    browser.wait_for("window.isOld === undefined && document.readyState === 'complete'");
    browser.wait_for("document.querySelectorAll('.letters tbody tr').length >= 2");
    browser.eval("(window.confirm = () => true, true)");
    browser.click(".letters tbody tr:nth-child(1) form[data-action$='/discard'] button");
    tests::wait::until("one is gone", std::time::Duration::from_secs(30), || {
        let letters = http::get_as(TOKEN, &carpark.actors.url("/admin/dead-letters")).ok().json();
        (letters["total"] == 2).then_some(())
    });
    browser.open(&carpark.web().url("/dead-letters"));
    browser.wait_for("document.querySelectorAll('.letters tbody tr').length === 2");
    browser.eval("(window.confirm = () => true, true)");
    browser.click(".decide-all form[data-action$='/discard'] button");
    browser.wait_for_text("Nothing waiting.");
    browser.open(&carpark.web().url("/"));
    browser.wait_for_text("no message waits for a decision");
    carpark.site.client().publish(domain::wire::ENTRY_QUEUE, [good]);
    browser.wait_for("document.getElementById('figure-inside').innerText === '1'");

    let stranger = Browser::new();
    stranger.open(&carpark.web().url("/dead-letters"));
    stranger.wait_for("location.pathname === '/sign-in'");
    drop((stranger, browser));
    carpark.end();
}

#[test]
fn without_rabbitmq_they_are_counted_and_shown_as_well() {
    let directory = tests::site::directory();
    let bad = directory.join("bad.json");
    std::fs::write(&bad, "{}\n{\"id\":\"x\"}\n").unwrap();
    let serve = tests::process::Carpark::new(&directory, "serve")
        .args(&["--reads", bad.to_str().unwrap()])
        .start_ready();
    let browser = Browser::new();
    browser.open(&serve.url("/"));
    browser.wait_for_text("2 messages could not be read");
    assert_eq!(serve.metric_sum("backend_dead_letters_waiting").to_string(), "2");
    browser.open(&serve.url("/dead-letters"));
    browser.wait_for("document.querySelectorAll('.letters tbody tr').length === 2");
    drop(browser);
    serve.terminate();
}
