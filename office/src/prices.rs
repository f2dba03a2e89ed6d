//! What the first hour from now costs at each place. Pure.
//!
//! A price changes with the clock (a window begins) and with how full it is (another band). It is
//! reckoned once a minute, and at once where a band, a description or a table is another one.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, TimeDelta};
use domain::place::{BayType, Place};
use domain::{Instant, PlaceName};
use rates::{Decimal, Segment, Stay};

use crate::shapes::{PlacePrice, PriceShown};
use crate::tables::{NoPrice, Tables, band_of};

/// The prices of places that name a table.
#[derive(Debug, Default)]
pub struct Prices {
    places: BTreeMap<PlaceName, Priced>,
    /// Those whose price may be another one, whatever the minute.
    stale: BTreeSet<PlaceName>,
}

/// What is known of the prices of a place.
#[derive(Debug, Clone, Default)]
struct Priced {
    /// Since 1970: of the last reckoning.
    minute: i64,
    /// Version of the table that holds.
    number: Option<u32>,
    /// How full it is, of 100.
    percent: Option<u8>,
    /// Where the band of occupancy begins that holds: the next one depends on it.
    from_percent: Option<u8>,
    factor: Option<Decimal>,
    whole: PlacePrice,
    bays: BTreeMap<BayType, PriceShown>,
    /// Why there is none, for who can do something about it.
    why: Option<NoPrice>,
}

/// Prices that were reckoned already in one pass: places that share a table need not be reckoned each.
type Known = HashMap<(String, BayType, Option<u8>, String), PriceShown>;

impl Prices {
    /// A place is described, or described anew, or no more.
    pub fn describe(&mut self, id: &PlaceName, place: Option<&Place>) {
        let table = place.and_then(|place| place.rate_table.as_ref());
        if table.is_some() {
            let priced = self.places.entry(id.clone()).or_default();
            if priced.whole.table.as_ref() != table {
                // The bands of another table are others.
                *priced = Priced { percent: priced.percent, ..Priced::default() };
            }
            self.stale.insert(id.clone());
        } else {
            self.places.remove(id);
            self.stale.remove(id);
        }
    }

    /// The prices of a place have to be reckoned.
    pub fn doubt(&mut self, id: &PlaceName) {
        if self.places.contains_key(id) {
            self.stale.insert(id.clone());
        }
    }

    /// The price of a place when it was last told of, for the band of occupancy that held.
    pub fn remember(&mut self, id: &PlaceName, place: &Place, told: &PlacePrice) {
        if let Some(priced) = self.places.get_mut(id)
            && told.table == place.rate_table
        {
            priced.from_percent = told.from_percent;
        }
    }

    /// A place is so full now: another band of its table may begin.
    pub fn fill(&mut self, id: &PlaceName, place: &Place, percent: Option<u8>, tables: &Tables) {
        let Some(priced) = self.places.get_mut(id) else { return };
        priced.percent = percent;
        let table = place.rate_table.as_deref().and_then(|table| tables.get(table));
        let table = table.zip(priced.number).and_then(|(versions, number)| versions.one(number));
        let Some(table) = table else { return };
        let band = band_of(table, priced.from_percent, percent);
        priced.from_percent = band.map(|band| band.from_percent);
        if priced.from_percent != priced.whole.from_percent {
            self.stale.insert(id.clone());
        }
    }

    /// The price of a place; `None`: it names no table.
    pub fn of(&self, id: &PlaceName) -> Option<(&PlacePrice, &BTreeMap<BayType, PriceShown>)> {
        self.places.get(id).map(|priced| (&priced.whole, &priced.bays))
    }

    /// What its prices are multiplied with.
    pub fn factor(&self, id: &PlaceName) -> Option<Decimal> {
        self.places.get(id)?.factor
    }

    /// Why it has no price now.
    pub fn why_not(&self, id: &PlaceName) -> Option<&NoPrice> {
        self.places.get(id)?.why.as_ref()
    }

