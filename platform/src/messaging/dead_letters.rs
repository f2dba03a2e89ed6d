//! What could not be processed, for a person to look at: the seam. Each broker keeps its own.

use std::collections::BTreeSet;

use async_trait::async_trait;
use bytes::Bytes;
use domain::wire::ping::PING_QUEUE;
use domain::wire::{ENTRY_QUEUE, EXIT_QUEUE};

use super::BrokerError;

/// Most dead letters that are looked at in one go (G6).
pub const LOOKED_AT_MAX: usize = 10_000;

/// A message that could not be processed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// Names it; the same as long as it lies there.
    pub id: String,
    /// The queue it came from; `None` where nobody said so, then it cannot be replayed.
    pub from: Option<&'static str>,
    /// Why it is here: a rejection's words (R8), or what the broker says, such as `delivery_limit`.
    pub reason: String,
    /// Since when, RFC 3339; empty where nobody said so.
    pub at: String,
    /// The message, as it was published.
    pub body: Bytes,
}

/// Some of the dead letters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// All that lie there when it is asked.
    All,
    /// Those of these ids.
    These(BTreeSet<String>),
}

impl Which {
    /// The one of that id.
    pub fn one(id: String) -> Self {
        Self::These(BTreeSet::from([id]))
    }

    /// Whether the one of that id is meant.
    pub fn is(&self, id: &str) -> bool {
        match self {
            Self::All => true,
            Self::These(ids) => ids.contains(id),
        }
    }
}

/// What was done, and what was left: true when it is answered.
#[derive(Debug, Clone, Default)]
pub struct Handled {
    /// Replayed or discarded: confirmed, and no dead letters any more.
    pub done: usize,
    /// Meant, and left where it is: it does not say which queue it came from.
    pub homeless: usize,
    /// How many lie there now, those that came meanwhile included; `None` where that could not be
    /// asked any more.
    pub left: Option<usize>,
    /// Why it went no further. What was under way then may be among the dead letters still, or not.
    pub stopped: Option<BrokerError>,
}

/// The dead letters of a broker. They are handled in pages, so that memory is bounded however many
/// there are (G6).
#[async_trait(?Send)]
pub trait DeadLetters {
    /// Shows each of them, in the order in which they lie there, at most [`LOOKED_AT_MAX`]. Answers
    /// how many there are.
    async fn look(&self, see: &mut dyn FnMut(DeadLetter)) -> Result<usize, BrokerError>;

    /// How many there are, without a look at them.
    async fn waiting(&self) -> Result<u64, BrokerError>;

    /// Puts them back into the queues they came from. Each is taken from here only when it is
    /// there: killed in between, it is in both places, and R1 sees to the rest. One that comes back
    /// while this goes on is not replayed again. An error: nothing was begun.
    async fn replay(&self, which: &Which) -> Result<Handled, BrokerError>;

    /// Drops them for good. An error: nothing was begun.
    async fn discard(&self, which: &Which) -> Result<Handled, BrokerError>;
}

/// The queues that share the dead letters, those that other roles consume as well.
pub(super) const HOMES: [&str; 3] = [ENTRY_QUEUE, EXIT_QUEUE, PING_QUEUE];

/// The queue of that name, where carpark has one.
pub(super) fn queue_named(name: &str) -> Option<&'static str> {
    HOMES.into_iter().find(|queue| *queue == name)
}
