//! What is reported of observations that make no session, and of verdicts that changed.

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use crate::{Instant, Label, ObservationId, Plate};

/// The kinds of `exceptions.csv`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExceptionKind {
    /// R4: an exit without an entry.
    UnmatchedExit,
    /// R5: an entry followed by another entry.
    MissedExit,
    /// R7: open longer than `max_stay`.
    Overstay,
    /// R6: the exception reported of this observation no longer holds.
    Repaired,
    /// R6: the session's row in `summaries.csv` no longer holds.
    Withdrawn,
}

impl ExceptionKind {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::UnmatchedExit, Self::MissedExit, Self::Overstay, Self::Repaired, Self::Withdrawn];

    /// The kind of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// The name in the file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UnmatchedExit => "unmatched_exit",
            Self::MissedExit => "missed_exit",
            Self::Overstay => "overstay",
            Self::Repaired => "repaired",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// A row of `exceptions.csv`. All but `withdrawn` speak of an observation, `withdrawn` of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExceptionRow {
    /// Which kind of exception it is.
    pub kind: ExceptionKind,
    /// The plate that it is about.
    pub plate: Plate,
    /// The entry's time, where there is one.
    pub entry_at: Option<Instant>,
    /// The exit's time, where there is one.
    pub exit_at: Option<Instant>,
    /// The observation spoken of; none where a session is.
    pub observation_id: Option<ObservationId>,
    /// The session spoken of, or the one that came of a repaired observation.
    pub session_id: Option<CompactString>,
    /// The car park, as the reads name it.
    pub place: Label,
    /// The version of the plate's record at the verdict: of an observation, the row with the
    /// highest one holds.
    pub revision: u64,
    /// When the verdict was given, by the processor's clock.
    pub recorded_at: Instant,
    /// In words, for a person.
    pub reason: String,
}
