use super::*;
use crate::testing::at;

/// Two queues, their trackers and the marker over them, under the default policy (`lateness` 5 s).
struct Queues {
    entries: Tracker,
    exits: Tracker,
    marker: Marker,
}

impl Queues {
    fn new() -> Self {
        let policy = Policy::default();
        Self {
            entries: Tracker::new(&policy),
            exits: Tracker::new(&policy),
            marker: Marker::new(&policy),
        }
    }

    /// Both queues were empty when they were asked.
    fn drained(mut self, asked_at: &str) -> Self {
        self.entries.depth(0, at(asked_at));
        self.exits.depth(0, at(asked_at));
        self
    }

    fn advance(&mut self, now: &str) -> Watermarks {
        let now = at(now);
        self.marker.advance(&self.entries.progress(now), &self.exits.progress(now), now)
    }

    /// The entry watermark moves to `expected`.
    fn check(&mut self, now: &str, expected: Option<&str>) {
        assert_eq!(self.advance(now).entries, expected.map(at), "at {now}");
    }
}

/// A delivery that was received and stored at once.
fn deliver(tracker: &mut Tracker, tag: u64, event: &str, now: &str) {
    tracker.received(tag, at(event), at(now));
    tracker.stored(tag);
}

#[test]
fn nothing_is_known_before_anything_was_heard() {
    let mut queues = Queues::new();
    assert_eq!(queues.advance("12:00"), Watermarks::default());
    queues.entries.depth(3, at("12:00"));
    assert_eq!(queues.advance("12:00"), Watermarks::default());
}

#[test]
fn a_drained_queue_is_read_up_to_the_present_less_lateness() {
    let mut queues = Queues::new().drained("12:00:00");
    queues.check("12:00:00", Some("11:59:55"));
    queues.check("12:00:09", Some("11:59:55")); // it was asked at 12:00:00, nobody knows since
    queues.entries.depth(0, at("12:00:10"));
    queues.check("12:00:10", Some("12:00:05"));
}

#[test]
fn each_queue_has_its_own_watermark() {
    let mut queues = Queues::new();
    queues.exits.depth(0, at("12:00:00"));
    let expected = Watermarks { entries: None, exits: Some(at("11:59:55")) };
    assert_eq!(queues.advance("12:00:00"), expected);
}

#[test]
fn live_reads_in_order_move_the_watermark_to_the_newest() {
    let mut queues = Queues::new().drained("12:00:00");
    deliver(&mut queues.entries, 1, "12:00:01", "12:00:02");
    queues.check("12:00:02", Some("12:00:01"));
    deliver(&mut queues.entries, 2, "12:00:03", "12:00:04");
    queues.check("12:00:04", Some("12:00:03"));
}

#[test]
fn what_is_in_flight_holds_the_watermark_back() {
    let mut queues = Queues::new().drained("12:00:00");
    queues.entries.received(1, at("11:59:50"), at("11:59:51"));
    queues.entries.received(2, at("11:59:52"), at("11:59:53"));
    assert_eq!(queues.entries.in_flight(), 2);
    queues.check("12:00:00", Some("11:59:49.999999999"));
    queues.entries.stored(2);
    queues.check("12:00:00", Some("11:59:49.999999999"));
    queues.entries.stored(1);
    assert_eq!(queues.entries.in_flight(), 0);
    queues.check("12:00:00", Some("11:59:55"));
}

#[test]
fn two_deliveries_of_one_instant_hold_until_both_are_stored() {
    let mut queues = Queues::new().drained("12:00:00");
    queues.entries.received(1, at("11:59:50"), at("11:59:51"));
    queues.entries.received(2, at("11:59:50"), at("11:59:51"));
    queues.entries.stored(1);
    queues.entries.stored(1);
    queues.entries.stored(9);
    queues.check("12:00:00", Some("11:59:49.999999999"));
    queues.entries.stored(2);
    queues.check("12:00:00", Some("11:59:55"));
}

#[test]
fn what_went_back_holds_until_the_queue_is_seen_empty() {
    let mut queues = Queues::new().drained("12:00:00");
    queues.entries.received(1, at("11:59:50"), at("11:59:51"));
    queues.entries.received(2, at("11:59:52"), at("11:59:53"));
    queues.entries.returned(2, at("12:00:01"));
    queues.entries.returned(1, at("12:00:02"));
    queues.entries.returned(7, at("12:00:02")); // of no delivery that there is
    queues.entries.depth(2, at("12:00:03"));
    queues.check("12:00:03", Some("11:59:49.999999999"));
    queues.entries.depth(0, at("12:00:04"));
    queues.check("12:00:04", Some("11:59:59"));
}

