//! The store in a file of its own: redb. Durable when it answers. One process at a time: redb locks
//! the file.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use domain::{Customer, Vehicle};
use platform::storage::{DatabaseFile, DatabaseOptions, Failure, OpenError, mark_erased};
use redb::{ReadableDatabase, ReadableTable, TableDefinition, WriteTransaction};

use super::{Change, Kept, Store, StoreError, periods_from_text, periods_to_text, split};

type Texts = TableDefinition<'static, &'static str, &'static str>;

const CUSTOMERS: Texts = TableDefinition::new("customers");
const VEHICLES: Texts = TableDefinition::new("vehicles");
const NEWEST: Texts = TableDefinition::new("vehicle_seen");
const EARLIER: Texts = TableDefinition::new("vehicle_past");

/// Page cache: what 100,000 vehicles take.
const CACHE_BYTES: usize = 32 << 20;

/// For one process: a file in the data directory.
pub struct EmbeddedStore {
    file: Arc<DatabaseFile>,
}

impl EmbeddedStore {
    /// Opens or creates the store in the file `path`.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let file = DatabaseFile::open(DatabaseOptions {
            path: path.to_owned(),
            cache_bytes: CACHE_BYTES,
            prepare: |write| {
                for table in [CUSTOMERS, VEHICLES, NEWEST, EARLIER] {
                    write.open_table(table)?;
                }
                Ok(())
            },
            holds: "customers, vehicles, and when each was heard",
        })?;
        Ok(Self { file })
    }

    /// The file, to see how it does.
    pub fn file(&self) -> Arc<DatabaseFile> {
        Arc::clone(&self.file)
    }
}

fn json(value: &impl serde::Serialize) -> Result<String, Failure> {
    serde_json::to_string(value).map_err(Failure::content)
}

fn apply(write: &WriteTransaction, changes: &[Change]) -> Result<(), Failure> {
    let mut customers = write.open_table(CUSTOMERS)?;
    let mut vehicles = write.open_table(VEHICLES)?;
    let mut newest = write.open_table(NEWEST)?;
    let mut earlier = write.open_table(EARLIER)?;
    for change in changes {
        match change {
            Change::PutCustomer(customer) => {
                customers.insert(customer.id.as_str(), json(customer)?.as_str())?;
            }
            Change::RemoveCustomer(id) => {
                customers.remove(id.as_str())?;
            }
            Change::PutVehicle(vehicle) => {
                vehicles.insert(vehicle.id.as_str(), json(vehicle)?.as_str())?;
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
    /// The file is locked: no other process can have the right.
    async fn hold(&self) -> Result<bool, StoreError> {
        self.file.scrub_erased();
        self.file.watch().lost().map_or(Ok(true), |lost| Err(StoreError(lost)))
    }

    async fn let_go(&self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn load(&self) -> Result<Kept, StoreError> {
        self.file
            .read(|database| {
                let read = database.begin_read()?;
                let mut kept = Kept::default();
                for entry in read.open_table(CUSTOMERS)?.iter()? {
                    let customer: Customer =
                        serde_json::from_str(entry?.1.value()).map_err(Failure::content)?;
                    kept.customers.push(customer);
                }
                let (newest, earlier) = (read.open_table(NEWEST)?, read.open_table(EARLIER)?);
                for entry in read.open_table(VEHICLES)?.iter()? {
                    let (id, vehicle) = entry?;
                    let vehicle: Vehicle =
                        serde_json::from_str(vehicle.value()).map_err(Failure::content)?;
                    let mut periods = Vec::new();
                    for table in [&earlier, &newest] {
                        if let Some(text) = table.get(id.value())? {
                            let told = periods_from_text(text.value()).map_err(Failure::content)?;
                            periods.extend(told);
                        }
                    }
                    kept.vehicles.push((vehicle, periods));
                }
                Ok(kept)
            })
            .await
            .map_err(StoreError::from)
    }

    async fn commit(&self, changes: Arc<[Change]>) -> Result<(), StoreError> {
        let removes = changes.iter().any(Change::removes);
        self.file
            .write(move |database| {
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
            self.file.scrub_erased();
        }
        Ok(())
    }
}
