//! The log: appended to by one, read by many.
//!
//! The writer holds [`Log`]; readers hold [`View`]s, and see what is durable. Files are closed at a
//! size and at the end of a day, and go whole when their newest event is older than the retention.

mod erasing;
mod opening;
mod view;

use std::borrow::Borrow;
use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{NaiveDate, TimeDelta};
use domain::wire::{Saved, parse_time};
use domain::{Instant, SharedClock};
use tokio::sync::watch;

use super::segment::{Line, Marks, Segment};
use crate::disk::{Disk, LogFile, PROBE, WriteFailure};
use crate::fact::{Fact, Head};
use crate::index::Index;
use crate::metrics::Metrics;
use crate::start_error::StartError;
use crate::table::Fingerprint;
use opening::{begin, build_index, open_files};
pub(crate) use view::{Filter, Gone, Page, View};

/// What the log is kept by.
pub(crate) struct LogSettings {
    /// The directory of its files; made where it is missing.
    pub(crate) dir: PathBuf,
    /// A file that has reached this size is closed.
    pub(crate) file_bytes: u64,
    /// How many of the newest events are remembered to recognise those that are told again.
    pub(crate) index_events: usize,
    /// How long events are kept.
    pub(crate) retention: TimeDelta,
    /// Tells when an event is recorded.
    pub(crate) clock: SharedClock,
    /// Opens the files.
    pub(crate) disk: Arc<dyn Disk>,
    /// Told of what is appended and what goes.
    pub(crate) metrics: Metrics,
}

/// See the module. Blocks on the disk.
pub(crate) struct Log {
    settings: LogSettings,
    /// Appends to the open file; replaced by a new descriptor after each failure.
    writer: Box<dyn LogFile>,
    /// Recognises facts that are told again.
    index: Index,
    /// The UTC day on which the first event of the open file was recorded.
    day: Option<NaiveDate>,
    /// There may be something behind the durable part: it is cut off before anything else is done.
    is_suspect: bool,
    /// Whether the last attempt to write failed.
    is_failing: bool,
    /// Whoever is not told yet of what is behind this position reads it here: it does not go before.
    needed_behind: u64,
    shared: Arc<Shared>,
    /// Told the last position after each append.
    news: watch::Sender<u64>,
}

struct Shared(Mutex<State>);

/// What readers may see.
struct State {
    /// Files that grow no more, in order.
    closed: Vec<Arc<Segment>>,
    /// The one that is appended to.
    open: Open,
    /// Of the next event.
    next: u64,
}

struct Open {
    first: u64,
    path: PathBuf,
    file: Arc<File>,
    bytes: u64,
    marks: Marks,
}

