//! The tables.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use chrono::{DateTime, NaiveDate, Utc};
use forecasts::backtest::{CERTAINTIES, Scored, Value, blind, by_slot, mean_error, walk};
use forecasts::{Calendar, Occupancy, Slot};

use crate::reading::Places;

/// Minutes ahead that have a row each.
const AHEAD: [i64; 4] = [30, 60, 120, 240];
/// The same for a place that is new.
const AHEAD_OF_NEW: [i64; 4] = [30, 120, 240, 1440];
/// Rows ahead, where rows are counted.
const ROWS_AHEAD: [usize; 3] = [1, 2, 4];
const WEEK: usize = 7 * 96;
/// So many equal values in a row are a feed that stood still.
const REPEATS: usize = 4;
const NAMES: [&str; 4] = ["it stays", "last week", "smoothed weeks", "smoothed, moved"];

fn never(_: NaiveDate) -> bool {
    false
}

const CALENDAR: Calendar<'static> = Calendar { zone: chrono_tz::UTC, is_holiday: &never };

/// All that was measured, as text.
pub(crate) fn table(
    places: &Places,
    from: DateTime<Utc>,
    is_trusting: bool,
) -> anyhow::Result<String> {
    let is_whole = |values: &[Value]| {
        let known = values.partition_point(|(at, _)| *at < from);
        known > 0 && known < values.len()
    };
    let model = if is_trusting { Occupancy::new().trusting() } else { Occupancy::new() };
    let mut measured = Measured::default();
    for values in places.values().filter(|values| is_whole(values)) {
        let walked = walk(model.clone(), &CALENDAR, values, from, 16)?;
        let week = blind(model.clone(), &CALENDAR, values, from, WEEK)?;
        measured.add(values, from, walked, week);
    }
    let left_out: Vec<&str> =
        places.iter().filter(|(_, v)| !is_whole(v)).map(|(name, _)| name.as_str()).collect();
    let mut text = format!(
        "{} places, forecast from {} on. Errors are means of |said - seen|, shares of the spaces.\n",
        measured.places,
        from.date_naive()
    );
    if !left_out.is_empty() {
        writeln!(text, "Left out, with no values before or after: {}.", left_out.join(", "))?;
    }
    measured.write(&mut text)?;
    new_places(&mut text, places, from)?;
    Ok(text)
}

#[derive(Default)]
struct Measured {
    places: usize,
    /// Values from the first day on that is forecast that only repeat others.
    still: usize,
    /// Whether some row repeats the moment of another one.
    repeats: bool,
    every: Part,
    /// The same without values that only repeat others.
    alive: Part,
}

#[derive(Default)]
struct Part {
    walked: Vec<Scored>,
    week: Vec<Scored>,
    by_rows: BTreeMap<usize, Vec<Scored>>,
    week_by_rows: Vec<Scored>,
}

impl Measured {
    fn add(
        &mut self,
        values: &[Value],
        from: DateTime<Utc>,
        walked: Vec<Scored>,
        week: Vec<Scored>,
    ) {
        let still = still(&by_slot(values));
        let is_alive = |s: &&Scored| !still.contains(&s.target) && !still.contains(&s.origin);
        let first = values.partition_point(|(at, _)| *at < from);
        let rows: Vec<(Slot, f64)> =
            values[first..].iter().map(|(at, share)| (Slot::nearest(*at), *share)).collect();
        self.places += 1;
        self.still += still.iter().filter(|slot| **slot >= Slot::from(from)).count();
        self.repeats |= rows.windows(2).any(|pair| pair[0].0 == pair[1].0);
        for ahead in ROWS_AHEAD {
            let scored = by_rows(&rows, &walked, ahead);
            self.alive.by_rows.entry(ahead).or_default().extend(scored.iter().filter(is_alive));
            self.every.by_rows.entry(ahead).or_default().extend(scored);
        }
        let week_at: BTreeMap<Slot, &Scored> = week.iter().map(|s| (s.target, s)).collect();
        let of_row =
            |(slot, seen): &(Slot, f64)| Some(Scored { seen: *seen, ..**week_at.get(slot)? });
        let week_by_rows: Vec<Scored> = rows.iter().filter_map(of_row).collect();
        self.alive.week_by_rows.extend(week_by_rows.iter().filter(is_alive));
        self.every.week_by_rows.extend(week_by_rows);
        self.alive.walked.extend(walked.iter().filter(is_alive));
        self.alive.week.extend(week.iter().filter(is_alive));
        self.every.walked.extend(walked);
        self.every.week.extend(week);
    }

