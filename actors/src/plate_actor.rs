//! The actor of one plate: judges what is read of it, strictly one after the other, and answers
//! when the judgement is durable.
//!
//! Owns: nothing but a copy of the plate's record, to save a round trip; the store's version decides.
//! Hears: [`Observed`], [`Settle`], [`Passivate`], from the registry alone.
//! Tells: the committer ([`Commit`], [`Load`]), and the receipt of each observation.
//! Never: reports to the sink itself, or acknowledges before the commit (G3).

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use actix::{
    Actor, ActorFutureExt, AtomicResponse, Context, Handler, Message, Recipient, WrapFuture,
};
use domain::judgement::{ObservationOutcome, outcome_of};
use domain::{
    Behind, Command, Decision, Effect, ExceptionKind, Observation, Plate, Policy, Record,
    SharedClock, Watermarks, decide,
};
use platform::runtime::failpoint::die_at;
use tracing::{error, warn};

use crate::committer::{Commit, Load};
use crate::metrics::Metrics;
use crate::receipt::Arrival;
use crate::store::{Change, Committed, ProcessorId};

/// An observation was read, parsed and delivered.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Observed {
    /// The read, checked.
    pub observation: Observation,
    /// When it arrived, and the receipt to answer.
    pub arrival: Arrival,
}

/// Give the verdicts that are due. Answers whether anything was written.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<bool, Unsettled>")]
pub struct Settle {
    /// The plate that has something due.
    pub plate: Plate,
    /// How far the streams have been read.
    pub watermarks: Watermarks,
    /// Whose history is coming in.
    pub behind: Behind,
}

/// A plate could not be settled now; it stays due.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unsettled {
    /// The store could not be asked; why, in words.
    #[error("{0}")]
    Store(String),
    /// The plate's actor died on it.
    #[error("the plate's actor is gone")]
    Gone,
}

/// End: the registry has forgotten the actor and sends nothing after this.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Passivate;

/// What the actors of all plates share.
pub struct Shared {
    /// The rules by which verdicts are given.
    pub policy: Policy,
    /// Who brings what is reported to the sink: this processor.
    pub processor: ProcessorId,
    /// The clock of processing time.
    pub clock: SharedClock,
    /// Takes decisions to the store.
    pub commit: Recipient<Commit>,
    /// Brings records from it.
    pub load: Recipient<Load>,
    /// How far the streams have been read; the settler moves it.
    pub watermarks: Rc<Cell<Watermarks>>,
    /// Whose history is coming in; likewise.
    pub behind: Rc<RefCell<Behind>>,
    /// The counters that the actors raise.
    pub metrics: Arc<Metrics>,
}

/// See the module.
pub struct PlateActor {
    plate: Plate,
    /// As last seen in the store; `None` before the first look and after a failure.
    record: Option<Record>,
    shared: Rc<Shared>,
}

/// What a turn ended with.
enum Turn {
    /// Nothing to commit: the record as it was.
    Unchanged(Record),
    /// The record as it stands in the store now.
    Stored(Record),
    /// The store could not be asked or does not take it.
    Failed(String),
}

impl PlateActor {
    /// The actor of `plate`.
    pub fn new(plate: Plate, shared: Rc<Shared>) -> Self {
        Self { plate, record: None, shared }
    }
}

impl Shared {
    async fn load(&self, plate: &Plate) -> Result<Record, String> {
        match self.load.send(Load(plate.clone())).await {
            Ok(loaded) => loaded.map_err(|e| e.to_string()),
            Err(e) => Err(e.to_string()),
        }
    }

    /// Decides and commits until the decision stands. `record` may be out of date, or the empty
    /// one for a plate that was not looked up: a conflict brings the right one (G4).
    async fn decide_and_commit(&self, plate: &Plate, mut record: Record, command: Command) -> Turn {
        loop {
            let begun = tokio::time::Instant::now();
            let decision = decide(plate, &record, command.clone(), &self.policy);
            self.metrics.processing.observe(begun.elapsed().as_secs_f64());
            let Decision::Changed { record: mut next, effects } = decision else {
                return Turn::Unchanged(record);
            };
            let (policy, owner) = (&self.policy, &self.processor);
            let change = Change::new(plate.clone(), &record, &mut next, &effects, policy, owner);
            let decided = tokio::time::Instant::now();
            match Commit::ask(&self.commit, change).await {
                Ok(Committed::Stored) => {
                    self.metrics.storage.observe(decided.elapsed().as_secs_f64());
                    self.count(&effects);
                    return Turn::Stored(next);
                }
                Ok(Committed::Conflict(standing)) => {
                    // The first look at a plate that the store knows is no conflict.
                    if record.version > 0 {
                        self.metrics.conflicts.inc();
                    }
                    record = standing;
                }
                Ok(Committed::Refused(reason)) => return Turn::Failed(reason),
                Err(e) => return Turn::Failed(e.to_string()),
            }
        }
    }

