//! What people do, and what becomes otherwise by it.

use std::collections::BTreeSet;

use domain::occupancy::Spot;
use domain::place::{BayType, Place};
use domain::{Instant, PlaceName, Plate};
use rates::RateTable;
use serde_json::json;

use super::Picture;
use crate::facts::{fact, place_changed, table_changed};
use crate::store::{Change, Described};
use crate::tables::{OfAnotherKind, Put};

/// What a person does.
#[derive(Debug, Clone, PartialEq)]
pub enum Act {
    /// Describes places, or describes them anew.
    Describe(Vec<(PlaceName, Place)>),
    /// Takes the description of a place away. What is counted there goes on.
    Remove(PlaceName),
    /// Says how many vehicles are in the bays of one type.
    Count {
        /// Where.
        spot: Spot,
        /// How many were found.
        inside: u32,
        /// Why it was counted.
        reason: String,
    },
    /// Says that nobody is inside but whose stay stands open: those are about to be ended.
    Empty {
        /// Where.
        place: PlaceName,
        /// Why.
        reason: String,
    },
    /// Has a plate forgotten (G8).
    Forget(Plate),
    /// Puts rate tables: each is the next version of its id, unless the last says the same. Without
    /// faults; their numbers are given here.
    Put(Vec<RateTable>),
}

/// Why an act is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no such place.
    #[error("there is no place `{0}`")]
    NoPlace(PlaceName),
    /// There is, and no such bays.
    #[error("`{0}` has no bays of the type `{1}`: it has {2}")]
    NoBays(PlaceName, String, String),
    /// See [`OfAnotherKind`].
    #[error(transparent)]
    Table(#[from] OfAnotherKind),
}

/// What an act has changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Done {
    /// Places, plates or rate tables that were not there before.
    pub added: usize,
    /// That are otherwise now.
    pub changed: usize,
    /// That are there no more.
    pub removed: usize,
    /// The number of the rate table that was put last.
    pub number: u32,
}

impl Picture {
    /// Does what a person does; what has become otherwise by it.
    pub fn act(
        &mut self,
        act: &Act,
        by: &str,
        now: Instant,
    ) -> Result<(Change, Done, BTreeSet<PlaceName>), Refusal> {
        let next = self.version + 1;
        let mut change = Change::default();
        let mut done = Done::default();
        let mut places = BTreeSet::new();
        match act {
            Act::Describe(described) => {
                for (id, place) in described {
                    let before = self.place(id);
                    if before == Some(place) {
                        continue;
                    }
                    match before {
                        None => done.added += 1,
                        Some(_) => done.changed += 1,
                    }
                    change.facts.push(place_changed(id, before, Some(place), by, next, now));
                    let described = Described { place: place.clone(), version: next, at: now };
                    self.set_place(id.clone(), Some(described.clone()));
                    change.places.push((id.clone(), Some(described)));
                    places.insert(id.clone());
                }
            }
            Act::Remove(id) => {
                let before = self.place(id);
                let before = before.ok_or_else(|| Refusal::NoPlace(id.clone()))?;
                change.facts.push(place_changed(id, Some(before), None, by, next, now));
                self.set_place(id.clone(), None);
                change.places.push((id.clone(), None));
                done.removed = 1;
                places.insert(id.clone());
            }
            Act::Count { spot, inside, reason } => {
                self.check_spot(spot)?;
                self.occupancy.verify(spot.clone(), *inside, now);
                let count = self.occupancy.count(spot);
                let derived = count.verified.as_ref().map(|verified| verified.derived);
                let (place, bay_type) = spot;
                change = self.as_it_is(&BTreeSet::from([spot.clone()]));
                let key = format!("{place}:{}:{next}", bay_type.as_str());
                let data = json!({ "place": place, "bay_type": bay_type, "inside": inside,
                    "derived": derived, "by": by, "reason": reason });
                change.facts.push(fact("count.corrected", key, place, data, now));
                done.changed = 1;
                places.insert(place.clone());
            }
            Act::Empty { place, reason } => {
                let spots = self.occupancy.forget_corrections(place);
                change = self.as_it_is(&spots);
                let data = json!({ "place": place, "inside": 0, "by": by, "reason": reason });
                let key = format!("{place}::{next}");
                change.facts.push(fact("count.corrected", key, place, data, now));
                places.insert(place.clone());
            }
            Act::Forget(plate) => {
                let spot = self.occupancy.erase(plate);
                change = self.as_it_is(&spot.clone().into_iter().collect());
                change.stays = vec![(plate.clone(), None)];
                done.removed = usize::from(spot.is_some());
                places.extend(spot.map(|(place, _)| place));
            }
            Act::Put(tables) => {
                for table in tables {
                    let Some(versions) = self.tables.get(&table.id) else { continue };
                    versions.check(table)?;
                }
                for table in tables {
                    let versions = self.tables.get(&table.id);
                    let before = versions.map_or(0, |versions| versions.newest());
                    done.number = before;
                    if versions.is_some_and(|versions| versions.says(table)) {
                        continue;
                    }
                    match before {
                        0 => done.added += 1,
                        _ => done.changed += 1,
                    }
                    done.number = before + 1;
                    let table = RateTable { version: done.number, ..table.clone() };
                    change.facts.push(table_changed(&table, before, by, now));
                    let put = Put { table, by: by.to_owned(), at: now, version: next };
                    self.put(vec![put.clone()]);
                    change.tables.push(put);
                }
            }
        }
        self.changed(&places);
        Ok((change, done, places))
    }

    fn check_spot(&self, (id, bay_type): &Spot) -> Result<(), Refusal> {
        let place = self.place(id).ok_or_else(|| Refusal::NoPlace(id.clone()))?;
        if place.bays.contains_key(bay_type) {
            return Ok(());
        }
        let known: Vec<&str> = place.bays.keys().map(BayType::as_str).collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        Err(Refusal::NoBays(id.clone(), bay_type.as_str().to_owned(), known))
    }
}
