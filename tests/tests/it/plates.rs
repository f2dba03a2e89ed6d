//! G8: what is held of a plate is shown and erased, everywhere; and no plate gets where it does not
//! belong.

use std::time::Duration;

use domain::wire::{DEAD_LETTER_QUEUE, ENTRY_QUEUE, EXIT_QUEUE};
use serde_json::json;
use tests::truth::{Order, Truth, Workload};
use tests::{Site, http, wait};

const TOLD: Duration = Duration::from_mins(1);
const PLATE: &str = "ZZSECRET";

fn read(id: &str, field: &str, hour: u32) -> String {
    format!(
        r#"{{"id":"{id}","vehicle_plate":"zz-secret","{field}":"2026-05-04T{hour:02}:00:00Z"}}"#
    )
}

#[test]
fn all_that_is_held_of_a_plate_is_shown_and_erased_and_nothing_else() {
    let mut site = Site::new();
    site.set("CARPARK_LATENESS", "1s");
    site.set("CARPARK_SINK_TOKEN", "of-the-sink");
    site.set("CARPARK_ADMIN_TOKEN", "of-the-admin");
    site.configure();
    let client = site.client();
    let truth = Truth::of(Workload::of_stays(81, 50));
    truth.publish(Order::AsItHappened, &client);
    client.publish(
        ENTRY_QUEUE,
        [read("e1", "entry_date_time", 8), read("e2", "entry_date_time", 12)],
    );
    client.publish(
        EXIT_QUEUE,
        [read("x1", "exit_date_time", 10), read("x0", "exit_date_time", 6), read("no", "time", 1)],
    );
    let (web, actors) = (site.start_web(), site.start_actors());
    site.files().wait_for_summaries(51, TOLD);
    // The lone exit, and that the last entry has stayed for months.
    site.files().wait_for_exceptions(2, TOLD);
    wait::until("the bad one is a dead letter", TOLD, || {
        (client.depth(DEAD_LETTER_QUEUE) == 1).then_some(())
    });

    let url = actors.url("/admin/plates/zz%20secret");
    let ask = |method: &str| {
        http::request(method, &url, &[("authorization", "Bearer of-the-admin")], b"").unwrap()
    };
    assert_eq!(http::get(&url).status, 401);
    let held = ask("GET").ok().json();
    assert_eq!(held["vehicle_plate"], PLATE);
    assert_eq!(held["record"]["o"].as_array().unwrap().len(), 4, "{held}");
    assert_eq!(held["files"]["summaries"][0]["vehicle_plate"], PLATE);
    let exceptions = held["files"]["exceptions"].as_array().unwrap();
    let mut told: Vec<&str> =
        exceptions.iter().filter_map(|row| row["observation_id"].as_str()).collect();
    told.sort_unstable();
    assert_eq!(told, ["e2", "x0"]);
    assert_eq!(held["dead_letters"], json!([read("no", "time", 1)]));

    let erased = ask("DELETE").ok().json();
    assert_eq!(erased, json!({ "record": true, "rows": 3, "dead_letters": 1 }));
    let erased = ask("DELETE").ok().json();
    assert_eq!(erased, json!({ "record": false, "rows": 0, "dead_letters": 0 }));
    let held = ask("GET").ok().json();
    assert_eq!(held["record"], json!(null));
    assert_eq!(held["files"], json!({ "summaries": [], "exceptions": [], "dismissals": [] }));
    assert_eq!(held["dead_letters"], json!([]));
    let exists: u32 = site.redis.command(0, &["EXISTS", PLATE]);
    let is_inside: u32 = site.redis.command(0, &["SISMEMBER", "entry_plates", PLATE]);
    assert_eq!((exists, is_inside), (0, 0));
    assert_eq!(truth.check_exactly(&site.files()), Ok(()), "the others stay as they were");

    // The service goes on: the same car comes again.
    client.publish(ENTRY_QUEUE, [read("e3", "entry_date_time", 14)]);
    client.publish(EXIT_QUEUE, [read("x3", "exit_date_time", 15)]);
    site.files().wait_for_summaries(51, TOLD);

    for role in [&web, &actors] {
        let metrics = http::get(&role.url("/metrics")).ok().body.to_uppercase();
        assert!(!metrics.contains("SECRET"), "a plate among the metrics");
        let said = format!("{}{}", role.stdout(), role.stderr()).to_uppercase();
        assert!(!said.contains("SECRET"), "a plate in the log:\n{said}");
    }
    actors.terminate();
    web.terminate();
}

#[test]
fn a_plate_that_is_none_is_refused_and_a_sink_that_is_gone_is_said() {
    let site = Site::new();
    let (web, actors) = (site.start_web(), site.start_actors());
    let refused = http::get(&actors.url("/admin/plates/A"));
    assert_eq!((refused.status, refused.content_type.as_str()), (400, "application/problem+json"));
    web.terminate();
    let refused = http::get(&actors.url("/admin/plates/AB12"));
    assert_eq!(refused.status, 503);
    assert!(refused.json()["detail"].as_str().unwrap().contains("files"), "{}", refused.body);
    actors.terminate();
}
