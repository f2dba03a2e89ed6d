//! The store in a file of its own, for a single car park: redb, an ACID key-value store. Durable
//! when it answers (one sync per batch). One process at a time: redb locks the file.

mod tables;

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::TimeDelta;
use domain::record::LastReport;
use domain::watermark::agreed;
use domain::{Behind, Instant, Plate, Record, SharedClock, Watermarks};
use platform::storage::{DatabaseFile, DatabaseOptions, OpenError, mark_erased};
use redb::{ReadableDatabase, ReadableTable, ReadableTableMetadata};

use super::change::{Change, OutboxEntry};
use super::{
    Beat, Committed, Counters, Counts, Held, Outboxes, Peers, Plates, ProcessorId, Processors,
    Records, Scope, Spelling, Store, StoreError, is_misspelled, without_repeats,
};
use crate::flow::{MINUTES_KEPT, Passed, minute_of};
use tables::{
    DUE_ENTRIES, DUE_EXITS, EXPIRY, NOTES, OPEN, OUTBOX, PASSED, PAST, PAST_OF, RECORDS, Tables,
    create_tables, due_in, due_in_past, keys,
};

/// Page cache. A record is a few hundred bytes; the hot ones fit many times over.
const CACHE_BYTES: usize = 64 << 20;

/// See [`NOTES`].
const SPELLING: &str = "spelling";

/// See the module.
pub struct EmbeddedStore {
    file: Arc<DatabaseFile>,
    retention: TimeDelta,
    clock: SharedClock,
}

impl EmbeddedStore {
    /// Opens or creates the store in the file `path`.
    pub fn open(path: &Path, retention: TimeDelta, clock: SharedClock) -> Result<Self, OpenError> {
        let file = DatabaseFile::open(DatabaseOptions {
            path: path.to_owned(),
            cache_bytes: CACHE_BYTES,
            prepare: create_tables,
            holds: "the open stays (their exits will be told as unmatched), the reads that could \
                    still change a verdict, and the reports that were not written yet",
        })?;
        Ok(Self { file, retention, clock })
    }

    /// The file, to see how it does.
    pub fn file(&self) -> Arc<DatabaseFile> {
        Arc::clone(&self.file)
    }
}

#[async_trait]
impl Records for EmbeddedStore {
    async fn commit(
        &self,
        _owner: &ProcessorId,
        batch: Arc<[Change]>,
    ) -> Result<Vec<Committed>, StoreError> {
        let expires_at = (self.clock.now() + self.retention).timestamp_millis();
        self.file
            .write(move |database| {
                let write = database.begin_write()?;
                let mut answers = Vec::with_capacity(batch.len());
                {
                    let mut tables = Tables::open(&write)?;
                    for change in batch.iter() {
                        let expires = change.may_expire.then_some(expires_at);
                        answers.push(tables.apply(change, expires)?);
                    }
                }
                write.commit()?;
                Ok(answers)
            })
            .await
            .map_err(StoreError::from)
    }

    async fn load(&self, plates: &[Plate]) -> Result<Vec<Result<Record, String>>, StoreError> {
        let plates = plates.to_vec();
        self.file
            .read(move |database| {
                let records = database.begin_read()?.open_table(RECORDS)?;
                let mut loaded = Vec::with_capacity(plates.len());
                for plate in &plates {
                    loaded.push(match records.get(plate.as_str())? {
                        Some(row) => Record::from_json(row.value().4).map_err(|e| e.to_string()),
                        None => Ok(Record::default()),
                    });
                }
                Ok(loaded)
            })
            .await
            .map_err(StoreError::from)
    }

    async fn due(
        &self,
        watermarks: &Watermarks,
        behind: &Behind,
        limit: usize,
    ) -> Result<Vec<Plate>, StoreError> {
        let (watermarks, behind) = (*watermarks, behind.clone());
        self.file
            .read(move |database| {
                let read = database.begin_read()?;
                let mut plates = Vec::new();
                due_in(&read.open_table(DUE_ENTRIES)?, watermarks.entries, limit, &mut plates)?;
                due_in(&read.open_table(DUE_EXITS)?, watermarks.exits, limit, &mut plates)?;
                let mut plates = without_repeats(plates, limit);
                let past = due_in_past(&read.open_table(PAST)?, &watermarks, &behind, limit)?;
                plates.extend(without_repeats(past, limit));
                Ok(plates)
            })
            .await
            .map_err(StoreError::from)
    }
}

