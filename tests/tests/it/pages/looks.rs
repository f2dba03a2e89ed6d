//! How the pages look: on a phone, by keyboard, in light and in dark, and how soon.

use serde_json::json;
use tests::browser::{Browser, key};

use super::{Installed, has_row};

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
pub const LOW_CONTRASTS: &str = r"(() => {
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
