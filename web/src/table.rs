//! The tables, each in a file of its own, and what tells the rows of each apart.

use domain::wire::{EXCEPTIONS_HEADER, SUMMARIES_HEADER};
use uuid::{Uuid, uuid};

/// The first line of `dismissals.csv`.
const DISMISSALS_HEADER: &str =
    "kind,vehicle_plate,observation_id,session_id,revision,dismissed_at,reason";

/// Names the fingerprints of keys that are no UUID.
const FINGERPRINT_NAMESPACE: Uuid = uuid!("5ad8a6e0-25a0-4c0b-9b5f-5f0e6d3c7a41");

/// Length of a UUID as text, with its hyphens.
const UUID_TEXT_BYTES: usize = 36;

/// Which of the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Table {
    /// `summaries.csv`: one row per finished session.
    Summaries,
    /// `exceptions.csv`: one row per verdict that is no session.
    Exceptions,
    /// `dismissals.csv`: one row per exception that an operator has looked at and put aside.
    Dismissals,
}

/// What is remembered of a row to recognise it: 128 bits of its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Fingerprint(u128);

impl From<Uuid> for Fingerprint {
    fn from(id: Uuid) -> Self {
        Self(id.as_u128())
    }
}

impl Table {
    /// In the order of the files in a [`Journal`](crate::csv_writer::Journal).
    pub(crate) const ALL: [Self; 3] = [Self::Summaries, Self::Exceptions, Self::Dismissals];

    /// The file's name without its ending; the label of the metrics.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Summaries => "summaries",
            Self::Exceptions => "exceptions",
            Self::Dismissals => "dismissals",
        }
    }

    /// The name of the file that is written to.
    pub(crate) fn file_name(self) -> &'static str {
        match self {
            Self::Summaries => "summaries.csv",
            Self::Exceptions => "exceptions.csv",
            Self::Dismissals => "dismissals.csv",
        }
    }

    /// The first line, without its end.
    pub(crate) fn header(self) -> &'static str {
        match self {
            Self::Summaries => SUMMARIES_HEADER,
            Self::Exceptions => EXCEPTIONS_HEADER,
            Self::Dismissals => DISMISSALS_HEADER,
        }
    }

    /// Where it stands in [`Table::ALL`].
    pub(crate) fn index(self) -> usize {
        self as usize
    }

    /// Whether the feed tells of its rows.
    pub(crate) fn is_in_feed(self) -> bool {
        self != Self::Dismissals
    }

    /// How many cells a row has.
    pub(crate) fn columns(self) -> usize {
        self.header().split(',').count()
    }

    /// Which of them holds the plate.
    pub(crate) fn plate_column(self) -> usize {
        match self {
            Self::Summaries => 0,
            Self::Exceptions => 1,
            Self::Dismissals => 1,
        }
    }

    /// The fingerprint of a row, from its cells as they stand in the file; `None` where they are
    /// too many, too few, or name no key. One function for rows that come and rows that are read
    /// back, so that the two cannot disagree.
    pub(crate) fn fingerprint(self, cells: &[impl AsRef<[u8]>]) -> Option<Fingerprint> {
        match self {
            Self::Summaries => {
                let [_plate, _entry, _exit, _duration, session_id, _place, _repaired] = cells
                else {
                    return None;
                };
                let session_id = session_id.as_ref();
                (!session_id.is_empty()).then(|| Fingerprint::of(session_id))
            }
            Self::Exceptions => {
                let [kind, plate, _entry, _exit, observation_id, session_id, _place, revision, ..] =
                    cells
                else {
                    return None;
                };
                if cells.len() != 10 {
                    return None;
                }
                of_exception(kind, revision, plate, observation_id, session_id)
            }
            Self::Dismissals => {
                let [kind, plate, observation_id, session_id, revision, _at, _reason] = cells
                else {
                    return None;
                };
                of_exception(kind, revision, plate, observation_id, session_id)
            }
        }
    }
}

/// The parts of `ExceptionRow::key`, in its order.
fn of_exception<C: AsRef<[u8]>>(
    kind: &C,
    revision: &C,
    plate: &C,
    observation_id: &C,
    session_id: &C,
) -> Option<Fingerprint> {
    let subject = match observation_id.as_ref() {
        b"" => session_id.as_ref(),
        id => id,
    };
    let key = [kind.as_ref(), revision.as_ref(), plate.as_ref(), subject].join(&b':');
    (!subject.is_empty()).then(|| Fingerprint::of(&key))
}

impl Fingerprint {
    /// A UUID in its usual spelling is its own fingerprint. Any other spelling is another key,
    /// and is hashed like every text.
    fn of(key: &[u8]) -> Self {
        let is_usual = key.len() == UUID_TEXT_BYTES && !key.iter().any(u8::is_ascii_uppercase);
        match Uuid::try_parse_ascii(key) {
            Ok(uuid) if is_usual => Self(uuid.as_u128()),
            _ => Self(Uuid::new_v5(&FINGERPRINT_NAMESPACE, key).as_u128()),
        }
    }
}
