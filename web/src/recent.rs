//! What the pages know: who is inside, what came and went in the last hour, the last sessions, and the
//! exceptions that hold. Made of what the feed tells ([`reading`]), in memory; at the start, of the files'
//! rows and of a [`checkpoint`].

mod checkpoint;
mod inside;
mod looking;
mod minutes;
mod places;
mod reading;
mod standings;

use std::collections::{HashMap, VecDeque};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::{Effect, ExceptionKind, ExceptionRow, Instant, Plate, Summary};
use tokio::sync::{Notify, watch};

use crate::csv_writer::{each_row, newest_rows};
use crate::dismissal::Dismissal;
use inside::{Inside, STAYS_MAX, Stay};
pub(crate) use looking::{Glance, Most, OpenStay, Standing, Which};
use minutes::{Minutes, Passage};
pub(crate) use minutes::{Passed, minute_of};
use places::{PlaceNo, Places};
pub(crate) use reading::{PAGES_READER, PagesFeed, PagesReader};
pub(crate) use standings::{Counts, Cursor};
use standings::{ROWS_MAX, Standings};

/// Sessions that are remembered.
const SESSIONS_MAX: usize = 100;
/// The same of each place.
const SESSIONS_OF_PLACE_MAX: usize = 15;
/// Rows that are looked through for them at the start.
const SESSIONS_READ: usize = 10_000;
/// Erasures that are remembered: what was read of the feed before one of them may still be on its way.
const ERASURES_MAX: usize = 1_000;

struct State {
    places: Places,
    inside: Inside,
    minutes: Minutes,
    /// The last sessions, the newest last.
    sessions: VecDeque<Arc<Summary>>,
    sessions_of: HashMap<PlaceNo, VecDeque<Arc<Summary>>>,
    exceptions: Standings,
    /// Everything up to here is taken; none: from the first event on.
    position: Option<u64>,
    /// The rows up to here were read from the files.
    rows_to: u64,
    /// How many plates were erased, and the last of them.
    erasures: u64,
    erased: VecDeque<(u64, Plate)>,
}

/// See the module: told by the reader of the feed, looked at by the pages.
pub(crate) struct Recent {
    state: Mutex<State>,
    /// The position that is taken: 0 before there is one.
    reached: watch::Sender<u64>,
    /// Somebody waits for what was told last.
    wanted: Notify,
    /// Where the checkpoint is; none: it is kept nowhere.
    checkpoint: Option<PathBuf>,
    /// One writes it at a time.
    keeping: Mutex<()>,
}

impl Default for Recent {
    fn default() -> Self {
        Self::with_rows_max(ROWS_MAX)
    }
}

impl Recent {
    /// Of nothing; lists at most so many exceptions (and counts all).
    fn with_rows_max(rows_max: usize) -> Self {
        let state = State {
            places: Places::default(),
            inside: Inside::new(STAYS_MAX),
            minutes: Minutes::default(),
            sessions: VecDeque::new(),
            sessions_of: HashMap::new(),
            exceptions: Standings::new(rows_max),
            position: None,
            rows_to: 0,
            erasures: 0,
            erased: VecDeque::new(),
        };
        let (reached, _) = watch::channel(0);
        let (state, keeping) = (Mutex::new(state), Mutex::new(()));
        Self { state, reached, wanted: Notify::new(), checkpoint: None, keeping }
    }

    /// Reads the files of `dir`, which hold what the feed tells up to `last`: the last sessions, all that
    /// they tell of exceptions, and the checkpoint. Blocks.
    pub(crate) fn read(dir: &Path, last: u64) -> io::Result<Self> {
        let mut recent = Self { checkpoint: Some(checkpoint::in_dir(dir)), ..Self::default() };
        {
            let mut state = recent.state();
            for row in newest_rows::<Summary>(dir, SESSIONS_READ)? {
                state.session_written(&row);
            }
            each_row::<ExceptionRow>(dir, |row| state.exception_written(&row))?;
            each_row::<Dismissal>(dir, |row| state.exceptions.dismiss(&row))?;
            state.rows_to = last;
        }
        recent.take_up(last);
        Ok(recent)
    }

    /// A row of `dismissals.csv` is durable.
    pub(crate) fn dismissed(&self, row: &Dismissal) {
        self.state().exceptions.dismiss(row);
    }

