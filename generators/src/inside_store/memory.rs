//! The vehicles that are inside, in memory: for one process, and gone with it.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use domain::Instant;

use super::{Inside, InsideStore, PlateText, StoreError};

/// For the generators of one process, and for tests; what it holds ends with it.
#[derive(Debug, Default)]
pub struct MemoryStore {
    vehicles: Mutex<Vehicles>,
}

/// The two always hold the same vehicles.
#[derive(Debug, Default)]
struct Vehicles {
    by_plate: HashMap<PlateText, Inside>,
    /// Who leaves next comes first.
    by_time: BTreeSet<(Instant, PlateText)>,
}

impl MemoryStore {
    /// An empty car park.
    pub fn new() -> Self {
        Self::default()
    }

    /// A panic in between leaves at worst a vehicle that never leaves.
    fn lock(&self) -> MutexGuard<'_, Vehicles> {
        self.vehicles.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl InsideStore for MemoryStore {
    async fn put(&self, vehicle: Inside) -> Result<(), StoreError> {
        let mut vehicles = self.lock();
        let plate = vehicle.plate.clone();
        vehicles.by_time.insert((vehicle.leaves_at, plate.clone()));
        let leaves_at = vehicle.leaves_at;
        if let Some(before) = vehicles.by_plate.insert(plate.clone(), vehicle)
            && before.leaves_at != leaves_at
        {
            vehicles.by_time.remove(&(before.leaves_at, plate));
        }
        Ok(())
    }

    async fn take_due(&self, now: Instant, count: usize) -> Result<Vec<Inside>, StoreError> {
        let mut vehicles = self.lock();
        let mut taken = Vec::new();
        while taken.len() < count
            && vehicles.by_time.first().is_some_and(|(leaves_at, _)| *leaves_at <= now)
        {
            let first = vehicles.by_time.pop_first();
            taken.extend(first.and_then(|(_, plate)| vehicles.by_plate.remove(&plate)));
        }
        Ok(taken)
    }

    async fn count(&self) -> Result<u64, StoreError> {
        Ok(self.lock().by_plate.len() as u64)
    }
}

#[cfg(test)]
mod tests;
