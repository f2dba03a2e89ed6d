//! What the office knows, in memory: the descriptions, and the fold of the feed. Pure: it says what a
//! page of the feed or an act of a person changes, and the [`keeper`](crate::keeper) keeps that.

mod acts;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use domain::occupancy::{BayTypes, Count, Occupancy, Spot};
use domain::place::{BayType, Openness, Place};
use domain::{Effect, Instant, LaneName, PlaceName, Plate};
use rates::Decimal;
use serde_json::json;

use crate::facts::fact;
use crate::prices::Prices;
use crate::shapes::{BaysShown, StateShown, VerifiedShown, time};
use crate::store::{Change, Described, News};
use crate::supply::Supply;
use crate::tables::{Put, Tables};

pub use acts::{Act, Done, Refusal};

/// The descriptions of all places.
#[derive(Debug, Default)]
pub struct Places(BTreeMap<PlaceName, Described>);

impl BayTypes for Places {
    fn behind(&self, place: &PlaceName, lane: Option<&LaneName>) -> BayType {
        self.0.get(place).map(|described| described.place.behind(lane)).unwrap_or_default()
    }
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
    /// Bays that were given away, where any were.
    given: HashMap<Spot, Supply>,
    openness: HashMap<PlaceName, Openness>,
    tables: Arc<Tables>,
    prices: Prices,
    told: HashMap<PlaceName, (String, u64)>,
    /// Places whose numbers may be others than those that were told.
    untold: BTreeSet<PlaceName>,
}

impl Picture {
    /// Takes over what the database says; answers which places are otherwise.
    pub fn learn(&mut self, news: News) -> BTreeSet<PlaceName> {
        let mut changed = BTreeSet::new();
        (self.version, self.position) = (news.version, news.position);
        self.put(news.tables);
        for (id, place) in news.places {
            changed.insert(id.clone());
            self.set_place(id, place);
        }
        for (spot, count) in news.counts {
            changed.insert(spot.0.clone());
            self.occupancy.set_count(spot, count);
        }
        for (place, state, number) in news.told {
            // What was told is what every process goes on from.
            if let Ok(state) = serde_json::from_str::<StateShown>(&state) {
                self.openness.insert(place.clone(), state.state);
                if let Some(described) = self.places.0.get(&place) {
                    self.prices.remember(&place, &described.place, &state.price);
                }
            }
            changed.insert(place.clone());
            self.told.insert(place, (state, number));
        }
        self.changed(&changed);
        changed
    }

