//! Lengths of time: so many seconds that elapse (`PT24H`), or days by the clock (`P1D`, `calendar_day`).

use std::fmt;

use serde::{Deserialize, Serialize};

/// A length of time, as ISO 8601 writes it.
///
/// Counted from the entry, `PT24H` is over when 86,400 seconds have passed, and `P1D` when the clock at
/// the place shows the same time on the next date (23 or 25 hours later when the clocks change).
/// `calendar_day` ends at midnight, whenever the entry was. No two of them are the same thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Period {
    /// So many seconds that elapse: `PT30M`, `PT24H`.
    Elapsed(u32),
    /// So many dates on, at the same time of the clock: `P1D`, `P7D`.
    Days(u16),
    /// So many months on, at the same time of the clock: `P1M`.
    Months(u16),
    /// From midnight to midnight: `calendar_day`.
    CalendarDay,
    /// From the first of a month to the first of the next: `calendar_month`.
    CalendarMonth,
}

impl Period {
    /// So many minutes that elapse.
    pub const fn minutes(minutes: u32) -> Self {
        Self::Elapsed(minutes.saturating_mul(60))
    }

    /// So many hours that elapse.
    pub const fn hours(hours: u32) -> Self {
        Self::Elapsed(hours.saturating_mul(3600))
    }

    /// The seconds, where it is elapsed time.
    pub fn seconds(self) -> Option<i64> {
        match self {
            Self::Elapsed(seconds) => Some(i64::from(seconds)),
            _ => None,
        }
    }

    /// Whether it has no length at all.
    pub const fn is_zero(self) -> bool {
        matches!(self, Self::Elapsed(0) | Self::Days(0) | Self::Months(0))
    }

    /// Reads `PT1H30M`, `PT45S`, `P7D`, `P1M`; not a mixture of the calendar and the clock.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "calendar_day" => return Some(Self::CalendarDay),
            "calendar_month" => return Some(Self::CalendarMonth),
            _ => {}
        }
        let rest = text.strip_prefix('P')?;
        let Some(clock) = rest.strip_prefix('T') else {
            let (number, unit) = rest.split_at_checked(rest.len().checked_sub(1)?)?;
            let number = digits(number)?;
            return match unit {
                "D" => Some(Self::Days(u16::try_from(number).ok()?)),
                "M" => Some(Self::Months(u16::try_from(number).ok()?)),
                _ => None,
            };
        };
        let (mut rest, mut seconds, mut any) = (clock, 0_u32, false);
        for (unit, size) in [('H', 3600_u32), ('M', 60), ('S', 1)] {
            if let Some((number, after)) = rest.split_once(unit) {
                seconds = seconds.checked_add(digits(number)?.checked_mul(size)?)?;
                (rest, any) = (after, true);
            }
        }
        (any && rest.is_empty()).then_some(Self::Elapsed(seconds))
    }
}

fn digits(text: &str) -> Option<u32> {
    let good = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    good.then(|| text.parse().ok())?
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = match self {
            Self::CalendarDay => return f.write_str("calendar_day"),
            Self::CalendarMonth => return f.write_str("calendar_month"),
            Self::Days(days) => return write!(f, "P{days}D"),
            Self::Months(months) => return write!(f, "P{months}M"),
            Self::Elapsed(0) => return f.write_str("PT0S"),
            Self::Elapsed(seconds) => *seconds,
        };
        f.write_str("PT")?;
        for (number, unit) in [(seconds / 3600, 'H'), (seconds / 60 % 60, 'M'), (seconds % 60, 'S')]
        {
            if number > 0 {
                write!(f, "{number}{unit}")?;
            }
        }
        Ok(())
    }
}

impl TryFrom<String> for Period {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).ok_or_else(|| {
            format!("`{text}` is no length of time; write \"PT30M\" or \"PT24H\" for time that elapses, \"P1D\" for a day by the clock, \"calendar_day\" for one that ends at midnight")
        })
    }
}

impl From<Period> for String {
    fn from(period: Period) -> Self {
        period.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_comes_back_as_it_was() {
        for text in
            ["PT30M", "PT24H", "PT1H30M", "PT45S", "PT0S", "P1D", "P7D", "P1M", "calendar_day"]
        {
            assert_eq!(Period::parse(text).unwrap().to_string(), text);
        }
        for text in
            ["", "P", "PT", "24H", "P1DT2H", "PT1.5H", "PT-1H", "PT1M1H", "1h", "PT99999999H", "P€"]
        {
            assert_eq!(Period::parse(text), None, "{text}");
        }
    }
}
