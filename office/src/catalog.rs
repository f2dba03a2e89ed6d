//! Places and prices for whoever asks on any thread: other actors, and the routes. The
//! [`keeper`](crate::keeper) shows them with each change, once it is durable.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use domain::{LaneName, PlaceName};
use rates::Decimal;

use crate::picture::Picture;
use crate::store::Described;
use crate::tables::Tables;

/// See the module.
#[derive(Debug, Default)]
pub struct Catalog(RwLock<Known>);

#[derive(Debug, Default)]
struct Known {
    places: HashMap<PlaceName, Arc<Described>>,
    /// The places that have a lane of that name.
    lanes: HashMap<LaneName, BTreeSet<PlaceName>>,
    /// The factor by occupancy, where the table of a place has one now.
    factors: HashMap<PlaceName, Decimal>,
    tables: Arc<Tables>,
}

/// Why a lane leads to no one place.
#[allow(dead_code, reason = "asked by whoever admits")]
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LaneError {
    /// No place has it.
    #[error("no place has a lane `{0}`: add it to the `lanes` of its place")]
    NoSuchLane(LaneName),
    /// More than one has it.
    #[error("{all} have a lane `{0}` each: give them names of their own", all = .1.join(", "))]
    SeveralPlaces(LaneName, Vec<String>),
}

impl Catalog {
    /// Shows these places as they are now, and all tables.
    pub fn show<'a>(&self, picture: &Picture, changed: impl IntoIterator<Item = &'a PlaceName>) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if !Arc::ptr_eq(&known.tables, picture.tables()) {
            known.tables = Arc::clone(picture.tables());
        }
        for id in changed {
            match picture.factor(id) {
                Some(factor) => known.factors.insert(id.clone(), factor),
                None => known.factors.remove(id),
            };
            known.describe(id, picture.described(id));
        }
    }

    /// How a place is described.
    pub fn place(&self, id: &PlaceName) -> Option<Arc<Described>> {
        self.known().places.get(id).cloned()
    }

    /// Whether no place is known: nobody has described one, or none was read yet.
    pub fn is_empty(&self) -> bool {
        self.known().places.is_empty()
    }

    /// The place that a lane belongs to.
    #[allow(dead_code, reason = "asked by whoever admits")]
    pub fn place_of_lane(&self, lane: &LaneName) -> Result<PlaceName, LaneError> {
        let known = self.known();
        let mut places = known.lanes.get(lane).into_iter().flatten();
        match (places.next(), places.next()) {
            (None, _) => Err(LaneError::NoSuchLane(lane.clone())),
            (Some(only), None) => Ok(only.clone()),
            (Some(_), Some(_)) => {
                let all = known.lanes.get(lane).into_iter().flatten().map(ToString::to_string);
                Err(LaneError::SeveralPlaces(lane.clone(), all.collect()))
            }
        }
    }

    /// All rate tables.
    pub fn tables(&self) -> Arc<Tables> {
        Arc::clone(&self.known().tables)
    }

    /// What the prices of a place are multiplied with now; `None`: they are as the table has them.
    pub fn factor_now(&self, id: &PlaceName) -> Option<Decimal> {
        self.known().factors.get(id).copied()
    }

    fn known(&self) -> RwLockReadGuard<'_, Known> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn describe(&mut self, id: &PlaceName, described: Option<&Described>) {
        let before = self.places.get(id);
        if before.map(|before| before.version) == described.map(|described| described.version) {
            return;
        }
        if let Some(before) = self.places.remove(id) {
            for lane in before.place.lanes.keys() {
                let Some(places) = self.lanes.get_mut(lane) else { continue };
                places.remove(id);
                if places.is_empty() {
                    self.lanes.remove(lane);
                }
            }
        }
        let Some(described) = described else { return };
        for lane in described.place.lanes.keys() {
            self.lanes.entry(lane.clone()).or_default().insert(id.clone());
        }
        self.places.insert(id.clone(), Arc::new(described.clone()));
    }
}

#[cfg(test)]
mod tests;
