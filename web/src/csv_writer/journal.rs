//! The data directory: the files, and the lock that keeps others from them.

use std::fs::{self, File, TryLockError};
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use domain::wire::Saved;
use domain::{Plate, SharedClock};
use platform::storage::FileWatch;

use super::WriteFailure;
use super::csv_file::{CsvFile, Snapshot};
use super::disk::{Disk, sync_dir};
use super::erasing::erase;
use super::reading::files_of;
use crate::metrics::Metrics;
use crate::row::Lines;
use crate::start_error::StartError;
use crate::table::Table;

/// Locked while the directory is in use. It holds nothing and is never removed: removing it would
/// let two processes lock two files of one name.
const LOCK_FILE: &str = ".lock";

/// What the files are kept by.
pub(crate) struct Settings {
    /// The directory of the files.
    pub(crate) data_dir: PathBuf,
    /// Window of the index of each.
    pub(crate) index_rows: usize,
    /// Whether a new file is begun each UTC day.
    pub(crate) rotate_daily: bool,
    /// Tells the day, for rotation.
    pub(crate) clock: SharedClock,
    /// Opens the files.
    pub(crate) disk: Arc<dyn Disk>,
    /// Whether the directory is still the one that is locked; see [`watch_of`].
    pub(crate) watch: Arc<FileWatch>,
    /// Told of every batch.
    pub(crate) metrics: Metrics,
}

impl Settings {
    fn look(&self) -> Result<(), WriteFailure> {
        self.watch.look().map_err(|reason| WriteFailure { is_disk_full: false, reason })
    }
}

/// Watches the lock of a directory, which stands for the directory.
pub(crate) fn watch_of(data_dir: &Path) -> Arc<FileWatch> {
    Arc::new(FileWatch::new(data_dir.join(LOCK_FILE)))
}

/// Blocks on the disk: it lives on a thread where that harms nobody.
pub(crate) struct Journal {
    settings: Arc<Settings>,
    /// In the order of [`Table::ALL`].
    files: [CsvFile; 3],
    /// Held for the journal's life. Dropped last, when the files are closed already.
    _lock: File,
}

/// A snapshot of each file, in the order of [`Table::ALL`].
pub(crate) type Snapshots = [Snapshot; 3];

impl Journal {
    /// Locks the directory and opens the files, each created where it is missing.
    pub(crate) fn open(settings: Arc<Settings>) -> Result<Self, StartError> {
        let lock = lock_dir(&settings)?;
        // Side by side: reading a million rows back is a second's work.
        let (summaries, exceptions) = thread::scope(|scope| {
            let summaries = scope.spawn(|| CsvFile::open(Table::Summaries, &settings));
            let exceptions = CsvFile::open(Table::Exceptions, &settings);
            (summaries.join().unwrap_or_else(|panic| resume_unwind(panic)), exceptions)
        });
        let files = [summaries?, exceptions?, CsvFile::open(Table::Dismissals, &settings)?];
        Ok(Self { settings, files, _lock: lock })
    }

    /// Writes a batch and returns when it is durable, or is not there at all, file by file: what
    /// became of each request, in order. A file that failed before and has no request is probed.
    pub(crate) fn write(&mut self, batch: &[Lines]) -> Vec<Result<Vec<Saved>, WriteFailure>> {
        if let Err(failure) = self.settings.look() {
            return vec![Err(failure); batch.len()];
        }
        let mut results = vec![Ok(Vec::new()); batch.len()];
        for file in &mut self.files {
            let was_failing = file.is_failing();
            write_to(file, batch, &mut results, &self.settings.metrics);
            if was_failing && !file.is_failing() {
                tracing::info!(file.name = file.table().file_name(), "rows can be written again");
            }
        }
        // Rows in a directory that went away meanwhile are nowhere.
        if let Err(failure) = self.settings.look() {
            return vec![Err(failure); batch.len()];
        }
        results
    }

    /// Erases a plate's rows from all files, those of past days included; answers how many there
    /// were. After an error some may be left: ask again.
    pub(crate) fn erase(&mut self, plate: &Plate) -> Result<usize, WriteFailure> {
        self.settings.look()?;
        let mut rows = 0;
        for file in &mut self.files {
            let table = file.table();
            let dir = &self.settings.data_dir;
            let paths = files_of(dir, table).map_err(|e| WriteFailure::new(dir, &e))?;
            for path in paths {
                rows += erase(&path, table, plate).map_err(|e| WriteFailure::new(&path, &e))?;
            }
            // Another file has its name now; and the index must not know of what is gone.
            *file = CsvFile::open(table, &self.settings)?;
        }
        Ok(rows)
    }

    /// Whether the last attempt to write was a success, on all files.
    pub(crate) fn is_writable(&self) -> bool {
        !self.files.iter().any(CsvFile::is_failing)
    }

    /// What readers may see by now.
    pub(crate) fn snapshots(&self) -> Snapshots {
        self.files.each_ref().map(CsvFile::snapshot)
    }
}

/// Writes what of the batch belongs to one file, and puts the results in their places.
fn write_to(
    file: &mut CsvFile,
    batch: &[Lines],
    results: &mut [Result<Vec<Saved>, WriteFailure>],
    metrics: &Metrics,
) {
    let table = file.table();
    let (requests, results): (Vec<&Lines>, Vec<_>) =
        batch.iter().zip(results).filter(|(lines, _)| lines.table() == table).unzip();
    if requests.is_empty() {
        probe_if_failing(file);
        return;
    }
    let began = Instant::now();
    match file.append(&requests) {
        Ok(outcome) => {
            metrics.batch_saved(table, outcome.tally, began.elapsed());
            for (result, answers) in results.into_iter().zip(outcome.answers) {
                *result = Ok(answers);
            }
        }
        Err(failure) => {
            let rows = requests.iter().map(|lines| lines.len() as u64).sum();
            metrics.batch_failed(table, rows);
            tracing::error!(
                file.name = table.file_name(),
                batch.rows = rows,
                error = %failure.reason,
                "rows could not be written, their senders are told to send them again",
            );
            for result in results {
                *result = Err(failure.clone());
            }
        }
    }
}

fn probe_if_failing(file: &mut CsvFile) {
    if !file.is_failing() {
        return;
    }
    if let Err(failure) = file.probe() {
        tracing::debug!(
            file.name = file.table().file_name(),
            error = %failure.reason,
            "rows still cannot be written",
        );
    }
}

/// Creates the directory where it is missing, and takes its lock.
fn lock_dir(settings: &Settings) -> Result<File, StartError> {
    let dir = &settings.data_dir;
    if !dir.is_dir() {
        fs::create_dir_all(dir).map_err(StartError::io("create", dir))?;
        if let Some(parent) = dir.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            sync_dir(parent).map_err(StartError::io("sync", parent))?;
        }
    }
    let path = dir.join(LOCK_FILE);
    let lock = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(StartError::io("open", &path))?;
    match lock.try_lock() {
        Ok(()) => match settings.watch.is_mine(&lock) {
            Ok(true) => Ok(lock),
            Ok(false) => Err(StartError::Replaced(dir.clone())),
            Err(error) => Err(StartError::io("look at", &path)(error)),
        },
        Err(TryLockError::WouldBlock) => Err(StartError::Locked(dir.clone())),
        Err(TryLockError::Error(error)) => Err(StartError::io("lock", &path)(error)),
    }
}

#[cfg(test)]
mod tests;
