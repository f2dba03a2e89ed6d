//! What a decision asks the world to do: the closed list.

use crate::{ExceptionRow, Opening, Plate, Summary};

/// Something to be reported. Effects go into the outbox in the same commit as the record (G2),
/// and from there to the sink until it has answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// An entry stands open.
    Opened(Opening),
    /// A session has ended (R3).
    Summary(Summary),
    /// An observation makes no session, or a verdict changed (R4 to R7).
    Exception(ExceptionRow),
}

impl Effect {
    /// The plate that it is about.
    pub fn plate(&self) -> &Plate {
        match self {
            Self::Opened(opening) => &opening.plate,
            Self::Summary(summary) => &summary.plate,
            Self::Exception(row) => &row.plate,
        }
    }

    /// A name for this report that every retry of it shares and no other report has: the
    /// outbox's key and the sink's.
    pub fn key(&self) -> String {
        match self {
            Self::Opened(opening) => opening.key(),
            Self::Summary(summary) => summary.session_id.to_string(),
            Self::Exception(row) => row.key(),
        }
    }
}

impl Opening {
    /// `opened:revision:plate:observation`. A stay that is open again after it was closed is told
    /// again, by another revision.
    pub fn key(&self) -> String {
        format!("opened:{}:{}:{}", self.revision, self.plate, self.observation_id)
    }
}

impl ExceptionRow {
    /// `kind:revision:plate:subject`, the subject being the observation or the session. The plate
    /// is part of it because ids are the publisher's: two plates must not share a report because
    /// a camera counts from one after each restart.
    pub fn key(&self) -> String {
        let subject = match (&self.observation_id, &self.session_id) {
            (Some(id), _) => id.as_str(),
            (None, Some(id)) => id.as_str(),
            (None, None) => "",
        };
        format!("{}:{}:{}:{subject}", self.kind.as_str(), self.revision, self.plate)
    }
}
