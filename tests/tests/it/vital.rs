//! What the others cannot do without: wherever one of it dies, the process ends with an error that names
//! it, rather than look alive.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::json;
use tests::process::{Carpark, workspace};
use tests::servers::RabbitMq;
use tests::{http, site, wait};

const SOON: Duration = Duration::from_secs(30);
const LAYOUT: &str = "[places.main]\ntime_zone = \"UTC\"\n\n[lanes.gate]\nrole = \"entry\"\n\n\
    [cameras.gate]\nlane = \"gate\"\nvendor = \"carpark\"\n\n\
    [webhooks.one]\nurl = \"http://127.0.0.1:9/\"\nallow_private = true\n\
    secret = \"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\"\n";

/// In `carpark all`, in the order of the way.
const TRAFFIC: &[&str] = &[
    "listener",
    "entry generator",
    "exit generator",
    "actor of the cameras' passages",
    "monitor of the cameras",
];
const SESSIONS: &[&str] =
    &["consumer", "registry", "committer", "settler", "summary client", "writer of the files"];
const PEOPLE: &[&str] = &[
    "operator desk",
    "dead-letter desk",
    "plate desk",
    "lookout of the pages",
    "reader of the pages",
    "webhooks",
    "retries of webhooks",
];
/// Beside the reader of the feed, which ends by way of the clock.
const OFFICE: &[&str] = &[
    "office's keeper",
    "office's cashier",
    "office's teller",
    "office's clock",
    "office's reader",
];
const VEHICLES: &[&str] = &["ping generator", "vehicles' registry", "vehicles' keeper"];
/// What there is with a server alone.
const OVER_RABBITMQ: &[&str] = &["vehicles' consumer", "stream of the feed"];

#[track_caller]
fn ends_without(name: &str, carpark: &Carpark) {
    let mut doomed = carpark.clone().env("FAILPOINTS", &format!("{name}=panic")).start();
    doomed.may_panic();
    let read = json!({
        "id": "1", "vehicle_plate": "AB12", "entry_date_time": chrono::Utc::now().to_rfc3339(),
    });
    wait::until(&format!("it ends without its {name}"), SOON, || {
        // What nobody but a person and a camera sets going.
        for path in ["/", "/admin/plates/AB12", "/admin/sessions?order=longest"] {
            let _none = http::request("GET", &doomed.url(path), &[], b"");
        }
        let (url, read) = (doomed.url("/cameras/gate"), read.to_string());
        let json = [("content-type", "application/json")];
        let _none = http::request("POST", &url, &json, read.as_bytes());
        doomed.has_ended().then_some(())
    });
    let (status, said) = (doomed.wait(SOON), doomed.stderr());
    assert_eq!(status.code(), Some(1), "without its {name}: {said}");
    assert!(said.contains(&format!("the {name} has died")), "without its {name}: {said}");
}

#[track_caller]
fn all_ends_without(names: &[&str]) {
    for name in names {
        let directory = site::directory();
        fs::write(directory.join("carpark.toml"), LAYOUT).unwrap();
        ends_without(name, &Carpark::new(&directory, "all").args(&["--rate", "20"]));
    }
}

#[test]
fn a_process_without_its_traffic_ends() {
    all_ends_without(TRAFFIC);
}

#[test]
fn a_process_without_its_sessions_ends() {
    all_ends_without(SESSIONS);
}

#[test]
fn a_process_without_what_serves_people_ends() {
    all_ends_without(PEOPLE);
}

#[test]
fn a_process_without_its_vehicles_ends() {
    all_ends_without(VEHICLES);
}

#[test]
fn a_process_without_its_office_ends() {
    all_ends_without(OFFICE);
}

#[test]
fn a_process_without_its_queue_of_pings_ends() {
    let (host, directory) = (RabbitMq::shared().virtual_host(), site::directory());
    for name in OVER_RABBITMQ {
        let carpark = Carpark::new(&directory, "all").env("CARPARK_BROKER_URL", &host.url());
        ends_without(name, &carpark.env("CARPARK_FEED_STREAM", "true"));
    }
}

#[test]
fn nothing_that_must_not_die_is_left_out_here() {
    let mut found = BTreeSet::new();
    for name in ["actors", "cameras", "carpark", "generators", "office", "vehicles", "web"] {
        names_in(&workspace().join(name).join("src"), &mut found);
    }
    let tried = [TRAFFIC, SESSIONS, PEOPLE, OFFICE, VEHICLES, OVER_RABBITMQ].concat();
    assert_eq!(found, tried.into_iter().map(str::to_owned).collect());
}

/// The names that the wiring gives.
fn names_in(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            names_in(&path, found);
        } else if path.file_stem().is_some_and(|stem| stem != "tests") {
            let text = fs::read_to_string(&path).unwrap();
            let product = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
            let names = product.split("vitals.of(\"").skip(1);
            found.extend(names.filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())));
        }
    }
}
