//! The slip of paper that travels with an observation and comes back to who sent it: stored, or
//! not. Dropped on the way (a panic, a stopped actor, a mailbox that closed) it says "not stored",
//! so that no delivery can be forgotten between two actors (G3, G7).

use domain::Instant;
use platform::messaging::Tag;
use tokio::sync::{mpsc, oneshot};

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

/// Who is to be answered.
#[derive(Debug)]
enum Sender {
    /// A consumer, about a delivery. Unbounded by type, bounded by the prefetch: one slip per
    /// unacknowledged delivery.
    Consumer(Tag, mpsc::UnboundedSender<Returned>),
    /// One who saw the vehicle and waits to hear whether it is stored.
    Person(oneshot::Sender<bool>),
}

/// See the module. Not `Clone`: there is one answer.
#[derive(Debug)]
pub struct Receipt {
    /// Until it is answered.
    sender: Option<Sender>,
    /// Whether the plate's actor has begun with it.
    is_in_hand: bool,
}

impl Receipt {
    /// A slip for delivery `tag`.
    pub fn of_delivery(tag: Tag, consumer: mpsc::UnboundedSender<Returned>) -> Self {
        Self { sender: Some(Sender::Consumer(tag, consumer)), is_in_hand: false }
    }

    /// A slip for what a person saw.
    pub fn of_person(person: oneshot::Sender<bool>) -> Self {
        Self { sender: Some(Sender::Person(person)), is_in_hand: false }
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
        match self.sender.take() {
            Some(Sender::Consumer(tag, consumer)) => {
                let is_suspect = self.is_in_hand && !is_stored;
                // The consumer may be gone: then the broker delivers again anyway.
                let _ = consumer.send(Returned { tag, is_stored, is_suspect });
            }
            // Who asked may have gone.
            Some(Sender::Person(person)) => drop(person.send(is_stored)),
            None => {}
        }
    }
}

impl Drop for Receipt {
    fn drop(&mut self) {
        self.answer(false);
    }
}

/// What is told of an observation's arrival beside it.
#[derive(Debug)]
pub struct Arrival {
    /// For measuring the stages.
    pub received: tokio::time::Instant,
    /// Processing time, for the rules.
    pub now: Instant,
    /// Answers who sent it, once.
    pub receipt: Receipt,
}
