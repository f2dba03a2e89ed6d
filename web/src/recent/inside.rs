//! The stays that stand open, by what the feed tells of them: how many there are, and which are the longest,
//! at each place and at all.
//!
//! Bounded (G6): up to `stays_max` stays are kept whole, about 220 bytes each; beyond, the newest are counted
//! only, by a fingerprint of the plate, so that their end is still taken off the count.

use std::collections::{BTreeSet, HashMap};
use std::hash::{BuildHasher, RandomState};

use domain::{Instant, ObservationId, Plate};

use super::places::PlaceNo;

/// Stays that are kept whole.
pub(super) const STAYS_MAX: usize = 1_000_000;

type Slot = u32;

/// A stay that stands open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stay {
    pub(super) plate: Plate,
    /// The read that stands for its entry.
    pub(super) entry: ObservationId,
    pub(super) at: Instant,
    pub(super) place: PlaceNo,
}

/// See the module.
pub(super) struct Inside {
    stays_max: usize,
    hasher: RandomState,
    stays: Vec<Option<Stay>>,
    free: Vec<Slot>,
    /// By the fingerprint of the plate.
    slots: HashMap<u64, Slot>,
    /// By the time of the entry.
    oldest: BTreeSet<(Instant, Slot)>,
    oldest_of: BTreeSet<(PlaceNo, Instant, Slot)>,
    /// Counted only, by the fingerprint of the plate.
    counted: HashMap<u64, (PlaceNo, u64)>,
    /// Of both.
    counts: HashMap<PlaceNo, u64>,
}

impl Inside {
    pub(super) fn new(stays_max: usize) -> Self {
        Self {
            stays_max,
            hasher: RandomState::new(),
            stays: Vec::new(),
            free: Vec::new(),
            slots: HashMap::new(),
            oldest: BTreeSet::new(),
            oldest_of: BTreeSet::new(),
            counted: HashMap::new(),
            counts: HashMap::new(),
        }
    }

    /// A stay stands open: of one plate at most one does, so it takes the place of another.
    pub(super) fn opened(&mut self, stay: Stay) {
        let key = self.key(&stay.plate);
        self.take_out(key);
        *self.counts.entry(stay.place).or_default() += 1;
        if self.slots.len() >= self.stays_max {
            self.counted.insert(key, (stay.place, self.hasher.hash_one(&stay.entry)));
            return;
        }
        let (at, place) = (stay.at, stay.place);
        let slot = if let Some(slot) = self.free.pop() {
            self.stays[slot as usize] = Some(stay);
            slot
        } else {
            self.stays.push(Some(stay));
            Slot::try_from(self.stays.len() - 1).unwrap_or(Slot::MAX)
        };
        self.slots.insert(key, slot);
        self.oldest.insert((at, slot));
        self.oldest_of.insert((place, at, slot));
    }

    /// The stay that began with that read is over; answers whether it stood open.
    pub(super) fn closed(&mut self, plate: &Plate, entry: &ObservationId) -> bool {
        let key = self.key(plate);
        let is_it = match (self.slots.get(&key), self.counted.get(&key)) {
            (Some(slot), _) => {
                self.stays[*slot as usize].as_ref().is_some_and(|stay| stay.entry == *entry)
            }
            (None, Some((_, counted))) => *counted == self.hasher.hash_one(entry),
            (None, None) => false,
        };
        if is_it {
            self.take_out(key);
        }
        is_it
    }

    /// Nothing is known of the plate any more (G8); answers whether something was.
    pub(super) fn forget(&mut self, plate: &Plate) -> bool {
        self.take_out(self.key(plate))
    }

    /// Whether a stay of that plate stands open.
    pub(super) fn has(&self, plate: &Plate) -> bool {
        let key = self.key(plate);
        self.slots.contains_key(&key) || self.counted.contains_key(&key)
    }

    /// How many stand open, at a place or at all.
    pub(super) fn count(&self, place: Option<PlaceNo>) -> u64 {
        match place {
            Some(place) => self.counts.get(&place).copied().unwrap_or(0),
            None => (self.slots.len() + self.counted.len()) as u64,
        }
    }

    /// Those that began first.
    pub(super) fn longest(&self, place: Option<PlaceNo>, limit: usize) -> Vec<&Stay> {
        let stay = |slot: Slot| self.stays[slot as usize].as_ref();
        match place {
            Some(place) => {
                let from = (place, Instant::MIN_UTC, 0)..=(place, Instant::MAX_UTC, Slot::MAX);
                let slots = self.oldest_of.range(from).take(limit);
                slots.filter_map(|(_, _, slot)| stay(*slot)).collect()
            }
            None => self.oldest.iter().take(limit).filter_map(|(_, slot)| stay(*slot)).collect(),
        }
    }

    /// Some of those that are kept whole, from a slot on; and where the next part begins.
    pub(super) fn part(&self, from: usize, slots: usize) -> (Vec<Stay>, Option<usize>) {
        let to = (from + slots).min(self.stays.len());
        let part = self.stays.get(from..to).unwrap_or_default();
        (part.iter().flatten().cloned().collect(), (to < self.stays.len()).then_some(to))
    }

    /// How many are kept whole.
    pub(super) fn kept(&self) -> usize {
        self.slots.len()
    }

    fn key(&self, plate: &Plate) -> u64 {
        self.hasher.hash_one(plate.as_str())
    }

    fn take_out(&mut self, key: u64) -> bool {
        let place = if let Some(slot) = self.slots.remove(&key) {
            let Some(stay) = self.stays[slot as usize].take() else { return false };
            self.free.push(slot);
            self.oldest.remove(&(stay.at, slot));
            self.oldest_of.remove(&(stay.place, stay.at, slot));
            stay.place
        } else if let Some((place, _)) = self.counted.remove(&key) {
            place
        } else {
            return false;
        };
        if let Some(count) = self.counts.get_mut(&place) {
            *count -= 1;
            if *count == 0 {
                self.counts.remove(&place);
            }
        }
        true
    }
}

#[cfg(test)]
mod tests;