#[test]
fn an_answer_from_before_the_return_does_not_let_it_go() {
    let mut queues = Queues::new();
    queues.entries.received(1, at("11:59:50"), at("11:59:51"));
    queues.entries.returned(1, at("12:00:02"));
    queues.entries.depth(0, at("12:00:01"));
    queues.check("12:00:03", Some("11:59:49.999999999"));
    queues.entries.depth(0, at("12:00:04"));
    queues.check("12:00:04", Some("11:59:59"));
}

#[test]
fn what_went_back_and_came_again_holds_as_what_is_in_flight() {
    let mut queues = Queues::new().drained("12:00:00");
    queues.entries.received(1, at("11:59:50"), at("11:59:51"));
    queues.entries.returned(1, at("12:00:01"));
    queues.entries.received(2, at("11:59:50"), at("12:00:02"));
    queues.entries.depth(0, at("12:00:03"));
    queues.check("12:00:03", Some("11:59:49.999999999"));
    queues.entries.stored(2);
    // It was history by then: until that is over, the queue's being empty proves nothing.
    queues.check("12:00:03", Some("11:59:50"));
    queues.entries.depth(0, at("12:00:08"));
    queues.check("12:00:08", Some("12:00:03"));
}

#[test]
fn what_went_back_holds_for_a_minute_where_the_queue_is_never_empty() {
    let mut queues = Queues::new();
    queues.entries.received(1, at("12:00:00"), at("12:00:01"));
    queues.entries.returned(1, at("12:00:02"));
    deliver(&mut queues.entries, 2, "12:00:50", "12:00:51");
    queues.check("12:01:01.9", Some("11:59:59.999999999"));
    queues.check("12:01:02", Some("12:00:50"));
}

#[test]
fn what_was_in_flight_when_the_connection_broke_holds_until_the_queue_is_seen_empty() {
    let mut queues = Queues::new().drained("12:00:00");
    queues.entries.received(1, at("11:59:50"), at("11:59:51"));
    queues.entries.received(2, at("11:59:40"), at("11:59:51"));
    queues.entries.disconnected(at("12:00:01"));
    assert_eq!(queues.entries.in_flight(), 0);
    queues.check("12:00:02", Some("11:59:39.999999999"));
    queues.entries.received(1, at("12:00:02"), at("12:00:03")); // tags begin again
    queues.entries.stored(1);
    queues.check("12:00:03", Some("11:59:39.999999999"));
    queues.entries.depth(0, at("12:00:30"));
    queues.check("12:00:30", Some("12:00:25"));
}

#[test]
fn what_went_back_before_the_connection_broke_holds_on() {
    let mut queues = Queues::new().drained("12:00:00");
    queues.entries.received(1, at("11:59:40"), at("11:59:41"));
    queues.entries.received(2, at("11:59:50"), at("11:59:51"));
    queues.entries.returned(1, at("11:59:58"));
    queues.entries.disconnected(at("12:00:01"));
    queues.check("12:00:02", Some("11:59:39.999999999"));
}

#[test]
fn a_queue_that_is_not_connected_is_not_known_to_be_empty() {
    let mut queues = Queues::new().drained("12:00:00");
    queues.entries.disconnected(at("12:00:01"));
    queues.check("12:00:02", None);
    assert_eq!(queues.advance("12:00:02").exits, Some(at("11:59:55")));
}

#[test]
fn a_queue_with_messages_in_it_is_not_empty() {
    let mut queues = Queues::new().drained("12:00:00");
    queues.entries.depth(1, at("12:00:10"));
    queues.check("12:00:10", None);
}

#[test]
fn emptiness_proves_nothing_while_history_pours_into_either_queue() {
    let mut queues = Queues::new().drained("12:00:00");
    deliver(&mut queues.exits, 1, "09:00:00", "12:00:00");
    let expected = Watermarks { entries: None, exits: Some(at("09:00:00")) };
    assert_eq!(queues.advance("12:00:00"), expected, "history of exits");
    assert_eq!(queues.advance("12:00:05"), expected, "5 s ago is still recent");
    let expected = Watermarks { entries: Some(at("11:59:55")), exits: Some(at("11:59:55")) };
    assert_eq!(queues.advance("12:00:05.1"), expected);

    let mut queues = Queues::new().drained("12:00:00");
    deliver(&mut queues.entries, 1, "09:00:00", "12:00:00");
    let expected = Watermarks { entries: Some(at("09:00:00")), exits: None };
    assert_eq!(queues.advance("12:00:00"), expected, "history of entries");
}

