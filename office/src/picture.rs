//! What the office knows, in memory: the descriptions, and the fold of the feed. Pure: it says what a
//! page of the feed or an act of a person changes, and the [`keeper`](crate::keeper) keeps that.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use domain::occupancy::{BayTypes, Count, Occupancy, Spot};
use domain::place::{BayType, Openness, Place};
use domain::wire::FactMessage;
use domain::{Effect, Instant, LaneName, PlaceName, Plate};
use serde_json::{Value, json};

use crate::shapes::{BaysShown, StateShown, VerifiedShown, time};
use crate::store::{Change, Described, News};

/// The descriptions of all places.
#[derive(Debug, Default)]
pub struct Places(BTreeMap<PlaceName, Described>);

impl BayTypes for Places {
    fn behind(&self, place: &PlaceName, lane: Option<&LaneName>) -> BayType {
        self.0.get(place).map(|described| described.place.behind(lane)).unwrap_or_default()
    }
}

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
}

/// What an act has changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Done {
    /// Places or plates that were not there before.
    pub added: usize,
    /// That are otherwise now.
    pub changed: usize,
    /// That are there no more.
    pub removed: usize,
}

/// How the reads and the people differ.
#[derive(Debug, Clone, PartialEq)]
pub struct Drift {
    /// Where.
    pub spot: Spot,
    /// Vehicles that the reads had too many, per 1,000 entries and exits since the last count; below
    /// zero, too few. `None`: nothing has moved since.
    pub per_1000: Option<f64>,
    /// When it was counted.
    pub at: Instant,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Picture {
    /// Of the database, when it was like this.
    pub version: i64,
    /// How far the feed has been read.
    pub position: u64,
    places: Places,
    occupancy: Occupancy,
    openness: HashMap<PlaceName, Openness>,
    told: HashMap<PlaceName, (String, u64)>,
    /// Places whose numbers may be others than those that were told.
    untold: BTreeSet<PlaceName>,
}

impl Picture {
    /// Takes over what the database says; answers which places are otherwise.
    pub fn learn(&mut self, news: News) -> BTreeSet<PlaceName> {
        let mut changed = BTreeSet::new();
        (self.version, self.position) = (news.version, news.position);
        for (id, place) in news.places {
            changed.insert(id.clone());
            self.set_place(id, place);
        }
        for (spot, count) in news.counts {
            changed.insert(spot.0.clone());
            self.occupancy.set_count(spot, count);
        }
        self.changed(&changed);
        changed
    }

    /// Takes over the stays that stand open, and what was told.
    pub fn learn_as_reader(
        &mut self,
        stays: Vec<(Plate, domain::occupancy::Stay)>,
        told: Vec<(PlaceName, String, u64)>,
    ) {
        for (plate, stay) in stays {
            self.occupancy.set_stay(plate, Some(stay));
        }
        for (place, state, number) in told {
            if let Ok(state) = serde_json::from_str::<StateShown>(&state) {
                self.openness.insert(place.clone(), state.state);
            }
            self.told.insert(place, (state, number));
        }
        // Whatever was not told before the last end.
        let all: BTreeSet<PlaceName> = self.known().cloned().collect();
        self.changed(&all);
    }

