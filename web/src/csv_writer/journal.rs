//! The data directory: the feed, the files, and the lock that keeps others from them.
//!
//! What a batch brings is durable when the feed has it: one sync. The files follow.

use std::fs::{self, File, TryLockError};
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use domain::wire::Saved;
use domain::{Plate, SharedClock};
use platform::storage::FileWatch;

use super::batch::Batch;
use super::csv_file::{CsvFile, Snapshot};
use super::erasing::{Erasures, erase};
use super::reading::files_of;
use crate::disk::WriteFailure;
use crate::disk::{Disk, sync_dir};
use crate::feed::{Log, LogSettings, View};
use crate::metrics::Metrics;
use crate::row::Lines;
use crate::start_error::StartError;
use crate::table::Table;

/// Locked while the directory is in use. It holds nothing and is never removed: removing it would
/// let two processes lock two files of one name.
const LOCK_FILE: &str = ".lock";
/// A file of the feed that has reached this size is closed.
const FEED_FILE_BYTES: u64 = 64 << 20;
/// Events that are remembered at most, to recognise those that are told again. All but the newest rows
/// are recognised by their files; a start reads this many.
const FEED_INDEX_MAX: usize = 250_000;
/// So often the files are synced.
pub(crate) const CHECKPOINT_EVERY: Duration = Duration::from_secs(10);

/// What the files are kept by.
pub(crate) struct Settings {
    /// The directory of the files.
    pub(crate) data_dir: PathBuf,
    /// Window of the index of each.
    pub(crate) index_rows: usize,
    /// Whether a new file is begun each UTC day.
    pub(crate) rotate_daily: bool,
    /// How long the feed keeps an event.
    pub(crate) feed_retention: TimeDelta,
    /// How long what follows the feed may wait for its sync: [`CHECKPOINT_EVERY`].
    pub(crate) checkpoint_every: Duration,
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
    /// Where the feed is, and how far the files follow it.
    pub(crate) fn feed_dir(&self) -> PathBuf {
        self.data_dir.join("feed")
    }

    pub(crate) fn feed(&self) -> LogSettings {
        LogSettings {
            dir: self.feed_dir(),
            file_bytes: FEED_FILE_BYTES,
            index_events: self.index_rows.min(FEED_INDEX_MAX),
            retention: self.feed_retention,
            clock: Arc::clone(&self.clock),
            disk: Arc::clone(&self.disk),
            metrics: self.metrics.clone(),
        }
    }

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
    feed: Log,
    /// Of `feed`, for the files.
    view: View,
    /// In the order of [`Table::ALL`].
    files: [CsvFile; 3],
    /// Plates whose rows and events are to go.
    erasures: Erasures,
    /// Held for the journal's life. Dropped last, when the files are closed already.
    _lock: File,
}

/// A snapshot of each file, in the order of [`Table::ALL`].
pub(crate) type Snapshots = [Snapshot; 3];

impl Journal {
    /// Locks the directory and opens the feed and the files, each created where it is missing.
    pub(crate) fn open(settings: Arc<Settings>) -> Result<Self, StartError> {
        let lock = lock_dir(&settings)?;
        let feed = Log::open(settings.feed())?;
        let view = feed.view();
        // Side by side: reading a million rows back is a second's work.
        let (summaries, exceptions) = thread::scope(|scope| {
            let summaries = scope.spawn(|| CsvFile::open(Table::Summaries, &settings, &view));
            let exceptions = CsvFile::open(Table::Exceptions, &settings, &view);
            (summaries.join().unwrap_or_else(|panic| resume_unwind(panic)), exceptions)
        });
        let dismissals = CsvFile::open(Table::Dismissals, &settings, &view)?;
        let files = [summaries?, exceptions?, dismissals];
        let dir = settings.feed_dir();
        let erasures = Erasures::read(&dir).map_err(StartError::io("read", &dir))?;
        let mut journal = Self { settings, feed, view, files, erasures, _lock: lock };
        if let Err(failure) = journal.finish_erasures() {
            tracing::error!(error = %failure.reason, "a plate is not erased yet, the next erasure goes on");
        }
        journal.keep_what_is_needed();
        if let Err(error) = journal.feed.expire() {
            tracing::error!(%error, "events past their retention could not be deleted");
        }
        Ok(journal)
    }

    /// For readers of the feed.
    pub(crate) fn view(&self) -> View {
        self.view.clone()
    }

    /// Writes a batch and returns when it is durable, or is not there at all, file by file: what
    /// became of each request, in order. A file that failed before and has no request is probed.
    pub(crate) fn write(&mut self, requests: &[Lines]) -> Vec<Result<Vec<Saved>, WriteFailure>> {
        if let Err(failure) = self.settings.look() {
            return vec![Err(failure); requests.len()];
        }
        let began = Instant::now();
        let were_failing = self.files.each_ref().map(CsvFile::is_failing);
        let view = &self.view;
        let mut batch = Batch::sort_out(requests, &mut self.files, |file| file.prepare(view));
        self.tell(&mut batch);
        self.append(&mut batch, began);
        for (file, was_failing) in self.files.iter_mut().zip(were_failing) {
            if was_failing && !file.is_failing() {
                tracing::info!(file.name = file.table().file_name(), "rows can be written again");
            }
            if !file.is_failing()
                && file.is_checkpoint_due()
                && let Err(failure) = file.checkpoint()
            {
                tracing::error!(error = %failure.reason, "a file that follows the feed could not be synced");
            }
        }
        self.keep_what_is_needed();
        // Rows in a directory that went away meanwhile are nowhere.
        if let Err(failure) = self.settings.look() {
            return vec![Err(failure); requests.len()];
        }
        batch.results()
    }

