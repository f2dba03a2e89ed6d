//! What could not be processed, for a person to look at: the seam. Each broker keeps its own.

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
    /// The message.
    pub body: Bytes,
}

/// Some of the dead letters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// All that lie there when it is asked.
    All,
    /// The one of that id.
    One(String),
}

impl Which {
    /// Whether the one of that id is meant.
    pub fn is(&self, id: &str) -> bool {
        match self {
            Self::All => true,
            Self::One(one) => one == id,
        }
    }
}

/// What was done, and what was left.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Handled {
    /// Replayed or discarded.
    pub done: usize,
    /// Meant, and left where it is: it does not say which queue it came from.
    pub homeless: usize,
}

/// The dead letters of a broker.
#[async_trait(?Send)]
pub trait DeadLetters {
    /// All of them, the oldest first, at most [`LOOKED_AT_MAX`].
    async fn list(&self) -> Result<Vec<DeadLetter>, BrokerError>;

    /// How many there are, without a look at them.
    async fn waiting(&self) -> Result<u64, BrokerError>;

    /// Puts them back into the queues they came from. Each is taken from here only when it is
    /// there: killed in between, it is in both places, and R1 sees to the rest.
    async fn replay(&self, which: &Which) -> Result<Handled, BrokerError>;

    /// Drops them for good.
    async fn discard(&self, which: &Which) -> Result<Handled, BrokerError>;
}

/// The queue of that name, where carpark has one: all of them share the dead letters, those that
/// other roles consume as well.
pub(super) fn queue_named(name: &str) -> Option<&'static str> {
    [ENTRY_QUEUE, EXIT_QUEUE, PING_QUEUE].into_iter().find(|queue| *queue == name)
}

/// The oldest first; of one moment in an order that stays the same.
pub(super) fn sort(letters: &mut [DeadLetter]) {
    letters.sort_by(|one, other| (&one.at, &one.id).cmp(&(&other.at, &other.id)));
}
