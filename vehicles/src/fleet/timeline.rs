//! Who will have been silent for too long, and when: a due queue, so that nobody has to look at
//! every vehicle each second.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashSet};

use domain::{Instant, VehicleId};

/// At most one entry per vehicle. It is not moved by each ping: when it falls due, whoever was
/// heard in the meantime is put back for later. So a ping costs nothing here.
#[derive(Debug, Default)]
pub(super) struct Timeline {
    due: BinaryHeap<Reverse<(Instant, VehicleId)>>,
    /// Those that have an entry.
    waiting: HashSet<VehicleId>,
}

impl Timeline {
    /// The vehicle is silent for too long from `at` on, should nothing be heard of it. Whoever
    /// waits already waits on.
    pub(super) fn put(&mut self, at: Instant, vehicle: VehicleId) {
        if self.waiting.insert(vehicle.clone()) {
            self.due.push(Reverse((at, vehicle)));
        }
    }

    /// The next one whose time has passed.
    pub(super) fn take_due(&mut self, now: Instant) -> Option<VehicleId> {
        let Reverse((at, _)) = self.due.peek()?;
        if *at >= now {
            return None;
        }
        let Reverse((_, vehicle)) = self.due.pop()?;
        self.waiting.remove(&vehicle);
        Some(vehicle)
    }

    /// When the first one falls due.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.due.peek().map(|Reverse((at, _))| *at)
    }
}
