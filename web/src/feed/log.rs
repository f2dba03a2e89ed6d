//! The log: appended to by one, read by many.
//!
//! The writer holds [`Log`]; readers hold [`View`]s, and see what is durable. Files are closed at a
//! size and at the end of a day, and go whole when their newest event is older than the retention.

mod erasing;

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{NaiveDate, TimeDelta};
use domain::wire::{Saved, parse_time};
use domain::{Instant, SharedClock};
use tokio::sync::watch;
use uuid::Uuid;

use super::event::{Fact, Head};
use super::segment::{Line, Marks, Segment, each_line, list, path_of};
use crate::csv_writer::{Disk, Index, LogFile, WriteFailure, sync_dir};
use crate::start_error::StartError;
use crate::table::Fingerprint;

/// Bytes that one read looks at, so that a filter that lets nothing pass blocks nobody for long.
const SCANNED_MAX: u64 = 8 << 20;

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
        let mut log = Self { settings, writer, index, day, is_suspect: false, shared, news };
        log.expire().map_err(StartError::io("expire", &log.settings.dir))?;
        Ok(log)
    }

    /// For readers.
    pub(crate) fn view(&self) -> View {
        View { shared: Arc::clone(&self.shared), news: self.news.subscribe() }
    }

    /// Whether the fact is among the newest that were told.
    pub(crate) fn knows(&self, fact: &Fact) -> bool {
        self.index.contains(Fingerprint::from(fact.id()))
    }

    /// Appends the facts that were not told yet, in their order, with one sync; answers of each whether
    /// it was told now or before. After an error none of them is there.
    pub(crate) fn append(&mut self, facts: &[Fact]) -> Result<Vec<Saved>, WriteFailure> {
        self.restore()?;
        let now = self.settings.clock.now();
        let mut position = self.shared.lock().next;
        let mut text = Vec::new();
        let mut told: Vec<(u64, u64, Fingerprint)> = Vec::new();
        let mut answers = Vec::with_capacity(facts.len());
        for fact in facts {
            let id = Fingerprint::from(fact.id());
            if self.index.contains(id) || told.iter().any(|(_, _, earlier)| *earlier == id) {
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
        self.close_if_due(now)?;
        self.write_or_undo(&text)?;
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
        self.news.send_replace(position - 1);
        Ok(answers)
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

    /// Brings the open file back to its durable part.
    fn restore(&mut self) -> Result<(), WriteFailure> {
        if !self.is_suspect {
            return Ok(());
        }
        let (path, bytes) = {
            let state = self.shared.lock();
            (state.open.path.clone(), state.open.bytes)
        };
        let cut = || {
            let mut writer = self.settings.disk.open(&path)?;
            writer.cut(bytes)?;
            writer.sync()?;
            Ok(writer)
        };
        self.writer = cut().map_err(|error| WriteFailure::new(&path, &error))?;
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
        let (next, is_empty) = {
            let state = self.shared.lock();
            (state.next, state.open.first == state.next)
        };
        if is_empty {
            return Ok(());
        }
        let (open, writer) = begin(&self.settings, next)?;
        self.writer = writer;
        self.day = None;
        let mut state = self.shared.lock();
        let Open { first, path, file, bytes, marks } = std::mem::replace(&mut state.open, open);
        state.closed.push(Arc::new(Segment::closed(first, path, file, bytes, marks)));
        Ok(())
    }

    /// Deletes closed files whose newest event is older than the retention: that is so where the next
    /// file begins with an event that is.
    fn expire(&mut self) -> io::Result<()> {
        let oldest_kept = self.settings.clock.now() - self.settings.retention;
        loop {
            let (segment, following) = {
                let state = self.shared.lock();
                let Some(segment) = state.closed.first() else { return Ok(()) };
                (Arc::clone(segment), state.closed.get(1).cloned())
            };
            let event = match following {
                Some(following) => following.first_line()?,
                None => self.first_event_of_open()?,
            };
            let recorded_at = event.as_deref().and_then(recorded_at);
            if recorded_at.is_none_or(|at| at >= oldest_kept) {
                return Ok(());
            }
            fs::remove_file(&segment.path)?;
            self.shared.lock().closed.remove(0);
            tracing::info!(feed.file = %segment.path.display(), "events past their retention are gone");
        }
    }

    fn first_event_of_open(&self) -> io::Result<Option<String>> {
        let (file, bytes) = {
            let state = self.shared.lock();
            (Arc::clone(&state.open.file), state.open.bytes)
        };
        let mut event = None;
        each_line(&file, 0, bytes, |line, _| {
            event = line.map(|line| line.event.to_owned());
            event.is_none()
        })?;
        Ok(event)
    }

    fn failure(&self, error: &io::Error) -> WriteFailure {
        WriteFailure::new(&self.settings.dir, error)
    }
}

/// Which events a reader wants.
#[derive(Debug, Clone, Default)]
pub(crate) struct Filter {
    /// Of these types; of all where there are none.
    pub(crate) types: Vec<String>,
    /// Of these places; of all where there are none.
    pub(crate) places: Vec<String>,
}

impl Filter {
    fn lets_pass(&self, event: &str) -> bool {
        if self.types.is_empty() && self.places.is_empty() {
            return true;
        }
        let Ok(event) = serde_json::from_str::<Head<'_>>(event) else { return false };
        let is_in =
            |wanted: &[String], text: &str| wanted.is_empty() || wanted.iter().any(|w| w == text);
        is_in(&self.types, &event.kind) && is_in(&self.places, &event.place)
    }
}

/// Some events, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Page {
    /// Each as JSON.
    pub(crate) events: Vec<String>,
    /// To be asked for next: everything up to here was looked at.
    pub(crate) next: u64,
    /// Whether there was more when this was read.
    pub(crate) has_more: bool,
}

/// Why a reader gets nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Gone {
    /// What it asks for was deleted, or never was: it has to begin behind `before_first`.
    #[error("position {asked} is not in the feed, which can be read from {before_first} to {last}")]
    Position {
        /// What was asked for.
        asked: u64,
        /// The position before the first event that there is.
        before_first: u64,
        /// The last one.
        last: u64,
    },
    /// The disk does not give it.
    #[error("the feed cannot be read: {0}")]
    Disk(#[from] io::Error),
}

/// What a reader has of the log. Clones are cheap.
#[derive(Clone)]
pub(crate) struct View {
    shared: Arc<Shared>,
    news: watch::Receiver<u64>,
}

impl View {
    /// The last position there is.
    pub(crate) fn last(&self) -> u64 {
        *self.news.borrow()
    }

    /// Returns when there is an event behind `position`; never where the log is closed.
    pub(crate) async fn news(&mut self, position: u64) {
        if self.news.wait_for(|last| *last > position).await.is_err() {
            std::future::pending().await
        }
    }

    /// The events behind `after` that the filter lets pass, at most `limit`. Blocks on the disk.
    pub(crate) fn read(&self, after: u64, limit: usize, filter: &Filter) -> Result<Page, Gone> {
        let mut page = Page { events: Vec::new(), next: after, has_more: false };
        let mut scanned = 0;
        loop {
            let Some(part) = self.locate(page.next)? else { return Ok(page) };
            let ended = each_line(&part.file, part.from, part.to, |line, offset| {
                let Some(line) = line.filter(|line| line.position > page.next) else { return true };
                let is_long = scanned + (offset - part.from) > SCANNED_MAX;
                if page.events.len() == limit || is_long {
                    page.has_more = true;
                    return false;
                }
                page.next = line.position;
                if filter.lets_pass(line.event) {
                    page.events.push(line.event.to_owned());
                }
                true
            })?;
            if page.has_more {
                return Ok(page);
            }
            scanned += ended - part.from;
            // Damaged events at its end are passed over with it.
            page.next = part.last;
        }
    }

    /// Where the events behind `after` are; `None` where there are none.
    fn locate(&self, after: u64) -> Result<Option<Part>, Gone> {
        let state = self.shared.lock();
        let (before_first, last) = (state.first() - 1, state.next - 1);
        if after < before_first || after > last {
            return Err(Gone::Position { asked: after, before_first, last });
        }
        if after == last {
            return Ok(None);
        }
        if after + 1 >= state.open.first {
            let Open { file, bytes, marks, .. } = &state.open;
            let (file, from) = (Arc::clone(file), marks.find(after));
            return Ok(Some(Part { file, from, to: *bytes, last }));
        }
        let behind = state.closed.partition_point(|segment| segment.first <= after + 1);
        let segment = Arc::clone(&state.closed[behind - 1]);
        let following = state.closed.get(behind).map_or(state.open.first, |next| next.first);
        drop(state);
        let (file, from) = (Arc::clone(&segment.file), segment.find(after)?);
        Ok(Some(Part { file, from, to: segment.bytes, last: following - 1 }))
    }
}

/// A part of a file that begins and ends with a line.
struct Part {
    file: Arc<File>,
    from: u64,
    to: u64,
    /// The last position in it.
    last: u64,
}

fn recorded_at(event: &str) -> Option<Instant> {
    let event: Head<'_> = serde_json::from_str(event).ok()?;
    parse_time(&event.recordedat)
}

/// Makes the file that begins with `first`, durable in its directory.
fn begin(settings: &LogSettings, first: u64) -> io::Result<(Open, Box<dyn LogFile>)> {
    let path = path_of(&settings.dir, first);
    let mut writer = settings.disk.open(&path)?;
    // One that a failure left behind may have something in it that was never told.
    writer.cut(0)?;
    writer.sync()?;
    sync_dir(&settings.dir)?;
    let file = Arc::new(File::open(&path)?);
    Ok((Open { first, path, file, bytes: 0, marks: Marks::default() }, writer))
}

type Opened = (State, Box<dyn LogFile>, Option<NaiveDate>);

fn open_files(settings: &LogSettings) -> Result<Opened, StartError> {
    let dir = settings.dir.as_path();
    fs::create_dir_all(dir).map_err(StartError::io("create", dir))?;
    if let Some(parent) = dir.parent() {
        sync_dir(parent).map_err(StartError::io("sync", parent))?;
    }
    let mut files = list(dir).map_err(StartError::io("list", dir))?;
    let Some((first, path)) = files.pop() else {
        let (open, writer) = begin(settings, 1).map_err(StartError::io("begin a file in", dir))?;
        return Ok((State { closed: Vec::new(), open, next: 1 }, writer, None));
    };
    let closed = files.into_iter().map(|(first, path)| {
        let opened = Segment::open(first, path.clone()).map_err(StartError::io("read", &path));
        opened.map(Arc::new)
    });
    let closed = closed.collect::<Result<Vec<_>, _>>()?;
    let (open, writer, next, day) =
        open_last(settings, first, &path).map_err(StartError::io("read", &path))?;
    Ok((State { closed, open, next }, writer, day))
}

type OpenedLast = (Open, Box<dyn LogFile>, u64, Option<NaiveDate>);

/// Opens the file that is appended to.
fn open_last(settings: &LogSettings, first: u64, path: &Path) -> io::Result<OpenedLast> {
    let file = Arc::new(File::open(path)?);
    let length = file.metadata()?.len();
    let (mut marks, mut next, mut whole, mut day) = (Marks::default(), first, 0, None);
    let mut damaged = 0_u64;
    let mut damaged_before = 0;
    each_line(&file, 0, length, |line, offset| {
        match line {
            Some(line) => {
                marks.note(line.position, offset);
                next = line.position + 1;
                // Its end: the two numbers, the blanks between them and the line feed.
                whole = offset + line_bytes(line);
                damaged_before = damaged;
                if day.is_none() {
                    day = recorded_at(line.event).map(|at| at.date_naive());
                }
            }
            None => damaged += 1,
        }
        true
    })?;
    if damaged_before > 0 {
        tracing::error!(
            feed.file = %path.display(),
            feed.damaged = damaged_before,
            "damaged events are passed over and stay as they are",
        );
    }
    let mut writer = settings.disk.open(path)?;
    if whole < length {
        tracing::warn!(
            feed.file = %path.display(),
            feed.cut_bytes = length - whole,
            "torn end of the feed cut off",
        );
        writer.cut(whole)?;
    }
    writer.sync()?;
    sync_dir(&settings.dir)?;
    let open = Open { first, path: path.to_owned(), file, bytes: whole, marks };
    Ok((open, writer, next, day))
}

fn line_bytes(line: Line<'_>) -> u64 {
    let mut text = Vec::new();
    line.write(&mut text);
    text.len() as u64
}

/// Reads the ids of the newest events back.
fn build_index(state: &State, events_max: usize) -> io::Result<Index> {
    let mut index = Index::new(events_max);
    let oldest = state.next.saturating_sub(events_max as u64);
    let closed = state.closed.iter().map(|s| (s.first, &s.file, s.bytes));
    let files: Vec<_> =
        closed.chain([(state.open.first, &state.open.file, state.open.bytes)]).collect();
    let begin = files.partition_point(|(first, ..)| *first <= oldest).saturating_sub(1);
    for (_, file, bytes) in &files[begin..] {
        each_line(file, 0, *bytes, |line, _| {
            let head = line
                .filter(|line| line.position >= oldest)
                .and_then(|line| serde_json::from_str::<Head<'_>>(line.event).ok());
            if let Some(id) = head.and_then(|head| Uuid::parse_str(&head.id).ok()) {
                index.insert(Fingerprint::from(id));
            }
            true
        })?;
    }
    Ok(index)
}

#[cfg(test)]
mod tests;
