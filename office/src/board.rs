//! How full the places are, for whoever looks: made by the [`keeper`](crate::keeper) with each change,
//! read by any number of threads. Nobody who looks waits for the database.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use domain::place::{BayType, Openness};
use domain::{Instant, PlaceName};
use platform::http::Problem;
use tokio::sync::watch;

use crate::picture::Picture;
use crate::shapes::{PlaceShown, PlacesQuery};
use crate::store::Described;

/// Places of a page, unless told.
const PAGE: usize = 100;
/// Most places of a page.
pub const PAGE_MAX: usize = 1_000;

/// A place as it stands on the board.
#[derive(Debug, Clone)]
pub struct Posted {
    /// What is shown of it.
    pub shown: PlaceShown,
    /// The same as JSON.
    pub json: Arc<str>,
    /// Id, name and address, in small letters.
    words: String,
    /// When it last became otherwise: grows over all places.
    pub number: u64,
    /// Which of its descriptions this is: grows with each.
    pub version: i64,
    /// Since when it is described like this.
    pub described: Instant,
}

/// See the module.
#[derive(Debug)]
pub struct Board {
    places: RwLock<BTreeMap<PlaceName, Arc<Posted>>>,
    /// Number of the last change.
    news: watch::Sender<u64>,
    is_over: watch::Sender<bool>,
}

/// What a person looks for, checked.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    near: Option<(domain::place::Location, f64)>,
    state: Option<Openness>,
    bay_type: Option<BayType>,
    part: Option<String>,
    /// Places of a page.
    pub limit: usize,
    after: Option<After>,
}

/// Where a page goes on: behind this one.
#[derive(Debug, Clone, PartialEq)]
struct After {
    metres: f64,
    id: PlaceName,
}

impl Default for Board {
    fn default() -> Self {
        Self {
            places: RwLock::default(),
            news: watch::Sender::new(0),
            is_over: watch::Sender::new(false),
        }
    }
}

impl Board {
    /// Shows these places as they are now.
    pub fn show<'a>(&self, picture: &Picture, changed: impl IntoIterator<Item = &'a PlaceName>) {
        let shown: Vec<_> = changed
            .into_iter()
            .map(|id| (id, picture.described(id).map(|described| posted(picture, id, described))))
            .collect();
        let mut places = self.places.write().unwrap_or_else(PoisonError::into_inner);
        let mut number = *self.news.borrow();
        for (id, posted) in shown {
            let Some(mut posted) = posted else {
                number += u64::from(places.remove(id).is_some());
                continue;
            };
            if places.get(id).is_none_or(|before| before.json != posted.json) {
                number += 1;
                posted.number = number;
                places.insert(id.clone(), Arc::new(posted));
            }
        }
        drop(places);
        self.news.send_if_modified(|newest| std::mem::replace(newest, number) != number);
    }

    fn places(&self) -> RwLockReadGuard<'_, BTreeMap<PlaceName, Arc<Posted>>> {
        self.places.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// One of them.
    pub fn one(&self, id: &PlaceName) -> Option<Arc<Posted>> {
        self.places().get(id).cloned()
    }

    /// How many there are, and how many of them are full or closed.
    pub fn counts(&self) -> BTreeMap<Openness, usize> {
        let mut counts = BTreeMap::from(Openness::ALL.map(|state| (state, 0)));
        for posted in self.places().values() {
            *counts.entry(posted.shown.state.state).or_default() += 1;
        }
        counts
    }

    /// A page of those that are wanted; how many match; where the next page begins.
    pub fn page(&self, wanted: &Wanted) -> (Vec<Arc<Posted>>, usize, Option<String>) {
        let places = self.places();
        let matching = wanted.among(&places);
        let begin = wanted.after.as_ref().map_or(0, |after| {
            matching.partition_point(|(metres, id, _)| (*metres, *id) <= (after.metres, &after.id))
        });
        let page = &matching[begin..matching.len().min(begin + wanted.limit)];
        let is_more = begin + page.len() < matching.len();
        let next = page.last().filter(|_| is_more).map(|(metres, id, _)| match wanted.near {
            Some(_) => format!("{metres}:{id}"),
            None => id.to_string(),
        });
        (page.iter().map(|(_, _, posted)| Arc::clone(posted)).collect(), matching.len(), next)
    }

    /// The same page, counted from the first that matches; and how many match.
    pub fn part(&self, wanted: &Wanted, offset: usize) -> (Vec<Arc<Posted>>, usize) {
        let places = self.places();
        let matching = wanted.among(&places);
        let page = matching.iter().skip(offset).take(wanted.limit);
        (page.map(|(_, _, posted)| Arc::clone(posted)).collect(), matching.len())
    }

    /// Those that are wanted and have become otherwise since `number`, in that order; and the newest
    /// number.
    pub fn changed_since(&self, number: u64, wanted: &Wanted) -> (Vec<Arc<Posted>>, u64) {
        let places = self.places();
        let newest = *self.news.borrow();
        let changed = places.values().filter(|posted| posted.number > number);
        let mut changed: Vec<_> = changed
            .filter(|posted| wanted.metres_to(posted).is_some() && wanted.is_about(posted))
            .cloned()
            .collect();
        changed.sort_by_key(|posted| posted.number);
        (changed, newest)
    }

    /// Hears of each change.
    pub fn news(&self) -> watch::Receiver<u64> {
        self.news.subscribe()
    }

    /// Hears that the process ends.
    pub fn over(&self) -> watch::Receiver<bool> {
        self.is_over.subscribe()
    }

    /// Ends all streams.
    pub fn close(&self) {
        self.is_over.send_replace(true);
    }
}

