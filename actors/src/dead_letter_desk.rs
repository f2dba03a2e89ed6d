//! Serves a person who looks at the dead letters.
//!
//! Owns: nothing; the broker keeps them.
//! Hears: [`List`], [`Replay`], [`Discard`], from the routes of [`crate::admin`].
//! Tells: the broker ([`DeadLetters`]).
//! Never: serves two requests at a time: each look holds all the letters there are.

use std::rc::Rc;

use actix::{Actor, AtomicResponse, Context, Handler, Message, WrapFuture};
use tracing::info;

use crate::broker::BrokerError;
use crate::broker::dead_letters::{DeadLetter, DeadLetters, Handled, Which};

/// Requests that wait for one before them.
const MAILBOX: usize = 16;

/// All dead letters, the oldest first.
#[derive(Debug, Message)]
#[rtype(result = "Result<Vec<DeadLetter>, BrokerError>")]
pub struct List;

/// Put these back into their queues.
#[derive(Debug, Message)]
#[rtype(result = "Result<Handled, BrokerError>")]
pub struct Replay(pub Which);

/// Drop these.
#[derive(Debug, Message)]
#[rtype(result = "Result<Handled, BrokerError>")]
pub struct Discard(pub Which);

/// See the module.
pub struct DeadLetterDesk {
    letters: Rc<dyn DeadLetters>,
}

impl DeadLetterDesk {
    /// For the dead letters of a broker.
    pub fn new(letters: Rc<dyn DeadLetters>) -> Self {
        Self { letters }
    }
}

impl Actor for DeadLetterDesk {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        context.set_mailbox_capacity(MAILBOX);
    }
}

impl Handler<List> for DeadLetterDesk {
    type Result = AtomicResponse<Self, Result<Vec<DeadLetter>, BrokerError>>;

    fn handle(&mut self, List: List, _: &mut Self::Context) -> Self::Result {
        let letters = Rc::clone(&self.letters);
        AtomicResponse::new(Box::pin(async move { letters.list().await }.into_actor(self)))
    }
}

impl Handler<Replay> for DeadLetterDesk {
    type Result = AtomicResponse<Self, Result<Handled, BrokerError>>;

    fn handle(&mut self, Replay(which): Replay, _: &mut Self::Context) -> Self::Result {
        let letters = Rc::clone(&self.letters);
        let replay = async move {
            letters.replay(&which).await.inspect(|handled| {
                info!(dead_letters = handled.done, "dead letters replayed");
            })
        };
        AtomicResponse::new(Box::pin(replay.into_actor(self)))
    }
}

impl Handler<Discard> for DeadLetterDesk {
    type Result = AtomicResponse<Self, Result<Handled, BrokerError>>;

    fn handle(&mut self, Discard(which): Discard, _: &mut Self::Context) -> Self::Result {
        let letters = Rc::clone(&self.letters);
        let discard = async move {
            letters.discard(&which).await.inspect(|handled| {
                info!(dead_letters = handled.done, "dead letters discarded");
            })
        };
        AtomicResponse::new(Box::pin(discard.into_actor(self)))
    }
}
