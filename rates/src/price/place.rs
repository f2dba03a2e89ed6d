//! Instants and the clock of the place. Instants are seconds since 1970 here.

use chrono::{DateTime, Days, Months, NaiveDate, NaiveDateTime, Offset, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

use crate::calendar::Holidays;
use crate::period::Period;
use crate::window::When;

/// The place: its time zone and its holidays.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub zone: Tz,
    pub holidays: Option<&'a Holidays>,
}

/// A time in which a window holds. `begin` is where the window itself begins, which tells one night
/// from the next, even where the stay begins in the middle of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub from: i64,
    pub until: i64,
    pub begin: i64,
}

impl Place<'_> {
    fn offset(&self, instant: i64) -> i64 {
        DateTime::from_timestamp(instant, 0).map_or(0, |instant| {
            let offset = self.zone.offset_from_utc_datetime(&instant.naive_utc());
            i64::from(offset.fix().local_minus_utc())
        })
    }

    /// What the clock shows at an instant.
    pub fn local(&self, instant: i64) -> NaiveDateTime {
        DateTime::from_timestamp(instant.saturating_add(self.offset(instant)), 0)
            .map_or(NaiveDateTime::MIN, |time| time.naive_utc())
    }

    /// The instant at which the clock shows a time: the first, where it happens twice; where it is
    /// skipped, the first instant behind the gap.
    pub fn instant(&self, local: NaiveDateTime) -> i64 {
        const DAY: i64 = 24 * 3600;
        let shown = local.and_utc().timestamp();
        // The offsets that hold well before and well after; one of them is that of the time.
        let (before, after) = (self.offset(shown - DAY), self.offset(shown + DAY));
        for offset in [before.max(after), before.min(after)] {
            if self.offset(shown - offset) == offset {
                return shown - offset;
            }
        }
        // In a gap: the change lies between an instant with the old offset and one with the new.
        let (mut old, mut new) = (shown - DAY - before, shown + DAY - after);
        while new - old > 1 {
            let middle = old + (new - old) / 2;
            if self.offset(middle) == before { old = middle } else { new = middle }
        }
        new
    }

    /// The instant of a date at so many minutes past its midnight (1440 and more: on the next date).
    pub fn at(&self, date: NaiveDate, minutes: u16) -> i64 {
        let days = Days::new(u64::from(minutes / 1440));
        let date = date.checked_add_days(days).unwrap_or(date);
        self.instant(
            date.and_time(chrono::NaiveTime::MIN) + TimeDelta::minutes(i64::from(minutes % 1440)),
        )
    }

    /// The times between two instants in which a window holds, in order.
    pub fn spans(&self, when: &When, from: i64, until: i64) -> Vec<Span> {
        if when.is_always() {
            return vec![Span { from, until, begin: i64::MIN }];
        }
        let Some((start, end)) = when.minutes() else { return Vec::new() };
        let (first, last) = (self.local(from).date(), self.local(until).date());
        let first = first.pred_opt().unwrap_or(first);
        let mut spans = Vec::new();
        let mut last_end = None;
        for date in first.iter_days().take_while(|date| *date <= last) {
            if !when.begins_on(date, self.holidays) {
                continue;
            }
            // A midnight that ends one day begins the next.
            let begin = match last_end {
                Some((ended, instant)) if start == 0 && ended == date => instant,
                _ => self.at(date, start),
            };
            let finish = self.at(date, end);
            last_end = (end == 1440).then(|| (date.succ_opt().unwrap_or(date), finish));
            let span = Span { from: begin.max(from), until: finish.min(until), begin };
            if span.from < span.until {
                spans.push(span);
            }
        }
        spans
    }

    /// Whether a window holds at an instant.
    pub fn holds(&self, when: &When, instant: i64) -> bool {
        !self.spans(when, instant, instant + 1).is_empty()
    }
}

/// The times between two instants in which a window holds at a place in this zone, in order and
/// half-open, in whole seconds; `holidays` where days of the window are holidays.
pub fn spans(
    when: &When,
    zone: Tz,
    holidays: Option<&Holidays>,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Vec<(DateTime<Utc>, DateTime<Utc>)> {
    let instant = |seconds| DateTime::from_timestamp(seconds, 0);
    let spans = Place { zone, holidays }.spans(when, from.timestamp(), until.timestamp());
    spans.iter().filter_map(|span| instant(span.from).zip(instant(span.until))).collect()
}

/// Periods that follow each other: their beginnings, as far as a stay needs them.
#[derive(Debug, Clone)]
pub(crate) struct Periods {
    begins: Vec<i64>,
}

impl Periods {
    /// The periods that touch a stay. Counted from the entry, or from midnight before it.
    pub fn new(place: &Place<'_>, period: Period, entry: i64, until: i64) -> Self {
        let local = place.local(entry);
        let midnight = |date: NaiveDate| place.at(date, 0);
        let mut begins = vec![entry];
        for n in 1_u32.. {
            let next = match period {
                Period::Elapsed(seconds) => {
                    entry.saturating_add(i64::from(seconds.max(1)).saturating_mul(i64::from(n)))
                }
                Period::Days(days) => {
                    let days = Days::new(u64::from(days.max(1)) * u64::from(n));
                    local.checked_add_days(days).map_or(i64::MAX, |local| place.instant(local))
                }
                Period::Months(months) => {
                    let months = Months::new(u32::from(months.max(1)).saturating_mul(n));
                    local.checked_add_months(months).map_or(i64::MAX, |local| place.instant(local))
                }
                Period::CalendarDay => {
                    let date = local.date().checked_add_days(Days::new(u64::from(n)));
                    date.map_or(i64::MAX, midnight)
                }
                Period::CalendarMonth => {
                    use chrono::Datelike;
                    let first = local.date().with_day(1);
                    let date = first.and_then(|date| date.checked_add_months(Months::new(n)));
                    date.map_or(i64::MAX, midnight)
                }
            };
            if next >= until {
                break;
            }
            // A skipped date (Samoa left one out) has no length of its own.
            if begins.last().is_some_and(|last| next > *last) {
                begins.push(next);
            }
        }
        Self { begins }
    }

    /// Which period an instant is in, counted from 0.
    pub fn index(&self, instant: i64) -> usize {
        self.begins.partition_point(|begin| *begin <= instant).saturating_sub(1)
    }

    /// Where they begin.
    pub fn begins(&self) -> &[i64] {
        &self.begins
    }
}
