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

    fn reading(&mut self, now: &str) -> Reading {
        let now = at(now);
        self.marker.advance(&self.entries.progress(now), &self.exits.progress(now))
    }

    fn advance(&mut self, now: &str) -> Watermarks {
        self.reading(now);
        self.marker.marks()
    }

    /// The places that are behind.
    fn behind(&mut self, now: &str) -> Vec<String> {
        self.reading(now).behind.places().unwrap().map(ToString::to_string).collect()
    }

    /// The entry watermark moves to `expected`.
    fn check(&mut self, now: &str, expected: Option<&str>) {
        assert_eq!(self.advance(now).entries, expected.map(at), "at {now}");
    }
}

fn main() -> PlaceName {
    PlaceName::default()
}

/// A delivery that was received and stored at once.
fn deliver(tracker: &mut Tracker, tag: u64, event: &str, now: &str) {
    tracker.came();
    tracker.received(tag, at(event), &PlaceName::default(), at(now));
    tracker.stored(tag, at(now));
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
    let mut queues = Queues::new().drained("11:59:57");
    queues.entries.received(1, at("11:59:50"), &main(), at("11:59:51"));
    queues.entries.received(2, at("11:59:51"), &main(), at("11:59:53"));
    assert_eq!(queues.entries.in_flight(), 2);
    queues.check("11:59:56", Some("11:59:49.999999999"));
    queues.entries.stored(2, at("11:59:56"));
    queues.check("11:59:57", Some("11:59:49.999999999"));
    queues.entries.stored(1, at("11:59:57"));
    assert_eq!(queues.entries.in_flight(), 0);
    queues.check("11:59:57", Some("11:59:52"));
}

#[test]
fn two_deliveries_of_one_instant_hold_until_both_are_stored() {
    let mut queues = Queues::new().drained("11:59:57");
    queues.entries.received(1, at("11:59:50"), &main(), at("11:59:51"));
    queues.entries.received(2, at("11:59:50"), &main(), at("11:59:51"));
    for tag in [1, 1, 9] {
        queues.entries.stored(tag, at("11:59:53"));
    }
    queues.check("11:59:57", Some("11:59:49.999999999"));
    queues.entries.stored(2, at("11:59:57"));
    queues.check("11:59:57", Some("11:59:52"));
}

#[test]
fn what_does_not_move_holds_nobody_for_longer_than_lateness_but_where_the_store_is_away() {
    let mut queues = Queues::new().drained("12:00:00");
    queues.entries.received(1, at("11:59:54"), &main(), at("11:59:55"));
    queues.entries.received(2, at("11:59:53"), &main(), at("11:59:56"));
    queues.entries.stored(2, at("11:59:57"));
    queues.check("12:00:02", Some("11:59:53.999999999"));
    queues.check("12:00:02.1", Some("11:59:55"));
    let mut queues = Queues::new().drained("12:00:00");
    queues.entries.received(1, at("11:59:54"), &main(), at("11:59:55"));
    queues.entries.store_is_away(at("12:00:02"));
    queues.check("12:00:07", Some("11:59:53.999999999"));
    queues.check("12:00:07.1", Some("11:59:55"));
}

#[test]
fn what_went_back_holds_until_the_queue_is_seen_empty() {
    let mut queues = Queues::new().drained("12:00:00");
    queues.entries.received(1, at("11:59:50"), &main(), at("11:59:51"));
    queues.entries.received(2, at("11:59:52"), &main(), at("11:59:53"));
    queues.entries.returned(2, at("12:00:01"));
    queues.entries.returned(1, at("12:00:02"));
    queues.entries.returned(7, at("12:00:02")); // of no delivery that there is
    queues.entries.depth(2, at("12:00:03"));
    queues.check("12:00:03", Some("11:59:49.999999999"));
    queues.entries.depth(0, at("12:00:04"));
    queues.check("12:00:04", Some("11:59:59"));
}

#[test]
fn what_went_back_holds_until_all_that_waited_has_been_received() {
    let mut queues = Queues::new();
    queues.entries.received(1, at("11:59:50"), &main(), at("11:59:51"));
    queues.entries.returned(1, at("12:00:01"));
    queues.entries.depth(3, at("12:00:02"));
    for (tag, second) in [(2, "12:00:03"), (3, "12:00:04")] {
        deliver(&mut queues.entries, tag, second, second);
        queues.check("12:00:04", Some("11:59:49.999999999"));
    }
    deliver(&mut queues.entries, 4, "12:00:05", "12:00:05");
    queues.check("12:00:05", Some("12:00:05"));
}

