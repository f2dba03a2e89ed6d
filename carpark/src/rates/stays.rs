//! A stay from the command line.

use chrono::{DateTime, LocalResult, NaiveDateTime, TimeZone as _, Utc};
use chrono_tz::Tz;
use rates::{Decimal, Segment, Stay};

/// What is said of a stay; times as they were written.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// None where nobody knows it.
    pub entry: Option<String>,
    /// When it ends, as it was written.
    pub exit: Option<String>,
    /// When it was paid, if before the exit.
    pub paid_at: Option<String>,
    /// The type of the bay.
    pub bay: String,
    /// The place.
    pub zone: String,
    /// Rights, and merchants' validations.
    pub rights: Vec<String>,
    /// The factor at the entry.
    pub factor: Option<String>,
    /// What changed while the car was in: `at=2026-03-02T10:00,zone=inner`, in the order of time.
    pub segments: Vec<String>,
}

impl Asked {
    /// The stay, in a place of this time zone. The error is for who asked.
    pub fn stay(&self, zone: Tz) -> Result<Stay, String> {
        let time = |name: &str, text: &Option<String>| {
            let text = text.as_deref();
            text.map(|text| instant(text, zone).map_err(|error| format!("--{name} {error}")))
                .transpose()
        };
        let paid_at = time("paid-at", &self.paid_at)?;
        let mut stay = match (time("entry", &self.entry)?, time("exit", &self.exit)?) {
            (Some(from), Some(until)) if until < from => {
                return Err(format!(
                    "--exit {} is before the entry; does one of the times lack its date, or its offset?",
                    self.exit.as_deref().unwrap_or_default()
                ));
            }
            (Some(from), Some(until)) => Stay::of(self.parts(from, until, zone)?),
            _ => Stay::without_entry(),
        };
        stay.validations.clone_from(&self.rights);
        stay.paid_at = paid_at;
        Ok(stay)
    }

    /// The part that a stay begins with, and the only one of most.
    pub fn segment(&self, from: DateTime<Utc>, until: DateTime<Utc>) -> Result<Segment, String> {
        let factor = self.factor.as_deref().map(|text| {
            factor(text)
                .ok_or_else(|| format!("--factor {text} is no factor; write for instance 1.5"))
        });
        Ok(Segment {
            zone: self.zone.clone(),
            bay: self.bay.clone(),
            rights: self.rights.clone(),
            factor: factor.transpose()?,
            ..Segment::new(from, until)
        })
    }

    /// The parts of a stay, a new one wherever something changed.
    fn parts(
        &self,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
        zone: Tz,
    ) -> Result<Vec<Segment>, String> {
        let mut last = self.segment(from, until)?;
        let mut parts = Vec::with_capacity(self.segments.len() + 1);
        for text in &self.segments {
            let next =
                changed(&last, text, zone).map_err(|error| format!("--segment {text}: {error}"))?;
            last.until = next.from;
            parts.push(std::mem::replace(&mut last, next));
        }
        parts.push(last);
        Ok(parts)
    }
}

/// The part that begins with a change. What the change does not name stays as it was.
fn changed(before: &Segment, text: &str, zone: Tz) -> Result<Segment, String> {
    let mut next = before.clone();
    let (mut at, mut rights) = (None, None::<Vec<String>>);
    for field in text.split(',') {
        let (name, value) = field.split_once('=').unwrap_or((field, ""));
        match name.trim() {
            "at" => at = Some(instant(value.trim(), zone)?),
            "zone" => value.trim().clone_into(&mut next.zone),
            "bay" => value.trim().clone_into(&mut next.bay),
            "right" => {
                let rights = rights.get_or_insert_default();
                rights.extend(Some(value.trim().to_owned()).filter(|right| !right.is_empty()));
            }
            "factor" => {
                let read = factor(value.trim());
                next.factor = Some(read.ok_or_else(|| {
                    format!("{value} is no factor; write for instance factor=1.5")
                })?);
            }
            other => {
                return Err(format!(
                    "`{other}` is nothing that changes; write at=TIME, and zone=, bay=, right= or factor="
                ));
            }
        }
    }
    let Some(at) = at else {
        return Err("when? write for instance at=2026-03-02T10:00,zone=inner".to_owned());
    };
    if at <= before.from || at >= before.until {
        return Err(format!(
            "it is not between what was before it and the exit ({} and {}); write segments in the order of time",
            before.from.with_timezone(&zone).format("%Y-%m-%d %H:%M"),
            before.until.with_timezone(&zone).format("%Y-%m-%d %H:%M")
        ));
    }
    next.from = at;
    if let Some(rights) = rights {
        next.rights = rights;
    }
    Ok(next)
}

