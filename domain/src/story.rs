//! What a record says, told to a person: every stay, every lone read.
//! Decides nothing: [`crate::timeline`] does.

use compact_str::CompactString;

use crate::known::Known;
use crate::record::Record;
use crate::timeline::{self, Due, Verdict};
use crate::{Direction, ExceptionKind, Instant, Plate, Policy};

/// What became of an entry, an exit, or both: the verdict in the words of a person who looks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct State(
    /// The kind of the lone read; `None` of a stay.
    pub Option<ExceptionKind>,
);

impl State {
    /// Inside: the last read is an entry.
    pub const OPEN: Self = Self(Some(ExceptionKind::Overstay));
    /// A stay (R3).
    pub const FINISHED: Self = Self(None);

    /// Each that a stay can have.
    pub fn all() -> impl Iterator<Item = Self> {
        let lone = ExceptionKind::LONE.into_iter().map(|kind| Self(Some(kind)));
        [Self::OPEN, Self::FINISHED].into_iter().chain(lone.filter(|state| *state != Self::OPEN))
    }

    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OPEN => "open",
            Self(None) => "finished",
            Self(Some(kind)) => kind.as_str(),
        }
    }

    /// The state of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::all().find(|state| state.as_str() == name)
    }
}

/// One stay, or what there is of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Chapter {
    /// What became of it.
    pub state: State,
    /// The read that stands for the entry.
    pub entry: Option<Known>,
    /// The read that stands for the exit.
    pub exit: Option<Known>,
    /// The name it is reported by (R9), of a finished stay.
    pub session_id: Option<CompactString>,
    /// Whether a row was reported of it that holds. Of an open stay: of its overstay (R7).
    pub is_reported: bool,
    /// What has to be read before it is reported: that kind of observation, up to that instant.
    pub waits_for: Option<(Direction, Instant)>,
}

impl Chapter {
    /// The exception that was reported of it.
    pub fn exception(&self) -> Option<ExceptionKind> {
        self.state.0.filter(|_| self.is_reported)
    }

    /// The entry, or the exit where there is none.
    pub fn known(&self) -> Option<&Known> {
        self.entry.as_ref().or(self.exit.as_ref())
    }

    /// Event time of the entry, or of the exit where there is none.
    pub fn begins_at(&self) -> Option<Instant> {
        self.known().map(|known| known.at)
    }

    /// Event time of the exit, or of the entry where there is none.
    pub fn ends_at(&self) -> Option<Instant> {
        self.exit.as_ref().or(self.entry.as_ref()).map(|known| known.at)
    }
}

/// The chapters of a plate, in event-time order.
pub fn story(plate: &Plate, record: &Record, policy: &Policy) -> Vec<Chapter> {
    let reported = |verdict: &Verdict| record.reported.contains(verdict);
    let mut chapters: Vec<Chapter> =
        timeline::verdicts(&record.observations, record.forgotten_until, policy)
            .into_iter()
            .map(|due_verdict| {
                let is_reported = reported(&due_verdict.verdict);
                let waits_for = match due_verdict.due {
                    _ if is_reported => None,
                    Due::AtOnce => None,
                    Due::OnEntries(at) => Some((Direction::Entry, at)),
                    Due::OnExits(at) => Some((Direction::Exit, at)),
                };
                chapter(plate, record, due_verdict.verdict, is_reported, waits_for)
            })
            .collect();
    chapters.sort_by_key(Chapter::begins_at);
    chapters
}

fn chapter(
    plate: &Plate,
    record: &Record,
    verdict: Verdict,
    is_reported: bool,
    waits_for: Option<(Direction, Instant)>,
) -> Chapter {
    let (state, entry, exit) = match verdict {
        Verdict::Session(entry, exit) => (None, record.known(entry), record.known(exit)),
        Verdict::Lone(kind, read) => {
            let known = record.known(read);
            let of = |direction| known.filter(|known| known.direction == direction);
            (Some(kind), of(Direction::Entry), of(Direction::Exit))
        }
    };
    let session_id = match (verdict, entry, exit) {
        (Verdict::Session(..), Some(entry), Some(exit)) => {
            Some(record.session_id(plate, entry, exit))
        }
        _ => None,
    };
    let (entry, exit) = (entry.cloned(), exit.cloned());
    Chapter { state: State(state), entry, exit, session_id, is_reported, waits_for }
}

#[cfg(test)]
mod tests;