#[test]
fn a_queue_that_is_never_empty_is_read_up_to_the_question_whose_messages_all_came() {
    let mut queues = Queues::new();
    queues.entries.depth(3, at("12:00:00"));
    for n in 0..3 {
        queues.check("12:00:09", None);
        deliver(&mut queues.entries, n, "09:00", "12:00:08"); // history proves nothing by its time
    }
    queues.check("12:00:09", Some("11:59:55"));
    // Of two questions the one that is through first counts: others receive as well.
    queues.entries.depth(9, at("12:00:10"));
    queues.entries.depth(12, at("12:00:11"));
    queues.entries.depth(2, at("12:00:12"));
    queues.entries.came();
    queues.check("12:00:13", Some("11:59:55"));
    queues.entries.came();
    queues.check("12:00:13", Some("12:00:07"));
    // What was asked on a connection that is gone is not counted on.
    queues.entries.depth(1, at("12:00:14"));
    queues.entries.disconnected(at("12:00:15"));
    queues.entries.came();
    queues.check("12:00:15", Some("12:00:07"));
}

#[test]
fn an_answer_from_before_the_return_does_not_let_it_go() {
    let mut queues = Queues::new();
    queues.entries.received(1, at("11:59:50"), &main(), at("11:59:51"));
    queues.entries.returned(1, at("12:00:02"));
    queues.entries.depth(0, at("12:00:01"));
    queues.check("12:00:03", Some("11:59:49.999999999"));
    queues.entries.depth(0, at("12:00:04"));
    queues.check("12:00:04", Some("11:59:59"));
}

#[test]
fn what_went_back_and_came_again_holds_as_what_is_in_flight() {
    let mut queues = Queues::new().drained("12:00:00");
    queues.entries.received(1, at("11:59:52"), &main(), at("11:59:53"));
    queues.entries.returned(1, at("12:00:01"));
    queues.entries.received(2, at("11:59:52"), &main(), at("12:00:02"));
    queues.entries.depth(0, at("12:00:03"));
    queues.check("12:00:03", Some("11:59:51.999999999"));
    queues.entries.stored(2, at("12:00:03"));
    queues.check("12:00:03", Some("11:59:58"));
}

#[test]
fn what_went_back_holds_for_lateness_where_the_queue_is_never_empty() {
    let mut queues = Queues::new();
    queues.entries.received(1, at("12:00:00"), &main(), at("12:00:01"));
    queues.entries.returned(1, at("12:00:02"));
    deliver(&mut queues.entries, 2, "12:00:06", "12:00:06");
    queues.check("12:00:07", Some("11:59:59.999999999"));
    queues.check("12:00:07.1", Some("12:00:06"));
}

#[test]
fn what_was_in_flight_when_the_connection_broke_holds_until_the_queue_is_seen_empty() {
    let mut queues = Queues::new().drained("11:59:55");
    queues.entries.received(1, at("11:59:52"), &main(), at("12:00:00"));
    queues.entries.received(2, at("11:59:51"), &main(), at("12:00:00"));
    queues.entries.disconnected(at("12:00:01"));
    assert_eq!(queues.entries.in_flight(), 0);
    queues.check("12:00:02", Some("11:59:50.999999999"));
    queues.entries.received(1, at("12:00:02"), &main(), at("12:00:03")); // tags begin again
    queues.entries.stored(1, at("12:00:03"));
    queues.check("12:00:03", Some("11:59:50.999999999"));
    queues.entries.depth(0, at("12:00:04"));
    queues.check("12:00:04", Some("12:00:02"));

    // Where nothing more is heard of the queue: for as long as it would have held in flight.
    let mut queues = Queues::new();
    queues.entries.received(1, at("11:59:52"), &main(), at("12:00:00"));
    queues.entries.received(2, at("11:59:51"), &main(), at("12:00:00"));
    queues.entries.disconnected(at("12:00:01"));
    queues.check("12:00:05", Some("11:59:50.999999999"));
    queues.check("12:00:05.1", Some("11:59:51"));
}