    fn write(&self, text: &mut String) -> std::fmt::Result {
        text.push_str("\nEvery moment once:\n");
        self.every.write(text)?;
        if self.still > 0 {
            writeln!(
                text,
                "\nWithout {} values that only repeat the one before them ({REPEATS} or more in a row, neither none nor all: the feed stood still):",
                self.still
            )?;
            self.alive.write(text)?;
        }
        if self.repeats {
            text.push_str("\nEvery row, those too that repeat a moment; so many rows ahead on the same day:\n");
            self.every.write_rows(text)?;
            text.push_str("\nThe same without values that only repeat the one before them:\n");
            self.alive.write_rows(text)?;
        }
        Ok(())
    }
}

impl Part {
    fn write(&self, text: &mut String) -> std::fmt::Result {
        header(text)?;
        for minutes in AHEAD {
            row(text, &format!("{minutes} min"), &ahead(&self.walked, minutes))?;
        }
        row(text, "blind week", &self.week)
    }

    fn write_rows(&self, text: &mut String) -> std::fmt::Result {
        header(text)?;
        for (rows, scored) in &self.by_rows {
            row(text, &format!("{rows} rows"), scored)?;
        }
        row(text, "blind week", &self.week_by_rows)
    }
}

fn ahead(scored: &[Scored], minutes: i64) -> Vec<Scored> {
    scored.iter().filter(|s| s.target.since(s.origin) * 15 == minutes).copied().collect()
}

/// Values that only repeat the one before them. Does not ask the model, which is measured by this.
fn still(seen: &BTreeMap<Slot, f64>) -> BTreeSet<Slot> {
    let seen: Vec<(Slot, f64)> = seen.iter().map(|(slot, share)| (*slot, *share)).collect();
    #[allow(clippy::float_cmp, reason = "a feed that stands still repeats itself exactly")]
    let runs = seen.chunk_by(|before, after| before.1 == after.1);
    let is_still =
        |run: &&[(Slot, f64)]| run.len() >= REPEATS && run[0].1 > 0.02 && run[0].1 < 0.98;
    runs.filter(is_still).flat_map(|run| run[1..].iter().map(|(slot, _)| *slot)).collect()
}

/// Scores row by row, as papers do that take a file as it stands: the forecast for a row is that of the row
/// some rows before it. Where both are of one moment, all say what the earlier one shows.
fn by_rows(rows: &[(Slot, f64)], walked: &[Scored], ahead: usize) -> Vec<Scored> {
    let by: BTreeMap<(Slot, Slot), &Scored> =
        walked.iter().map(|s| ((s.origin, s.target), s)).collect();
    let pairs = rows.iter().zip(rows.iter().skip(ahead));
    let same_day = pairs.filter(|((origin, _), (target, _))| {
        CALENDAR.local(*origin).date == CALENDAR.local(*target).date
    });
    let scored = same_day.filter_map(|((origin, before), (target, seen))| {
        let at_once = Scored {
            origin: *origin,
            target: *target,
            seen: *seen,
            said: *before,
            intervals: [(*before, *before); CERTAINTIES.len()],
            baselines: [Some(*before); NAMES.len()],
        };
        if origin == target {
            return Some(at_once);
        }
        by.get(&(*origin, *target)).map(|found| Scored { seen: *seen, ..**found })
    });
    scored.collect()
}

