//! What is held of a plate here: for who has to show or erase all of it (G8).

use actix::Addr;
use domain::Plate;

use crate::registry::{Edit, Find, FindPlate, Registry};
use crate::shapes::VehicleDetail;

/// The monitor is stopping.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the vehicle monitor is stopping")]
pub struct Stopping;

/// Asks the registry on behalf of others. Cheap to clone, and of any thread.
#[derive(Clone)]
pub struct Plates {
    registry: Addr<Registry>,
}

impl Plates {
    pub(crate) fn new(registry: Addr<Registry>) -> Self {
        Self { registry }
    }

    /// The vehicle that has the plate, with its customer and when it was heard.
    ///
    /// # Errors
    /// When the monitor is stopping.
    pub async fn held(&self, plate: &Plate) -> Result<Option<VehicleDetail>, Stopping> {
        let found = self.registry.send(FindPlate(plate.clone())).await.map_err(|_| Stopping)?;
        match found {
            Some(vehicle) => self.registry.send(Find(vehicle)).await.map_err(|_| Stopping),
            None => Ok(None),
        }
    }

    /// Removes the vehicle that has the plate, with all that was heard of it; answers how many they
    /// were, when it is kept.
    ///
    /// # Errors
    /// When the monitor is stopping.
    pub async fn erase(&self, plate: &Plate) -> Result<usize, Stopping> {
        let removed = self.registry.send(Edit::RemovePlate(plate.clone())).await;
        // Nothing is refused: one that is not there is not there already.
        Ok(removed.map_err(|_| Stopping)?.unwrap_or_default())
    }
}
