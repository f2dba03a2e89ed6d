//! One file and the index of its rows.
//!
//! The rows of a table that the feed tells of follow the feed: they are appended when the feed has them
//! ([`CsvFile::append`]), made durable with many others ([`CsvFile::checkpoint`]), and made again from
//! the feed where a crash or a failure took them ([`CsvFile::catch_up`]). Rows that the feed does not
//! have, as those of `dismissals.csv`, are durable before anybody is answered.
//!
//! On disk, the file is at any moment what the last good batch left, followed by at most the torn
//! beginning of the next. The index knows of a row only once it is durable, here or in the feed.

mod following;

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use chrono::NaiveDate;
use domain::wire::Saved;

use super::batch::Part;
use super::checkpoint::Checkpoint;
use super::journal::Settings;
use super::opening::{OpenLog, build_index, header_line, open_log};
use super::rotation::free_path;
use crate::disk::{LogFile, PROBE, WriteFailure, sync_dir};
use crate::feed::View;
use crate::index::Index;
use crate::start_error::StartError;
use crate::table::{Fingerprint, Table};
use following::{as_told, ends_a_line};

/// A file as far as it is durable. Stays readable when the file is rotated away.
#[derive(Debug, Clone)]
pub(crate) struct Snapshot {
    /// Read it by position: the cursor is shared.
    pub(crate) file: Arc<File>,
    /// Bytes that a reader may see.
    pub(crate) bytes: u64,
}

/// How a file is found.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Found {
    /// As a process before us left it.
    AtStart,
    /// Somebody changed it while it was open: it is taken as it is, with the rows up to a position.
    Changed(u64),
    /// A sync failed: what is behind the checkpoint may be in memory alone.
    Unsynced,
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
    /// Length of what readers may see. The file is longer only while a batch is being written, or
    /// where one failed and could not be taken back yet (`is_suspect`).
    bytes: u64,
    /// The rows of all events up to this position are in the file.
    position: u64,
    /// What is durable, as it was noted last.
    noted: Checkpoint,
    /// When it was noted.
    noted_at: Instant,
    /// UTC day on which its newest row was written: the name it is rotated to.
    day: NaiveDate,
    index: Index,
    /// Rows that came from the feed after their senders were told of a failure: whoever sends one
    /// again is the first to hear that it is written.
    untold: HashSet<Fingerprint>,
    /// There may be something behind `bytes` that never became durable. It must be cut off before
    /// anything else is done: after a failed sync the system shows it to readers, and syncs
    /// without a complaint, and yet it is not on the disk.
    is_suspect: bool,
    /// The same of all that is behind the checkpoint.
    is_unsynced: bool,
    /// Whether the last attempt to write failed: the journal's health, and the reason to probe.
    is_failing: bool,
}

impl CsvFile {
    /// Opens the file, begins it where there is none, cuts off what a crash left of a batch, fills the
    /// index from it and the files of past days, and appends what the feed has more.
    pub(crate) fn open(
        table: Table,
        settings: &Arc<Settings>,
        feed: &View,
    ) -> Result<Self, StartError> {
        let mut file = Self::find(table, settings, feed, Found::AtStart)?;
        // With a full disk it can be read, and goes on when there is room.
        if let Err(failure) = file.catch_up(feed).and_then(|()| file.checkpoint()) {
            tracing::error!(
                file.path = %file.path.display(),
                error = %failure.reason,
                "the file is behind the feed, and is tried again",
            );
            file.is_failing = true;
        }
        // Whoever reads the files at the start sees them.
        file.untold.clear();
        Ok(file)
    }

