//! How many vehicles are in a car park, as far as its reads say: the fold of what is told of stays.
//!
//! What counts is stays that stand open, not entries less exits: an entry that nobody read is made up
//! for by its exit, and a stay that ends at another place is over where it began. What people count is
//! kept as a correction on top ([`Count::correction`]), and wears off as the vehicles that it was about
//! are seen to leave.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::place::BayType;
use crate::{Effect, ExceptionKind, Instant, LaneName, ObservationId, PlaceName, Plate};

/// Which bays of which place.
pub type Spot = (PlaceName, BayType);

/// Where the vehicles of a lane park.
pub trait BayTypes {
    /// The bay type behind a lane of the place.
    fn behind(&self, place: &PlaceName, lane: Option<&LaneName>) -> BayType;
}

/// A count by people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verified {
    /// How many they found.
    pub inside: u32,
    /// What the reads had said.
    pub derived: u32,
    /// How many vehicles had come and gone since the count before.
    pub movements: u64,
    /// [`Count::movements`] at that time.
    pub movements_then: u64,
    /// When.
    pub at: Instant,
}

impl Verified {
    /// By how many vehicles the reads were wrong, per 1,000 movements since the count before: below
    /// zero, they had too few. `None`: nothing had moved.
    pub fn drift_per_1000(&self) -> Option<f64> {
        let wrong = f64::from(self.derived) - f64::from(self.inside);
        (self.movements > 0).then(|| wrong * 1_000.0 / self.movements as f64)
    }
}

/// What is known of the bays of one type at one place.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    /// Stays that stand open.
    pub open: u32,
    /// Vehicles that people found and no open stay is about; below zero, stays that stand open though
    /// their vehicles have gone.
    pub correction: i64,
    /// Vehicles that were read as they came in.
    pub entries: u64,
    /// Vehicles that were read as they left.
    pub exits: u64,
    /// The last count by people.
    pub verified: Option<Verified>,
    /// Event time of the last change.
    pub as_of: Option<Instant>,
}

impl Count {
    /// How many vehicles are inside.
    pub fn derived(&self) -> u32 {
        u32::try_from((i64::from(self.open) + self.correction).max(0)).unwrap_or(u32::MAX)
    }

    /// Entries and exits.
    pub fn movements(&self) -> u64 {
        self.entries + self.exits
    }

    fn changed(&mut self, at: Instant) {
        self.as_of = self.as_of.max(Some(at));
    }
}

/// A stay that stands open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stay {
    /// The read that stands for its entry.
    pub entry: ObservationId,
    /// Where it is counted.
    pub place: PlaceName,
    /// In which bays.
    pub bay_type: BayType,
}

/// The fold. It is the same whoever makes it of the same events in their order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Occupancy {
    open: BTreeMap<Plate, Stay>,
    counts: BTreeMap<Spot, Count>,
}

impl Occupancy {
    /// Takes in what was told; answers at which bays the numbers are others now.
    pub fn hear(&mut self, told: &Effect, bay_types: &impl BayTypes) -> Vec<Spot> {
        match told {
            Effect::Opened(opening) => {
                let bay_type = bay_types.behind(&opening.place, opening.lane.as_ref());
                let stay = Stay {
                    entry: opening.observation_id.clone(),
                    place: opening.place.clone(),
                    bay_type,
                };
                let here = (stay.place.clone(), stay.bay_type.clone());
                let before = self.open.insert(opening.plate.clone(), stay);
                let mut changed: Vec<Spot> = before
                    .into_iter()
                    .map(|stay| self.left_unseen(stay, opening.entry_at))
                    .collect();
                let count = self.counts.entry(here.clone()).or_default();
                count.open += 1;
                count.entries += 1;
                count.changed(opening.entry_at);
                if !changed.contains(&here) {
                    changed.push(here);
                }
                changed
            }
            Effect::Summary(summary) => {
                let Some(origin) = &summary.origin else { return Vec::new() };
                let is_it = |stay: &Stay| stay.entry == origin.entry_id;
                if !self.open.get(&summary.plate).is_some_and(is_it) {
                    return Vec::new(); // it was never told as open: nobody counted it
                }
                let Some(stay) = self.open.remove(&summary.plate) else { return Vec::new() };
                let spot = (stay.place, stay.bay_type);
                let count = self.counts.entry(spot.clone()).or_default();
                count.open = count.open.saturating_sub(1);
                count.exits += 1;
                count.changed(summary.exit_at);
                vec![spot]
            }
            Effect::Exception(row) if row.kind == ExceptionKind::UnmatchedExit => {
                let spot = (row.place.clone(), bay_types.behind(&row.place, None));
                let count = self.counts.entry(spot.clone()).or_default();
                count.exits += 1;
                // One of those that people found, and that no camera had read as it came.
                count.correction -= i64::from(count.correction > 0);
                if let Some(at) = row.exit_at {
                    count.changed(at);
                }
                vec![spot]
            }
            Effect::Exception(_) => Vec::new(),
        }
    }

