//! An operator has looked at an exception and puts it aside. The exception stays in
//! `exceptions.csv`, whose rows are the contract; the dismissal hides it from the list of what is
//! to be looked at. It is a row of its own in `dismissals.csv`: durable as every row is, erased
//! with its plate, and there once for all processors, as the files are.
//!
//! It speaks of one verdict: kind and revision. Should the plate's reads say so anew, that is
//! another verdict, and it is shown again.

use std::borrow::Cow;

use domain::wire::{Unsavable, format_time, parse_time};
use domain::{ExceptionKind, ExceptionRow, Instant, ObservationId, Plate, Reason};
use serde::{Deserialize, Serialize};

use crate::cell::{guard, guard_words, unguard, unguard_words};
use crate::fact::Fact;
use crate::row::{Lines, Posted, Row};
use crate::table::Table;

/// A row of `dismissals.csv`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dismissal {
    /// Kind of the exception that was put aside.
    pub kind: ExceptionKind,
    /// Plate of that exception.
    pub plate: Plate,
    /// Of the exception; none where it speaks of a session.
    pub observation_id: Option<ObservationId>,
    /// Session that the exception speaks of, if any.
    pub session_id: Option<String>,
    /// Revision of that exception.
    pub revision: u64,
    /// When the operator put it aside.
    pub dismissed_at: Instant,
    /// Why the operator put it aside.
    pub reason: Reason,
}

/// How it is told.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct DismissalMessage {
    kind: ExceptionKind,
    vehicle_plate: String,
    observation_id: Option<String>,
    session_id: Option<String>,
    revision: u64,
    dismissed_at: String,
    reason: String,
}

impl Dismissal {
    /// Puts that exception aside.
    pub(crate) fn of(row: &ExceptionRow, dismissed_at: Instant, reason: Reason) -> Self {
        Self {
            kind: row.kind,
            plate: row.plate.clone(),
            observation_id: row.observation_id.clone(),
            session_id: row.session_id.as_ref().map(ToString::to_string),
            revision: row.revision,
            dismissed_at,
            reason,
        }
    }

    /// What it speaks of: the observation, or the session.
    pub(crate) fn subject(&self) -> &str {
        match &self.observation_id {
            Some(id) => id.as_str(),
            None => self.session_id.as_deref().unwrap_or_default(),
        }
    }
}

impl From<&Dismissal> for DismissalMessage {
    fn from(row: &Dismissal) -> Self {
        Self {
            kind: row.kind,
            vehicle_plate: row.plate.to_string(),
            observation_id: row.observation_id.as_ref().map(ToString::to_string),
            session_id: row.session_id.clone(),
            revision: row.revision,
            dismissed_at: format_time(row.dismissed_at),
            reason: row.reason.to_string(),
        }
    }
}

impl TryFrom<&DismissalMessage> for Dismissal {
    type Error = Unsavable;

    fn try_from(message: &DismissalMessage) -> Result<Self, Unsavable> {
        let id = |id: &String| {
            ObservationId::parse(id).map_err(|e| Unsavable::Text("observation_id", e))
        };
        Ok(Self {
            kind: message.kind,
            plate: Plate::parse(&message.vehicle_plate)?,
            observation_id: message.observation_id.as_ref().map(id).transpose()?,
            session_id: message.session_id.clone(),
            revision: message.revision,
            dismissed_at: parse_time(&message.dismissed_at)
                .ok_or(Unsavable::Time("dismissed_at"))?,
            reason: Reason::parse(&message.reason).map_err(|e| Unsavable::Text("reason", e))?,
        })
    }
}

impl Posted for Dismissal {
    type Message = DismissalMessage;
    const KEY_NAME: &'static str = "key";

    fn key(&self) -> String {
        format!("{}:{}:{}:{}", self.kind.as_str(), self.revision, self.plate, self.subject())
    }

    fn lines(posted: &[Self]) -> Lines {
        Lines::of(posted)
    }
}

impl Row for Dismissal {
    const TABLE: Table = Table::Dismissals;

    fn fact(&self) -> Option<Fact> {
        None
    }

    fn cells(&self) -> Vec<Cow<'_, str>> {
        vec![
            self.kind.as_str().into(),
            guard(self.plate.as_str()),
            self.observation_id.as_ref().map_or_else(Cow::default, |id| guard(id.as_str())),
            self.session_id.as_deref().map_or_else(Cow::default, guard),
            self.revision.to_string().into(),
            format_time(self.dismissed_at).into(),
            guard_words(self.reason.as_str()),
        ]
    }

    fn from_cells(cells: &[&str]) -> Option<Self> {
        let [kind, plate, observation_id, session_id, revision, dismissed_at, reason] = cells
        else {
            return None;
        };
        let optional = |cell: &str| (!cell.is_empty()).then(|| unguard(cell).into_owned());
        let message = DismissalMessage {
            kind: ExceptionKind::parse(kind)?,
            vehicle_plate: unguard(plate).into_owned(),
            observation_id: optional(observation_id),
            session_id: optional(session_id),
            revision: revision.parse().ok()?,
            dismissed_at: (*dismissed_at).to_owned(),
            reason: unguard_words(reason).into_owned(),
        };
        Self::try_from(&message).ok()
    }
}