    /// A plate was erased (G8), or is about to be: it is gone from here when this returns, and from the
    /// checkpoint. Blocks.
    pub(crate) fn forget(&self, plate: &Plate) -> io::Result<()> {
        let was_inside = {
            let mut state = self.state();
            for sessions in state.sessions_of.values_mut() {
                sessions.retain(|session| session.plate != *plate);
            }
            state.sessions.retain(|session| session.plate != *plate);
            state.exceptions.forget(plate);
            state.erasures += 1;
            let number = state.erasures;
            state.erased.push_back((number, plate.clone()));
            if state.erased.len() > ERASURES_MAX {
                state.erased.pop_front();
            }
            state.inside.forget(plate)
        };
        // Whether it is in the checkpoint without being inside any more, nobody knows.
        let is_kept = was_inside || self.checkpoint_names(plate);
        if is_kept { self.keep() } else { Ok(()) }
    }

    /// Whether everything is taken that the feed had at the start.
    pub(crate) fn is_caught_up(&self) -> bool {
        let state = self.state();
        state.position.unwrap_or(0) >= state.rows_to
    }

    /// Returns when the feed is taken up to `last`.
    pub(crate) async fn reaches(&self, last: u64) {
        let mut reached = self.reached.subscribe();
        if *reached.borrow_and_update() < last {
            self.wanted.notify_one();
            let _reached = reached.wait_for(|at| *at >= last).await;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn session_written(&mut self, row: &Summary) {
        let place = self.places.number(&row.place);
        // Where it came from is shown nowhere.
        let row = Arc::new(Summary { origin: None, ..row.clone() });
        let of_place = self.sessions_of.entry(place).or_default();
        for (sessions, most) in
            [(&mut self.sessions, SESSIONS_MAX), (of_place, SESSIONS_OF_PLACE_MAX)]
        {
            if sessions.len() == most {
                sessions.pop_front();
            }
            sessions.push_back(Arc::clone(&row));
        }
    }

    /// Rows may come in any order: the highest revision holds.
    fn exception_written(&mut self, row: &ExceptionRow) {
        if row.kind == ExceptionKind::Withdrawn {
            let withdrawn = row.session_id.as_deref();
            let still = |session: &Arc<Summary>| Some(&*session.session_id) != withdrawn;
            self.sessions.retain(still);
            self.sessions_of.values_mut().for_each(|sessions| sessions.retain(still));
        }
        let place = self.places.number(&row.place);
        self.exceptions.written(row, place);
    }

    /// Takes in what was told at `position`.
    fn told(&mut self, position: u64, told: &Effect, now: Instant) {
        match told {
            Effect::Opened(opening) => {
                let (at, place) = (opening.entry_at, self.places.number(&opening.place));
                let entry = opening.observation_id.clone();
                self.inside.opened(Stay { plate: opening.plate.clone(), entry, at, place });
                self.minutes.passed(Passage::Entry, at, place, now);
            }
            Effect::Summary(summary) => {
                let place = self.places.number(&summary.place);
                let origin = summary.origin.as_ref();
                let was_open =
                    origin.is_some_and(|of| self.inside.closed(&summary.plate, &of.entry_id));
                if !was_open {
                    self.minutes.passed(Passage::Entry, summary.entry_at, place, now);
                }
                let left = origin.map_or(&summary.place, |origin| &origin.exit_place);
                let left = self.places.number(left);
                self.minutes.passed(Passage::Exit, summary.exit_at, left, now);
                if position > self.rows_to {
                    self.session_written(summary);
                }
            }
            Effect::Exception(row) => {
                let place = self.places.number(&row.place);
                let passages = match row.kind {
                    ExceptionKind::UnmatchedExit => [None, Some(Passage::Exit)],
                    // Of an exit: it is part of a session, which counts it.
                    ExceptionKind::Repaired => [None, Some(Passage::NoExit)],
                    // What comes instead is told of anew.
                    ExceptionKind::Withdrawn => [Some(Passage::NoEntry), Some(Passage::NoExit)],
                    _ => [None, None],
                };
                for (passage, at) in passages.into_iter().zip([row.entry_at, row.exit_at]) {
                    if let (Some(passage), Some(at)) = (passage, at) {
                        self.minutes.passed(passage, at, place, now);
                    }
                }
                if position > self.rows_to {
                    self.exception_written(row);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