    /// A vehicle that is read as it comes in has left before, and no camera has read that. Where people
    /// have found fewer vehicles than stays stand open, it was one of those.
    fn left_unseen(&mut self, stay: Stay, at: Instant) -> Spot {
        let spot = (stay.place, stay.bay_type);
        let count = self.counts.entry(spot.clone()).or_default();
        count.open = count.open.saturating_sub(1);
        count.correction += i64::from(count.correction < 0);
        count.changed(at);
        spot
    }

    /// People have counted.
    pub fn verify(&mut self, spot: Spot, inside: u32, at: Instant) {
        let count = self.counts.entry(spot).or_default();
        let then = count.verified.as_ref().map_or(0, |verified| verified.movements_then);
        let (derived, movements_then) = (count.derived(), count.movements());
        let movements = movements_then.saturating_sub(then);
        count.verified = Some(Verified { inside, derived, movements, movements_then, at });
        count.correction = i64::from(inside) - i64::from(count.open);
        count.changed(at);
    }

    /// Nobody is inside that place but whose stay stands open; answers whose numbers are others now.
    pub fn forget_corrections(&mut self, place: &PlaceName) -> BTreeSet<Spot> {
        let from = (place.clone(), BayType::lowest());
        let here = self.counts.range_mut(from..).take_while(|((at, _), _)| at == place);
        here.filter(|(_, count)| count.correction != 0)
            .map(|(spot, count)| {
                count.correction = 0;
                spot.clone()
            })
            .collect()
    }

    /// A plate is erased: its vehicle stays inside, and is about nobody any more.
    pub fn erase(&mut self, plate: &Plate) -> Option<Spot> {
        let stay = self.open.remove(plate)?;
        let spot = (stay.place, stay.bay_type);
        let count = self.counts.entry(spot.clone()).or_default();
        count.open = count.open.saturating_sub(1);
        count.correction += 1;
        Some(spot)
    }

    /// What is known of those bays.
    pub fn count(&self, spot: &Spot) -> Count {
        self.counts.get(spot).cloned().unwrap_or_default()
    }

    /// Takes over what another has made of the same events.
    pub fn set_count(&mut self, spot: Spot, count: Count) {
        self.counts.insert(spot, count);
    }

    /// The same of a stay; none: it stands open no more.
    pub fn set_stay(&mut self, plate: Plate, stay: Option<Stay>) {
        match stay {
            Some(stay) => self.open.insert(plate, stay),
            None => self.open.remove(&plate),
        };
    }

    /// The stay of a plate that stands open.
    pub fn stay(&self, plate: &Plate) -> Option<&Stay> {
        self.open.get(plate)
    }

    /// The plates whose stays stand open at a place.
    pub fn inside<'a>(&'a self, place: &'a PlaceName) -> impl Iterator<Item = &'a Plate> {
        self.open.iter().filter(move |(_, stay)| stay.place == *place).map(|(plate, _)| plate)
    }

    /// What is known of the bays of a place.
    pub fn counts_of<'a>(
        &'a self,
        place: &'a PlaceName,
    ) -> impl Iterator<Item = (&'a BayType, &'a Count)> {
        let from = (place.clone(), BayType::lowest());
        self.counts
            .range(from..)
            .take_while(move |((at, _), _)| at == place)
            .map(|((_, bay_type), count)| (bay_type, count))
    }

    /// All that is known.
    pub fn counts(&self) -> &BTreeMap<Spot, Count> {
        &self.counts
    }
}

#[cfg(test)]
mod tests;