    /// Takes in a page of the feed up to `position`; what has become otherwise by it.
    pub fn hear(&mut self, events: &[Effect], position: u64) -> (Change, BTreeSet<PlaceName>) {
        let (mut spots, mut heard_of) = (BTreeSet::new(), BTreeSet::new());
        for event in events {
            heard_of.insert(event.plate().clone());
            spots.extend(self.occupancy.hear(event, &self.places));
        }
        let mut change = Change { position: Some(position), ..self.as_it_is(&spots) };
        change.stays = heard_of
            .into_iter()
            .map(|plate| (plate.clone(), self.occupancy.stay(&plate).cloned()))
            .collect();
        let places = spots.into_iter().map(|(place, _)| place).collect();
        self.changed(&places);
        (change, places)
    }

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
        }
        self.changed(&places);
        Ok((change, done, places))
    }

    /// What is to be told of the places whose numbers are others than those that were told.
    pub fn tell(&mut self, now: Instant) -> Change {
        let mut change = Change::default();
        for id in std::mem::take(&mut self.untold) {
            let Some(place) = self.place(&id) else { continue };
            let state = self.state(&id, place);
            let json = serde_json::to_string(&state).expect("it can be said in JSON");
            let (before, number) = self.told.get(&id).map_or(("", 0), |(json, n)| (json, *n));
            if before == json {
                continue;
            }
            let number = number + 1;
            let data = json!({ "place": id, "number": number, "state": state.state,
                "capacity": state.spaces, "derived": state.derived, "free": state.free,
                "bays": state.bays, "as_of": state.as_of });
            let key = format!("{id}:{number}");
            change.facts.push(fact("parking_lot_state", key, &id, data, now));
            change.told.push((id.clone(), json.clone(), number));
            self.told.insert(id, (json, number));
        }
        change
    }

    /// How the reads and the people differ, wherever people have counted.
    pub fn drifts(&self) -> impl Iterator<Item = Drift> {
        self.occupancy.counts().iter().filter_map(|(spot, count)| {
            let verified = count.verified.as_ref()?;
            Some(Drift { spot: spot.clone(), per_1000: verified.drift_per_1000(), at: verified.at })
        })
    }

    /// The plates whose stays stand open there.
    pub fn inside(&self, place: &PlaceName) -> Vec<Plate> {
        self.occupancy.inside(place).cloned().collect()
    }

    /// Whether a plate is inside, and where.
    pub fn where_is(&self, plate: &Plate) -> Option<&domain::occupancy::Stay> {
        self.occupancy.stay(plate)
    }

    /// The places that are described, or at which something was counted.
    pub fn known(&self) -> impl Iterator<Item = &PlaceName> {
        let counted = self.occupancy.counts().keys().map(|(place, _)| place);
        self.places.0.keys().chain(counted)
    }

    /// How a place is described.
    pub fn place(&self, id: &PlaceName) -> Option<&Place> {
        self.described(id).map(|described| &described.place)
    }

    /// The same, and since when.
    pub fn described(&self, id: &PlaceName) -> Option<&Described> {
        self.places.0.get(id)
    }

    /// What is known of its bays.
    pub fn counts(&self, id: &PlaceName) -> BTreeMap<BayType, Count> {
        self.occupancy.counts_of(id).map(|(b, count)| (b.clone(), count.clone())).collect()
    }

    /// Its numbers, and whether there is room. Bays of a type that is not described have no spaces.
    pub fn state(&self, id: &PlaceName, place: &Place) -> StateShown {
        let counts = self.counts(id);
        let mut bays = BTreeMap::new();
        let types: BTreeSet<&BayType> = place.bays.keys().chain(counts.keys()).collect();
        let (mut derived, mut free) = (0_u32, 0_u32);
        for bay_type in types {
            let spaces = place.bays.get(bay_type).map_or(0, |bays| bays.spaces);
            let count = counts.get(bay_type).cloned().unwrap_or_default();
            let shown = BaysShown {
                spaces,
                derived: count.derived(),
                verified: count.verified.as_ref().map(|verified| VerifiedShown {
                    inside: verified.inside,
                    at: time(verified.at),
                }),
                free: spaces.saturating_sub(count.derived()),
            };
            derived = derived.saturating_add(shown.derived);
            if !bay_type.is_reserved() {
                free = free.saturating_add(shown.free);
            }
            bays.insert(bay_type.clone(), shown);
        }
        let before = self.openness.get(id).copied().unwrap_or_default();
        StateShown {
            state: place.openness(free, before),
            spaces: place.capacity(),
            derived,
            free,
            bays,
            as_of: counts.values().filter_map(|count| count.as_of).max().map(time),
        }
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

    fn as_it_is(&self, spots: &BTreeSet<Spot>) -> Change {
        let counts = spots.iter().map(|spot| (spot.clone(), self.occupancy.count(spot)));
        Change { counts: counts.collect(), ..Change::default() }
    }

    fn set_place(&mut self, id: PlaceName, described: Option<Described>) {
        if let Some(described) = described {
            self.places.0.insert(id, described);
        } else {
            self.places.0.remove(&id);
            self.openness.remove(&id);
        }
    }

    /// The numbers of these may be others now.
    fn changed(&mut self, places: &BTreeSet<PlaceName>) {
        for id in places {
            let Some(place) = self.place(id) else { continue };
            let state = self.state(id, place).state;
            self.openness.insert(id.clone(), state);
            self.untold.insert(id.clone());
        }
    }
}

fn place_changed(
    id: &PlaceName,
    before: Option<&Place>,
    after: Option<&Place>,
    by: &str,
    version: i64,
    now: Instant,
) -> String {
    let data = json!({ "place": id, "by": by, "before": before, "after": after });
    fact("place.changed", format!("{id}:{version}"), id, data, now)
}

/// One that is to be told, as it waits for that.
fn fact(kind: &str, key: String, place: &PlaceName, data: Value, now: Instant) -> String {
    let (place, subject) = (place.to_string(), place.to_string());
    let fact = FactMessage { kind: kind.to_owned(), key, at: time(now), place, subject, data };
    serde_json::to_string(&fact).expect("texts and numbers can be said in JSON")
}

#[cfg(test)]
mod tests;
