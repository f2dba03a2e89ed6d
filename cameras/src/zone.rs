//! A time that names no zone, read in its camera's.
//!
//! Where clocks go back, an hour happens twice: of the two instants the later one counts that is not
//! ahead of the clock. So a read that is posted at once is right, in either hour; one that is
//! uploaded later may be an hour late. Where clocks go forward, an hour does not happen: a camera
//! that names a time in it has not changed over yet, and is read by the offset from before.

use chrono::{MappedLocalTime, NaiveDateTime, Offset as _, TimeDelta, TimeZone as _, Utc};
use chrono_tz::Tz;
use domain::Instant;
use domain::policy::AHEAD_MAX;

/// No zone changes its clocks by more, and none twice within as much.
const AROUND: TimeDelta = TimeDelta::hours(3);

/// The instant at which clocks in `zone` showed `local`, as seen at `now`.
pub fn instant(local: NaiveDateTime, zone: Tz, now: Instant) -> Instant {
    match zone.from_local_datetime(&local) {
        MappedLocalTime::Single(at) => at.with_timezone(&Utc),
        MappedLocalTime::Ambiguous(one, other) => {
            let (earlier, later) = (one.min(other), one.max(other));
            let at = if later - AHEAD_MAX <= now { later } else { earlier };
            at.with_timezone(&Utc)
        }
        MappedLocalTime::None => {
            let before = local.checked_sub_signed(AROUND);
            let before = before.and_then(|before| zone.from_local_datetime(&before).earliest());
            let offset = before.map(|before| before.offset().fix());
            let at = offset.and_then(|offset| offset.from_local_datetime(&local).single());
            at.map_or(now, |at| at.with_timezone(&Utc))
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono_tz::{America, Asia, Europe, Pacific};

    use super::*;

    /// What a local time is in UTC, seen at a time in UTC.
    fn check(local: &str, zone: Tz, now: &str, expected: &str) {
        let local = local.parse().unwrap();
        let now = domain::wire::parse_time(now).unwrap();
        let at = domain::wire::format_time(instant(local, zone, now));
        assert_eq!(at, expected, "{local} in {zone} at {now}");
    }

    #[test]
    fn a_time_without_a_zone_is_the_cameras() {
        check(
            "2026-07-01T10:00:00.5",
            Europe::Berlin,
            "2026-07-01T08:00:01Z",
            "2026-07-01T08:00:00.500Z",
        );
        check(
            "2026-01-01T10:00:00",
            Europe::Berlin,
            "2026-01-01T09:00:01Z",
            "2026-01-01T09:00:00.000Z",
        );
        check(
            "2026-07-01T10:00:00",
            Asia::Kolkata,
            "2026-07-01T04:30:01Z",
            "2026-07-01T04:30:00.000Z",
        );
        check("2026-07-01T10:00:00", Tz::UTC, "2026-07-01T10:00:01Z", "2026-07-01T10:00:00.000Z");
    }

    #[test]
    fn in_the_hour_that_happens_twice_a_live_read_is_right_both_times() {
        check(
            "2026-10-25T02:30:00",
            Europe::Berlin,
            "2026-10-25T00:30:01Z",
            "2026-10-25T00:30:00.000Z",
        );
        check(
            "2026-10-25T02:30:00",
            Europe::Berlin,
            "2026-10-25T01:30:01Z",
            "2026-10-25T01:30:00.000Z",
        );
        // By a clock that is a minute ahead.
        check(
            "2026-10-25T02:30:00",
            Europe::Berlin,
            "2026-10-25T01:29:00Z",
            "2026-10-25T01:30:00.000Z",
        );
        check(
            "2026-11-01T01:10:00",
            America::New_York,
            "2026-11-01T05:10:01Z",
            "2026-11-01T05:10:00.000Z",
        );
        // Uploaded the next day: the later one.
        check(
            "2026-10-25T02:30:00",
            Europe::Berlin,
            "2026-10-26T09:00:00Z",
            "2026-10-25T01:30:00.000Z",
        );
    }

    #[test]
    fn in_the_hour_that_does_not_happen_the_camera_has_not_changed_over_yet() {
        check(
            "2026-03-29T02:30:00",
            Europe::Berlin,
            "2026-03-29T01:30:01Z",
            "2026-03-29T01:30:00.000Z",
        );
        check(
            "2026-09-27T02:30:00",
            Pacific::Auckland,
            "2026-09-26T14:30:01Z",
            "2026-09-26T14:30:00.000Z",
        );
        check(
            "2026-03-08T02:00:00",
            America::New_York,
            "2026-03-08T07:00:01Z",
            "2026-03-08T07:00:00.000Z",
        );
    }

    #[test]
    fn the_ends_of_time_are_times_too() {
        let now = domain::wire::parse_time("2026-01-01T00:00:00Z").unwrap();
        for local in [NaiveDateTime::MIN, NaiveDateTime::MAX] {
            let _some_instant = instant(local, Europe::Berlin, now);
        }
    }
}