    /// Takes over the stays that stand open.
    pub fn learn_as_reader(&mut self, stays: Vec<(Plate, domain::occupancy::Stay)>) {
        for (plate, stay) in stays {
            self.occupancy.set_stay(plate, Some(stay));
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

    /// Reckons the prices that may be others by what has become otherwise; of which places they are.
    pub fn reckon_prices(&mut self, now: Instant) -> BTreeSet<PlaceName> {
        let (places, tables) = (&self.places.0, &self.tables);
        let place = |id: &PlaceName| places.get(id).map(|described| &described.place);
        let changed = self.prices.reckon_stale(place, tables, now);
        self.untold.extend(changed.iter().cloned());
        changed
    }

    /// Reckons the prices that may be others by the clock, at most so many; of which places they are.
    pub fn reckon_prices_by_the_clock(
        &mut self,
        now: Instant,
        at_most: usize,
    ) -> BTreeSet<PlaceName> {
        let (places, tables) = (&self.places.0, &self.tables);
        let place = |id: &PlaceName| places.get(id).map(|described| &described.place);
        let changed = self.prices.reckon_due(place, tables, now, at_most);
        self.untold.extend(changed.iter().cloned());
        changed
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
                "capacity": state.spaces, "committed": state.committed, "derived": state.derived, "free": state.free,
                "bays": state.bays, "price": state.price, "as_of": state.as_of });
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

    /// Nothing but how many bays were given away, which is looked at by itself.
    pub fn anew(&mut self) -> Self {
        Self { given: std::mem::take(&mut self.given), ..Self::default() }
    }

    /// Takes over how many bays were given away, of all that are not nothing; which places are otherwise.
    pub fn learn_given(&mut self, given: HashMap<Spot, Supply>) -> BTreeSet<PlaceName> {
        let before = std::mem::replace(&mut self.given, given);
        let spots = before.keys().chain(self.given.keys());
        let differs = |spot: &&Spot| before.get(*spot) != self.given.get(*spot);
        let changed: BTreeSet<PlaceName> =
            spots.filter(differs).map(|(place, _)| place.clone()).collect();
        self.changed(&changed);
        changed
    }

    /// How a place is described.
    pub fn place(&self, id: &PlaceName) -> Option<&Place> {
        self.described(id).map(|described| &described.place)
    }

    /// The same, and since when.
    pub fn described(&self, id: &PlaceName) -> Option<&Described> {
        self.places.0.get(id)
    }

    /// All rate tables.
    pub fn tables(&self) -> &Arc<Tables> {
        &self.tables
    }

    /// What the prices of a place are multiplied with, by how full it is.
    pub fn factor(&self, id: &PlaceName) -> Option<Decimal> {
        self.prices.factor(id)
    }

    /// What is to be known of the description of a place, for who can do something about it.
    pub fn remarks(&self, id: &PlaceName) -> Vec<String> {
        let mut remarks: Vec<String> = Vec::new();
        remarks.extend(self.prices.why_not(id).map(|why| format!("no price: {why}")));
        remarks
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
        let price = self.prices.of(id);
        let (mut committed, mut derived, mut free) = (0_u32, 0_u32, 0_u32);
        for bay_type in types {
            let spaces = place.bays.get(bay_type).map_or(0, |bays| bays.spaces);
            let count = counts.get(bay_type).cloned().unwrap_or_default();
            let given =
                self.given.get(&(id.clone(), bay_type.clone())).copied().unwrap_or_default();
            let supply = Supply { spaces, derived: count.derived(), ..given };
            let shown = BaysShown {
                spaces,
                committed: supply.committed(),
                derived: supply.derived,
                verified: count.verified.as_ref().map(|verified| VerifiedShown {
                    inside: verified.inside,
                    at: time(verified.at),
                }),
                free: supply.free(),
                price: price.and_then(|(_, bays)| bays.get(bay_type).cloned()),
            };
            derived = derived.saturating_add(shown.derived);
            committed = committed.saturating_add(shown.committed);
            if !bay_type.is_reserved() {
                free = free.saturating_add(shown.free);
            }
            bays.insert(bay_type.clone(), shown);
        }
        let before = self.openness.get(id).copied().unwrap_or_default();
        StateShown {
            state: place.openness(free, before),
            spaces: place.capacity(),
            committed,
            derived,
            free,
            bays,
            price: price.map(|(whole, _)| whole.clone()).unwrap_or_default(),
            as_of: counts.values().filter_map(|count| count.as_of).max().map(time),
        }
    }

    fn as_it_is(&self, spots: &BTreeSet<Spot>) -> Change {
        let counts = spots.iter().map(|spot| (spot.clone(), self.occupancy.count(spot)));
        Change { counts: counts.collect(), ..Change::default() }
    }

    fn set_place(&mut self, id: PlaceName, described: Option<Described>) {
        self.prices.describe(&id, described.as_ref().map(|described| &described.place));
        if let Some(described) = described {
            self.places.0.insert(id, described);
        } else {
            self.places.0.remove(&id);
            self.openness.remove(&id);
        }
    }

    /// Takes in versions of rate tables.
    fn put(&mut self, tables: Vec<Put>) {
        if tables.is_empty() {
            return;
        }
        let ids: BTreeSet<String> = tables.iter().map(|put| put.table.id.clone()).collect();
        let known = Arc::make_mut(&mut self.tables);
        for put in tables {
            known.learn(put);
        }
        for (id, described) in &self.places.0 {
            if described.place.rate_table.as_ref().is_some_and(|table| ids.contains(table)) {
                self.prices.doubt(id);
            }
        }
    }

    /// The numbers of these may be others now.
    fn changed(&mut self, places: &BTreeSet<PlaceName>) {
        for id in places {
            let Some(described) = self.places.0.get(id) else { continue };
            let state = self.state(id, &described.place);
            self.prices.fill(id, &described.place, state.percent(), &self.tables);
            self.openness.insert(id.clone(), state.state);
            self.untold.insert(id.clone());
        }
    }
}

#[cfg(test)]
mod tests;
