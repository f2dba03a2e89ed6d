//! The store in a file of its own: redb. Durable when it answers. One process at a time: redb locks
//! the file.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use domain::{Customer, Vehicle};
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition, WriteTransaction};
use service::{Scrubber, mark_erased, scrub_erased};

use super::{Change, Kept, Store, StoreError, periods_from_text, periods_to_text, split};

type Texts = TableDefinition<'static, &'static str, &'static str>;

const CUSTOMERS: Texts = TableDefinition::new("customers");
const VEHICLES: Texts = TableDefinition::new("vehicles");
const NEWEST: Texts = TableDefinition::new("vehicle_seen");
const EARLIER: Texts = TableDefinition::new("vehicle_past");

/// Page cache: what 100,000 vehicles take.
const CACHE_BYTES: usize = 32 << 20;

/// See the module.
pub struct EmbeddedStore {
    database: Arc<Database>,
    path: PathBuf,
    /// What was removed goes from the disk as well (G8).
    scrubber: Arc<Scrubber>,
}

impl EmbeddedStore {
    /// Opens or creates the store in the file `path`.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let failed = |e: redb::Error| StoreError(format!("{}: {e}", path.display()));
        let database = Database::builder()
            .set_cache_size(CACHE_BYTES)
            .create(path)
            .map_err(|e| failed(e.into()))?;
        let write = database.begin_write().map_err(|e| failed(e.into()))?;
        for table in [CUSTOMERS, VEHICLES, NEWEST, EARLIER] {
            write.open_table(table).map_err(|e| failed(e.into()))?;
        }
        write.commit().map_err(|e| failed(e.into()))?;
        let (database, path) = (Arc::new(database), path.to_owned());
        Ok(Self { database, path, scrubber: Arc::default() })
    }

    /// Has what was removed overwritten, in the background.
    fn scrub_erased(&self) {
        let (database, path) = (Arc::clone(&self.database), self.path.clone());
        self.scrubber.look(path.display().to_string(), async move {
            let scrubbed = tokio::task::spawn_blocking(move || scrub_erased(&database, &path));
            scrubbed.await.map_err(|e| e.to_string())?.map_err(|e| e.to_string())
        });
    }

    /// Runs `work` where it may block.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Database) -> Result<T, trouble::Error> + Send + 'static,
    ) -> Result<T, StoreError> {
        let database = Arc::clone(&self.database);
        tokio::task::spawn_blocking(move || work(&database))
            .await
            .map_err(|e| StoreError(e.to_string()))?
            .map_err(|e| StoreError(e.0))
    }
}

/// Errors of redb and of what stands in it, in words.
mod trouble {
    pub(super) struct Error(pub(super) String);

    impl<E: std::error::Error> From<E> for Error {
        fn from(error: E) -> Self {
            Self(error.to_string())
        }
    }
}

fn apply(write: &WriteTransaction, changes: &[Change]) -> Result<(), trouble::Error> {
    let mut customers = write.open_table(CUSTOMERS)?;
    let mut vehicles = write.open_table(VEHICLES)?;
    let mut newest = write.open_table(NEWEST)?;
    let mut earlier = write.open_table(EARLIER)?;
    for change in changes {
        match change {
            Change::PutCustomer(customer) => {
                customers
                    .insert(customer.id.as_str(), serde_json::to_string(customer)?.as_str())?;
            }
            Change::RemoveCustomer(id) => {
                customers.remove(id.as_str())?;
            }
            Change::PutVehicle(vehicle) => {
                vehicles.insert(vehicle.id.as_str(), serde_json::to_string(vehicle)?.as_str())?;
            }
            Change::RemoveVehicle(id) => {
                vehicles.remove(id.as_str())?;
                newest.remove(id.as_str())?;
                earlier.remove(id.as_str())?;
            }
            Change::Newest(id, period) => {
                newest.insert(id.as_str(), periods_to_text(&[*period]).as_str())?;
            }
            Change::Periods(id, periods) => {
                let (last, before) = split(periods);
                newest.insert(id.as_str(), last.as_str())?;
                earlier.insert(id.as_str(), before.as_str())?;
            }
        }
    }
    Ok(())
}

#[async_trait]
impl Store for EmbeddedStore {
    async fn hold(&self) -> Result<bool, StoreError> {
        self.scrub_erased();
        Ok(true)
    }

    async fn let_go(&self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn load(&self) -> Result<Kept, StoreError> {
        self.blocking(|database| {
            let read = database.begin_read()?;
            let mut kept = Kept::default();
            for entry in read.open_table(CUSTOMERS)?.iter()? {
                kept.customers.push(serde_json::from_str::<Customer>(entry?.1.value())?);
            }
            let (newest, earlier) = (read.open_table(NEWEST)?, read.open_table(EARLIER)?);
            for entry in read.open_table(VEHICLES)?.iter()? {
                let (id, vehicle) = entry?;
                let vehicle: Vehicle = serde_json::from_str(vehicle.value())?;
                let mut periods = Vec::new();
                for table in [&earlier, &newest] {
                    if let Some(text) = table.get(id.value())? {
                        periods.extend(periods_from_text(text.value())?);
                    }
                }
                kept.vehicles.push((vehicle, periods));
            }
            Ok(kept)
        })
        .await
    }

    async fn commit(&self, changes: Arc<[Change]>) -> Result<(), StoreError> {
        let removes = changes.iter().any(Change::removes);
        self.blocking(move |database| {
            let write = database.begin_write()?;
            apply(&write, &changes)?;
            if removes {
                mark_erased(&write)?;
            }
            write.commit()?;
            Ok(())
        })
        .await?;
        if removes {
            self.scrub_erased();
        }
        Ok(())
    }
}