    fn find(
        table: Table,
        settings: &Arc<Settings>,
        feed: &View,
        found: Found,
    ) -> Result<Self, StartError> {
        let path = settings.data_dir.join(table.file_name());
        let OpenLog { mut log, reader, mut bytes, day } = open_log(table, settings, &path)?;
        let read = |error| StartError::io("read", &path)(error);
        let inode = reader.metadata().map_err(read)?.ino();
        let noted = match table.is_in_feed() {
            true => Checkpoint::read(&settings.feed_dir(), table).map_err(read)?,
            false => None,
        };
        let mut position = match (noted, found) {
            (_, Found::Changed(position)) => position,
            // Rows from before there was a feed are not told.
            (None, _) => feed.last(),
            (Some(noted), _) => noted.position.min(feed.last()),
        };
        let is_same = |noted: &Checkpoint| {
            let is_long_enough = noted.inode == inode && noted.bytes <= bytes;
            is_long_enough && ends_a_line(&reader, noted.bytes).unwrap_or(false)
        };
        let is_changed = matches!(found, Found::Changed(_));
        if let Some(noted) = noted.filter(|noted| !is_changed && is_same(noted)) {
            let mut end = noted.bytes;
            if found == Found::AtStart && noted.position >= feed.last() {
                // What is behind it is not of the feed: somebody edited the file.
                end = bytes;
            } else if found == Found::AtStart {
                (end, position) = as_told(table, noted, &reader, bytes, feed).map_err(read)?;
            }
            if end < bytes {
                tracing::warn!(
                    file.path = %path.display(),
                    file.cut_bytes = bytes - end,
                    "rows that may not be whole are cut off, they are made again from the feed",
                );
                log.cut(end).map_err(StartError::io("shorten", &path))?;
                bytes = end;
            }
        }
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
            position,
            // Nothing is: what was found is noted before anything is appended.
            noted: Checkpoint { position: 0, bytes: 0, inode: 0 },
            noted_at: Instant::now(),
            day,
            index,
            untold: HashSet::new(),
            is_suspect: false,
            is_unsynced: false,
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

    /// What is known of a row: `None` where it is not among the newest; else what its sender is to be
    /// told.
    pub(crate) fn knows(&mut self, row: Fingerprint) -> Option<Saved> {
        let is_first_to_hear = self.untold.remove(&row);
        let saved = if is_first_to_hear { Saved::Written } else { Saved::Duplicate };
        self.index.contains(row).then_some(saved)
    }

    /// Appends rows that are not there yet. The feed has them, up to `position`, or they are synced.
    /// After an error none of them is there; those that the feed has come with the next attempt.
    pub(crate) fn append(&mut self, part: &Part, position: u64) -> Result<(), WriteFailure> {
        let written = self.try_append(part);
        self.is_failing = written.is_err();
        written?;
        self.is_told_up_to(position);
        if !part.is_untold {
            return Ok(());
        }
        // Nobody could make them again: they are durable now, or not there.
        self.checkpoint().inspect_err(|_| (self.is_unsynced, self.is_failing) = (true, true))
    }

    /// The rows of all events up to this position are in the file.
    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    /// There is no other row for it in the feed up to `position`.
    pub(crate) fn is_told_up_to(&mut self, position: u64) {
        self.position = position;
    }

    /// Makes it ready for rows: as the last good batch left it, and with all that the feed has.
    pub(crate) fn prepare(&mut self, feed: &View) -> Result<(), WriteFailure> {
        let were_answered = self.is_unsynced;
        let outcome = self.restore(feed).and_then(|()| self.catch_up(feed));
        if were_answered {
            self.untold.clear();
        }
        self.is_failing |= outcome.is_err();
        outcome
    }

    /// Finds out whether a batch could be written again.
    pub(crate) fn probe(&mut self, feed: &View) -> Result<(), WriteFailure> {
        let outcome = self.prepare(feed).and_then(|()| self.try_probe(feed));
        self.is_failing = outcome.is_err();
        outcome
    }

    fn try_append(&mut self, part: &Part) -> Result<(), WriteFailure> {
        self.rotate_if_due()?;
        self.write_or_undo(&part.text, !self.table.is_in_feed())?;
        self.take(part.text.len(), part.fingerprints.iter().copied());
        Ok(())
    }

    fn take(&mut self, bytes: usize, rows: impl IntoIterator<Item = Fingerprint>) {
        self.bytes += bytes as u64;
        for row in rows {
            self.index.insert(row);
        }
        self.settings.metrics.file_is(self.table, self.bytes, self.index.len());
    }

    fn try_probe(&mut self, feed: &View) -> Result<(), WriteFailure> {
        self.write_or_undo(&PROBE, true)?;
        self.is_suspect = true;
        self.restore(feed)
    }

    fn write_or_undo(&mut self, text: &[u8], is_synced: bool) -> Result<(), WriteFailure> {
        let sync = |log: &mut Box<dyn LogFile>| if is_synced { log.sync() } else { Ok(()) };
        let written = self.log.write_all(text).and_then(|()| sync(&mut self.log));
        let Err(error) = written else { return Ok(()) };
        self.is_suspect = true;
        if let Err(undo_error) = self.cut_back() {
            tracing::warn!(
                file.path = %self.path.display(),
                error = %undo_error,
                "a failed batch could not be cut off yet, the next attempt begins with that",
            );
        }
        Err(WriteFailure::new(&self.path, &error))
    }

    /// Brings the file back to what the last good batch left. Where somebody moved it away or
    /// changed it, it is taken as it is now.
    fn restore(&mut self, feed: &View) -> Result<(), WriteFailure> {
        let failure = |error: io::Error| WriteFailure::new(&self.path, &error);
        if self.is_unsynced {
            *self = Self::find(self.table, &self.settings, feed, Found::Unsynced)?;
            return Ok(());
        }
        let found = match fs::metadata(&self.path) {
            Ok(found) => Some(found),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(failure(error)),
        };
        let own = self.reader.metadata().map_err(failure)?;
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
        // Its rows go with it, and stay.
        if let Err(error) = self.log.sync() {
            self.is_unsynced = true;
            return Err(WriteFailure::new(&self.path, &error));
        }
        *self = Self::find(self.table, &self.settings, feed, Found::Changed(self.position))?;
        self.checkpoint()
    }

    fn cut_back(&mut self) -> io::Result<()> {
        let mut log = self.settings.disk.open(&self.path)?;
        log.cut(self.bytes)?;
        log.sync()?;
        self.log = log;
        self.is_suspect = false;
        Ok(())
    }

    /// Where the plate was erased from the files: opens the one that has its name now.
    pub(crate) fn reopen(&mut self, feed: &View) -> Result<(), WriteFailure> {
        *self = Self::find(self.table, &self.settings, feed, Found::Changed(self.position))?;
        self.checkpoint()
    }

    /// At the first batch of a new day: renames the file and begins another. A crash in between
    /// leaves no current file, and the next start begins one.
    fn rotate_if_due(&mut self) -> Result<(), WriteFailure> {
        let today = self.settings.clock.now().date_naive();
        if !self.settings.rotate_daily || today <= self.day {
            return Ok(());
        }
        if self.bytes > header_line(self.table).len() as u64 {
            // The file of the past day is durable, and nothing in it is to be made again.
            self.checkpoint()?;
            self.rotate().map_err(WriteFailure::from)?;
            self.checkpoint()?;
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