#[async_trait]
impl Outboxes for EmbeddedStore {
    async fn outbox(
        &self,
        _owner: &ProcessorId,
        cursor: Option<String>,
        limit: usize,
    ) -> Result<(Vec<OutboxEntry>, Option<String>), StoreError> {
        self.file
            .read(move |database| {
                let outbox = database.begin_read()?.open_table(OUTBOX)?;
                let mut entries = Vec::new();
                // The successor of a key in byte order is the key with a NUL behind it.
                let from = cursor.map_or_else(String::new, |last| last + "\0");
                for entry in outbox.range(from.as_str()..)?.take(limit) {
                    let (key, stored) = entry?;
                    entries
                        .extend(OutboxEntry::from_stored(key.value().to_owned(), stored.value()));
                }
                let next = entries.last().filter(|_| entries.len() == limit);
                let next = next.map(|last| last.key.clone());
                Ok((entries, next))
            })
            .await
            .map_err(StoreError::from)
    }

    async fn are_waiting(&self, reports: &[LastReport]) -> Result<Vec<bool>, StoreError> {
        let reports = reports.to_vec();
        self.file
            .read(move |database| {
                let outbox = database.begin_read()?.open_table(OUTBOX)?;
                let is_there = |report: &LastReport| Ok(outbox.get(report.key.as_str())?.is_some());
                reports.iter().map(is_there).collect()
            })
            .await
            .map_err(StoreError::from)
    }

    async fn clear(&self, _owner: &ProcessorId, keys: &[String]) -> Result<(), StoreError> {
        let keys = keys.to_vec();
        self.file
            .note(move |database| {
                let mut write = database.begin_write()?;
                // Need not be durable by itself: an entry that comes back is posted once more.
                write.set_durability(redb::Durability::None)?;
                {
                    let mut outbox = write.open_table(OUTBOX)?;
                    for key in &keys {
                        outbox.remove(key.as_str())?;
                    }
                }
                write.commit()?;
                Ok(())
            })
            .await
            .map_err(StoreError::from)
    }
}

#[async_trait]
impl Processors for EmbeddedStore {
    async fn beat(&self, beat: &Beat) -> Result<Peers, StoreError> {
        let now = self.clock.now().timestamp_millis();
        let has_expired = self.file.read(move |database| {
            let expiry = database.begin_read()?.open_table(EXPIRY)?;
            Ok(expiry.range(..(now, ""))?.next().is_some())
        });
        if has_expired.await? {
            let sweep = self.file.write(move |database| {
                let write = database.begin_write()?;
                Tables::open(&write)?.sweep(now)?;
                write.commit()?;
                Ok(())
            });
            sweep.await?;
        }
        self.file.scrub_erased();
        // The file is locked: there is no other processor.
        let (watermarks, behind) = agreed([beat.reading.clone()]);
        Ok(Peers { watermarks, behind, alive: 1, rank: 0, gone: Vec::new() })
    }

    async fn leave(&self, _processor: &ProcessorId) -> Result<(), StoreError> {
        Ok(())
    }
}

#[async_trait]
impl Plates for EmbeddedStore {
    async fn plates(
        &self,
        scope: Scope,
        cursor: Option<String>,
        limit: usize,
    ) -> Result<(Vec<Plate>, Option<String>), StoreError> {
        self.file
            .read(move |database| {
                let read = database.begin_read()?;
                // The successor of a key in byte order is the key with a NUL behind it.
                let from = cursor.map_or_else(String::new, |last| last + "\0");
                let plates: Vec<Plate> = match scope {
                    Scope::Open => keys(&read.open_table(OPEN)?, &from, limit)?,
                    Scope::All => keys(&read.open_table(RECORDS)?, &from, limit)?,
                };
                let next = plates.last().filter(|_| plates.len() == limit);
                let next = next.map(ToString::to_string);
                Ok((plates, next))
            })
            .await
            .map_err(StoreError::from)
    }

    async fn open_among(&self, plates: &[Plate]) -> Result<Vec<bool>, StoreError> {
        let plates = plates.to_vec();
        self.file
            .read(move |database| {
                let open = database.begin_read()?.open_table(OPEN)?;
                let is_open = |plate: &Plate| Ok(open.get(plate.as_str())?.is_some());
                plates.iter().map(is_open).collect()
            })
            .await
            .map_err(StoreError::from)
    }

    async fn held(&self, plate: &Plate) -> Result<Held, StoreError> {
        let plate = plate.clone();
        self.file
            .read(move |database| {
                let read = database.begin_read()?;
                let records = read.open_table(RECORDS)?;
                let record = records.get(plate.as_str())?;
                let record = record.map(|row| String::from_utf8_lossy(row.value().4).into_owned());
                let mut reports = Vec::new();
                for entry in read.open_table(OUTBOX)?.iter()? {
                    let (key, stored) = entry?;
                    let entry = OutboxEntry::from_stored(key.value().to_owned(), stored.value());
                    reports.extend(entry.filter(|entry| entry.plate == plate));
                }
                Ok(Held { record, reports })
            })
            .await
            .map_err(StoreError::from)
    }

