//! One file and the index of its rows: whole batches go in or nothing does.
//!
//! On disk, the file is at any moment what the last good batch left, followed by at most the torn
//! beginning of the next. The index knows of a row only once it is durable.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::Arc;

use chrono::NaiveDate;

use super::WriteFailure;
use super::batch::{Batch, Outcome};
use super::disk::{LogFile, sync_dir};
use super::index::Index;
use super::journal::Settings;
use super::opening::{OpenLog, build_index, header_line, open_log};
use super::rotation::free_path;
use crate::row::Lines;
use crate::start_error::StartError;
use crate::table::Table;

/// What a probe writes and takes away again: a page, so that the disk has to find room for it,
/// and no line end, so that a crash leaves a torn line and no row.
const PROBE: [u8; 4096] = [b' '; 4096];

/// A file as far as it is durable. Stays readable when the file is rotated away.
#[derive(Debug, Clone)]
pub(crate) struct Snapshot {
    /// Read it by position: the cursor is shared.
    pub(crate) file: Arc<File>,
    /// Bytes that a reader may see.
    pub(crate) bytes: u64,
}

/// The file of one table, with what recognises its rows.
pub(crate) struct CsvFile {
    table: Table,
    settings: Arc<Settings>,
    path: PathBuf,
    /// Appends; replaced by a new descriptor after each failure.
    log: Box<dyn LogFile>,
    /// Reads, for downloads; tells whether `path` still names this very file.
    reader: Arc<File>,
    /// Length of what is durable. The file is longer only while a batch is being written, or
    /// where one failed and could not be taken back yet (`is_suspect`).
    bytes: u64,
    /// UTC day on which its newest row was written: the name it is rotated to.
    day: NaiveDate,
    index: Index,
    /// There may be something behind `bytes` that never became durable. It must be cut off before
    /// anything else is done: after a failed sync the system shows it to readers, and syncs
    /// without a complaint, and yet it is not on the disk.
    is_suspect: bool,
    /// Whether the last attempt to write failed: the journal's health, and the reason to probe.
    is_failing: bool,
}

impl CsvFile {
    /// Opens the file, begins it where there is none, cuts off a torn last line, and fills the
    /// index from it and the files of past days.
    pub(crate) fn open(table: Table, settings: &Arc<Settings>) -> Result<Self, StartError> {
        let path = settings.data_dir.join(table.file_name());
        let OpenLog { log, reader, bytes, day } = open_log(table, settings, &path)?;
        let index = build_index(table, settings, &path)?;
        tracing::info!(
            file.path = %path.display(),
            file.bytes = bytes,
            index.rows = index.len(),
            "file opened",
        );
        settings.metrics.file_is(table, bytes, index.len());
        Ok(Self {
            table,
            settings: Arc::clone(settings),
            path,
            log,
            reader: Arc::new(reader),
            bytes,
            day,
            index,
            is_suspect: false,
            is_failing: false,
        })
    }

    /// Whose rows it holds.
    pub(crate) fn table(&self) -> Table {
        self.table
    }

    /// The file as far as readers may see it.
    pub(crate) fn snapshot(&self) -> Snapshot {
        Snapshot { file: Arc::clone(&self.reader), bytes: self.bytes }
    }

    /// How many rows would be recognised.
    #[cfg(test)]
    pub(crate) fn index_len(&self) -> usize {
        self.index.len()
    }

    /// Whether the last attempt to write failed.
    pub(crate) fn is_failing(&self) -> bool {
        self.is_failing
    }

    /// Appends the rows that are not there yet, of all requests, with one sync. After an error
    /// none of them is there.
    pub(crate) fn append(&mut self, requests: &[&Lines]) -> Result<Outcome, WriteFailure> {
        let outcome = self.try_append(requests);
        match &outcome {
            Err(_) => self.is_failing = true,
            Ok(outcome) if outcome.tally.written > 0 => self.is_failing = false,
            // Duplicates alone say nothing of the disk.
            Ok(_) => {}
        }
        outcome
    }

