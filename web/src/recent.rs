//! What the rows said lately, in memory, for the pages: the last sessions, and the exceptions that
//! hold. Read back from the ends of the files at the start, told of each row that is written.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use domain::{ExceptionKind, ExceptionRow, Instant, Plate, Summary};

use crate::csv_writer::newest_rows;
use crate::dismissal::Dismissal;

/// Sessions that are remembered.
const SESSIONS_MAX: usize = 100;
/// Subjects of exceptions that are remembered, the newest ones (G6).
pub(crate) const EXCEPTIONS_MAX: usize = 10_000;
/// Rows of dismissals read back at the start.
const DISMISSALS_READ: usize = 2 * EXCEPTIONS_MAX;

/// The kinds that a person looks at, in the order they are shown.
pub(crate) const KINDS_SHOWN: [ExceptionKind; 4] = [
    ExceptionKind::Overstay,
    ExceptionKind::MissedExit,
    ExceptionKind::UnmatchedExit,
    ExceptionKind::Withdrawn,
];

/// What an exception speaks of: of a plate, the observation or the session.
type Subject = (Plate, String);

/// The row that holds of a subject.
#[derive(Debug, Clone)]
pub(crate) struct Standing {
    /// The one with the highest revision.
    pub(crate) row: ExceptionRow,
    /// Where an operator has put it aside.
    pub(crate) dismissed: Option<Dismissal>,
}

#[derive(Default)]
struct State {
    /// The newest last.
    sessions: VecDeque<Summary>,
    exceptions: BTreeMap<Subject, Standing>,
    /// The same by the time of the verdict: which one is to be forgotten next.
    by_time: BTreeSet<(Instant, Subject)>,
}

/// See the module.
#[derive(Default)]
pub(crate) struct Recent(Mutex<State>);

/// What there is to look at.
#[derive(Debug, Clone, Default)]
pub(crate) struct Glance {
    /// The newest first.
    pub(crate) sessions: Vec<Summary>,
    /// Not dismissed, the newest first.
    pub(crate) exceptions: Vec<ExceptionRow>,
    /// How many there are of each of [`KINDS_SHOWN`].
    pub(crate) counts: [usize; KINDS_SHOWN.len()],
    /// Stays that are too long, dismissed or not, the longest first.
    pub(crate) overstays: Vec<ExceptionRow>,
}

impl Recent {
    /// Reads the ends of the files of `dir`. Blocks.
    pub(crate) fn read(dir: &Path) -> io::Result<Self> {
        let recent = Self::default();
        for row in newest_rows::<Summary>(dir, SESSIONS_MAX)? {
            recent.session_written(&row);
        }
        for row in newest_rows::<ExceptionRow>(dir, EXCEPTIONS_MAX)? {
            recent.exception_written(&row);
        }
        for row in newest_rows::<Dismissal>(dir, DISMISSALS_READ)? {
            recent.dismissed(&row);
        }
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
        let subject = (row.plate.clone(), subject_of(row).to_owned());
        match state.exceptions.get(&subject) {
            Some(standing) if standing.row.revision > row.revision => return,
            Some(standing) => {
                let at = standing.row.recorded_at;
                state.by_time.remove(&(at, subject.clone()));
            }
            None => {}
        }
        state.by_time.insert((row.recorded_at, subject.clone()));
        state.exceptions.insert(subject, Standing { row: row.clone(), dismissed: None });
        while state.exceptions.len() > EXCEPTIONS_MAX {
            let Some((_, oldest)) = state.by_time.pop_first() else { break };
            state.exceptions.remove(&oldest);
        }
    }

    /// A row of `dismissals.csv` is durable.
    pub(crate) fn dismissed(&self, row: &Dismissal) {
        let mut state = self.state();
        let subject = (row.plate.clone(), row.subject().to_owned());
        if let Some(standing) = state.exceptions.get_mut(&subject)
            && (standing.row.kind, standing.row.revision) == (row.kind, row.revision)
        {
            standing.dismissed = Some(row.clone());
        }
    }

    /// A plate was erased from the files (G8).
    pub(crate) fn forget(&self, plate: &Plate) {
        let mut state = self.state();
        state.sessions.retain(|session| session.plate != *plate);
        state.exceptions.retain(|subject, _| subject.0 != *plate);
        state.by_time.retain(|(_, subject)| subject.0 != *plate);
    }

    /// What there is to look at: so many sessions and, where a kind is given of that kind alone,
    /// so many exceptions.
    pub(crate) fn glance(
        &self,
        sessions_max: usize,
        exceptions_max: usize,
        kind: Option<ExceptionKind>,
    ) -> Glance {
        let state = self.state();
        let mut glance = Glance {
            sessions: state.sessions.iter().rev().take(sessions_max).cloned().collect(),
            ..Glance::default()
        };
        for (_, subject) in state.by_time.iter().rev() {
            let Some(standing) = state.exceptions.get(subject) else { continue };
            let row = &standing.row;
            let Some(at) = KINDS_SHOWN.iter().position(|kind| *kind == row.kind) else { continue };
            if row.kind == ExceptionKind::Overstay {
                glance.overstays.push(row.clone());
            }
            if standing.dismissed.is_some() {
                continue;
            }
            glance.counts[at] += 1;
            let is_asked = kind.is_none_or(|kind| kind == row.kind);
            if is_asked && glance.exceptions.len() < exceptions_max {
                glance.exceptions.push(row.clone());
            }
        }
        glance.overstays.sort_by_key(|row| row.entry_at);
        glance
    }

    /// The exceptions that hold of a plate, the oldest first.
    pub(crate) fn of(&self, plate: &Plate) -> Vec<Standing> {
        let state = self.state();
        let begin = (plate.clone(), String::new());
        let of_plate = state.exceptions.range(begin..).take_while(|(s, _)| s.0 == *plate);
        let mut standing: Vec<Standing> = of_plate.map(|(_, standing)| standing.clone()).collect();
        standing.retain(|standing| KINDS_SHOWN.contains(&standing.row.kind));
        standing.sort_by_key(|standing| standing.row.recorded_at);
        standing
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The observation that a row speaks of, or the session.
pub(crate) fn subject_of(row: &ExceptionRow) -> &str {
    match &row.observation_id {
        Some(id) => id.as_str(),
        None => row.session_id.as_deref().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests;