#[test]
fn what_went_back_before_the_connection_broke_holds_on() {
    let mut queues = Queues::new().drained("12:00:00");
    queues.entries.received(1, at("11:59:40"), &main(), at("11:59:41"));
    queues.entries.received(2, at("11:59:50"), &main(), at("11:59:51"));
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
    queues.check("12:00:10", Some("11:59:55")); // as it was when it was empty
}

#[test]
fn history_moves_and_holds_no_watermark_but_its_place_is_behind() {
    let north = PlaceName::parse("north").unwrap();
    let mut queues = Queues::new().drained("12:00:00");
    let live = Watermarks { entries: Some(at("11:59:55")), exits: Some(at("11:59:55")) };
    queues.exits.received(1, at("09:00:00"), &north, at("12:00:00"));
    assert_eq!(queues.advance("12:00:00"), live);
    assert_eq!(queues.behind("12:00:00"), ["north"]);
    queues.exits.stored(1, at("12:00:01"));
    deliver(&mut queues.entries, 1, "10:00:00", "12:00:00");
    assert_eq!(queues.advance("12:00:05"), live);
    assert_eq!(queues.behind("12:00:05"), ["main", "north"], "5 s ago is still recent");
    assert_eq!(queues.behind("12:00:05.1"), [""; 0]);
    // Whatever is in flight, or went back to the queue.
    queues.exits.received(2, at("09:00:00"), &north, at("12:00:10"));
    assert_eq!(queues.behind("12:00:20"), ["north"]);
    queues.exits.returned(2, at("12:00:21"));
    assert_eq!(queues.behind("12:00:26"), ["north"]);
    assert_eq!(queues.behind("12:00:26.1"), [""; 0]);
    queues.exits.received(3, at("09:00:00"), &north, at("12:00:30"));
    queues.exits.disconnected(at("12:00:40"));
    assert_eq!(queues.behind("12:00:45"), ["north"]);
    assert_eq!(queues.behind("12:00:45.1"), [""; 0]);
}

#[test]
fn too_many_places_to_be_told_are_all_places() {
    let place = |n: usize| PlaceName::parse(&format!("p{n}")).unwrap();
    let most: Behind = (0..PLACES_MAX).map(place).collect();
    assert_eq!(most.places().unwrap().count(), PLACES_MAX);
    assert!(most.holds(&place(7)) && !most.holds(&place(PLACES_MAX)));
    let one: Behind = [place(PLACES_MAX)].into_iter().collect();
    for all in [most.clone().and(one.clone()), one.and(Behind::everywhere())] {
        assert!(all.holds(&place(PLACES_MAX + 1)) && all.places().is_none());
    }
    assert_eq!(most.clone().and(Behind::default()), most);
    assert_eq!(Behind::default().and(most.clone()), most);
}

#[test]
fn history_is_what_is_older_than_twice_the_lateness() {
    let mut queues = Queues::new().drained("12:00:00");
    deliver(&mut queues.entries, 1, "11:59:50", "12:00:00");
    assert_eq!(queues.behind("12:00:00"), [""; 0]);
    deliver(&mut queues.entries, 1, "11:59:49.999", "12:00:00");
    assert_eq!(queues.behind("12:00:00"), ["main"]);
}

#[test]
fn the_disorder_of_live_reads_holds_the_watermark_back() {
    let mut queues = Queues::new();
    queues.entries.depth(1000, at("12:00"));
    let shuffled = ["11:59:52", "11:59:55", "11:59:53", "11:59:59", "11:59:58"];
    for (tag, event) in shuffled.into_iter().enumerate() {
        queues.entries.received(tag as u64, at(event), &main(), at("12:00"));
    }
    queues.check("12:00", Some("11:59:51.999999999"));
    for tag in 0..5 {
        queues.entries.stored(tag, at("12:00"));
    }
    queues.check("12:00", Some("11:59:57")); // 11:59:59 less 2 s
    assert_eq!(queues.entries.progress(at("12:00")).disorder, TimeDelta::seconds(2));
    deliver(&mut queues.entries, 9, "09:00", "12:00");
    assert_eq!(queues.entries.progress(at("12:00")).disorder, TimeDelta::seconds(2), "not history");
}

