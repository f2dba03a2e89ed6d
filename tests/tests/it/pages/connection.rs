//! A page that is not connected shows nothing as well, and waits for nobody for ever.

use serde_json::json;
use tests::browser::{Browser, key};
use tests::process::Carpark;
use tests::site;

use super::{Installed, TOKEN, has_row};

const IS_LIVE: &str = "document.getElementById('live')?.dataset.state === 'live'";

#[test]
fn nothing_looks_well_and_nothing_counts_on_while_the_server_is_dead() {
    let mut carpark = Installed::new();
    carpark.comes("COUNT1", 90, "main");
    let browser = carpark.signed_in();
    browser.wait_for(&has_row("open", "COUNT1"));
    browser.wait_for_text("All is well");
    let port = carpark.web().port();
    carpark.web.take().unwrap().kill();
    browser.wait_for("!document.getElementById('lost').hidden");
    browser.wait_for("/^Connection lost at \\d\\d:\\d\\d:\\d\\d – reconnecting…$/.test(document.getElementById('live').innerText)");
    browser.wait_for("/^Not connected since \\d\\d:\\d\\d:\\d\\d/.test(document.getElementById('lost').innerText)");
    assert!(!browser.text().contains("All is well"), "{}", browser.text());
    let grey = "[...document.querySelectorAll('[data-region]')].every(r => getComputedStyle(r).filter.includes('grayscale'))";
    assert_eq!(browser.eval(grey), true);
    // Time goes on, and the page does not pretend to know.
    let counter = "document.querySelector('#open [data-since]').textContent";
    browser.eval(&format!("(window.counted = {counter}, window.at = Date.now())"));
    browser.wait_for("Date.now() - window.at > 2500");
    assert_eq!(browser.eval(&format!("{counter} === window.counted")), true);

    carpark.web = Some(carpark.site.carpark("web").port(port).start_ready());
    // Its sign-in ended with the server, and it says so.
    browser.wait_for_text("You were signed out");
    browser.wait_for(IS_LIVE);
    browser.wait_for("document.getElementById('lost').hidden");
    assert!(!browser.text().contains("COUNT1"));
    drop(browser);
    carpark.end();
}

#[test]
fn what_was_typed_is_kept_over_a_restart_and_a_new_sign_in() {
    let mut carpark = Installed::new();
    carpark.comes("TYPED1", 90, "main");
    let browser = carpark.signed_in();
    browser.wait_for(&has_row("open", "TYPED1"));
    browser.click("#open a.plate");
    browser.type_into("form[data-action$='/close'] input[name=reason]", "barrier was up");
    let port = carpark.web().port();
    carpark.web.take().unwrap().kill();
    carpark.web = Some(carpark.site.carpark("web").port(port).start_ready());
    browser.wait_for("document.getElementById('signed-out').open");
    // No plate is left to be read.
    assert!(!browser.text().contains("TYPED1"), "{}", browser.text());
    browser.open_tab(&carpark.web().url("/sign-in"));
    browser.type_into("#token", TOKEN);
    browser.click(".sign-in button");
    browser.wait_for(IS_LIVE);
    // The first tab goes on by itself, as soon as it hears of the new sign-in.
    for tab in [0, 1] {
        browser.go_to_tab(tab);
        if browser.eval("document.getElementById('dialog').open") == true {
            break;
        }
    }
    browser.wait_for("!document.getElementById('signed-out').open");
    let kept = "document.querySelector('form[data-action$=\"/close\"] input[name=reason]').value";
    assert_eq!(browser.eval(kept), "barrier was up");
    browser.click("form[data-action$='/close'] button");
    browser.wait_for("document.querySelector('#dialog [data-outcome]')?.innerText === 'Closed.'");
    drop(browser);
    carpark.end();
}

#[test]
fn a_slow_server_is_waited_for_in_sight_and_not_for_ever() {
    let carpark = Installed::new();
    carpark.comes("SLOW01", 90, "main");
    let browser = carpark.signed_in();
    browser.wait_for(&has_row("open", "SLOW01"));
    carpark.web().stop();
    browser.click("#open a.plate");
    browser.wait_for("document.getElementById('dialog').open");
    browser.wait_for("document.querySelector('#dialog h1') === document.activeElement");
    browser.wait_for("document.getElementById('dialog').innerText.includes('Loading…')");
    browser.wait_for("document.getElementById('dialog').innerText.includes('no answer from the server within 10 s')");
    browser.press(key::ESCAPE);
    carpark.web().cont();
    browser.wait_for(IS_LIVE);
    // An answer that comes late opens nothing.
    assert_eq!(browser.eval("document.getElementById('dialog').open"), false);
    drop(browser);
    carpark.end();
}

#[test]
fn the_focus_stays_where_it_was_and_errors_are_in_the_pages_time_and_words() {
    let carpark = Installed::new();
    carpark.comes("FOCUS1", 30, "main");
    let browser = carpark.signed_in();
    browser.wait_for(&has_row("open", "FOCUS1"));
    browser.click("#open a.plate");
    let form = "form[data-action$='/close']";
    browser.type_into(&format!("{form} input[name=reason]"), "left early");
    browser.eval(&format!(
        "document.querySelector(\"{form} input[name=left_at]\").value = '2026-01-05T10:00'"
    ));
    let button = json!(format!("{form} button"));
    browser.eval(&format!("document.querySelector({button}).focus()"));
    browser.press(key::ENTER);
    browser.wait_for("document.querySelector('#dialog .outcome.bad')?.innerText.length > 10");
    let said = browser.eval("document.querySelector('#dialog .outcome').innerText");
    let said = said.as_str().unwrap();
    assert!(!said.contains('`') && !said.contains('Z') && !said.contains("(R"), "{said}");
    assert_eq!(
        browser.eval(&format!("document.activeElement === document.querySelector({button})")),
        true
    );

    // Closed in another way meanwhile: the row is gone, and the focus goes to its panel's heading.
    carpark.goes("FOCUS1", 0, "main");
    browser.wait_for("document.getElementById('figure-inside').textContent === '0'");
    browser.wait_for(&format!("!{}", has_row("open", "FOCUS1")));
    browser.press(key::ESCAPE);
    browser.wait_for("document.activeElement.id === 'h-open'");
    drop(browser);
    carpark.end();
}

#[test]
fn a_browser_that_refuses_the_cookie_is_told_so() {
    let web =
        Carpark::new(&site::directory(), "serve").env("CARPARK_ADMIN_TOKEN", TOKEN).start_ready();
    let browser = Browser::without_cookies();
    for path in ["/sign-in", "/sign-in?next=/exceptions"] {
        browser.open(&web.url(path));
        browser.type_into("#token", TOKEN);
        browser.click(".sign-in button");
        browser.wait_for_text("Your browser refused the cookie");
    }
    drop(browser);
    web.terminate();
}
