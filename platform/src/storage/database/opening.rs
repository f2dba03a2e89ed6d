//! Opening the file, in whatever state it is found.

use std::fs::File;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use redb::{Database, DatabaseError, StorageError};

use super::{DatabaseOptions, OpenError};
use crate::storage::FileWatch;

/// A file up to this size is read whole at the start, to find what a disk or a person damaged: in
/// two seconds, on a busy machine and without optimisation (1 GB took seven). No start should wait
/// longer for it.
const VERIFIED_BYTES_MAX: u64 = 256 << 20;
/// The owner reads and writes, the group reads: plates are personal data (G8).
const MODE: u32 = 0o640;

/// Opens or creates the file, and looks whether it is whole.
pub(super) fn open(options: &DatabaseOptions, watch: &FileWatch) -> Result<Database, OpenError> {
    let file = open_file(options, watch, true)?;
    let bytes = file.metadata().map_err(|e| OpenError::io(options, e))?.len();
    guarded(options, || {
        let mut database = builder(options).create_file(file)?;
        if (1..=VERIFIED_BYTES_MAX).contains(&bytes) && !database.check_integrity()? {
            tracing::error!(
                file.path = %options.path.display(),
                "the file was damaged and is repaired as far as it goes; what was kept last may be \
                 missing: compare it with a backup, and see docs/operations.md"
            );
        }
        let write = database.begin_write().map_err(redb::Error::from)?;
        (options.prepare)(&write).map_err(redb::Error::from)?;
        write.commit().map_err(redb::Error::from)?;
        Ok(database)
    })
}

/// Opens the file that was open before, after an error closed it.
pub(super) fn open_again(
    options: &DatabaseOptions,
    watch: &FileWatch,
) -> Result<Database, OpenError> {
    let file = open_file(options, watch, false)?;
    if file.metadata().map_err(|e| OpenError::io(options, e))?.len() == 0 {
        // redb would take it for one to begin.
        return Err(OpenError::damaged(options, "it is empty"));
    }
    guarded(options, || Ok(builder(options).create_file(file)?))
}

fn builder(options: &DatabaseOptions) -> redb::Builder {
    let mut builder = Database::builder();
    builder.set_cache_size(options.cache_bytes);
    builder
}

fn open_file(
    options: &DatabaseOptions,
    watch: &FileWatch,
    is_first: bool,
) -> Result<File, OpenError> {
    let mut how = File::options();
    how.read(true).write(true).create(is_first).truncate(false).mode(MODE);
    let file = how.open(&options.path).map_err(|e| OpenError::io(options, e))?;
    match watch.is_mine(&file) {
        Ok(true) => Ok(file),
        Ok(false) => Err(OpenError::Replaced(options.path.clone())),
        Err(e) => Err(OpenError::io(options, e)),
    }
}

/// Why redb did not open it.
enum Trouble {
    Opening(DatabaseError),
    Working(redb::Error),
}

impl From<DatabaseError> for Trouble {
    fn from(error: DatabaseError) -> Self {
        Self::Opening(error)
    }
}

impl From<redb::Error> for Trouble {
    fn from(error: redb::Error) -> Self {
        Self::Working(error)
    }
}

/// Sorts what goes wrong by what is to be done about it. Bytes that are none of redb's may bring it
/// to a panic: that too says that the file is damaged.
fn guarded(
    options: &DatabaseOptions,
    open: impl FnOnce() -> Result<Database, Trouble>,
) -> Result<Database, OpenError> {
    let trouble = match catch_unwind(AssertUnwindSafe(open)) {
        Ok(Ok(database)) => return Ok(database),
        Ok(Err(trouble)) => trouble,
        Err(_panic) => return Err(OpenError::damaged(options, "it cannot be understood")),
    };
    let error = match trouble {
        Trouble::Opening(DatabaseError::DatabaseAlreadyOpen) => {
            return Err(OpenError::InUse(options.path.clone()));
        }
        Trouble::Opening(DatabaseError::Storage(StorageError::Io(e))) => redb::Error::Io(e),
        Trouble::Opening(error) => error.into(),
        Trouble::Working(error) => error,
    };
    Err(match error {
        // Shorter than it says: a torn copy.
        redb::Error::Io(e)
            if matches!(e.kind(), io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData) =>
        {
            OpenError::damaged(options, &e.to_string())
        }
        redb::Error::Io(e) => OpenError::io(options, e),
        error => OpenError::damaged(options, &error.to_string()),
    })
}
