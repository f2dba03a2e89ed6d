//! What the rows said, in memory, for the pages: the last sessions, and the exceptions that hold
//! ([`standings`]). Read back from the files at the start, told of each row that is written.

mod standings;

use std::collections::VecDeque;
use std::io;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use domain::{ExceptionKind, ExceptionRow, Opening, Plate, Summary};

use crate::csv_writer::{each_row, newest_rows};
use crate::dismissal::Dismissal;
use crate::row::OfOthers;
pub(crate) use standings::Cursor;
use standings::{ROWS_MAX, Standings};

/// Sessions that are remembered.
const SESSIONS_MAX: usize = 100;
/// Overstays in a [`Glance`].
const OVERSTAYS_SHOWN: usize = 100;

/// The row that holds of a subject.
#[derive(Debug, Clone)]
pub(crate) struct Standing {
    /// The one with the highest revision.
    pub(crate) row: ExceptionRow,
    /// Where an operator has put it aside.
    pub(crate) dismissed: Option<Dismissal>,
}

struct State {
    /// The last sessions, the newest last.
    sessions: VecDeque<Summary>,
    exceptions: Standings,
}

/// The newest rows, in memory: written by the writer, read by the pages.
pub(crate) struct Recent(Mutex<State>);

/// A row that the pages show something of, once it is durable.
pub(crate) trait Shown {
    /// Tells `recent` of it.
    fn show_in(&self, recent: &Recent);
}

impl Shown for Opening {
    /// What is open the pages ask the actors, who say it by the record.
    fn show_in(&self, _: &Recent) {}
}

impl Shown for OfOthers {
    fn show_in(&self, _: &Recent) {}
}

impl Shown for Summary {
    fn show_in(&self, recent: &Recent) {
        recent.session_written(self);
    }
}

impl Shown for ExceptionRow {
    fn show_in(&self, recent: &Recent) {
        recent.exception_written(self);
    }
}

/// What there is to look at, of one moment.
#[derive(Debug, Clone, Default)]
pub(crate) struct Glance {
    /// The last sessions, the newest first.
    pub(crate) sessions: Vec<Summary>,
    /// Not dismissed, the newest first.
    pub(crate) exceptions: Vec<ExceptionRow>,
    /// How many there are of each of [`ExceptionKind::TO_REVIEW`].
    pub(crate) counts: [u64; ExceptionKind::TO_REVIEW.len()],
    /// The longest stays of those that are too long, dismissed or not.
    pub(crate) overstays: Vec<ExceptionRow>,
    /// How many there are of these.
    pub(crate) overstays_all: usize,
}

/// A page of the list of exceptions, of one moment.
#[derive(Debug, Clone, Default)]
pub(crate) struct Listing {
    /// The exceptions of the page, the newest first.
    pub(crate) rows: Vec<ExceptionRow>,
    /// Where the next page begins.
    pub(crate) next: Option<Cursor>,
    /// How many there are of each of [`ExceptionKind::TO_REVIEW`].
    pub(crate) counts: [u64; ExceptionKind::TO_REVIEW.len()],
    /// Counted, and too old to be listed.
    pub(crate) unlisted: u64,
}

impl Default for Recent {
    fn default() -> Self {
        Self::with_rows_max(ROWS_MAX)
    }
}

impl Recent {
    /// Of nothing; lists at most so many exceptions (and counts all).
    fn with_rows_max(rows_max: usize) -> Self {
        Self(Mutex::new(State { sessions: VecDeque::new(), exceptions: Standings::new(rows_max) }))
    }

    /// Reads the files of `dir`, all that they tell of exceptions. Blocks.
    pub(crate) fn read(dir: &Path) -> io::Result<Self> {
        let recent = Self::default();
        for row in newest_rows::<Summary>(dir, SESSIONS_MAX)? {
            recent.session_written(&row);
        }
        each_row::<ExceptionRow>(dir, |row| recent.exception_written(&row))?;
        each_row::<Dismissal>(dir, |row| recent.dismissed(&row))?;
        Ok(recent)
    }

    /// A row of `summaries.csv` is durable.
    pub(crate) fn session_written(&self, row: &Summary) {
        let mut state = self.state();
        if state.sessions.len() == SESSIONS_MAX {
            state.sessions.pop_front();
        }
        state.sessions.push_back(row.clone());
    }

    /// A row of `exceptions.csv` is durable. Rows may come in any order: the highest revision holds.
    pub(crate) fn exception_written(&self, row: &ExceptionRow) {
        let mut state = self.state();
        if row.kind == ExceptionKind::Withdrawn {
            let withdrawn = row.session_id.as_deref();
            state.sessions.retain(|session| Some(&*session.session_id) != withdrawn);
        }
        state.exceptions.written(row);
    }

    /// A row of `dismissals.csv` is durable.
    pub(crate) fn dismissed(&self, row: &Dismissal) {
        self.state().exceptions.dismiss(row);
    }

    /// A plate was erased from the files (G8).
    pub(crate) fn forget(&self, plate: &Plate) {
        let mut state = self.state();
        state.sessions.retain(|session| session.plate != *plate);
        state.exceptions.forget(plate);
    }

    /// What there is to look at: so many sessions and so many exceptions.
    pub(crate) fn glance(&self, sessions_max: usize, exceptions_max: usize) -> Glance {
        let state = self.state();
        let (overstays, overstays_all) = state.exceptions.overstays(OVERSTAYS_SHOWN);
        Glance {
            sessions: state.sessions.iter().rev().take(sessions_max).cloned().collect(),
            exceptions: state.exceptions.page(None, None, exceptions_max).0,
            counts: state.exceptions.counts(),
            overstays,
            overstays_all,
        }
    }

    /// A page of the exceptions to be looked at, of one kind or of all, behind `before`.
    pub(crate) fn list(
        &self,
        kind: Option<ExceptionKind>,
        before: Option<Cursor>,
        limit: usize,
    ) -> Listing {
        let state = self.state();
        let (rows, next) = state.exceptions.page(kind, before, limit);
        Listing {
            rows,
            next,
            counts: state.exceptions.counts(),
            unlisted: state.exceptions.unlisted(kind),
        }
    }

    /// The exceptions that hold of a plate, the oldest first.
    pub(crate) fn of(&self, plate: &Plate) -> Vec<Standing> {
        self.state().exceptions.of(plate)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
