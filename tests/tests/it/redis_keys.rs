//! What anyone who looks into Redis finds: the keys of the contract.

use std::time::Duration;

use chrono::{TimeDelta, Utc};
use domain::wire::{ENTRY_QUEUE, EXIT_QUEUE, format_time, parse_time};
use tests::{Site, wait};

#[test]
fn a_plate_inside_and_a_plate_gone_look_as_the_contract_says() {
    let mut site = Site::new();
    site.set("CARPARK_RETENTION", "2d");
    let web = site.start_web();
    let actors = site.start_actors();
    let client = site.client();
    let inside = || -> Vec<String> { site.redis.command(0, &["SMEMBERS", "entry_plates"]) };
    let hget =
        |field: &str| -> Option<String> { site.redis.command(0, &["HGET", "ABC123", field]) };
    let ttl = || -> i64 { site.redis.command(0, &["TTL", "ABC123"]) };

    let entered_at = Utc::now() - TimeDelta::hours(1);
    client.publish(
        ENTRY_QUEUE,
        [format!(
            r#"{{"id":"e1","vehicle_plate":"abc-123","entry_date_time":"{}"}}"#,
            entered_at.to_rfc3339()
        )],
    );
    wait::until("the plate is inside", Duration::from_secs(20), || {
        (inside() == ["ABC123"]).then_some(())
    });
    let entry_time = hget("entry_time").unwrap();
    assert_eq!(format_time(parse_time(&entry_time).unwrap()), format_time(entered_at));
    let enter_data = hget("parking_enter_data").unwrap();
    assert!(enter_data.contains("e1") && enter_data.contains("abc-123"), "{enter_data}");
    assert_eq!(hget("parking_exit_data").unwrap_or_default(), "");
    assert!(hget("version").unwrap().parse::<u64>().unwrap() >= 1);
    assert_eq!(ttl(), -1, "an open stay does not expire");

    client.publish(
        EXIT_QUEUE,
        [format!(
            r#"{{"id":"x1","vehicle_plate":"ABC 123","exit_date_time":"{}"}}"#,
            Utc::now().to_rfc3339()
        )],
    );
    site.files().wait_for_summaries(1, Duration::from_secs(20));
    assert_eq!(inside(), Vec::<String>::new());
    assert!(hget("parking_exit_data").unwrap().contains("x1"));
    assert!((1..=2 * 86_400).contains(&ttl()), "{} s of 2 d", ttl());

    let keys: Vec<String> = site.redis.command(0, &["KEYS", "*"]);
    assert!(keys.contains(&"ABC123".to_owned()), "{keys:?}");
    for key in keys.iter().filter(|key| *key != "ABC123") {
        assert_eq!(*key, key.to_lowercase(), "could be a plate");
    }
    let kind: String = site.redis.command(0, &["TYPE", "ABC123"]);
    assert_eq!(kind, "hash");
    assert_eq!(site.redis.command::<u64>(1, &["DBSIZE"]), 0, "database 1 is the generators'");
    actors.terminate();
    web.terminate();
}

#[test]
fn generators_keep_to_database_one() {
    let site = Site::new();
    let web = site.start_web();
    let actors = site.start_actors();
    let generators = site.carpark("generators").args(&["--rate", "50"]).start_ready();
    site.files().wait_for_summaries(20, Duration::from_secs(40));
    assert!(site.redis.command::<u64>(1, &["DBSIZE"]) > 0);
    generators.terminate();
    actors.terminate();
    web.terminate();
}
