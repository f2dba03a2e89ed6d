//! The actor before the store: the commits of many plates' actors become few (group commit). A batch is what
//! waits when the store is free, so a lone commit is not delayed and a crowd is not slow.
//!
//! Owns: the commits and loads that wait.
//! Hears: [`Commit`], [`Load`], from the plates' actors.
//! Tells: the store; the summary client ([`Outboxed`]) what is to be reported.
//! Never: gives up on the store; an actor waits, the prefetch fills, the broker keeps the rest.

use std::collections::HashSet;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix::dev::SendError;
use actix::{
    Actor, ActorFutureExt, AsyncContext, Context, Handler, Message, Recipient, ResponseFuture,
    WrapFuture,
};
use domain::{Plate, Record};
use platform::runtime::failpoint::die_at;
use platform::runtime::{Backoff, Vital};
use tokio::sync::oneshot;
use tracing::{error, info};

use crate::health::Health;
use crate::metrics::Metrics;
use crate::store::{Change, Committed, ProcessorId, Records, StoreError};
use crate::summary_client::Outboxed;

/// Actors that may ask before the first answer.
const MAILBOX: usize = 4096;

/// Store this change. The answer comes when it is durable, or why it cannot be, by a channel of its
/// own: actix' would need a task for each.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Commit {
    /// The change to store.
    pub change: Change,
    /// Who waits for it.
    pub answer: Answer<Committed>,
}

impl Commit {
    /// Asks for a change to be stored.
    pub async fn ask(committer: &Recipient<Self>, change: Change) -> Result<Committed, StoreError> {
        let (answer, answered) = oneshot::channel();
        match committer.try_send(Self { change, answer }) {
            Ok(()) => {}
            Err(SendError::Full(commit)) => {
                // Nobody waits for the answer to this message but for room.
                committer.send(commit).await.map_err(|e| StoreError(e.to_string()))?;
            }
            // Dropped with it, the way back says so.
            Err(SendError::Closed(_)) => {}
        }
        when_answered(answered).await
    }
}

/// The record of a plate, please.
#[derive(Debug, Message)]
#[rtype(result = "Result<Record, StoreError>")]
pub struct Load(pub Plate);

/// The way back to who asked.
pub type Answer<T> = oneshot::Sender<Result<T, StoreError>>;

/// See the module.
pub struct Committer {
    parts: Rc<Parts>,
    in_flight: usize,
    commits: Vec<Commit>,
    /// Plates of which a batch under way has a commit.
    under_way: HashSet<Plate>,
    loads: Vec<(Plate, Answer<Record>)>,
    is_loading: bool,
    vital: Vital,
}

/// What a committer is made of; shared with the batches under way.
pub struct Parts {
    /// Where the records are.
    pub store: Arc<dyn Records>,
    /// Whose outbox takes the effects.
    pub owner: ProcessorId,
    /// The summary client, told what is to be reported.
    pub outboxed: Recipient<Outboxed>,
    /// Most changes of one batch.
    pub batch_max: usize,
    /// Most batches under way at a time.
    pub in_flight_max: usize,
    /// The counters that it raises.
    pub metrics: Arc<Metrics>,
    /// Says whether the store is usable.
    pub health: Arc<Health>,
}

impl Committer {
    /// A committer with nothing to store yet.
    pub fn new(parts: Parts, vital: Vital) -> Self {
        let (commits, loads) = (Vec::new(), Vec::new());
        let under_way = HashSet::new();
        Self {
            parts: Rc::new(parts),
            in_flight: 0,
            commits,
            under_way,
            loads,
            is_loading: false,
            vital,
        }
    }

    /// Starts a batch if there is room for one. It takes what waits at its first turn, after the
    /// mailbox has been emptied, so that all who asked by then are in it.
    fn schedule_commits(&mut self, context: &mut Context<Self>) {
        let is_ready = |commit: &Commit| !self.under_way.contains(&commit.change.plate);
        if self.in_flight >= self.parts.in_flight_max || !self.commits.iter().any(is_ready) {
            return;
        }
        self.in_flight += 1;
        let batch = actix::fut::ready(()).then(|(), committer: &mut Self, _| {
            let batch = committer.next_batch();
            if !batch.is_empty() {
                committer.parts.metrics.commit_batch.observe(batch.len() as f64);
            }
            let plates: Vec<Plate> =
                batch.iter().map(|commit| commit.change.plate.clone()).collect();
            let parts = Rc::clone(&committer.parts);
            async move { parts.commit(batch).await }.into_actor(committer).map(|(), _, _| plates)
        });
        context.spawn(batch.map(|plates: Vec<Plate>, committer, context| {
            committer.in_flight -= 1;
            for plate in &plates {
                committer.under_way.remove(plate);
            }
            committer.schedule_commits(context);
        }));
    }