/// Each place as if it were new on the first day that is forecast: by itself, and with what the others know.
fn new_places(text: &mut String, places: &Places, from: DateTime<Utc>) -> anyhow::Result<()> {
    let mut grown = BTreeMap::new();
    for (name, values) in places {
        let mut model = Occupancy::new();
        for (at, share) in values.iter().filter(|(at, _)| *at < from) {
            model.observe(&CALENDAR, *at, *share);
        }
        grown.insert(name, model);
    }
    let (mut alone, mut helped) = (Vec::new(), Vec::new());
    for (name, values) in places {
        let first = values.partition_point(|(at, _)| *at < from);
        let values = &values[first..];
        let others = grown.iter().filter(|(other, _)| *other != &name);
        let begun = Occupancy::of_similar(others.map(|(_, model)| (1.0, model)));
        alone.extend(walk(Occupancy::new(), &CALENDAR, values, from, 96)?);
        helped.extend(walk(begun, &CALENDAR, values, from, 96)?);
    }
    text.push_str("\nEach place as if it were new on the first of these days, by itself and with what all others know:\n");
    writeln!(
        text,
        "{:<12}{:>9}{:>10}{:>10}{:>10}{:>9}{:>9}",
        "ahead", "values", "it stays", "alone", "similar", "in 80 %", "in 95 %"
    )?;
    for minutes in AHEAD_OF_NEW {
        let (alone, helped) = (ahead(&alone, minutes), ahead(&helped, minutes));
        let error = |scored: &[Scored]| mean_error(scored.iter().map(|s| (s.said, s.seen)));
        let stays = mean_error(helped.iter().filter_map(|s| Some((s.baselines[0]?, s.seen))));
        write!(text, "{:<12}{:>9}", format!("{minutes} min"), helped.len())?;
        for error in [stays, error(&alone), error(&helped)] {
            write!(text, "{:>10}", number(error))?;
        }
        let scored: Vec<&Scored> = helped.iter().collect();
        for interval in 0..CERTAINTIES.len() {
            write!(text, "{:>9}", covered(&scored, interval))?;
        }
        text.push('\n');
    }
    Ok(())
}

fn header(text: &mut String) -> std::fmt::Result {
    write!(text, "{:<12}{:>9}", "ahead", "values")?;
    for name in NAMES {
        write!(text, "{name:>17}")?;
    }
    write!(text, "{:>10}{:>13}", "model", "to the best")?;
    for certainty in CERTAINTIES {
        write!(text, "{:>9}", format!("in {:.0} %", certainty * 100.0))?;
    }
    writeln!(text)
}

/// A row over the moments for which all of them said something.
fn row(text: &mut String, name: &str, scored: &[Scored]) -> std::fmt::Result {
    let scored: Vec<&Scored> =
        scored.iter().filter(|s| s.baselines.iter().all(Option::is_some)).collect();
    write!(text, "{name:<12}{:>9}", scored.len())?;
    let baselines: [Option<f64>; NAMES.len()] = std::array::from_fn(|at| {
        mean_error(scored.iter().filter_map(|s| Some((s.baselines[at]?, s.seen))))
    });
    for error in baselines {
        write!(text, "{:>17}", number(error))?;
    }
    let model = mean_error(scored.iter().map(|s| (s.said, s.seen)));
    let best = baselines.into_iter().flatten().reduce(f64::min);
    let change = model.zip(best).map(|(model, best)| (model / best - 1.0) * 100.0);
    let change = change.map_or("-".to_owned(), |change| format!("{change:+.1} %"));
    write!(text, "{:>10}{change:>13}", number(model))?;
    for interval in 0..CERTAINTIES.len() {
        write!(text, "{:>9}", covered(&scored, interval))?;
    }
    writeln!(text)
}

fn number(error: Option<f64>) -> String {
    error.map_or("-".to_owned(), |error| format!("{error:.5}"))
}

fn covered(scored: &[&Scored], interval: usize) -> String {
    let covered = scored.iter().filter(|s| s.is_covered(interval)).count();
    format!("{:.1} %", covered as f64 / scored.len().max(1) as f64 * 100.0)
}
