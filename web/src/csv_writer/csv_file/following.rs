//! How a file follows the feed: what it lacks is made of the feed's events, and what it has is synced
//! and noted from time to time.

use std::collections::HashSet;
use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::time::Instant;

use super::super::checkpoint::Checkpoint;
use super::CsvFile;
use crate::disk::WriteFailure;
use crate::feed::{Filter, Gone, View};
use crate::row::line_of;
use crate::table::Table;

/// Events of the feed that are looked at at once while a file is caught up.
const EVENTS_AT_ONCE: usize = 1000;
/// Bytes that wait at most to be made durable.
const UNSYNCED_BYTES_MAX: u64 = 16 << 20;

impl CsvFile {
    /// The position up to which the feed has nothing that this file may still need.
    pub(crate) fn noted_position(&self) -> u64 {
        if self.table.is_in_feed() { self.noted.position } else { u64::MAX }
    }

    /// Whether it is time for [`CsvFile::checkpoint`].
    pub(crate) fn is_checkpoint_due(&self) -> bool {
        let is_time = self.noted_at.elapsed() >= self.settings.checkpoint_every;
        let is_much = self.bytes.saturating_sub(self.noted.bytes) >= UNSYNCED_BYTES_MAX;
        self.is_checkpoint_wanted() && (is_time || is_much)
    }

    /// Whether there is something to note.
    pub(crate) fn is_checkpoint_wanted(&self) -> bool {
        self.table.is_in_feed()
            && (self.position, self.bytes) != (self.noted.position, self.noted.bytes)
    }

    /// Makes all rows durable, and notes how far the feed is in the file.
    pub(crate) fn checkpoint(&mut self) -> Result<(), WriteFailure> {
        let failure = |error: io::Error| WriteFailure::new(&self.path, &error);
        if self.is_suspect || self.is_unsynced {
            let reason = format!("{} is not whole", self.path.display());
            return Err(WriteFailure { is_disk_full: false, reason });
        }
        if !self.table.is_in_feed() {
            return Ok(());
        }
        let inode = self.reader.metadata().map_err(failure)?.ino();
        if (inode, self.bytes) != (self.noted.inode, self.noted.bytes) {
            if let Err(error) = self.log.sync() {
                self.is_unsynced = true;
                self.is_failing = true;
                return Err(WriteFailure::new(&self.path, &error));
            }
            platform::runtime::failpoint::die_at!("files_synced");
        }
        self.noted_at = Instant::now();
        let noted = Checkpoint { position: self.position, bytes: self.bytes, inode };
        if noted != self.noted {
            noted.write(&self.settings.feed_dir(), self.table).map_err(failure)?;
            self.noted = noted;
        }
        Ok(())
    }

    /// Appends the rows of the events behind `position` that are not there yet.
    pub(super) fn catch_up(&mut self, feed: &View) -> Result<(), WriteFailure> {
        if !self.table.is_in_feed() {
            return Ok(());
        }
        while self.position < feed.last() {
            let page = match feed.read(self.position, EVENTS_AT_ONCE, &Filter::default()) {
                Ok(page) => page,
                Err(Gone::Disk(error)) => return Err(WriteFailure::new(&self.path, &error)),
                Err(Gone::Position { before_first, .. }) => {
                    tracing::error!(
                        file.path = %self.path.display(),
                        feed.behind = self.position,
                        feed.begins_behind = before_first,
                        "the feed begins behind what the file has: rows in between are lost",
                    );
                    self.position = before_first;
                    continue;
                }
            };
            let (mut text, mut rows) = (Vec::new(), HashSet::new());
            for told in &page.events {
                let Some(told) = line_of(&told.event, self.table) else { continue };
                if !self.index.contains(told.fingerprint) && rows.insert(told.fingerprint) {
                    text.extend_from_slice(&told.line);
                }
            }
            if !text.is_empty() {
                self.rotate_if_due()?;
                self.write_or_undo(&text, false)?;
                self.untold.extend(&rows);
                self.take(text.len(), rows);
                self.is_failing = false;
            }
            self.position = page.next;
        }
        Ok(())
    }
}

pub(super) fn ends_a_line(file: &File, bytes: u64) -> io::Result<bool> {
    let mut last = [0];
    file.read_exact_at(&mut last, bytes.saturating_sub(1))?;
    Ok(last == *b"\n")
}

/// Where the file stops to be what the feed makes of it, and the position that this is behind. What is
/// before the checkpoint is taken as it is.
pub(super) fn as_told(
    table: Table,
    noted: Checkpoint,
    file: &File,
    bytes: u64,
    feed: &View,
) -> io::Result<(u64, u64)> {
    let (mut end, mut position) = (noted.bytes, noted.position.min(feed.last()));
    while position < feed.last() {
        let page = match feed.read(position, EVENTS_AT_ONCE, &Filter::default()) {
            Ok(page) => page,
            Err(Gone::Position { .. }) => return Ok((end, position)),
            Err(Gone::Disk(error)) => return Err(error),
        };
        for event in &page.events {
            let Some(told) = line_of(&event.event, table) else { continue };
            let mut found = vec![0; told.line.len()];
            if end + found.len() as u64 > bytes {
                return Ok((end, position));
            }
            file.read_exact_at(&mut found, end)?;
            if found != told.line {
                return Ok((end, position));
            }
            end += found.len() as u64;
            position = event.position;
        }
        position = page.next;
    }
    Ok((end, position))
}
