//! What readers have of the log.

use std::fs::File;
use std::io;
use std::sync::Arc;

use tokio::sync::watch;

use super::super::segment::{Line, each_line};
use super::{Open, Shared};
use crate::fact::Head;

/// Bytes that one read looks at, so that a filter that lets nothing pass blocks nobody for long.
const SCANNED_MAX: u64 = 8 << 20;

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

/// An event that is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Event {
    /// Its place in the order of all.
    pub(crate) position: u64,
    /// As JSON.
    pub(crate) event: String,
}

/// Some events, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Page {
    /// Those that the filter let pass.
    pub(crate) events: Vec<Event>,
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
    pub(super) shared: Arc<Shared>,
    pub(super) news: watch::Receiver<u64>,
}

impl View {
    /// The last position there is.
    pub(crate) fn last(&self) -> u64 {
        *self.news.borrow()
    }

    /// The position before the first event that there is.
    pub(crate) fn before_first(&self) -> u64 {
        self.shared.lock().first() - 1
    }

    /// Returns when there is an event behind `position`, or with an error where the log is closed.
    pub(crate) async fn news(&mut self, position: u64) -> Result<(), watch::error::RecvError> {
        self.news.wait_for(|last| *last > position).await.map(|_| ())
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
                    let Line { position, event } = line;
                    page.events.push(Event { position, event: event.to_owned() });
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