#[test]
fn history_is_what_is_older_than_twice_the_lateness() {
    let mut queues = Queues::new().drained("12:00:00");
    deliver(&mut queues.entries, 1, "11:59:50", "12:00:00");
    queues.check("12:00:00", Some("11:59:55"));
    let mut queues = Queues::new().drained("12:00:00");
    deliver(&mut queues.entries, 1, "11:59:49.999", "12:00:00");
    queues.check("12:00:00", Some("11:59:49.999"));
}

#[test]
fn the_disorder_of_a_shuffled_backlog_holds_the_watermark_back() {
    let mut queues = Queues::new();
    queues.entries.depth(1000, at("12:00"));
    for (tag, event) in [(1, "08:00"), (2, "08:30"), (3, "08:10"), (4, "09:00"), (5, "08:59")] {
        queues.entries.received(tag, at(event), at("12:00"));
    }
    queues.check("12:00", Some("07:59:59.999999999"));
    for tag in 1..=5 {
        queues.entries.stored(tag);
    }
    queues.check("12:00", Some("08:40")); // 09:00 less 20 min
    assert_eq!(queues.entries.progress(at("12:00")).disorder, TimeDelta::minutes(20));
}

#[test]
fn the_disorder_is_over_once_the_queue_was_empty_and_no_history_came_of_late() {
    let mut queues = Queues::new();
    deliver(&mut queues.entries, 1, "09:00", "12:00:00");
    deliver(&mut queues.entries, 2, "08:00", "12:00:00");
    queues.entries.depth(0, at("12:00:05"));
    assert_eq!(queues.entries.progress(at("12:00:05")).disorder, TimeDelta::hours(1));
    queues.entries.depth(0, at("12:00:06"));
    assert_eq!(queues.entries.progress(at("12:00:06")).disorder, TimeDelta::zero());
    queues.check("12:00:06", Some("12:00:01"));
}

#[test]
fn the_watermark_never_goes_back() {
    let mut queues = Queues::new().drained("12:00:00");
    queues.check("12:00:00", Some("11:59:55"));
    queues.entries.received(1, at("09:00"), at("12:00:01"));
    queues.check("12:00:01", Some("11:59:55"));
    queues.entries.disconnected(at("12:00:02"));
    queues.check("12:00:02", Some("11:59:55"));
}

#[test]
fn a_read_ahead_of_the_clock_does_not_push_the_watermark_beyond_the_present() {
    let mut queues = Queues::new().drained("12:00:00");
    queues.entries.received(1, at("12:04:00"), at("12:00:00"));
    queues.check("12:00:00", Some("12:00:00"));
    queues.entries.stored(1);
    queues.check("12:00:01", Some("12:00:00"));
    deliver(&mut queues.entries, 2, "12:00:02", "12:00:02");
    queues.check("12:00:02", Some("12:00:02"));
    assert_eq!(queues.entries.progress(at("12:00:02")).disorder, TimeDelta::zero());
}

#[test]
fn with_several_processors_the_slowest_counts() {
    let watermarks = |entries: Option<&str>, exits: Option<&str>| Watermarks {
        entries: entries.map(at),
        exits: exits.map(at),
    };
    let one = watermarks(Some("10:00"), Some("12:00"));
    let other = watermarks(Some("11:00"), Some("11:30"));
    assert_eq!(one.min(other), watermarks(Some("10:00"), Some("11:30")));
    assert_eq!(one.min(Watermarks::END), one);
    assert_eq!(one.min(watermarks(None, Some("13:00"))), watermarks(None, Some("12:00")));
}

#[test]
fn a_camera_with_a_wrong_clock_does_not_hold_the_watermark_back_for_ever() {
    let policy = Policy::default();
    let (mut entries, exits) = (Tracker::new(&policy), Progress::default());
    let mut marker = Marker::new(&policy);
    let begin = at("12:00");
    // One read a second, all of them eight hours old.
    for second in 0..=660 {
        let now = begin + TimeDelta::seconds(second);
        entries.received(1, now - TimeDelta::hours(8), now);
        entries.stored(1);
        entries.depth(0, now);
        let mark = marker.advance(&entries.progress(now), &exits, now).entries;
        let live = mark == Some(now - policy.lateness);
        assert_eq!(live, second > 600, "after {second} s: {mark:?}");
    }
}
