//! What is reported of observations that make no session, and of verdicts that changed.

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use crate::{Instant, ObservationId, PlaceName, Plate};

/// The kinds of `exceptions.csv`. What there is to say of one stands in [`ExceptionKind::facts`] and
/// nowhere else: files, messages, pages and descriptions take their words from there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExceptionKind {
    /// R4: an exit without an entry.
    UnmatchedExit,
    /// R5: an entry followed by another entry.
    MissedExit,
    /// R7: open longer than `max_stay`. Before that, the verdict on whoever is inside.
    Overstay,
    /// R6: the exception reported of this observation no longer holds.
    Repaired,
    /// R6: the session's row in `summaries.csv` no longer holds.
    Withdrawn,
}

/// What there is to say of a kind of exception.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// The name in files, messages, metrics and addresses.
    pub code: &'static str,
    /// The rule that it comes of.
    pub rule: &'static str,
    /// One of them, as a page says it.
    pub one: &'static str,
    /// Several of them.
    pub many: &'static str,
    /// The reason in its row; `{max_stay}` stands for that setting.
    pub reason: &'static str,
    /// Why a read is judged so, told to a person who asks.
    pub finding: &'static str,
}

impl ExceptionKind {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::UnmatchedExit, Self::MissedExit, Self::Overstay, Self::Repaired, Self::Withdrawn];
    /// Those that are a verdict on a lone read. The others take back what was reported.
    pub const LONE: [Self; 3] = [Self::UnmatchedExit, Self::MissedExit, Self::Overstay];
    /// Those that a person looks at, in the order they are shown.
    pub const TO_REVIEW: [Self; 4] =
        [Self::Overstay, Self::MissedExit, Self::UnmatchedExit, Self::Withdrawn];

    /// The one table.
    pub fn facts(self) -> &'static Facts {
        match self {
            Self::UnmatchedExit => &Facts {
                code: "unmatched_exit",
                rule: "R4",
                one: "Unmatched exit",
                many: "Unmatched exits",
                reason: "no entry was read before this exit",
                finding: "there is no entry directly before this exit (R4)",
            },
            Self::MissedExit => &Facts {
                code: "missed_exit",
                rule: "R5",
                one: "Missed exit",
                many: "Missed exits",
                reason: "entered again without an exit in between",
                finding: "another entry follows directly, with no exit in between (R5)",
            },
            Self::Overstay => &Facts {
                code: "overstay",
                rule: "R7",
                one: "Overstay",
                many: "Overstays",
                reason: "open for longer than {max_stay}",
                finding: "nothing was read after this entry",
            },
            Self::Repaired => &Facts {
                code: "repaired",
                rule: "R6",
                one: "Repaired",
                many: "Repaired",
                reason: "no longer so after another read of the plate",
                finding: "",
            },
            Self::Withdrawn => &Facts {
                code: "withdrawn",
                rule: "R6",
                one: "Withdrawn",
                many: "Withdrawn",
                reason: "a read that arrived late changed the pairing",
                finding: "",
            },
        }
    }

    /// The kind of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// The name in the file.
    pub fn as_str(self) -> &'static str {
        self.facts().code
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
    pub place: PlaceName,
    /// The version of the plate's record at the verdict: of an observation, the row with the
    /// highest one holds.
    pub revision: u64,
    /// When the verdict was given, by the processor's clock.
    pub recorded_at: Instant,
    /// In words, for a person.
    pub reason: String,
}
