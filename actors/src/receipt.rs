//! The slip of paper that travels with an observation and comes back to its consumer: stored, or
//! not. Dropped on the way (a panic, a stopped actor, a mailbox that closed) it says "not stored",
//! so that no delivery can be forgotten between two actors (G3, G7).

use domain::Instant;
use platform::messaging::Tag;
use tokio::sync::mpsc;

/// What became of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Returned {
    /// The delivery's tag.
    pub tag: Tag,
    /// Whether its state and its outbox entry are durable.
    pub is_stored: bool,
    /// Not stored, and its actor was busy with it: it may be what the actor died of.
    pub is_suspect: bool,
}

/// See the module. Not `Clone`: there is one answer.
#[derive(Debug)]
pub struct Receipt {
    tag: Tag,
    /// Unbounded by type, bounded by the prefetch: one slip per unacknowledged delivery.
    consumer: Option<mpsc::UnboundedSender<Returned>>,
    /// Whether the plate's actor has begun with it.
    is_in_hand: bool,
}

impl Receipt {
    /// A slip for delivery `tag`.
    pub fn new(tag: Tag, consumer: mpsc::UnboundedSender<Returned>) -> Self {
        Self { tag, consumer: Some(consumer), is_in_hand: false }
    }

    /// The plate's actor begins with it.
    pub fn take_in_hand(&mut self) {
        self.is_in_hand = true;
    }

    /// The observation is durable, or was.
    pub fn stored(mut self) {
        self.answer(true);
    }

    fn answer(&mut self, is_stored: bool) {
        if let Some(consumer) = self.consumer.take() {
            // The consumer may be gone: then the broker delivers again anyway.
            let _ = consumer.send(Returned {
                tag: self.tag,
                is_stored,
                is_suspect: self.is_in_hand && !is_stored,
            });
        }
    }
}

impl Drop for Receipt {
    fn drop(&mut self) {
        self.answer(false);
    }
}

/// What the consumer tells of a delivery beside the observation.
#[derive(Debug)]
pub struct Arrival {
    /// For measuring the stages.
    pub received: tokio::time::Instant,
    /// Processing time, for the rules.
    pub now: Instant,
    /// Answers the delivery, once.
    pub receipt: Receipt,
}