fn factor(text: &str) -> Option<Decimal> {
    Decimal::parse(text).filter(|factor| !factor.is_negative())
}

/// An instant: with an offset, or by the clock of the zone. The clock shows some times twice, and some
/// never.
fn instant(text: &str, zone: Tz) -> Result<DateTime<Utc>, String> {
    let written = text.replacen(' ', "T", 1);
    // Seconds may be left out, as people do.
    let forms = ["%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%dT%H:%M%#z"];
    let with_utc = written.strip_suffix('Z').map(|time| format!("{time}+00:00"));
    let with_offset = with_utc.as_deref().unwrap_or(&written);
    if let Some(time) =
        forms.iter().find_map(|form| DateTime::parse_from_str(with_offset, form).ok())
    {
        return Ok(time.to_utc());
    }
    let forms = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M"];
    let local = forms.iter().find_map(|form| NaiveDateTime::parse_from_str(&written, form).ok());
    let Some(local) = local else {
        return Err(format!(
            "{text} is not a time; write 2026-03-02T08:00 by the clock of {zone}, or with an offset: 2026-03-02T08:00+01:00"
        ));
    };
    match zone.from_local_datetime(&local) {
        LocalResult::Single(time) => Ok(time.to_utc()),
        LocalResult::Ambiguous(first, second) => Err(format!(
            "{text} happens twice in {zone}, where the clocks go back; write {} for the first time or {} for the second",
            first.format("%Y-%m-%dT%H:%M:%S%:z"),
            second.format("%Y-%m-%dT%H:%M:%S%:z")
        )),
        LocalResult::None => Err(format!(
            "{text} never happens in {zone}, where the clocks go forward over it; write an earlier or a later time"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn berlin(text: &str) -> Result<String, String> {
        instant(text, Tz::Europe__Berlin).map(|time| time.to_rfc3339())
    }

    #[test]
    fn a_time_is_that_of_the_place_unless_it_says_otherwise() {
        for (text, utc) in [
            ("2026-03-02T08:00", "2026-03-02T07:00:00+00:00"),
            ("2026-03-02 08:00", "2026-03-02T07:00:00+00:00"),
            ("2026-07-02T08:00:30", "2026-07-02T06:00:30+00:00"),
            ("2026-03-02T08:00Z", "2026-03-02T08:00:00+00:00"),
            ("2026-03-02T08:00:00-05:00", "2026-03-02T13:00:00+00:00"),
            ("2026-10-25T02:30+02:00", "2026-10-25T00:30:00+00:00"),
        ] {
            assert_eq!(berlin(text).as_deref(), Ok(utc), "{text}");
        }
        for text in ["", "08:00", "2026-02-30T08:00", "2026-03-02", "yesterday"] {
            assert!(berlin(text).unwrap_err().contains("is not a time"), "{text}");
        }
    }

    #[test]
    fn a_time_that_happens_twice_or_never_is_said() {
        let twice = berlin("2026-10-25T02:30").unwrap_err();
        assert!(twice.contains("twice") && twice.contains("2026-10-25T02:30:00+01:00"), "{twice}");
        let never = berlin("2026-03-29T02:30").unwrap_err();
        assert!(never.contains("never happens in Europe/Berlin"), "{never}");
    }
}
