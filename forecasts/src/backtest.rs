//! A model beside the baselines, on what is known already: it walks through the values as they came,
//! forecasts at each of them, and only then looks at what came.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::baseline::Baselines;
use crate::forecast::{NoForecast, Point};
use crate::moment::{Calendar, Slot};
use crate::occupancy::Occupancy;

/// A share of the spaces that was taken, and when it was seen.
pub type Value = (DateTime<Utc>, f64);

/// Certainties of the intervals that are held against what came.
pub const CERTAINTIES: [f64; 2] = [0.8, 0.95];

/// A forecast, and what came. Shares of the spaces.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scored {
    /// What it started from.
    pub origin: Slot,
    /// What it was for.
    pub target: Slot,
    /// What came.
    pub seen: f64,
    /// What the model said.
    pub said: f64,
    /// Its intervals, one for each of [`CERTAINTIES`].
    pub intervals: [(f64, f64); CERTAINTIES.len()],
    /// What the baselines said, where they could: persistence, same slot last week, smoothed weeks,
    /// smoothed weeks moved.
    pub baselines: [Option<f64>; 4],
}

impl Scored {
    /// Whether what came lies in an interval.
    pub fn is_covered(&self, interval: usize) -> bool {
        let (low, high) = self.intervals[interval];
        (low..=high).contains(&self.seen)
    }
}

/// What came, by slot: the first value of each.
pub fn by_slot(values: &[Value]) -> BTreeMap<Slot, f64> {
    let mut seen = BTreeMap::new();
    for (at, share) in values {
        seen.entry(Slot::nearest(*at)).or_insert(share.clamp(0.0, 1.0));
    }
    seen
}

/// A model and its baselines, walking.
struct Walker {
    model: Occupancy,
    baselines: Baselines,
}

impl Walker {
    fn new(model: Occupancy) -> Self {
        Self { model, baselines: Baselines::default() }
    }

    fn observe(&mut self, calendar: &Calendar<'_>, slot: Slot, share: f64) {
        let at = slot.at().unwrap_or_default();
        self.model.observe(calendar, at, share);
        self.baselines.observe(calendar, at, share);
    }

    /// What is said, as of a slot, of the quarters behind it.
    fn said(
        &self,
        calendar: &Calendar<'_>,
        origin: Slot,
        quarters: usize,
    ) -> Result<Vec<Scored>, NoForecast> {
        let now = origin.at().unwrap_or_default();
        let [narrow, wide] = CERTAINTIES;
        let narrow = self.model.forecast(calendar, now, quarters, narrow)?;
        let wide = self.model.forecast(calendar, now, quarters, wide)?;
        let said = |(narrow, wide): (&Point, &Point)| {
            let target = Slot::nearest(narrow.at);
            Scored {
                origin,
                target,
                seen: f64::NAN,
                said: narrow.share,
                intervals: [(narrow.low, narrow.high), (wide.low, wide.high)],
                baselines: [
                    self.baselines.persistence(),
                    self.baselines.last_week(calendar, target),
                    self.baselines.smoothed(calendar, target),
                    self.baselines.smoothed_and_moved(calendar, target),
                ],
            }
        };
        Ok(narrow.points.iter().zip(&wide.points).map(said).collect())
    }
}

/// Walks through the values. At each from `from` on, what will be is forecast for so many quarters of an
/// hour; every forecast for a moment at which a value came is scored.
pub fn walk(
    model: Occupancy,
    calendar: &Calendar<'_>,
    values: &[Value],
    from: DateTime<Utc>,
    quarters: usize,
) -> Result<Vec<Scored>, NoForecast> {
    let seen = by_slot(values);
    let (mut walker, mut scored) = (Walker::new(model), Vec::new());
    for (slot, share) in &seen {
        walker.observe(calendar, *slot, *share);
        if *slot >= Slot::from(from) {
            score(walker.said(calendar, *slot, quarters)?, &seen, &mut scored);
        }
    }
    Ok(scored)
}

/// One forecast for all that comes from `from` on, made with what was seen before it. Two weeks at most.
pub fn blind(
    model: Occupancy,
    calendar: &Calendar<'_>,
    values: &[Value],
    from: DateTime<Utc>,
    quarters: usize,
) -> Result<Vec<Scored>, NoForecast> {
    let seen = by_slot(values);
    let (mut walker, mut scored) = (Walker::new(model), Vec::new());
    let start = Slot::from(from);
    for (slot, share) in seen.range(..start) {
        walker.observe(calendar, *slot, *share);
    }
    walker.baselines.end_day(calendar);
    score(walker.said(calendar, start, quarters)?, &seen, &mut scored);
    Ok(scored)
}

fn score(said: Vec<Scored>, seen: &BTreeMap<Slot, f64>, scored: &mut Vec<Scored>) {
    let came = |said: Scored| Some(Scored { seen: *seen.get(&said.target)?, ..said });
    scored.extend(said.into_iter().filter_map(came));
}

/// The mean absolute error of what was said, a share of the spaces; `None` of nothing.
pub fn mean_error(scored: impl Iterator<Item = (f64, f64)>) -> Option<f64> {
    let (count, sum) = scored
        .fold((0_u32, 0.0), |(count, sum), (said, seen)| (count + 1, sum + (said - seen).abs()));
    (count > 0).then(|| sum / f64::from(count))
}