    /// Reckons those that have to be; which have become otherwise.
    pub fn reckon_stale<'p>(
        &mut self,
        place: impl Fn(&PlaceName) -> Option<&'p Place>,
        tables: &Tables,
        now: Instant,
    ) -> BTreeSet<PlaceName> {
        let stale = std::mem::take(&mut self.stale);
        self.reckon(stale, place, tables, now)
    }

    /// Reckons those that were not in this minute, at most so many, the oldest first; which have become
    /// otherwise.
    pub fn reckon_due<'p>(
        &mut self,
        place: impl Fn(&PlaceName) -> Option<&'p Place>,
        tables: &Tables,
        now: Instant,
        at_most: usize,
    ) -> BTreeSet<PlaceName> {
        let minute = minute_of(now);
        let due = self.places.iter().filter(|(_, priced)| priced.minute != minute);
        let mut due: Vec<_> = due.map(|(id, priced)| (priced.minute, id)).collect();
        due.sort_unstable();
        let due: Vec<_> = due.into_iter().take(at_most).map(|(_, id)| id.clone()).collect();
        self.reckon(due, place, tables, now)
    }

    fn reckon<'p>(
        &mut self,
        ids: impl IntoIterator<Item = PlaceName>,
        place: impl Fn(&PlaceName) -> Option<&'p Place>,
        tables: &Tables,
        now: Instant,
    ) -> BTreeSet<PlaceName> {
        let ids: Vec<PlaceName> = ids.into_iter().collect();
        let (mut known, mut changed) = (Known::new(), BTreeSet::new());
        for id in &ids {
            let (Some(place), Some(before)) = (place(id), self.places.get(id)) else { continue };
            let after = before.reckoned(id, place, tables, now, &mut known);
            if (&before.whole, &before.bays) != (&after.whole, &after.bays) {
                changed.insert(id.clone());
            }
            self.places.insert(id.clone(), after);
        }
        changed
    }
}

impl Priced {
    fn reckoned(
        &self,
        id: &PlaceName,
        place: &Place,
        tables: &Tables,
        now: Instant,
        known: &mut Known,
    ) -> Self {
        let minute = minute_of(now);
        let (percent, from_percent) = (self.percent, self.from_percent);
        let mut after = Self { minute, percent, from_percent, ..Self::default() };
        let Some(name) = &place.rate_table else { return after };
        let (name, versions) = match tables.known(name) {
            Ok(versions) => (name.as_str(), versions),
            Err(why) => {
                after.why = Some(why);
                return after;
            }
        };
        let table = versions.at(now);
        let band = table.and_then(|table| band_of(table, from_percent, percent));
        after.whole.table = Some(name.to_owned());
        after.number = table.map(|table| table.version);
        after.from_percent = band.map(|band| band.from_percent);
        after.factor = band.map(|band| band.factor);
        let zone = if versions.names_zones() { id.as_str() } else { "" };
        let from = DateTime::from_timestamp(minute * 60, 0).unwrap_or(now);
        let mut why = None;
        let mut price = |bay_type: &BayType| {
            let key = (name.to_owned(), bay_type.clone(), after.from_percent, zone.to_owned());
            if let Some(price) = known.get(&key) {
                return price.clone();
            }
            let segment = Segment {
                zone: zone.to_owned(),
                bay: bay_type.as_str().to_owned(),
                factor: after.factor,
                ..Segment::new(from, from + TimeDelta::hours(1))
            };
            match tables.price(name, &Stay::of(vec![segment])) {
                Ok(bill) => {
                    let price = PriceShown::of_first_hour(&bill);
                    known.insert(key, price.clone());
                    price
                }
                Err(no_price) => {
                    why.get_or_insert(no_price);
                    PriceShown::default()
                }
            }
        };
        after.whole = PlacePrice {
            price: price(&place.behind(None)),
            table: Some(name.to_owned()),
            version: after.number,
            factor: after.factor.map(|factor| factor.to_string()),
            from_percent: after.from_percent,
        };
        let bays = place.bays.keys().map(|bay_type| (bay_type.clone(), price(bay_type)));
        after.bays = bays.collect();
        after.why = why;
        after
    }
}

fn minute_of(instant: Instant) -> i64 {
    instant.timestamp().div_euclid(60)
}

#[cfg(test)]
mod tests;