    /// Finds out whether a batch could be written again.
    pub(crate) fn probe(&mut self) -> Result<(), WriteFailure> {
        let outcome = self.try_probe();
        self.is_failing = outcome.is_err();
        outcome
    }

    fn try_append(&mut self, requests: &[&Lines]) -> Result<Outcome, WriteFailure> {
        self.restore()?;
        let batch = Batch::sort_out(requests, &self.index);
        if !batch.text.is_empty() {
            self.rotate_if_due()?;
            self.write_or_undo(&batch.text)?;
            platform::runtime::failpoint::die_at!("rows_synced");
            self.bytes += batch.text.len() as u64;
            for fingerprint in batch.fingerprints {
                self.index.insert(fingerprint);
            }
            self.settings.metrics.file_is(self.table, self.bytes, self.index.len());
        }
        Ok(batch.outcome)
    }

    fn try_probe(&mut self) -> Result<(), WriteFailure> {
        self.restore()?;
        self.write_or_undo(&PROBE)?;
        self.is_suspect = true;
        self.restore()
    }

    fn write_or_undo(&mut self, text: &[u8]) -> Result<(), WriteFailure> {
        let written = self.log.write_all(text).and_then(|()| self.log.sync());
        let Err(error) = written else { return Ok(()) };
        self.is_suspect = true;
        if let Err(undo_error) = self.restore() {
            tracing::warn!(
                file.path = %self.path.display(),
                error = %undo_error.reason,
                "a failed batch could not be cut off yet, the next attempt begins with that",
            );
        }
        Err(WriteFailure::new(&self.path, &error))
    }

    /// Brings the file back to what the last good batch left. Where somebody moved it away or
    /// changed it, it is opened anew, as at the start.
    fn restore(&mut self) -> Result<(), WriteFailure> {
        let found = match fs::metadata(&self.path) {
            Ok(found) => Some(found),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(WriteFailure::new(&self.path, &error)),
        };
        let own = self.reader.metadata().map_err(|e| WriteFailure::new(&self.path, &e))?;
        let is_own =
            found.is_some_and(|found| (found.dev(), found.ino()) == (own.dev(), own.ino()));
        if is_own && self.is_suspect && own.len() >= self.bytes {
            return self.cut_back().map_err(|e| WriteFailure::new(&self.path, &e));
        }
        if is_own && own.len() == self.bytes {
            return Ok(());
        }
        tracing::warn!(
            file.path = %self.path.display(),
            file.bytes = own.len(),
            file.bytes_expected = self.bytes,
            "the file was changed by somebody else, it is opened anew",
        );
        *self = Self::open(self.table, &self.settings)?;
        Ok(())
    }

    fn cut_back(&mut self) -> io::Result<()> {
        let mut log = self.settings.disk.open(&self.path)?;
        log.cut(self.bytes)?;
        log.sync()?;
        self.log = log;
        self.is_suspect = false;
        Ok(())
    }

    /// At the first batch of a new day: renames the file and begins another. A crash in between
    /// leaves no current file, and the next start begins one.
    fn rotate_if_due(&mut self) -> Result<(), WriteFailure> {
        let today = self.settings.clock.now().date_naive();
        if !self.settings.rotate_daily || today <= self.day {
            return Ok(());
        }
        if self.bytes > header_line(self.table).len() as u64 {
            self.rotate().map_err(WriteFailure::from)?;
        }
        self.day = today;
        Ok(())
    }

    fn rotate(&mut self) -> Result<(), StartError> {
        let dir = &self.settings.data_dir;
        let past = free_path(dir, self.table, self.day).map_err(StartError::io("list", dir))?;
        fs::rename(&self.path, &past).map_err(StartError::io("rename", &self.path))?;
        sync_dir(dir).map_err(StartError::io("sync", dir))?;
        let OpenLog { log, reader, bytes, day: _ } =
            open_log(self.table, &self.settings, &self.path)?;
        self.log = log;
        self.reader = Arc::new(reader);
        self.bytes = bytes;
        tracing::info!(file.path = %past.display(), "file of a past day put aside");
        Ok(())
    }
}

#[cfg(test)]
mod tests;