impl State {
    /// The first position that can still be read.
    fn first(&self) -> u64 {
        self.closed.first().map_or(self.open.first, |segment| segment.first)
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Log {
    /// Opens the log, begun where there is none. Cuts off what a crash left behind the last whole
    /// line, and makes durable what stands: an event that was read back may have got no further than
    /// the system's memory.
    pub(crate) fn open(settings: LogSettings) -> Result<Self, StartError> {
        let dir = settings.dir.as_path();
        let (state, writer, day) = open_files(&settings)?;
        let index =
            build_index(&state, settings.index_events).map_err(StartError::io("read", dir))?;
        tracing::info!(
            feed.dir = %dir.display(),
            feed.first = state.first(),
            feed.next = state.next,
            "feed opened",
        );
        let news = watch::Sender::new(state.next - 1);
        let shared = Arc::new(Shared(Mutex::new(state)));
        let log = Self {
            settings,
            writer,
            index,
            day,
            is_suspect: false,
            is_failing: false,
            needed_behind: u64::MAX,
            shared,
            news,
        };
        log.show();
        Ok(log)
    }

    /// The last position there is.
    pub(crate) fn last(&self) -> u64 {
        *self.news.borrow()
    }

    /// Whether the last attempt to write failed.
    pub(crate) fn is_failing(&self) -> bool {
        self.is_failing
    }

    /// What is behind this position is not to go yet, however old it is.
    pub(crate) fn is_needed_behind(&mut self, position: u64) {
        self.needed_behind = position;
    }

    fn show(&self) {
        let state = self.shared.lock();
        let closed: u64 = state.closed.iter().map(|segment| segment.bytes).sum();
        self.settings.metrics.feed_is(state.first(), state.next - 1, closed + state.open.bytes);
    }

    /// For readers.
    pub(crate) fn view(&self) -> View {
        View { shared: Arc::clone(&self.shared), news: self.news.subscribe() }
    }

    /// Appends the facts that were not told yet, in their order, with one sync; answers of each whether
    /// it was told now or before. After an error none of them is there.
    pub(crate) fn append(
        &mut self,
        facts: &[impl Borrow<Fact>],
    ) -> Result<Vec<Saved>, WriteFailure> {
        let now = self.settings.clock.now();
        let mut position = self.shared.lock().next;
        let mut text = Vec::new();
        let mut told: Vec<(u64, u64, Fingerprint)> = Vec::new();
        let mut in_batch = HashSet::new();
        let mut answers = Vec::with_capacity(facts.len());
        for fact in facts {
            let fact = fact.borrow();
            let id = Fingerprint::from(fact.id());
            if self.index.contains(id) || !in_batch.insert(id) {
                answers.push(Saved::Duplicate);
                continue;
            }
            told.push((position, text.len() as u64, id));
            Line { position, event: &fact.event(position, now) }.write(&mut text);
            position += 1;
            answers.push(Saved::Written);
        }
        if told.is_empty() {
            return Ok(answers);
        }
        let written = self.try_append(&text, now);
        self.is_failing = written.is_err();
        written?;
        let mut state = self.shared.lock();
        let before = state.open.bytes;
        for (position, offset, id) in told {
            state.open.marks.note(position, before + offset);
            self.index.insert(id);
        }
        state.open.bytes += text.len() as u64;
        state.next = position;
        drop(state);
        self.day.get_or_insert(now.date_naive());
        let is_new = |(_, saved): &(_, &Saved)| **saved == Saved::Written;
        for (fact, _) in facts.iter().zip(&answers).filter(is_new) {
            self.settings.metrics.told(fact.borrow().kind());
        }
        self.show();
        self.news.send_replace(position - 1);
        Ok(answers)
    }

    fn try_append(&mut self, text: &[u8], now: Instant) -> Result<(), WriteFailure> {
        self.restore()?;
        self.close_if_due(now)?;
        self.write_or_undo(text)
    }

    /// Finds out whether facts could be told again.
    pub(crate) fn probe(&mut self) -> Result<(), WriteFailure> {
        let outcome = self.try_probe();
        self.is_failing = outcome.is_err();
        outcome
    }

    fn try_probe(&mut self) -> Result<(), WriteFailure> {
        self.restore()?;
        self.write_or_undo(&PROBE)?;
        self.is_suspect = true;
        self.restore()
    }

    fn write_or_undo(&mut self, text: &[u8]) -> Result<(), WriteFailure> {
        let written = self.writer.write_all(text).and_then(|()| self.writer.sync());
        let Err(error) = written else { return Ok(()) };
        self.is_suspect = true;
        let failure = self.failure(&error);
        if let Err(undo_error) = self.restore() {
            tracing::warn!(
                error = %undo_error.reason,
                "events that could not be told could not be cut off yet, the next attempt begins with that",
            );
        }
        Err(failure)
    }

    /// Brings the open file back to its durable part. Where somebody moved it away or shortened it, the
    /// log goes on in another: what is told from now on shall be found again.
    fn restore(&mut self) -> Result<(), WriteFailure> {
        let (path, file, bytes) = {
            let state = self.shared.lock();
            (state.open.path.clone(), Arc::clone(&state.open.file), state.open.bytes)
        };
        let failure = |error: io::Error| WriteFailure::new(&path, &error);
        let found = match fs::metadata(&path) {
            Ok(found) => Some((found.dev(), found.ino())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(failure(error)),
        };
        let own = file.metadata().map_err(failure)?;
        if found != Some((own.dev(), own.ino())) || own.len() < bytes {
            tracing::warn!(
                feed.file = %path.display(),
                feed.bytes = own.len(),
                feed.bytes_expected = bytes,
                "the file was changed by somebody else, the feed goes on in another",
            );
            self.shared.lock().open.bytes = bytes.min(own.len());
            self.begin_next().map_err(failure)?;
            self.is_suspect = false;
            return Ok(());
        }
        if !self.is_suspect && own.len() == bytes {
            return Ok(());
        }
        let cut = || {
            let mut writer = self.settings.disk.open(&path)?;
            writer.cut(bytes)?;
            writer.sync()?;
            Ok(writer)
        };
        self.writer = cut().map_err(failure)?;
        self.is_suspect = false;
        Ok(())
    }

    fn close_if_due(&mut self, now: Instant) -> Result<(), WriteFailure> {
        let is_of_another_day = self.day.is_some_and(|day| day != now.date_naive());
        let is_large = self.shared.lock().open.bytes >= self.settings.file_bytes;
        if is_of_another_day || is_large {
            self.close().and_then(|()| self.expire()).map_err(|error| self.failure(&error))?;
        }
        Ok(())
    }

    /// Closes the open file, where anything is in it, and begins another.
    fn close(&mut self) -> io::Result<()> {
        let is_empty = {
            let state = self.shared.lock();
            state.open.first == state.next
        };
        if is_empty { Ok(()) } else { self.begin_next() }
    }

    fn begin_next(&mut self) -> io::Result<()> {
        let next = self.shared.lock().next;
        let (open, writer) = begin(&self.settings, next)?;
        self.writer = writer;
        self.day = None;
        let mut state = self.shared.lock();
        let Open { first, path, file, bytes, marks } = std::mem::replace(&mut state.open, open);
        if first < next {
            state.closed.push(Arc::new(Segment::closed(first, path, file, bytes, marks)));
        }
        Ok(())
    }

    /// Deletes closed files whose newest event is older than the retention.
    pub(crate) fn expire(&mut self) -> io::Result<()> {
        let oldest_kept = self.settings.clock.now() - self.settings.retention;
        loop {
            let (segment, last) = {
                let state = self.shared.lock();
                let Some(segment) = state.closed.first() else { return Ok(()) };
                let next = state.closed.get(1).map_or(state.open.first, |next| next.first);
                (Arc::clone(segment), next - 1)
            };
            let recorded_at = segment.newest()?.as_deref().and_then(recorded_at);
            if recorded_at.is_none_or(|at| at >= oldest_kept) || last > self.needed_behind {
                return Ok(());
            }
            match fs::remove_file(&segment.path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            self.shared.lock().closed.remove(0);
            self.show();
            tracing::info!(feed.file = %segment.path.display(), "events past their retention are gone");
        }
    }

    fn failure(&self, error: &io::Error) -> WriteFailure {
        WriteFailure::new(&self.settings.dir, error)
    }
}

fn recorded_at(event: &str) -> Option<Instant> {
    let event: Head<'_> = serde_json::from_str(event).ok()?;
    parse_time(&event.recordedat)
}

#[cfg(test)]
mod tests;