#[test]
fn the_disorder_is_over_once_the_queue_was_empty() {
    let mut queues = Queues::new();
    deliver(&mut queues.entries, 1, "11:59:59", "12:00:00");
    deliver(&mut queues.entries, 2, "11:59:52", "12:00:00");
    assert_eq!(queues.entries.progress(at("12:00:00")).disorder, TimeDelta::seconds(7));
    queues.entries.depth(0, at("12:00:06"));
    assert_eq!(queues.entries.progress(at("12:00:06")).disorder, TimeDelta::zero());
    queues.check("12:00:06", Some("12:00:01"));
}

#[test]
fn the_watermark_never_goes_back() {
    let mut queues = Queues::new().drained("12:00:00");
    queues.check("12:00:00", Some("11:59:55"));
    queues.entries.received(1, at("11:59:52"), &main(), at("12:00:01"));
    queues.check("12:00:01", Some("11:59:55"));
    let holds = Watermarks { entries: Some(at("11:59:55")), exits: None };
    assert_eq!(queues.reading("12:00:01").holds, holds, "nobody is held before it either");
    queues.entries.disconnected(at("12:00:02"));
    queues.check("12:00:02", Some("11:59:55"));
}

#[test]
fn a_read_ahead_of_the_clock_does_not_push_the_watermark_beyond_the_present() {
    let mut queues = Queues::new().drained("12:00:00");
    queues.entries.received(1, at("12:04:00"), &main(), at("12:00:00"));
    queues.check("12:00:00", Some("12:00:00"));
    queues.entries.stored(1, at("11:59:53"));
    queues.check("12:00:01", Some("12:00:00"));
    deliver(&mut queues.entries, 2, "12:00:02", "12:00:02");
    queues.check("12:00:02", Some("12:00:02"));
    assert_eq!(queues.entries.progress(at("12:00:02")).disorder, TimeDelta::zero());
}

#[test]
fn a_queue_is_read_as_far_as_anybody_knows_but_for_what_one_has_in_hand() {
    let marks = |entries: Option<&str>, exits: Option<&str>| Watermarks {
        entries: entries.map(at),
        exits: exits.map(at),
    };
    let reading = |read, holds| Reading { read, holds, behind: Behind::default() };
    let nothing = marks(None, None);
    let check = |readings: &[&Reading], expected| {
        let readings = readings.iter().map(|reading| (*reading).clone());
        assert_eq!(agreed(readings).0, expected);
    };
    let one = reading(marks(Some("10:00"), Some("12:00")), nothing);
    let other = reading(marks(Some("11:00"), Some("11:30")), nothing);
    check(&[], nothing);
    check(&[&one], one.read);
    check(&[&one, &other], marks(Some("11:00"), Some("12:00")));
    let ignorant = Reading::default();
    check(&[&one, &ignorant], one.read);
    check(&[&ignorant, &ignorant], nothing);
    let holding = reading(nothing, marks(Some("10:30"), None));
    check(&[&one, &other, &holding], marks(Some("10:30"), Some("12:00")));
    // One of an earlier version holds back what it does not vouch for.
    let earlier = Reading::of(marks(Some("10:15"), None));
    check(&[&other, &earlier], marks(Some("10:15"), None));
    check(&[&earlier], marks(Some("10:15"), None));
}

#[test]
fn a_camera_with_a_wrong_clock_does_not_keep_its_place_waiting_for_ever() {
    let mut queues = Queues::new();
    let begin = at("12:00");
    // One read a second, all of them eight hours old.
    for second in 0..=660 {
        let now = begin + TimeDelta::seconds(second);
        queues.entries.received(1, now - TimeDelta::hours(8), &main(), now);
        queues.entries.stored(1, now);
        queues.entries.depth(0, now);
        let progress = queues.entries.progress(now);
        assert_eq!(progress.behind.holds(&main()), second <= 600, "after {second} s");
        let mark = queues.marker.advance(&progress, &Progress::default()).read.entries;
        assert_eq!(mark, Some(now - TimeDelta::seconds(5)), "after {second} s");
    }
    // A pause lets the place's reads be judged. Only one of more than twice `lateness` is an end of it.
    assert_eq!(queues.behind("12:11:06"), [""; 0]);
    queues.entries.received(1, begin, &main(), at("12:11:07"));
    queues.entries.stored(1, at("12:11:07"));
    assert_eq!(queues.behind("12:11:07"), [""; 0]);
    queues.entries.received(1, begin, &main(), at("12:11:18"));
    assert_eq!(queues.behind("12:11:18"), ["main"]);
}