    async fn erase(&self, plate: &Plate) -> Result<bool, StoreError> {
        let plate = plate.clone();
        self.file
            .write(move |database| {
                let write = database.begin_write()?;
                let was_there = Tables::open(&write)?.erase(plate.as_str())?;
                mark_erased(&write)?;
                write.commit()?;
                Ok(was_there)
            })
            .await
            .inspect(|_| self.file.scrub_erased())
            .map_err(StoreError::from)
    }
}

#[async_trait]
impl Counters for EmbeddedStore {
    async fn counts(&self) -> Result<Counts, StoreError> {
        self.file
            .read(|database| {
                let read = database.begin_read()?;
                Ok(Counts {
                    open: read.open_table(OPEN)?.len()?,
                    waiting: read.open_table(DUE_ENTRIES)?.len()?
                        + read.open_table(DUE_EXITS)?.len()?
                        + read.open_table(PAST_OF)?.len()?,
                })
            })
            .await
            .map_err(StoreError::from)
    }

    async fn count_passed(&self, passed: &[Passed]) -> Result<(), StoreError> {
        let passed = passed.to_vec();
        let oldest = minute_of(self.clock.now()) - MINUTES_KEPT;
        self.file
            .note(move |database| {
                let mut write = database.begin_write()?;
                // A picture: the next commit makes it durable.
                write.set_durability(redb::Durability::None)?;
                {
                    let mut table = write.open_table(PASSED)?;
                    for passed in &passed {
                        let stands = table.get(passed.minute)?.map_or((0, 0), |row| row.value());
                        let sum = (stands.0 + passed.entries, stands.1 + passed.exits);
                        table.insert(passed.minute, sum)?;
                    }
                    table.retain_in(..oldest, |_, _| false)?;
                }
                write.commit()?;
                Ok(())
            })
            .await
            .map_err(StoreError::from)
    }

    async fn passed(&self, since_minute: i64) -> Result<Vec<Passed>, StoreError> {
        self.file
            .read(move |database| {
                let table = database.begin_read()?.open_table(PASSED)?;
                let mut passed = Vec::new();
                for row in table.range(since_minute..)? {
                    let (minute, count) = row?;
                    let (entries, exits) = count.value();
                    passed.push(Passed { minute: minute.value(), entries, exits });
                }
                Ok(passed)
            })
            .await
            .map_err(StoreError::from)
    }
}

#[async_trait]
impl Spelling for EmbeddedStore {
    async fn spelling(&self) -> Result<Option<(u32, Instant)>, StoreError> {
        self.file
            .read(|database| {
                let notes = database.begin_read()?.open_table(NOTES)?;
                // The file is locked: no processor of another version writes to it meanwhile.
                Ok(notes.get(SPELLING)?.map(|noted| (noted.value(), Instant::MIN_UTC)))
            })
            .await
            .map_err(StoreError::from)
    }

    async fn note_spelling(&self, spelling: u32, _since: Instant) -> Result<(), StoreError> {
        self.file
            .write(move |database| {
                let write = database.begin_write()?;
                write.open_table(NOTES)?.insert(SPELLING, spelling)?;
                write.commit()?;
                Ok(())
            })
            .await
            .map_err(StoreError::from)
    }

    async fn misspelled(
        &self,
        cursor: Option<String>,
        limit: usize,
    ) -> Result<(Vec<String>, Option<String>), StoreError> {
        self.file
            .read(move |database| {
                let records = database.begin_read()?.open_table(RECORDS)?;
                let from = cursor.map_or_else(String::new, |last| last + "\0");
                let mut keys = Vec::new();
                for entry in records.range(from.as_str()..)?.take(limit) {
                    keys.push(entry?.0.value().to_owned());
                }
                let next = keys.last().filter(|_| keys.len() == limit).cloned();
                keys.retain(|key| is_misspelled(key));
                Ok((keys, next))
            })
            .await
            .map_err(StoreError::from)
    }

    async fn kept_under(&self, key: &str) -> Result<Option<String>, StoreError> {
        let key = key.to_owned();
        self.file
            .read(move |database| {
                let records = database.begin_read()?.open_table(RECORDS)?;
                let row = records.get(key.as_str())?;
                Ok(row.map(|row| String::from_utf8_lossy(row.value().4).into_owned()))
            })
            .await
            .map_err(StoreError::from)
    }

    async fn remove_misspelled(&self, key: &str, version: u64) -> Result<bool, StoreError> {
        let key = key.to_owned();
        self.file
            .write(move |database| {
                let write = database.begin_write()?;
                let is_so = {
                    let mut tables = Tables::open(&write)?;
                    let stands = tables.records.get(key.as_str())?.map(|row| row.value().0);
                    stands == Some(version) && tables.erase(&key)?
                };
                write.commit()?;
                Ok(is_so)
            })
            .await
            .map_err(StoreError::from)
    }
}

#[async_trait]
impl Store for EmbeddedStore {}

#[cfg(test)]
mod tests;
