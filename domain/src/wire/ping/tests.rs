use super::*;
use crate::wire::MESSAGE_BYTES_MAX;
use chrono::TimeDelta;

fn now() -> Instant {
    parse_time("2026-11-20T10:00:00Z").unwrap()
}

fn code(body: &str) -> &'static str {
    parse_ping(body.as_bytes(), now()).unwrap_err().code()
}

#[test]
fn a_ping_is_read_back_as_it_was_written() {
    let ping = Ping { vehicle: VehicleId::parse("vin-1").unwrap(), at: now() };
    assert_eq!(parse_ping(ping_to_json("p1", &ping).as_bytes(), now()), Ok(ping));
}

#[test]
fn what_is_no_ping_says_why() {
    let at = "2026-11-20T09:59:00Z";
    for (body, expected) in [
        ("nonsense".to_owned(), "malformed_json"),
        ("[]".to_owned(), "malformed_json"),
        ("{\"id\":1}".to_owned(), "malformed_json"),
        ("{}".to_owned(), "missing_id"),
        ("{\"id\":\"\"}".to_owned(), "bad_id"),
        ("{\"id\":\"1\"}".to_owned(), "missing_vehicle"),
        (format!("{{\"id\":\"1\",\"vehicle_id\":\"a b\",\"at\":\"{at}\"}}"), "bad_vehicle"),
        ("{\"id\":\"1\",\"vehicle_id\":\"a\"}".to_owned(), "missing_time"),
        ("{\"id\":\"1\",\"vehicle_id\":\"a\",\"at\":\"today\"}".to_owned(), "bad_time"),
    ] {
        assert_eq!(code(&body), expected, "{body}");
        assert!(PingRejection::CODES.contains(&expected));
    }
    assert_eq!(parse_ping(&[b'{', 0xFF], now()).unwrap_err().code(), "not_utf8");
    assert_eq!(
        parse_ping(&vec![b' '; MESSAGE_BYTES_MAX + 1], now()).unwrap_err().code(),
        "too_large"
    );
}

#[test]
fn a_time_up_to_five_minutes_ahead_is_taken_and_no_further() {
    let ahead = |by: TimeDelta| parse_ping_time(&format_time(now() + by), now());
    assert!(ahead(AHEAD_MAX).is_ok());
    let error = ahead(AHEAD_MAX + TimeDelta::seconds(1)).unwrap_err();
    assert_eq!(error, PingRejection::FutureTime(301));
    assert!(ahead(TimeDelta::days(-400)).is_ok());
}
