//! Places and prices for the routes, which ask on any thread. The
//! [`keeper`](crate::keeper) shows them with each change, once it is durable.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use domain::PlaceName;
use rates::Decimal;

use crate::picture::Picture;
use crate::store::Described;
use crate::tables::Tables;

/// See the module.
#[derive(Debug, Default)]
pub struct Catalog(RwLock<Known>);

#[derive(Debug, Default)]
struct Known {
    places: HashMap<PlaceName, Arc<Described>>,
    /// The factor by occupancy, where the table of a place has one now.
    factors: HashMap<PlaceName, Decimal>,
    tables: Arc<Tables>,
}

impl Catalog {
    /// Shows these places as they are now, and all tables.
    pub fn show<'a>(&self, picture: &Picture, changed: impl IntoIterator<Item = &'a PlaceName>) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if !Arc::ptr_eq(&known.tables, picture.tables()) {
            known.tables = Arc::clone(picture.tables());
        }
        for id in changed {
            match picture.factor(id) {
                Some(factor) => known.factors.insert(id.clone(), factor),
                None => known.factors.remove(id),
            };
            known.describe(id, picture.described(id));
        }
    }

    /// How a place is described.
    pub fn place(&self, id: &PlaceName) -> Option<Arc<Described>> {
        self.known().places.get(id).cloned()
    }

    /// All rate tables.
    pub fn tables(&self) -> Arc<Tables> {
        Arc::clone(&self.known().tables)
    }

    /// What the prices of a place are multiplied with now; `None`: they are as the table has them.
    pub fn factor_now(&self, id: &PlaceName) -> Option<Decimal> {
        self.known().factors.get(id).copied()
    }

    fn known(&self) -> RwLockReadGuard<'_, Known> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn describe(&mut self, id: &PlaceName, described: Option<&Described>) {
        let before = self.places.get(id);
        if before.map(|before| before.version) == described.map(|described| described.version) {
            return;
        }
        match described {
            Some(described) => self.places.insert(id.clone(), Arc::new(described.clone())),
            None => self.places.remove(id),
        };
    }
}

#[cfg(test)]
mod tests;
