//! Which places' history is coming in through one queue.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use super::{Behind, REPLAY_MAX};
use crate::{Instant, PlaceName};

/// By place. Small: a place is forgotten twice `lateness` after the last of its history.
#[derive(Debug, Default)]
pub(super) struct Pasts(BTreeMap<PlaceName, Past>);

/// A place's history, from its first delivery to the first pause of twice `lateness`: a shorter one
/// lets the place's reads be judged, and is no new beginning.
#[derive(Debug)]
struct Past {
    began_at: Instant,
    /// When the last of it came, or went back to the queue.
    last_at: Instant,
    in_flight: usize,
}

impl Past {
    fn is_heard_within(&self, pause: TimeDelta, now: Instant) -> bool {
        self.in_flight > 0 || now - self.last_at <= pause
    }
}

impl Pasts {
    pub(super) fn received(&mut self, place: &PlaceName, now: Instant, lateness: TimeDelta) {
        let goes_on = |past: &&mut Past| past.is_heard_within(lateness * 2, now);
        if let Some(past) = self.0.get_mut(place).filter(goes_on) {
            past.last_at = now;
            past.in_flight += 1;
        } else {
            self.0.insert(place.clone(), Past { began_at: now, last_at: now, in_flight: 1 });
        }
    }

    pub(super) fn resolved(&mut self, place: &PlaceName) {
        if let Some(past) = self.0.get_mut(place) {
            past.in_flight = past.in_flight.saturating_sub(1);
        }
    }

    pub(super) fn went_back(&mut self, place: &PlaceName, now: Instant) {
        self.resolved(place);
        if let Some(past) = self.0.get_mut(place) {
            past.last_at = now;
        }
    }

    /// The places whose history goes on. What goes on without a pause for longer than [`REPLAY_MAX`]
    /// is no upload but a camera whose clock is wrong: it must not keep its place waiting for ever.
    pub(super) fn behind(&mut self, now: Instant, lateness: TimeDelta) -> Behind {
        self.0.retain(|_, past| past.is_heard_within(lateness * 2, now));
        let holds = |(_, past): &(&PlaceName, &Past)| {
            past.is_heard_within(lateness, now) && now - past.began_at <= REPLAY_MAX
        };
        self.0.iter().filter(holds).map(|(place, _)| place.clone()).collect()
    }
}