    /// The one sync: what the feed has is durable.
    fn tell(&mut self, batch: &mut Batch<'_>) {
        let facts: Vec<_> = batch.tellings.iter().map(|telling| telling.fact).collect();
        if facts.is_empty() && self.feed.is_failing() {
            let _ = self.feed.probe().inspect_err(|failure| {
                tracing::debug!(error = %failure.reason, "the feed still cannot be written");
            });
        }
        let last = self.feed.last();
        let saved = self.feed.append(&facts);
        batch.told(saved);
        platform::runtime::failpoint::die_at!("feed_synced");
        // Files that had all of it before and get nothing now have all of it still.
        for (file, part) in self.files.iter_mut().zip(&batch.parts) {
            if part.text.is_empty() && file.position() == last {
                file.is_told_up_to(self.feed.last());
            }
        }
    }

    /// Appends to each file what is for it.
    fn append(&mut self, batch: &mut Batch<'_>, began: Instant) {
        let metrics = &self.settings.metrics;
        for (file, part) in self.files.iter_mut().zip(&mut batch.parts) {
            let table = file.table();
            if !part.is_asked {
                probe_if_failing(file, &self.view);
                continue;
            }
            if part.failure.is_none() && !part.text.is_empty() {
                part.failure = file.append(part, self.feed.last()).err();
                platform::runtime::failpoint::die_at!("rows_synced");
            }
            let Some(failure) = &part.failure else {
                metrics.batch_saved(table, part.tally, began.elapsed());
                continue;
            };
            let rows = part.tally.written + part.tally.duplicate;
            metrics.batch_failed(table, rows);
            tracing::error!(
                file.name = table.file_name(),
                batch.rows = rows,
                error = %failure.reason,
                "rows could not be written, their senders are told to send them again",
            );
        }
    }

    /// Erases a plate's rows from all files, those of past days included, and from the feed, whose
    /// events stay without it; answers how many rows there were. After an error some may be left: ask
    /// again.
    pub(crate) fn erase(&mut self, plate: &Plate) -> Result<usize, WriteFailure> {
        self.settings.look()?;
        for file in &mut self.files {
            file.prepare(&self.view)?;
            // From here on no row is made again of an event that is about to lose its plate.
            file.checkpoint()?;
        }
        let dir = self.settings.feed_dir();
        self.erasures.begin(plate).map_err(|e| WriteFailure::new(&dir, &e))?;
        self.finish_erasures()
    }

    fn finish_erasures(&mut self) -> Result<usize, WriteFailure> {
        let mut rows = 0;
        for plate in self.erasures.plates().to_vec() {
            self.feed.erase(&plate)?;
            platform::runtime::failpoint::die_at!("feed_erased");
            for file in &mut self.files {
                let table = file.table();
                let dir = &self.settings.data_dir;
                let paths = files_of(dir, table).map_err(|e| WriteFailure::new(dir, &e))?;
                for path in paths {
                    rows +=
                        erase(&path, table, &plate).map_err(|e| WriteFailure::new(&path, &e))?;
                }
                // Another file has its name now; and the index must not know of what is gone.
                file.reopen(&self.view)?;
            }
        }
        let dir = self.settings.feed_dir();
        self.erasures.end().map_err(|e| WriteFailure::new(&dir, &e))?;
        Ok(rows)
    }

    /// What a file may have to be made of again stays in the feed.
    fn keep_what_is_needed(&mut self) {
        let noted = self.files.iter().map(CsvFile::noted_position).min();
        self.feed.is_needed_behind(noted.unwrap_or(u64::MAX));
    }

    /// Syncs the files: the next start finds nothing to be made again.
    pub(crate) fn close(mut self) {
        for file in &mut self.files {
            if let Err(failure) = file.checkpoint() {
                tracing::warn!(error = %failure.reason, "a file could not be synced, the next start does it");
            }
        }
    }

    /// Whether something waits to be synced, that is durable in the feed.
    pub(crate) fn is_checkpoint_wanted(&self) -> bool {
        self.files.iter().any(CsvFile::is_checkpoint_wanted)
    }

    /// Whether the last attempt to write was a success, on the feed and all files.
    pub(crate) fn is_writable(&self) -> bool {
        !self.feed.is_failing() && !self.files.iter().any(CsvFile::is_failing)
    }

    /// What readers may see by now.
    pub(crate) fn snapshots(&self) -> Snapshots {
        self.files.each_ref().map(CsvFile::snapshot)
    }
}

fn probe_if_failing(file: &mut CsvFile, feed: &View) {
    if !file.is_failing() {
        return;
    }
    if let Err(failure) = file.probe(feed) {
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
