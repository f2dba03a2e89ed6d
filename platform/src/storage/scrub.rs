//! Erased for good: redb leaves what it erases in the pages that it has given up, until it has another
//! use for them. So they are used, once, for nothing.
//!
//! Who erases marks the file in the same commit ([`mark_erased`]); the mark goes when all is overwritten,
//! so neither a crash nor a full disk in between leaves anything behind for good.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use redb::{
    Database, ReadableDatabase, ReadableTableMetadata, TableDefinition, TableError,
    WriteTransaction,
};
use tracing::{info, warn};

/// Has an entry while something that was erased may still lie in the file.
const ERASED: TableDefinition<'_, (), ()> = TableDefinition::new("erased");
/// Holds nothing, for a moment.
const NOTHING: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("nothing");
/// Of these no two fit into a page (of 4 KiB).
const NOTHING_BYTES: usize = 4_000;
/// Between two looks at the size of the file.
const AT_ONCE: u64 = 16;
/// Commits after which the pages of an earlier version are free.
const COMMITS: usize = 3;
/// After a failure: the disk may be full, and each attempt makes the file grow a little.
const AGAIN_AFTER: Duration = Duration::from_mins(10);

/// Says that something is erased from the file by this commit.
///
/// # Errors
/// Those of the file.
pub fn mark_erased(write: &WriteTransaction) -> Result<(), redb::Error> {
    write.open_table(ERASED)?.insert((), ())?;
    Ok(())
}

/// Scrubs the file at `path`, open as `database`, where it is marked; whether it was.
///
/// # Errors
/// Those of the disk: nothing is lost, and the mark stays.
pub fn scrub_erased(database: &Database, path: &Path) -> Result<bool, redb::Error> {
    let is_marked = match database.begin_read()?.open_table(ERASED) {
        Ok(marks) => !marks.is_empty()?,
        Err(TableError::TableDoesNotExist(_)) => false,
        Err(e) => return Err(e.into()),
    };
    if is_marked {
        // Before and not after: what is erased meanwhile marks it anew.
        let write = database.begin_write()?;
        write.open_table(ERASED)?.remove(())?;
        let unmarked = write.commit().map_err(redb::Error::from);
        unmarked.and_then(|()| scrub(database, path)).inspect_err(|_| {
            let marked = database.begin_write().map_err(redb::Error::from).and_then(|write| {
                mark_erased(&write)?;
                Ok(write.commit()?)
            });
            if let Err(error) = marked {
                warn!(%error, "what was erased may still lie in the file; erase something again");
            }
        })?;
    }
    Ok(is_marked)
}

/// Scrubs a file in the background, once at a time.
#[derive(Debug, Default)]
pub struct Scrubber {
    turn: Mutex<Turn>,
}

#[derive(Debug, Default)]
struct Turn {
    is_under_way: bool,
    /// When the next attempt is due, after a failure.
    not_before: Option<Instant>,
}

impl Scrubber {
    /// Has `scrubbed`, a call of [`scrub_erased`] where it may block, done on the current runtime, unless
    /// one is under way or has just failed. `shown` names the file.
    pub fn look<F>(self: &Arc<Self>, shown: String, scrubbed: F)
    where
        F: Future<Output = Result<bool, String>> + Send + 'static,
    {
        {
            let mut turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
            if turn.is_under_way || turn.not_before.is_some_and(|at| Instant::now() < at) {
                return;
            }
            turn.is_under_way = true;
        }
        let this = Arc::clone(self);
        tokio::spawn(async move {
            let done = scrubbed.await;
            let mut turn = this.turn.lock().unwrap_or_else(PoisonError::into_inner);
            turn.is_under_way = false;
            match done {
                Ok(true) => info!(file = shown, "what was erased is overwritten in the file"),
                Ok(false) => {}
                Err(error) => {
                    turn.not_before = Some(Instant::now() + AGAIN_AFTER);
                    warn!(
                        file = shown,
                        error, "what was erased still lies in the file, trying again later"
                    );
                }
            }
        });
    }
}

/// Overwrites what the file at `path`, open as `database`, holds of what was erased from it. Other writers
/// wait meanwhile: for about as long as it takes to write as much as is free in the file.
///
/// # Errors
/// Those of the disk: nothing is lost, and it is to be done again.
fn scrub(database: &Database, path: &Path) -> Result<(), redb::Error> {
    let size = || std::fs::metadata(path).map(|file| file.len());
    settle(database)?;
    let before = size()?;
    let write = database.begin_write()?;
    {
        let mut table = write.open_table(NOTHING)?;
        let nothing = [0_u8; NOTHING_BYTES];
        let mut number = 0;
        // It grows when nothing is free in it any more.
        while size()? <= before {
            for _ in 0..AT_ONCE {
                table.insert(number, nothing.as_slice())?;
                number += 1;
            }
        }
    }
    write.commit()?;
    let write = database.begin_write()?;
    write.delete_table(NOTHING)?;
    write.commit()?;
    settle(database)
}

fn settle(database: &Database) -> Result<(), redb::Error> {
    for _ in 0..COMMITS {
        database.begin_write()?.commit()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use redb::ReadableTable;

    use super::*;

    const RECORDS: TableDefinition<'_, &str, &str> = TableDefinition::new("records");

    fn occurrences(path: &Path, text: &str) -> usize {
        let bytes = std::fs::read(path).unwrap();
        bytes.windows(text.len()).filter(|window| *window == text.as_bytes()).count()
    }

    fn put(database: &Database, records: impl Iterator<Item = (String, String)>) {
        let write = database.begin_write().unwrap();
        {
            let mut table = write.open_table(RECORDS).unwrap();
            for (key, value) in records {
                table.insert(key.as_str(), value.as_str()).unwrap();
            }
        }
        write.commit().unwrap();
    }

    #[test]
    fn what_was_erased_is_nowhere_in_the_file_and_the_rest_stays() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file.redb");
        let database = Database::create(&path).unwrap();
        let others =
            (0..5_000).map(|n| (format!("PLATE{n}"), format!("a stay, number {n}").repeat(9)));
        put(&database, others);
        let mut sizes = Vec::new();
        for round in 0..6 {
            // It changes, so that several of its versions lie in the file.
            for version in 0..20 {
                let text = format!("stay of ZZSECRET, version {version}").repeat(20);
                put(&database, std::iter::once(("ZZSECRET".to_owned(), text)));
                put(&database, std::iter::once((format!("PLATE{version}"), "changed".to_owned())));
            }
            let write = database.begin_write().unwrap();
            write.open_table(RECORDS).unwrap().remove("ZZSECRET").unwrap();
            mark_erased(&write).unwrap();
            write.commit().unwrap();
            assert!(occurrences(&path, "ZZSECRET") > 0, "round {round}: it lies in what is free");

            assert!(scrub_erased(&database, &path).unwrap());
            assert!(!scrub_erased(&database, &path).unwrap(), "the mark is gone");
            assert_eq!(occurrences(&path, "ZZSECRET"), 0, "round {round}");
            sizes.push(std::fs::metadata(&path).unwrap().len());
        }
        let read = database.begin_read().unwrap();
        let table = read.open_table(RECORDS).unwrap();
        assert_eq!(table.iter().unwrap().count(), 5_000);
        assert_eq!(
            table.get("PLATE4999").unwrap().unwrap().value(),
            "a stay, number 4999".repeat(9)
        );
        // Done often, it makes the file no larger than once.
        assert!(sizes[5] <= sizes[0] * 2, "{sizes:?}");
        drop((table, read, database));
        assert_eq!(occurrences(&path, "ZZSECRET"), 0, "after it was closed");
    }
}
