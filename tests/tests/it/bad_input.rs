//! R8: whatever is no observation ends in the dead letters with its reason; its neighbours never
//! notice.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{SecondsFormat, TimeDelta, Utc};
use domain::wire::{
    DEAD_LETTER_QUEUE, ENTRY_QUEUE, EXIT_QUEUE, MESSAGE_BYTES_MAX, REFUSED_AT_HEADER, parse_time,
};
use tests::truth::{Order, Truth, Workload};
use tests::{Site, wait};

const TIME: &str = "2026-05-04T10:00:00Z";

/// Body, and the word its reason begins with.
fn table() -> Vec<(Vec<u8>, &'static str)> {
    let in_minutes = |minutes| {
        let at = Utc::now() + TimeDelta::minutes(minutes);
        at.to_rfc3339_opts(SecondsFormat::Millis, true)
    };
    let entry = |id: &str, plate: &str, time: &str| {
        format!(r#"{{"id":"{id}","vehicle_plate":"{plate}","entry_date_time":"{time}"}}"#)
    };
    let text = |text: &str| text.as_bytes().to_vec();
    let with = |more: &str| {
        format!(r#"{{"id":"w","vehicle_plate":"AB-1","entry_date_time":"{TIME}",{more}}}"#).into()
    };
    vec![
        (text(""), "malformed_json"),
        (text("{"), "malformed_json"),
        (text("not json at all"), "malformed_json"),
        (text("[]"), "malformed_json"),
        (text("null"), "malformed_json"),
        ("[".repeat(30_000).into(), "malformed_json"),
        (
            text(r#"{"id":7,"vehicle_plate":"AB-1","entry_date_time":"2026-05-04T10:00:00Z"}"#),
            "malformed_json",
        ),
        (with(r#""id":"again""#), "malformed_json"),
        (text("{}"), "missing_id"),
        (text(r#"{"id":null,"vehicle_plate":"AB-1"}"#), "missing_id"),
        (entry("", "AB-1", TIME).into(), "bad_id"),
        (entry(&"i".repeat(300), "AB-1", TIME).into(), "bad_id"),
        (entry("a\\nb", "AB-1", TIME).into(), "bad_id"),
        (text(r#"{"id":"x","entry_date_time":"2026-05-04T10:00:00Z"}"#), "missing_plate"),
        (entry("x", "", TIME).into(), "bad_plate"),
        (entry("x", " -._· ", TIME).into(), "bad_plate"),
        (entry("x", "A", TIME).into(), "bad_plate"),
        (entry("x", &"A".repeat(17), TIME).into(), "bad_plate"),
        (entry("x", "entry_plates", TIME).into(), "bad_plate"),
        (entry("x", "Entry_Plates ", TIME).into(), "bad_plate"),
        (entry("x", "AB{1}", TIME).into(), "bad_plate"),
        (entry("x", "=1+1", TIME).into(), "bad_plate"),
        (text(r#"{"id":"x","vehicle_plate":"AB-1"}"#), "missing_time"),
        (entry("x", "AB-1", "").into(), "bad_time"),
        (entry("x", "AB-1", "yesterday").into(), "bad_time"),
        (entry("x", "AB-1", "2026-02-30T10:00:00Z").into(), "bad_time"),
        (entry("x", "AB-1", "2026-05-04T25:00:00Z").into(), "bad_time"),
        (entry("x", "AB-1", "1770000000").into(), "bad_time"),
        (with(r#""exit_date_time":"2026-05-04T11:00:00Z""#), "both_times"),
        (entry("x", "AB-1", &in_minutes(6)).into(), "future_time"),
        (entry("x", "AB-1", "9999-12-31T23:59:59Z").into(), "future_time"),
        (with(r#""place":"a\u0000b""#), "bad_label"),
        (with(r#""confidence":1.5"#), "bad_confidence"),
        (b"{\"id\":\"x\",\"vehicle_plate\":\"\xff\xfe\"}".to_vec(), "not_utf8"),
        (with(&format!(r#""note":"{}""#, "n".repeat(MESSAGE_BYTES_MAX))), "too_large"),
        (with(&format!(r#""note":"{}""#, "n".repeat(10_000_000))), "too_large"),
    ]
}

#[test]
fn whatever_is_no_observation_ends_in_the_dead_letters_with_its_reason() {
    let site = Site::new();
    let web = site.start_web();
    let actors = site.start_actors();
    let client = site.client();
    let table = table();

    // Between good neighbours of either queue.
    let neighbours = Truth::of(Workload::of_stays(11, table.len()));
    let mut good = neighbours.messages(Order::EntriesFirst).into_iter();
    for (body, _) in &table {
        let Some(message) = good.next() else { unreachable!("there are twice as many") };
        client.publish_all([(message.queue, message.body.as_bytes()), (ENTRY_QUEUE, body)]);
    }
    client.publish_all(good.map(|message| (message.queue, message.body)));
    let exit_without_plate = br#"{"id":"o","exit_date_time":"2026-05-04T10:00:00Z"}"#;
    client.publish(EXIT_QUEUE, [exit_without_plate]);

    neighbours.wait_until_told(&site.files(), Duration::from_secs(30));
    wait::until_ok("every one is a dead letter", Duration::from_secs(30), || {
        match client.depth(DEAD_LETTER_QUEUE) as usize {
            dead if dead == table.len() + 1 => Ok(()),
            dead => Err(format!("{dead} of {}", table.len() + 1)),
        }
    });
    assert_eq!(client.depth(ENTRY_QUEUE) + client.depth(EXIT_QUEUE), 0);
    assert!(actors.is_ready());

    let mut letters: BTreeMap<Vec<u8>, _> = BTreeMap::new();
    for letter in client.take_dead_letters() {
        let refused_at = parse_time(&letter.headers[REFUSED_AT_HEADER]).unwrap();
        assert!((Utc::now() - refused_at).abs() < TimeDelta::minutes(2), "{refused_at}");
        let _ = letters.insert(letter.body.clone(), letter);
    }
    for (body, code) in &table {
        let shown = String::from_utf8_lossy(&body[..body.len().min(100)]);
        let letter = letters.get(body).unwrap_or_else(|| panic!("{code} not as sent: {shown}"));
        let (word, words) = letter.reason().split_once(':').unwrap_or_default();
        assert_eq!(word, *code, "{shown}: {}", letter.reason());
        assert!(!words.trim().is_empty(), "{code} says nothing to a person");
        assert_eq!(letter.came_from(), ENTRY_QUEUE);
    }
    let of_exits = &letters[exit_without_plate.as_slice()];
    assert_eq!(of_exits.came_from(), EXIT_QUEUE);

    actors.terminate();
    web.terminate();
    assert_eq!(neighbours.check_exactly(&site.files()), Ok(()));
}

#[test]
fn a_clock_four_minutes_ahead_and_a_read_of_last_century_are_welcome() {
    let site = Site::new();
    let web = site.start_web();
    let actors = site.start_actors();
    let ahead = (Utc::now() + TimeDelta::minutes(4)).to_rfc3339();
    let client = site.client();
    client.publish(
        ENTRY_QUEUE,
        [
            r#"{"id":"1","vehicle_plate":"old-1","entry_date_time":"1999-12-31T23:00:00Z"}"#
                .to_owned(),
            r#"{"id":"3","vehicle_plate":"NEW1","entry_date_time":"2026-05-04T10:00:00"}"#
                .to_owned(),
        ],
    );
    client.publish(
        EXIT_QUEUE,
        [
            r#"{"id":"2","vehicle_plate":"OLD.1","exit_date_time":"2000-01-01T00:30:00+01:00"}"#
                .to_owned(),
            format!(r#"{{"id":"4","vehicle_plate":"new 1","exit_date_time":"{ahead}"}}"#),
        ],
    );
    let files = site.files();
    files.wait_for_summaries(2, Duration::from_secs(20));
    let rows = files.summaries();
    let old = rows.iter().find(|row| row.vehicle_plate == "OLD1").unwrap();
    assert_eq!(old.entry_date_time, "1999-12-31T23:00:00.000Z");
    assert_eq!(old.exit_date_time, "1999-12-31T23:30:00.000Z");
    assert_eq!(old.duration_seconds, "1800.000");
    assert!(rows.iter().any(|row| row.vehicle_plate == "NEW1"));
    assert_eq!(client.depth(DEAD_LETTER_QUEUE), 0);
    actors.terminate();
    web.terminate();
}
