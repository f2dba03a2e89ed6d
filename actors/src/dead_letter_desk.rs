//! Serves a person who looks at the dead letters.
//!
//! Owns: nothing; the broker keeps them.
//! Hears: [`List`], [`Replay`], [`Discard`], from the routes of [`crate::admin`]; [`Count`], from
//! itself.
//! Tells: the broker ([`DeadLetters`]), and the metrics how many there are.
//! Never: serves two requests at a time: each look holds all the letters there are.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix::{
    Actor, ActorFutureExt, AsyncContext, AtomicResponse, Context, Handler, Message, WrapFuture,
};
use tracing::{info, warn};

use crate::broker::BrokerError;
use crate::broker::dead_letters::{DeadLetter, DeadLetters, Handled, Which};
use crate::metrics::Metrics;

/// Requests that wait for one before them.
const MAILBOX: usize = 16;
/// How often they are counted.
const COUNT_EVERY: Duration = Duration::from_secs(5);

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

/// How many are there now?
#[derive(Debug, Message)]
#[rtype(result = "()")]
struct Count;

/// See the module.
pub struct DeadLetterDesk {
    letters: Rc<dyn DeadLetters>,
    /// Shows how many there are.
    metrics: Arc<Metrics>,
    /// Whether the last count failed: what is logged is the change.
    is_blind: bool,
}

impl DeadLetterDesk {
    /// For the dead letters of a broker.
    pub fn new(letters: Rc<dyn DeadLetters>, metrics: Arc<Metrics>) -> Self {
        Self { letters, metrics, is_blind: false }
    }

    fn counted(&mut self, counted: Result<u64, BrokerError>) {
        match counted {
            Ok(count) => {
                self.is_blind = false;
                self.metrics.dead_letters_waiting.set(i64::try_from(count).unwrap_or(i64::MAX));
            }
            // The last count stays: that nobody answers, the queues say.
            Err(e) if !self.is_blind => {
                self.is_blind = true;
                warn!(error = %e, "the dead letters cannot be counted");
            }
            Err(_) => {}
        }
    }
}

impl Actor for DeadLetterDesk {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        context.set_mailbox_capacity(MAILBOX);
        context.notify(Count);
        context.run_interval(COUNT_EVERY, |_, context| context.notify(Count));
    }
}

impl Handler<Count> for DeadLetterDesk {
    type Result = AtomicResponse<Self, ()>;

    fn handle(&mut self, Count: Count, _: &mut Self::Context) -> Self::Result {
        let letters = Rc::clone(&self.letters);
        let count = async move { letters.waiting().await };
        AtomicResponse::new(Box::pin(
            count.into_actor(self).map(|counted, desk, _| desk.counted(counted)),
        ))
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

    fn handle(&mut self, Replay(which): Replay, context: &mut Self::Context) -> Self::Result {
        context.notify(Count);
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

    fn handle(&mut self, Discard(which): Discard, context: &mut Self::Context) -> Self::Result {
        context.notify(Count);
        let letters = Rc::clone(&self.letters);
        let discard = async move {
            letters.discard(&which).await.inspect(|handled| {
                info!(dead_letters = handled.done, "dead letters discarded");
            })
        };
        AtomicResponse::new(Box::pin(discard.into_actor(self)))
    }
}