    fn count(&self, effects: &[Effect]) {
        for effect in effects {
            match effect {
                Effect::Opened(_) => {}
                Effect::Summary(summary) => {
                    self.metrics.matched.inc();
                    self.metrics.stays.observe(summary.duration().as_seconds_f64());
                }
                Effect::Exception(row) => {
                    self.metrics.exceptions.with_label_values(&[row.kind.as_str()]).inc();
                    if row.kind == ExceptionKind::UnmatchedExit {
                        self.metrics.unmatched.inc();
                    }
                }
            }
        }
    }

    /// Judges one observation and answers its receipt; the record, where it is known afterwards.
    async fn observe(
        &self,
        plate: &Plate,
        record: Option<Record>,
        observed: Observed,
    ) -> Option<Record> {
        let Observed { observation, mut arrival } = observed;
        arrival.receipt.take_in_hand();
        self.metrics.queueing.observe(arrival.received.elapsed().as_secs_f64());
        let (id, direction, at) = (observation.id.clone(), observation.direction, observation.at);
        platform::runtime::failpoint::panic_at!(&format!("panic:{id}"));
        die_at!(&format!("abort:{id}"));
        let watermarks = self.watermarks.get();
        let is_past = self.policy.is_history(at, arrival.now)
            || self.behind.borrow().holds(&observation.place);
        let command = Command::Observe { observation, watermarks, is_past, now: arrival.now };
        let (record, outcome) = match self
            .decide_and_commit(plate, record.unwrap_or_default(), command)
            .await
        {
            Turn::Unchanged(record) => (record, ObservationOutcome::Duplicate),
            // Forgotten at once is judged at once: nothing waits for it.
            Turn::Stored(record) => match outcome_of(&record, &id) {
                Some(outcome) => (record, outcome),
                None => (record, ObservationOutcome::Matched),
            },
            Turn::Failed(reason) => {
                error!(plate = ?plate, observation.id = %id, reason, "observation not stored, it goes back to its queue");
                return None;
            }
        };
        self.metrics.observed(direction, outcome);
        if !matches!(outcome, ObservationOutcome::Duplicate | ObservationOutcome::ReRead) {
            self.metrics.flow.passed(direction, at, arrival.now);
        }
        arrival.receipt.stored();
        Some(record)
    }

    async fn settle(
        &self,
        record: Option<Record>,
        settle: Settle,
    ) -> (Option<Record>, Result<bool, Unsettled>) {
        let is_copy = record.is_some();
        let record = match record {
            Some(record) => record,
            None => match self.load(&settle.plate).await {
                Ok(record) => record,
                Err(reason) => return (None, Err(Unsettled::Store(reason))),
            },
        };
        let Settle { plate, watermarks, behind } = settle;
        let command = Command::Settle { watermarks, behind, now: self.clock.now() };
        match self.decide_and_commit(&plate, record, command).await {
            // The copy said that nothing is due while the index said so: it is out of date.
            Turn::Unchanged(_) if is_copy => (None, Ok(false)),
            Turn::Unchanged(record) => (None, self.reindex(plate, &record).await),
            Turn::Stored(record) => (Some(record), Ok(true)),
            Turn::Failed(reason) => {
                warn!(?plate, reason, "plate not settled, it stays due");
                (None, Err(Unsettled::Store(reason)))
            }
        }
    }

    /// Nothing of the record is due while the index says so: it was written under another policy,
    /// or the record has gone. Writes the index as it has to be.
    async fn reindex(&self, plate: Plate, record: &Record) -> Result<bool, Unsettled> {
        let change = Change::reindexing(plate, record, &self.policy, &self.processor);
        match Commit::ask(&self.commit, change).await {
            Ok(committed) => Ok(committed == Committed::Stored),
            Err(e) => Err(Unsettled::Store(e.to_string())),
        }
    }
}

impl Actor for PlateActor {
    type Context = Context<Self>;

    fn started(&mut self, _: &mut Self::Context) {
        self.shared.metrics.residents.inc();
    }
}

impl Drop for PlateActor {
    /// Also when it dies of a panic.
    fn drop(&mut self) {
        self.shared.metrics.residents.dec();
    }
}

impl Handler<Observed> for PlateActor {
    type Result = AtomicResponse<Self, ()>;

    fn handle(&mut self, observed: Observed, _: &mut Self::Context) -> Self::Result {
        let (shared, plate) = (Rc::clone(&self.shared), self.plate.clone());
        let record = self.record.take();
        let turn = async move { shared.observe(&plate, record, observed).await };
        AtomicResponse::new(Box::pin(turn.into_actor(self).map(|record, session, _| {
            session.record = record;
        })))
    }
}

impl Handler<Settle> for PlateActor {
    type Result = AtomicResponse<Self, Result<bool, Unsettled>>;

    fn handle(&mut self, settle: Settle, _: &mut Self::Context) -> Self::Result {
        let shared = Rc::clone(&self.shared);
        let record = self.record.take();
        let turn = async move { shared.settle(record, settle).await };
        AtomicResponse::new(Box::pin(turn.into_actor(self).map(|(record, answer), session, _| {
            session.record = record;
            answer
        })))
    }
}

impl Handler<Passivate> for PlateActor {
    type Result = ();

    fn handle(&mut self, _: Passivate, context: &mut Self::Context) {
        actix::ActorContext::stop(context);
    }
}
