//! What a record says, told to a person: every stay, every lone read, and why it is judged as it is.
//! Decides nothing: [`crate::timeline`] does.

use compact_str::CompactString;

use crate::record::{Known, Record};
use crate::timeline::{self, Due, Verdict};
use crate::{Instant, Kind, Plate, Policy};

/// What became of an entry, an exit, or both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// Inside: the last read is an entry.
    Open,
    /// A stay (R3).
    Finished,
    /// An exit without an entry (R4).
    UnmatchedExit,
    /// An entry that was followed by an entry (R5).
    MissedExit,
}

impl State {
    const ALL: [Self; 4] = [Self::Open, Self::Finished, Self::UnmatchedExit, Self::MissedExit];

    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Finished => "finished",
            Self::UnmatchedExit => "unmatched_exit",
            Self::MissedExit => "missed_exit",
        }
    }

    /// The state of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
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
    pub waits_for: Option<(Kind, Instant)>,
    /// Why it is judged so, in words.
    pub why: String,
}

impl Chapter {
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
            .map(|standing| {
                let is_reported = reported(&standing.verdict);
                let waits_for = match standing.due {
                    _ if is_reported => None,
                    Due::AtOnce => None,
                    Due::OnEntries(at) => Some((Kind::Entry, at)),
                    Due::OnExits(at) => Some((Kind::Exit, at)),
                };
                chapter(plate, record, standing.verdict, is_reported, waits_for)
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
    waits_for: Option<(Kind, Instant)>,
) -> Chapter {
    let (state, entry, exit) = match verdict {
        Verdict::Session(entry, exit) => (State::Finished, record.known(entry), record.known(exit)),
        Verdict::UnmatchedExit(exit) => (State::UnmatchedExit, None, record.known(exit)),
        Verdict::MissedExit(entry) => (State::MissedExit, record.known(entry), None),
        Verdict::Overstay(entry) => (State::Open, record.known(entry), None),
    };
    let session_id = match (verdict, entry, exit) {
        (Verdict::Session(..), Some(entry), Some(exit)) => {
            Some(record.session_id(plate, entry, exit))
        }
        _ => None,
    };
    let why = why(state, is_reported, waits_for);
    let (entry, exit) = (entry.cloned(), exit.cloned());
    Chapter { state, entry, exit, session_id, is_reported, waits_for, why }
}

fn why(state: State, is_reported: bool, waits_for: Option<(Kind, Instant)>) -> String {
    let until = waits_for.map(|(kind, at)| {
        let reads = match kind {
            Kind::Entry => "entries",
            Kind::Exit => "exits",
        };
        let at = crate::wire::format_time(at);
        format!("once all {reads} up to {at} have been read")
    });
    let what = match (state, is_reported) {
        (State::Open, true) => "nothing was read after this entry for longer than max_stay (R7)",
        (State::Open, false) => "nothing was read after this entry",
        (State::Finished, _) => "the exit is the next read after the entry in event time (R3)",
        (State::UnmatchedExit, _) => "there is no entry directly before this exit (R4)",
        (State::MissedExit, _) => "another entry follows directly, with no exit in between (R5)",
    };
    match until {
        Some(until) if state == State::Open => {
            format!("{what}; it will be reported as an overstay {until}")
        }
        Some(until) => format!("{what}; it will be reported {until}"),
        None => what.to_owned(),
    }
}

#[cfg(test)]
mod tests;
