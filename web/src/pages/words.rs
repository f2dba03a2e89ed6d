//! Times, durations and numbers as an operator reads them. Times are those of the place's zone.

use chrono::TimeDelta;
use chrono_tz::Tz;
use domain::Instant;
use domain::wire::parse_time;

/// Says times of one zone.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Words {
    zone: Tz,
    /// The present: a time of today needs no date.
    now: Instant,
}

/// A time as it is shown, and as a machine reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shown {
    /// `14:05:09`, with the day before it where that is another.
    pub(crate) text: String,
    /// RFC 3339 in the place's zone.
    pub(crate) machine: String,
    /// Milliseconds since 1970, for what counts up on the page.
    pub(crate) millis: i64,
}

impl Words {
    pub(crate) fn new(zone: Tz, now: Instant) -> Self {
        Self { zone, now }
    }

    pub(crate) fn time(&self, at: Instant) -> Shown {
        let (local, today) = (at.with_timezone(&self.zone), self.now.with_timezone(&self.zone));
        let format = if local.date_naive() == today.date_naive() {
            "%H:%M:%S"
        } else if self.now - at < TimeDelta::days(300) {
            "%-d %b %H:%M"
        } else {
            "%-d %b %Y %H:%M"
        };
        Shown {
            text: local.format(format).to_string(),
            machine: local.to_rfc3339_opts(chrono::SecondsFormat::Millis, true),
            millis: at.timestamp_millis(),
        }
    }

    /// `14:05`.
    pub(crate) fn minute(&self, at: Instant) -> String {
        at.with_timezone(&self.zone).format("%H:%M").to_string()
    }

    /// What a field for a local time takes: `2026-11-20T14:05`.
    pub(crate) fn field(&self, at: Instant) -> String {
        at.with_timezone(&self.zone).format("%Y-%m-%dT%H:%M").to_string()
    }

    /// How long that has been going on.
    pub(crate) fn since(&self, at: Instant) -> String {
        duration(self.now - at)
    }

    /// A text that was made for a program's reader, as a person reads it: times are the place's own,
    /// names stand without their backticks, and the numbers of rules are left out.
    pub(crate) fn plainly(&self, text: &str) -> String {
        let mut plain: Vec<String> = Vec::new();
        for word in text.split(' ') {
            let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
            let is_rule = word.starts_with('(') && is_rules_number(bare);
            if is_rule {
                // What followed the bracket, such as a full stop, belongs to the word before.
                if let (Some(before), Some((_, rest))) = (plain.last_mut(), word.split_once(')')) {
                    before.push_str(rest);
                }
                continue;
            }
            let at = Some(bare).filter(|bare| bare.len() >= 19 && bare.contains('T'));
            plain.push(match at.and_then(parse_time) {
                Some(at) => word.replace(bare, &self.time(at).text),
                None => word.replace('`', ""),
            });
        }
        let mut plain = plain.join(" ");
        for (name, words) in SETTINGS_IN_WORDS {
            plain = plain.replace(name, words);
        }
        plain
    }

    /// `Europe/Berlin`.
    pub(crate) fn zone(&self) -> String {
        self.zone.name().to_owned()
    }
}

/// Names of settings that stand in reasons, as an operator would say them.
const SETTINGS_IN_WORDS: [(&str, &str); 2] =
    [("max_stay", "the longest stay allowed"), ("repair_window", "the repair window")];

/// `R7`, `G3`.
fn is_rules_number(text: &str) -> bool {
    let digits = text.strip_prefix(['R', 'G']);
    digits.is_some_and(|digits| digits.len() == 1 && digits.bytes().all(|b| b.is_ascii_digit()))
}

/// Two units at most. `assets/live.js` counts on in the same words.
pub(crate) fn duration(length: TimeDelta) -> String {
    let seconds = length.num_seconds().max(0);
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match () {
        () if days > 0 => format!("{days} d {} h", hours % 24),
        () if hours > 0 => format!("{hours} h {:02} min", minutes % 60),
        () if minutes > 0 => format!("{minutes} min {:02} s", seconds % 60),
        () => format!("{seconds} s"),
    }
}

/// `1,234`.
pub(crate) fn number(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::at;

    #[test]
    fn a_time_is_that_of_the_place_and_has_a_date_unless_it_is_of_today() {
        let zone: Tz = "Europe/Berlin".parse().unwrap();
        let words = Words::new(zone, at("2026-11-20T23:30:00Z"));
        for (instant, text) in [
            ("2026-11-20T23:05:09Z", "00:05:09"),
            ("2026-11-20T22:05:09Z", "20 Nov 23:05"),
            ("2026-07-01T10:00:00Z", "1 Jul 12:00"),
            ("2024-07-01T10:00:00Z", "1 Jul 2024 12:00"),
        ] {
            assert_eq!(words.time(at(instant)).text, text);
        }
        assert_eq!(words.time(at("2026-07-01T10:00:00Z")).machine, "2026-07-01T12:00:00.000+02:00");
    }

    #[test]
    fn a_text_for_programs_is_told_in_the_places_time_and_without_its_marks() {
        let zone: Tz = "Europe/Berlin".parse().unwrap();
        let words = Words::new(zone, at("2026-11-20T12:00:00Z"));
        for (text, plain) in [
            ("the stay began at 2026-11-20T10:48:48.306Z", "the stay began at 11:48:48"),
            ("all exits up to 2026-12-01T00:32:04.451Z.", "all exits up to 1 Dec 01:32."),
            ("open for longer than max_stay (R7)", "open for longer than the longest stay allowed"),
            ("the next read (R3), in event time", "the next read, in event time"),
            ("`plate` is two letters (or digits)", "plate is two letters (or digits)"),
            ("PLATE-T1234567890123456789 (B7)", "PLATE-T1234567890123456789 (B7)"),
        ] {
            assert_eq!(words.plainly(text), plain);
        }
    }

    #[test]
    fn a_duration_has_two_units_at_most_and_a_number_its_groups() {
        for (seconds, text) in [
            (-5, "0 s"),
            (59, "59 s"),
            (61, "1 min 01 s"),
            (3_600 + 5 * 60, "1 h 05 min"),
            (90_000, "1 d 1 h"),
        ] {
            assert_eq!(duration(TimeDelta::seconds(seconds)), text);
        }
        for (n, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(number(n), text);
        }
    }
}
