//! Changes of status as they happen, for whoever listens: a bounded ring, so that a client that was
//! away for a moment goes on where it was.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

/// Events that can be asked for again.
pub const RING: usize = 4_096;

/// Names an event: the run of the process that told it, and its number in it. A restart begins a
/// new run, so that an old id is never taken for a new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventId {
    /// When the run began, milliseconds.
    pub run: i64,
    /// From 1, without a gap.
    pub number: u64,
}

impl EventId {
    /// Reads `run-number`, as `Last-Event-ID` has it.
    pub fn parse(text: &str) -> Option<Self> {
        let (run, number) = text.trim().split_once('-')?;
        Some(Self { run: run.parse().ok()?, number: number.parse().ok()? })
    }
}

impl std::fmt::Display for EventId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.run, self.number)
    }
}

/// The registry tells, any thread may listen.
#[derive(Debug)]
pub struct Live {
    run: i64,
    ring: Mutex<VecDeque<Arc<str>>>,
    /// Number of the newest event; closed when the process stops.
    newest: Mutex<Option<watch::Sender<u64>>>,
    watched: watch::Receiver<u64>,
}

/// What a listener gets next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// Events, the first with this number, each the JSON of its data.
    Events(u64, Vec<Arc<str>>),
    /// Some are gone for good: read the list anew; events follow from behind this number.
    Missed(u64),
    /// The process stops: the stream ends.
    Over,
}

impl Live {
    /// A run that began at `run`.
    pub fn new(run: i64) -> Self {
        let (newest, watched) = watch::channel(0);
        Self { run, ring: Mutex::default(), newest: Mutex::new(Some(newest)), watched }
    }

    /// Tells all who listen.
    pub(crate) fn tell(&self, data: &str) {
        let newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(newest) = &*newest else { return };
        let mut ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        if ring.len() == RING {
            ring.pop_front();
        }
        ring.push_back(data.into());
        newest.send_modify(|number| *number += 1);
    }

    /// Ends all streams.
    pub(crate) fn close(&self) {
        *self.newest.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Id of an event.
    pub fn id(&self, number: u64) -> EventId {
        EventId { run: self.run, number }
    }

    /// Number of the newest event.
    pub fn newest(&self) -> u64 {
        *self.watched.borrow()
    }

    /// Where to go on behind `id`; `None` where that is not known any more.
    pub fn resume(&self, id: EventId) -> Option<u64> {
        (id.run == self.run && id.number <= self.newest()).then_some(id.number)
    }

    /// What came behind event number `seen`; waits for it.
    pub async fn next(&self, seen: u64) -> Told {
        let mut watched = self.watched.clone();
        if watched.wait_for(|newest| *newest > seen).await.is_err() {
            return Told::Over;
        }
        let ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        let newest = self.newest();
        let oldest = newest + 1 - ring.len() as u64;
        if seen + 1 < oldest {
            return Told::Missed(newest);
        }
        let skipped = usize::try_from(seen + 1 - oldest).unwrap_or(usize::MAX);
        Told::Events(seen + 1, ring.iter().skip(skipped).cloned().collect())
    }
}
