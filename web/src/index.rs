//! Which rows have been written: the fingerprints of the newest of them.

use std::hash::{BuildHasher, RandomState};

use hashbrown::HashTable;

use crate::table::Fingerprint;

/// A window over the newest rows; the oldest gives way to the newest. About 27 bytes per row:
/// 16 in the ring and 4 to 9 in the table, which holds positions instead of a second copy.
pub(crate) struct Index {
    /// The fingerprints; from the moment it is full, a ring whose oldest entry is at `next`.
    ring: Vec<Fingerprint>,
    /// Where in the ring the next one goes.
    next: usize,
    /// Most entries of the ring.
    rows_max: usize,
    /// Positions in the ring, found by fingerprint.
    positions: HashTable<u32>,
    /// Keyed at random: the keys come from outside, and nobody shall choose them to collide.
    hasher: RandomState,
}

impl Index {
    /// An empty window of `rows_max` rows, at least one and at most `u32::MAX`.
    pub(crate) fn new(rows_max: usize) -> Self {
        Self {
            ring: Vec::new(),
            next: 0,
            rows_max: rows_max.clamp(1, u32::MAX as usize),
            positions: HashTable::new(),
            hasher: RandomState::new(),
        }
    }

    /// How many rows it knows.
    pub(crate) fn len(&self) -> usize {
        self.positions.len()
    }

    /// Makes room for `rows` more at once: filling the window at the start is twice as fast.
    pub(crate) fn reserve(&mut self, rows: usize) {
        let rows = rows.min(self.rows_max - self.ring.len());
        let (ring, hasher) = (&self.ring, &self.hasher);
        self.positions.reserve(rows, |at| hasher.hash_one(ring[*at as usize]));
        self.ring.reserve_exact(rows);
    }

    /// Whether the row is among the newest that were written.
    pub(crate) fn contains(&self, fingerprint: Fingerprint) -> bool {
        self.find(self.hasher.hash_one(fingerprint), fingerprint)
    }

    /// Takes a row in; one that it knows already changes nothing.
    pub(crate) fn insert(&mut self, fingerprint: Fingerprint) {
        let hash = self.hasher.hash_one(fingerprint);
        if self.find(hash, fingerprint) {
            return;
        }
        if self.ring.len() < self.rows_max {
            self.ring.push(fingerprint);
        } else {
            self.forget(self.ring[self.next]);
            self.ring[self.next] = fingerprint;
        }
        let at = u32::try_from(self.next).expect("the window has at most u32::MAX rows");
        let (ring, hasher) = (&self.ring, &self.hasher);
        self.positions.insert_unique(hash, at, |at| hasher.hash_one(ring[*at as usize]));
        self.next = (self.next + 1) % self.rows_max;
    }

    fn find(&self, hash: u64, fingerprint: Fingerprint) -> bool {
        self.positions.find(hash, |at| self.ring[*at as usize] == fingerprint).is_some()
    }

    fn forget(&mut self, fingerprint: Fingerprint) {
        let ring = &self.ring;
        let hash = self.hasher.hash_one(fingerprint);
        if let Ok(entry) = self.positions.find_entry(hash, |at| ring[*at as usize] == fingerprint) {
            entry.remove();
        }
    }
}

#[cfg(test)]
mod tests;
