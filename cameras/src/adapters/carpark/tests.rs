use chrono::{TimeZone, Utc};

use crate::{Body, CapturedAt, Direction, Message, PlateText, Unreadable, Vendor};

fn read(json: &str) -> Result<Message, Unreadable> {
    Vendor::Carpark.read(&Body::parse(json.as_bytes(), None).unwrap())
}

#[test]
fn an_own_message_is_read() {
    let json = r#"{"id":"gate-7","vehicle_plate":"ab 123","entry_date_time":"2026-11-20T10:00:00Z",
        "lane":"north","camera":"c1","confidence":0.5}"#;
    let Ok(Message::Reads(reads)) = read(json) else { panic!() };
    let [read] = reads.as_slice() else { panic!() };
    let PlateText::Read(plate) = &read.plate else { panic!() };
    assert_eq!(plate.0, "ab 123");
    let at = Utc.with_ymd_and_hms(2026, 11, 20, 10, 0, 0).unwrap();
    assert_eq!(read.at, CapturedAt::Instant(at));
    assert_eq!(read.direction, Some(Direction::In));
    assert_eq!(read.event.as_deref(), Some("gate-7"));
    assert_eq!(read.lane.as_deref(), Some("north"));
    assert_eq!(read.confidence, Some(0.5));
}
