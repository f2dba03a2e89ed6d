//! The chart of the last hour: for each minute a bar of who came, above the line, and one of who
//! went, below it. Only geometry and words; the template draws it.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta};
use domain::Instant;

use super::words::Words;
use crate::recent::{Passed, minute_of};

/// Minutes that are shown.
const MINUTES: i64 = 60;
/// Of the drawing, in its own units: a minute is 12 wide, each half 105 high.
const MINUTE_WIDTH: i64 = 12;
const BAR_WIDTH: i64 = 9;
const HALF_HEIGHT: u64 = 105;
/// Room for the figures of the scale.
pub(crate) const LEFT: i64 = 46;
/// Room for half of a time below the last bar.
const RIGHT: i64 = 20;
/// Room above the upper half.
const TOP: u64 = 8;

/// The chart, ready to be drawn.
#[derive(Debug, Default)]
pub(crate) struct Chart {
    pub(crate) bars: Vec<Bar>,
    pub(crate) ticks: Vec<Tick>,
    /// The largest count that fits.
    pub(crate) scale: u64,
    pub(crate) width: i64,
    pub(crate) height: u64,
    /// Where the line is.
    pub(crate) line: u64,
    /// For those who cannot see it.
    pub(crate) summary: String,
}

/// The bar of one minute.
#[derive(Debug)]
pub(crate) struct Bar {
    pub(crate) x: i64,
    pub(crate) width: i64,
    pub(crate) entries_y: u64,
    pub(crate) entries_height: u64,
    pub(crate) exits_height: u64,
    pub(crate) title: String,
}

/// A time under the chart.
#[derive(Debug)]
pub(crate) struct Tick {
    pub(crate) x: i64,
    pub(crate) text: String,
}

impl Chart {
    /// Of what passed until now.
    pub(crate) fn of(passed: &[Passed], words: &Words, now: Instant) -> Self {
        let counts: BTreeMap<i64, (u64, u64)> =
            passed.iter().map(|of| (of.minute, (of.entries, of.exits))).collect();
        let first = minute_of(now) - MINUTES + 1;
        let shown = || (first..first + MINUTES).map(|m| (m, *counts.get(&m).unwrap_or(&(0, 0))));
        let most = shown().map(|(_, (entries, exits))| entries.max(exits)).max().unwrap_or(0);
        let scale = round_up(most);
        let height_of = |count: u64| (count * HALF_HEIGHT).div_ceil(scale);
        let line = TOP + HALF_HEIGHT;
        let instant = |minute: i64| DateTime::from_timestamp(minute * 60, 0).unwrap_or(now);
        let bars = shown()
            .filter(|(_, count)| *count != (0, 0))
            .map(|(minute, (entries, exits))| Bar {
                x: LEFT + (minute - first) * MINUTE_WIDTH,
                width: BAR_WIDTH,
                entries_y: line - height_of(entries),
                entries_height: height_of(entries),
                exits_height: height_of(exits),
                title: format!("{}: {entries} in, {exits} out", words.minute(instant(minute))),
            })
            .collect();
        let ticks = (first..first + MINUTES)
            .filter(|minute| minute % 10 == 0)
            .map(|minute| Tick {
                x: LEFT + (minute - first) * MINUTE_WIDTH + BAR_WIDTH / 2,
                text: words.minute(instant(minute)),
            })
            .collect();
        let sum = shown().fold((0, 0), |sum, (_, (e, x))| (sum.0 + e, sum.1 + x));
        Self {
            bars,
            ticks,
            scale,
            width: LEFT + MINUTES * MINUTE_WIDTH + RIGHT,
            height: TOP + 2 * HALF_HEIGHT + 26,
            line,
            summary: format!(
                "The last 60 minutes: {} entries and {} exits, at most {most} in a minute.",
                sum.0, sum.1
            ),
        }
    }

    pub(crate) fn top(&self) -> u64 {
        self.line - HALF_HEIGHT
    }

    pub(crate) fn bottom(&self) -> u64 {
        self.line + HALF_HEIGHT
    }
}

/// How many passed in the last whole minutes, per minute.
pub(crate) fn per_minute(passed: &[Passed], now: Instant) -> (u64, u64) {
    let since = now - TimeDelta::seconds(60);
    // The present minute and what is left of the one before: a figure that does not drop to 0 at
    // each full minute.
    let mut sum = (0.0, 0.0);
    for minute in passed {
        let Some(at) = DateTime::from_timestamp(minute.minute * 60, 0) else { continue };
        let end = at + TimeDelta::seconds(60);
        let share = match () {
            () if at > now || end <= since => continue,
            () if at > since => 1.0,
            () => (end - since).as_seconds_f64() / 60.0,
        };
        sum.0 += share * minute.entries as f64;
        sum.1 += share * minute.exits as f64;
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small count")]
    let whole = |count: f64| count.round() as u64;
    (whole(sum.0), whole(sum.1))
}

/// 1, 2 or 5 times a power of ten, at least 5.
fn round_up(most: u64) -> u64 {
    let mut power = 1;
    loop {
        for step in [1, 2, 5] {
            if step * power >= most.max(5) {
                return step * power;
            }
        }
        power *= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::at;

    fn minute(text: &str, entries: u64, exits: u64) -> Passed {
        Passed { minute: minute_of(at(text)), entries, exits }
    }

    #[test]
    fn bars_stand_at_their_minutes_and_the_largest_fits() {
        let now = at("2026-11-20T10:30:40Z");
        let words = Words::new("Europe/Berlin".parse().unwrap(), now);
        let passed = [
            minute("2026-11-20T09:30:00Z", 9, 9),
            minute("2026-11-20T09:31:00Z", 3, 0),
            minute("2026-11-20T10:30:00Z", 12, 50),
        ];
        let chart = Chart::of(&passed, &words, now);
        assert_eq!(chart.scale, 50);
        let [first, last] = chart.bars.as_slice() else { panic!("{:?}", chart.bars) };
        assert_eq!((first.x, &*first.title), (LEFT, "10:31: 3 in, 0 out"));
        assert_eq!((last.x, last.exits_height), (LEFT + 59 * MINUTE_WIDTH, HALF_HEIGHT));
        assert_eq!(last.entries_y + last.entries_height, chart.line);
        assert!(chart.summary.contains("15 entries and 50 exits, at most 50"), "{}", chart.summary);
        let ticks: Vec<&str> = chart.ticks.iter().map(|tick| tick.text.as_str()).collect();
        assert_eq!(ticks, ["10:40", "10:50", "11:00", "11:10", "11:20", "11:30"]);
        let last = chart.ticks.last().unwrap();
        assert!(last.x + RIGHT < chart.width, "its text is not cut off");
    }

    #[test]
    fn the_figure_per_minute_takes_of_the_minute_before_what_is_missing_of_this_one() {
        let now = at("2026-11-20T10:30:30Z");
        let passed = [
            minute("2026-11-20T10:28:00Z", 99, 99),
            minute("2026-11-20T10:29:00Z", 10, 20),
            minute("2026-11-20T10:30:00Z", 4, 1),
        ];
        assert_eq!(per_minute(&passed, now), (9, 11));
        assert_eq!(per_minute(&[], now), (0, 0));
    }
}
