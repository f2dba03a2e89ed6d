//! Serves a person who looks at the dead letters.
//!
//! Owns: nothing; the broker keeps them.
//! Hears: [`List`], [`Replay`], [`Discard`] from the routes of [`crate::admin`], [`Find`] from the desk
//! of the plates; [`Count`] from itself.
//! Tells: the broker ([`DeadLetters`]), and the metrics how many there are.
//! Never: serves two requests at a time: each look takes the letters out of the others' sight. Never
//! has more of them in memory than a page, or than it was asked for.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix::{
    Actor, ActorFutureExt, AsyncContext, AtomicResponse, Context, Handler, Message, WrapFuture,
};
use platform::messaging::BrokerError;
use platform::messaging::dead_letters::{DeadLetter, DeadLetters, Handled, Which};
use platform::runtime::Vital;
use tracing::{info, warn};

use crate::metrics::Metrics;

/// Requests that wait for one before them.
const MAILBOX: usize = 16;
/// How often they are counted.
const COUNT_EVERY: Duration = Duration::from_secs(5);

/// A page of the dead letters, the oldest first; `None` where the letter of `after` is gone.
#[derive(Debug, Message)]
#[rtype(result = "Result<Option<Page>, BrokerError>")]
pub struct List {
    /// At most so many.
    pub limit: usize,
    /// Behind the letter of this id.
    pub after: Option<String>,
}

/// Some dead letters, the oldest first.
#[derive(Debug)]
pub struct Page {
    /// At most as many as were asked for.
    pub letters: Vec<DeadLetter>,
    /// How many there are, on all pages.
    pub total: usize,
    /// Whether more of them follow.
    pub has_more: bool,
}

/// Those of the dead letters of which this holds.
#[derive(Message)]
#[rtype(result = "Result<Vec<DeadLetter>, BrokerError>")]
pub struct Find(pub Box<dyn Fn(&DeadLetter) -> bool + Send>);

/// Put these back into their queues.
#[derive(Debug, Message)]
#[rtype(result = "Result<Handled, BrokerError>")]
pub struct Replay(pub Which);

/// Drop these dead letters for good.
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
    /// Without the desk nobody sees a dead letter, nor that there are any.
    vital: Vital,
}

impl DeadLetterDesk {
    /// For the dead letters of a broker.
    pub fn new(letters: Rc<dyn DeadLetters>, metrics: Arc<Metrics>, vital: Vital) -> Self {
        Self { letters, metrics, is_blind: false, vital }
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
        self.vital.may_die_here();
        let letters = Rc::clone(&self.letters);
        let count = async move { letters.waiting().await };
        AtomicResponse::new(Box::pin(
            count.into_actor(self).map(|counted, desk, _| desk.counted(counted)),
        ))
    }
}

/// Where a letter stands: by its age, and of one moment in an order that stays the same.
fn place(letter: &DeadLetter) -> (String, String) {
    (letter.at.clone(), letter.id.clone())
}

/// A page, by one look; behind a letter by two, the first to see where that one stands.
async fn page(letters: &dyn DeadLetters, list: &List) -> Result<Option<Page>, BrokerError> {
    let mut behind = None;
    if let Some(after) = &list.after {
        let mut see = |letter: DeadLetter| {
            if letter.id == *after {
                behind = Some(place(&letter));
            }
        };
        letters.look(&mut see).await?;
        if behind.is_none() {
            return Ok(None);
        }
    }
    let mut kept = BTreeMap::new();
    let mut has_more = false;
    let mut see = |letter: DeadLetter| {
        let place = place(&letter);
        if behind.as_ref().is_some_and(|behind| place <= *behind) {
            return;
        }
        kept.insert(place, letter);
        if kept.len() > list.limit {
            kept.pop_last();
            has_more = true;
        }
    };
    let total = letters.look(&mut see).await?;
    Ok(Some(Page { letters: kept.into_values().collect(), total, has_more }))
}

impl Handler<List> for DeadLetterDesk {
    type Result = AtomicResponse<Self, Result<Option<Page>, BrokerError>>;

    fn handle(&mut self, list: List, _: &mut Self::Context) -> Self::Result {
        let letters = Rc::clone(&self.letters);
        let listed = async move { page(&*letters, &list).await };
        AtomicResponse::new(Box::pin(listed.into_actor(self)))
    }
}

impl Handler<Find> for DeadLetterDesk {
    type Result = AtomicResponse<Self, Result<Vec<DeadLetter>, BrokerError>>;

    fn handle(&mut self, Find(is_meant): Find, _: &mut Self::Context) -> Self::Result {
        let letters = Rc::clone(&self.letters);
        let find = async move {
            let mut found = Vec::new();
            let mut see = |letter: DeadLetter| {
                if is_meant(&letter) {
                    found.push(letter);
                }
            };
            letters.look(&mut see).await?;
            Ok(found)
        };
        AtomicResponse::new(Box::pin(find.into_actor(self)))
    }
}

impl Handler<Replay> for DeadLetterDesk {
    type Result = AtomicResponse<Self, Result<Handled, BrokerError>>;

    fn handle(&mut self, Replay(which): Replay, context: &mut Self::Context) -> Self::Result {
        context.notify(Count);
        let letters = Rc::clone(&self.letters);
        let replay = async move {
            letters.replay(&which).await.inspect(|handled| tell("dead letters replayed", handled))
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
            letters.discard(&which).await.inspect(|handled| tell("dead letters discarded", handled))
        };
        AtomicResponse::new(Box::pin(discard.into_actor(self)))
    }
}

fn tell(what: &'static str, handled: &Handled) {
    let (dead_letters, left) = (handled.done, handled.left);
    match &handled.stopped {
        None => info!(dead_letters, left, "{what}"),
        Some(e) => warn!(dead_letters, left, error = %e, "{what}, and then it stopped"),
    }
}
