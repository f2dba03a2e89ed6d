//! The pictures of the README.

use std::time::Duration;

use chrono::{TimeDelta, Utc};
use domain::wire::{ENTRY_QUEUE, EXIT_QUEUE, format_time};
use serde_json::json;
use tests::browser::Browser;
use tests::process::Carpark;
use tests::{http, site};

use super::{Installed, TOKEN, cameras, has_row, read};

const LAYOUT: &str = r#"
[places.main]
time_zone = "Europe/Berlin"
[lanes.north-in]
role = "entry"
[lanes.north-out]
role = "exit"
[lanes.south-out]
role = "exit"
[cameras.north-in]
lane = "north-in"
[cameras.north-out]
lane = "north-out"
[cameras.south-out]
lane = "south-out"
"#;

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
    let carpark = Installed::with(|site| {
        std::fs::write(site.directory().join("carpark.toml"), LAYOUT).unwrap();
        site.set("CARPARK_CAMERA_TOKEN", TOKEN);
    });
    let (entries, exits) = an_hour();
    carpark.site.client().publish(ENTRY_QUEUE, entries);
    carpark.site.client().publish(EXIT_QUEUE, exits);
    for (camera, field, seconds_ago) in
        [("north-in", "entry_date_time", 14), ("north-out", "exit_date_time", 3)]
    {
        let at = format_time(Utc::now() - TimeDelta::seconds(seconds_ago));
        let read = json!({ "id": camera, "vehicle_plate": plate(950), field: at });
        cameras::post(carpark.web(), camera, &read);
        cameras::says_that_it_is_there(carpark.web(), camera);
    }
    cameras::says_that_it_is_there(carpark.web(), "south-out");
    let browser = carpark.signed_in();
    browser.window(1180, 980);
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