fn posted(picture: &Picture, id: &PlaceName, described: &Described) -> Posted {
    let place = &described.place;
    let name = if place.name.is_empty() { id.to_string() } else { place.name.clone() };
    let shown = PlaceShown {
        id: id.to_string(),
        name,
        address: place.address.clone(),
        location: place.location,
        time_zone: place.time_zone.clone(),
        state: picture.state(id, place),
    };
    let json = serde_json::to_string(&shown).expect("it can be said in JSON").into();
    let address = shown.address.as_deref().unwrap_or_default();
    let words = format!("{}\n{}\n{address}", shown.id, shown.name).to_lowercase();
    Posted { shown, json, words, number: 0, version: described.version, described: described.at }
}

impl Wanted {
    /// Checks what a person asks for.
    pub fn of(query: &PlacesQuery) -> Result<Self, Problem> {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.trim().is_empty());
        let near = given(&query.near).map(|text| near(&text)).transpose()?;
        let state = given(&query.state).map(|text| {
            let known = "`state` must be one of open, full, closed";
            Openness::parse(&text).ok_or_else(|| Problem::bad_request(known))
        });
        let bay_type = given(&query.bay_type).map(|text| {
            BayType::parse(&text)
                .map_err(|e| Problem::bad_request(format!("`bay_type` \"{text}\" {e}")))
        });
        let after = given(&query.after).map(|text| {
            let wrong = "`after` is not the `next` of an earlier page";
            after(&text, near.is_some()).ok_or_else(|| Problem::bad_request(wrong))
        });
        let limit = match query.limit {
            None => PAGE,
            Some(limit @ 1..=PAGE_MAX) => limit,
            Some(_) => {
                return Err(Problem::bad_request(format!("`limit` is from 1 to {PAGE_MAX}")));
            }
        };
        Ok(Self {
            near,
            state: state.transpose()?,
            bay_type: bay_type.transpose()?,
            part: given(&query.q).map(|text| text.trim().to_lowercase()),
            limit,
            after: after.transpose()?,
        })
    }

    /// Those that match, in their order, each with how far away it is.
    fn among<'p>(
        &self,
        places: &'p BTreeMap<PlaceName, Arc<Posted>>,
    ) -> Vec<(f64, &'p PlaceName, &'p Arc<Posted>)> {
        let matching = places.iter().filter_map(|(id, posted)| {
            let metres = self.metres_to(posted)?;
            self.lets_pass(posted).then_some((metres, id, posted))
        });
        let mut matching: Vec<_> = matching.collect();
        if self.near.is_some() {
            matching.sort_by(|one, other| one.0.total_cmp(&other.0).then(one.1.cmp(other.1)));
        }
        matching
    }

    /// How far away it is, where that matters; `None`: too far.
    fn metres_to(&self, posted: &Posted) -> Option<f64> {
        let Some((from, metres_max)) = self.near else { return Some(0.0) };
        let metres = from.metres_to(posted.shown.location?);
        (metres <= metres_max).then_some(metres)
    }

    /// Whether it is one of those, whatever its state.
    fn is_about(&self, posted: &Posted) -> bool {
        let has_bays = |bay_type| posted.shown.state.bays.contains_key(bay_type);
        self.bay_type.as_ref().is_none_or(has_bays)
            && self.part.as_ref().is_none_or(|part| posted.words.contains(part))
    }

    fn lets_pass(&self, posted: &Posted) -> bool {
        self.state.is_none_or(|state| posted.shown.state.state == state) && self.is_about(posted)
    }
}

/// `LATITUDE,LONGITUDE,METRES`.
fn near(text: &str) -> Result<(domain::place::Location, f64), Problem> {
    let wrong = || {
        Problem::bad_request(
            "`near` is LATITUDE,LONGITUDE,METRES: -90 to 90, -180 to 180, and more than 0; for \
             instance 52.52,13.405,2000",
        )
    };
    let numbers: Result<Vec<f64>, _> = text.split(',').map(|part| part.trim().parse()).collect();
    let Ok([latitude, longitude, metres]) = numbers.as_deref() else { return Err(wrong()) };
    let location = domain::place::Location { latitude: *latitude, longitude: *longitude };
    let is_right = location.is_on_earth() && metres.is_finite() && *metres > 0.0;
    if is_right { Ok((location, *metres)) } else { Err(wrong()) }
}

fn after(text: &str, is_near: bool) -> Option<After> {
    let (metres, id) = match is_near {
        true => text.split_once(':')?,
        false => ("0", text),
    };
    let metres = metres.parse().ok().filter(|metres: &f64| metres.is_finite())?;
    Some(After { metres, id: id.parse().ok()? })
}

#[cfg(test)]
mod tests;

/// Places as tests show them.
#[cfg(test)]
pub mod testing {
    use domain::occupancy::Count;

    use super::*;
    use crate::picture::Picture;
    use crate::store::News;

    /// A place of this description, with so many vehicles in its standard bays.
    pub fn posted(id: &str, json: &str, inside: u32) -> Posted {
        let id: PlaceName = id.parse().unwrap();
        let place = serde_json::from_str(json).unwrap();
        let described = Described { place, version: 1, at: Instant::UNIX_EPOCH };
        let mut picture = Picture::default();
        let mut news =
            News { places: vec![(id.clone(), Some(described.clone()))], ..News::default() };
        if inside > 0 {
            let count = Count { open: inside, ..Count::default() };
            news.counts.push(((id.clone(), BayType::default()), count));
        }
        picture.learn(news);
        super::posted(&picture, &id, &described)
    }
}