    /// What waits, but for plates of which another batch has a commit: the summary client is to hear
    /// of the reports of a plate in their order (G9), and an actor that is made anew does not know what
    /// the one before it has asked for.
    fn next_batch(&mut self) -> Vec<Commit> {
        let under_way = &self.under_way;
        let is_ready = |commit: &mut Commit| !under_way.contains(&commit.change.plate);
        let batch: Vec<Commit> =
            self.commits.extract_if(.., is_ready).take(self.parts.batch_max).collect();
        self.under_way.extend(batch.iter().map(|commit| commit.change.plate.clone()));
        batch
    }

    fn schedule_loads(&mut self, context: &mut Context<Self>) {
        if self.is_loading || self.loads.is_empty() {
            return;
        }
        self.is_loading = true;
        let batch = actix::fut::ready(()).then(|(), committer: &mut Self, _| {
            let batch = std::mem::take(&mut committer.loads);
            let parts = Rc::clone(&committer.parts);
            async move { parts.load(batch).await }.into_actor(committer)
        });
        context.spawn(batch.map(|(), committer, context| {
            committer.is_loading = false;
            committer.schedule_loads(context);
        }));
    }
}

/// What the store is asked for: one that answers questions may still keep nothing.
#[derive(Clone, Copy)]
enum Ask {
    Keep,
    Load,
}

impl Parts {
    async fn commit(&self, batch: Vec<Commit>) {
        if batch.is_empty() {
            return;
        }
        let (changes, answers): (Vec<_>, Vec<_>) =
            batch.into_iter().map(|commit| (commit.change, commit.answer)).unzip();
        let changes: Arc<[Change]> = changes.into();
        let (committed, attempts) = self
            .until_answered(Ask::Keep, || self.store.commit(&self.owner, Arc::clone(&changes)))
            .await;
        die_at!("commit_applied");
        // An attempt whose answer was lost may have been carried out, and another processor may
        // have gone on from there before it was repeated: then the repetition meets a conflict, and
        // its reports are in the outbox without anybody knowing.
        let may_have_more = attempts > 0
            && committed.iter().any(|committed| !matches!(committed, Committed::Stored));
        let entries: Vec<_> = changes
            .iter()
            .zip(&committed)
            .filter(|(_, committed)| **committed == Committed::Stored)
            .flat_map(|(change, _)| change.outbox.iter().cloned())
            .collect();
        for (answer, committed) in answers.into_iter().zip(committed) {
            // An actor that died does not wait any more; what it asked for is done.
            let _ = answer.send(Ok(committed));
        }
        if (may_have_more || !entries.is_empty())
            && let Err(e) = self.outboxed.send(Outboxed { entries, may_have_more }).await
        {
            // They are in the store's outbox, and are found there at the next start.
            error!(error = %e, "summary client does not take entries");
        }
    }

    async fn load(&self, batch: Vec<(Plate, Answer<Record>)>) {
        if batch.is_empty() {
            return;
        }
        let (plates, answers): (Vec<_>, Vec<_>) = batch.into_iter().unzip();
        let (records, _) = self.until_answered(Ask::Load, || self.store.load(&plates)).await;
        for (answer, record) in answers.into_iter().zip(records) {
            let _ = answer.send(record.map_err(StoreError));
        }
    }

    /// Asks until the store answers. A commit whose outcome is unknown is repeated as it was; the
    /// store recognises what it has.
    /// Answers also how many attempts failed.
    async fn until_answered<T, F>(&self, what: Ask, ask: impl Fn() -> F) -> (T, u32)
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        let mut backoff = Backoff::new(Duration::from_millis(20), Duration::from_secs(1));
        loop {
            match ask().await {
                Ok(answer) => {
                    let is_news = match what {
                        Ask::Keep => self.health.store.keeps(),
                        Ask::Load => self.health.store.works(),
                    };
                    if is_news && backoff.attempts() > 0 {
                        info!(attempts = backoff.attempts(), "store usable again");
                    }
                    return (answer, backoff.attempts());
                }
                Err(e) => {
                    self.metrics.failures.with_label_values(&["store"]).inc();
                    let is_news = match what {
                        Ask::Keep => self.health.store.fails_to_keep(&e.to_string()),
                        Ask::Load => self.health.store.fails(&e.to_string()),
                    };
                    if is_news {
                        error!(error = %e, "store not usable, trying again");
                    }
                    backoff.wait().await;
                }
            }
        }
    }
}

impl Actor for Committer {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        context.set_mailbox_capacity(MAILBOX);
    }
}

impl Handler<Commit> for Committer {
    type Result = ();

    fn handle(&mut self, commit: Commit, context: &mut Self::Context) {
        self.vital.may_die_here();
        self.commits.push(commit);
        self.schedule_commits(context);
    }
}

impl Handler<Load> for Committer {
    type Result = ResponseFuture<Result<Record, StoreError>>;

    fn handle(&mut self, load: Load, context: &mut Self::Context) -> Self::Result {
        let (answer, answered) = oneshot::channel();
        self.loads.push((load.0, answer));
        self.schedule_loads(context);
        Box::pin(when_answered(answered))
    }
}

async fn when_answered<T>(
    answered: oneshot::Receiver<Result<T, StoreError>>,
) -> Result<T, StoreError> {
    answered.await.unwrap_or_else(|_| Err(StoreError("the committer has stopped".to_owned())))
}
