//! G8: what was erased is gone from the disk as well, and from the vehicle monitor.

use std::fs;
use std::path::Path;
use std::time::Duration;

use domain::wire::{ENTRY_QUEUE, EXIT_QUEUE};
use serde_json::json;
use tests::process::{Carpark, Running};
use tests::{Site, http, site, wait};

const PLATE: &str = "ZZDOORS1";
const TOLD: Duration = Duration::from_mins(1);

/// How often the plate stands in a file, in or outside of what is in use of it.
fn occurrences(path: &Path) -> usize {
    let bytes = fs::read(path).unwrap_or_default();
    bytes.windows(PLATE.len()).filter(|window| *window == PLATE.as_bytes()).count()
}

fn ask(role: &Running, method: &str, path: &str, body: &str) -> http::Answer {
    let headers = [("content-type", "application/json")];
    http::request(method, &role.url(path), &headers, body.as_bytes()).unwrap()
}

fn register(monitor: &Running) {
    let customer = json!({ "name": "Erika M.", "address": "1 Doors Road" }).to_string();
    ask(monitor, "PUT", "/admin/customers/c1", &customer).ok();
    let vehicle = json!({ "plate": PLATE, "customer": "c1" }).to_string();
    ask(monitor, "PUT", "/admin/vehicles/V1", &vehicle).ok();
}

#[test]
fn an_erasure_reaches_the_vehicle_monitor_and_the_free_pages_of_the_files() {
    let directory = site::directory();
    let reads = directory.join("reads.jsonl");
    let lines: Vec<String> = [("e1", "entry", 8), ("x1", "exit", 9), ("e2", "entry", 12)]
        .map(|(id, kind, hour)| {
            format!(
                r#"{{"id":"{id}","vehicle_plate":"{PLATE}","{kind}_date_time":"2026-05-04T{hour:02}:00:00Z"}}"#
            )
        })
        .into_iter()
        .chain([format!(r#"{{"id":"bad","vehicle_plate":"{PLATE}"}}"#)])
        .collect();
    fs::write(&reads, lines.join("\n") + "\n").unwrap();
    let carpark = Carpark::new(&directory, "serve")
        .args(&["--reads", &reads.display().to_string()])
        .start_ready();
    register(&carpark);
    let path = format!("/admin/plates/{PLATE}");
    let held = wait::until("all is there", TOLD, || {
        let held = ask(&carpark, "GET", &path, "").ok().json();
        let rows = held["files"]["summaries"].as_array().map_or(0, Vec::len);
        let letters = held["dead_letters"].as_array().map_or(0, Vec::len);
        (rows == 1 && letters == 1).then_some(held)
    });
    assert_eq!(held["vehicles"][0]["vehicle_id"], "V1", "{held}");
    assert_eq!(held["vehicles"][0]["customer"]["name"], "Erika M.", "{held}");

    let erased = ask(&carpark, "DELETE", &path, "").ok().json();
    assert_eq!(erased["vehicles"], 1, "{erased}");
    assert_eq!(ask(&carpark, "GET", "/admin/vehicles/V1", "").status, 404);
    let held = ask(&carpark, "GET", &path, "").ok().json();
    assert_eq!((&held["vehicles"], &held["record"]), (&json!([]), &json!(null)), "{held}");
    for file in ["carpark.redb", "vehicles.redb", "dead-letters.redb"] {
        wait::until(&format!("nothing of it is left in {file}"), TOLD, || {
            (occurrences(&directory.join("data").join(file)) == 0).then_some(())
        });
    }
    carpark.terminate();
    for file in ["carpark.redb", "vehicles.redb", "dead-letters.redb", "summaries.csv"] {
        assert_eq!(occurrences(&directory.join("data").join(file)), 0, "{file}");
    }
}

#[test]
fn an_erasure_has_redis_rewrite_its_file_and_reaches_a_monitor_in_another_process() {
    let mut site = Site::new();
    site.configure();
    let vehicles = site.carpark("vehicles").start_ready();
    register(&vehicles);
    site.set("CARPARK_VEHICLES_URL", &format!("http://127.0.0.1:{}", vehicles.port()));
    let (web, actors) = (site.start_web(), site.start_actors());
    let read = |id: &str, kind: &str, hour: u32| {
        format!(
            r#"{{"id":"{id}","vehicle_plate":"{PLATE}","{kind}_date_time":"2026-05-04T{hour:02}:00:00Z"}}"#
        )
    };
    let client = site.client();
    client.publish(ENTRY_QUEUE, [read("e1", "entry", 8)]);
    client.publish(EXIT_QUEUE, [read("x1", "exit", 9)]);
    site.files().wait_for_summaries(1, TOLD);
    let path = format!("/admin/plates/{PLATE}");
    let held = ask(&actors, "GET", &path, "").ok().json();
    assert_eq!(held["vehicles"][0]["vehicle_id"], "V1", "{held}");
    let log = site.redis.directory().join("appendonlydir");
    let in_log = || -> usize {
        fs::read_dir(&log).unwrap().map(|file| occurrences(&file.unwrap().path())).sum()
    };
    assert!(in_log() > 0, "what is confirmed stands in the file");

    let erased = ask(&actors, "DELETE", &path, "").ok().json();
    assert_eq!((&erased["record"], &erased["vehicles"]), (&json!(true), &json!(1)), "{erased}");
    wait::until("Redis has rewritten its file", TOLD, || (in_log() == 0).then_some(()));

    vehicles.terminate();
    let refused = ask(&actors, "GET", &path, "");
    assert_eq!(refused.status, 503);
    assert!(refused.body.contains("vehicle monitor"), "{}", refused.body);
    actors.terminate();
    web.terminate();
}
