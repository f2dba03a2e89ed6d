//! What the pages ask of what is known: a glance at a place or at all, the list of exceptions, a search.

use std::sync::Arc;

use domain::plate::PlatePart;
use domain::{ExceptionKind, ExceptionRow, Instant, PlaceName, Plate, Summary};

use super::minutes::Passed;
use super::places::PlaceNo;
use super::standings::{Counts, Cursor};
use super::{Recent, State};
use crate::dismissal::Dismissal;

/// Overstays that are looked at for a [`Glance`].
const OVERSTAYS_SHOWN: usize = 100;
/// Stays that a search looks at under one lock.
const SEARCHED_AT_ONCE: usize = 16_384;
/// The row that holds of a subject.
#[derive(Debug, Clone)]
pub(crate) struct Standing {
    /// The one with the highest revision.
    pub(crate) row: ExceptionRow,
    /// Where an operator has put it aside.
    pub(crate) dismissed: Option<Dismissal>,
}

/// A stay that stands open, as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OpenStay {
    pub(crate) plate: Plate,
    pub(crate) place: PlaceName,
    pub(crate) at: Instant,
    /// Whether it was reported as too long.
    pub(crate) is_overstay: bool,
}

/// What there is to look at, of one moment: of a place, or of all.
#[derive(Debug, Clone, Default)]
pub(crate) struct Glance {
    /// How many vehicles are inside.
    pub(crate) inside: u64,
    /// The longest stays of theirs.
    pub(crate) open: Vec<OpenStay>,
    /// The last hour.
    pub(crate) passed: Vec<Passed>,
    /// The last sessions, the newest first.
    pub(crate) sessions: Vec<Arc<Summary>>,
    /// Not dismissed, the newest first.
    pub(crate) exceptions: Vec<ExceptionRow>,
    /// How many there are of each of [`ExceptionKind::TO_REVIEW`].
    pub(crate) counts: Counts,
}

/// How much of everything is wanted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Most {
    pub(crate) open: usize,
    pub(crate) sessions: usize,
    pub(crate) exceptions: usize,
}

/// A page of the list of exceptions, of one moment.
#[derive(Debug, Clone, Default)]
pub(crate) struct Listing {
    /// The exceptions of the page, the newest first.
    pub(crate) rows: Vec<ExceptionRow>,
    /// Where the next page begins.
    pub(crate) next: Option<Cursor>,
    /// How many there are of each of [`ExceptionKind::TO_REVIEW`].
    pub(crate) counts: Counts,
    /// Counted, and too old to be listed.
    pub(crate) unlisted: u64,
}

/// What is asked for of the exceptions.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Which<'a> {
    /// Of one kind, or of all.
    pub(crate) kind: Option<ExceptionKind>,
    /// Of one place, or of all.
    pub(crate) place: Option<&'a PlaceName>,
}

impl Recent {
    /// What there is to look at, of a place or of all.
    pub(crate) fn glance(&self, place: Option<&PlaceName>, most: Most, now: Instant) -> Glance {
        let state = self.state();
        let Ok(place) = state.numbered(place) else { return Glance::default() };
        let (inside, open) = state.open(place, most.open);
        let sessions = match place {
            Some(place) => state.sessions_of.get(&place),
            None => Some(&state.sessions),
        };
        let newest = sessions.into_iter().flat_map(|sessions| sessions.iter().rev());
        Glance {
            inside,
            open,
            passed: state.minutes.hour(place, now),
            sessions: newest.take(most.sessions).cloned().collect(),
            exceptions: state.exceptions.page(None, place, None, most.exceptions).0,
            counts: state.exceptions.counts(place),
        }
    }

    /// A page of the exceptions to be looked at, behind `before`.
    pub(crate) fn list(&self, which: Which<'_>, before: Option<Cursor>, limit: usize) -> Listing {
        let state = self.state();
        let Ok(place) = state.numbered(which.place) else { return Listing::default() };
        let (rows, next) = state.exceptions.page(which.kind, place, before, limit);
        Listing {
            rows,
            next,
            counts: state.exceptions.counts(place),
            unlisted: state.exceptions.unlisted(which.kind, place),
        }
    }

    /// The exceptions that hold of a plate, the oldest first.
    pub(crate) fn of(&self, plate: &Plate) -> Vec<Standing> {
        self.state().exceptions.of(plate)
    }

    /// The first of the car parks that are known, by name, each with what people call it; and how many
    /// there are.
    pub(crate) fn places(&self, limit: usize) -> (Vec<(PlaceName, Option<String>)>, usize) {
        let state = self.state();
        let owned =
            |(name, title): (&PlaceName, Option<&str>)| (name.clone(), title.map(str::to_owned));
        let mut all: Vec<_> = state.places.all().map(owned).take(limit).collect();
        all.sort();
        (all, state.places.count())
    }

    /// What people call a car park, where they call it otherwise than the reads do.
    pub(crate) fn title(&self, place: &PlaceName) -> Option<String> {
        let state = self.state();
        state.places.title(state.places.find(place)?).map(str::to_owned)
    }

    /// Open stays with this part in the plate, the longest first; and whether these are all.
    pub(crate) fn search(
        &self,
        part: &PlatePart,
        place: Option<&PlaceName>,
        limit: usize,
    ) -> (Vec<OpenStay>, bool) {
        let mut found = Vec::new();
        let mut from = Some(0);
        while let Some(slot) = from {
            let state = self.state();
            let Ok(place) = state.numbered(place) else { break };
            let (stays, next) = state.inside.part(slot, SEARCHED_AT_ONCE);
            let here =
                stays.into_iter().filter(|stay| place.is_none_or(|place| stay.place == place));
            let those = here.filter(|stay| part.is_in(&stay.plate));
            found.extend(those.map(|stay| OpenStay {
                is_overstay: state.exceptions.has(&stay.plate, ExceptionKind::Overstay),
                place: state.places.name(stay.place),
                plate: stay.plate,
                at: stay.at,
            }));
            from = next;
        }
        found.sort_by_key(|stay| stay.at);
        let is_all = found.len() <= limit;
        found.truncate(limit);
        (found, is_all)
    }
}

/// A place of which nothing is known.
struct Unheard;

impl State {
    fn numbered(&self, place: Option<&PlaceName>) -> Result<Option<PlaceNo>, Unheard> {
        place.map(|place| self.places.find(place).ok_or(Unheard)).transpose()
    }

    /// How many vehicles are inside, and the longest stays. An overstay of which the feed tells nothing any
    /// more is a stay, too.
    fn open(&self, here: Option<PlaceNo>, limit: usize) -> (u64, Vec<OpenStay>) {
        let overstays = self.exceptions.overstays(here, OVERSTAYS_SHOWN);
        let is_overstay = |plate: &Plate| overstays.iter().any(|row| row.plate == *plate);
        let told = self.inside.longest(here, limit).into_iter().map(|stay| OpenStay {
            plate: stay.plate.clone(),
            place: self.places.name(stay.place),
            at: stay.at,
            is_overstay: is_overstay(&stay.plate),
        });
        let untold = overstays.iter().filter(|row| !self.inside.has(&row.plate));
        let untold: Vec<OpenStay> = untold
            .filter_map(|row| {
                let at = row.entry_at?;
                let (plate, is_overstay) = (row.plate.clone(), true);
                Some(OpenStay { plate, place: row.place.clone(), at, is_overstay })
            })
            .collect();
        let inside = self.inside.count(here) + untold.len() as u64;
        let mut open: Vec<OpenStay> = told.chain(untold).collect();
        open.sort_by_key(|stay| stay.at);
        open.truncate(limit);
        (inside, open)
    }
}
