//! Keeps changes, in batches: what comes while the store works on one batch is the next.
//!
//! Owns: the changes that are not durable yet, in their order, and the right to write.
//! Hears: [`Keep`] from the registry.
//! Tells: the store.
//! Never: answers before the store has; gives up on a change (an attempt is repeated as it was).

use std::sync::Arc;
use std::time::Duration;

use actix::{
    Actor, ActorContext, ActorFutureExt, AsyncContext, Context, Handler, Message, ResponseFuture,
    WrapFuture,
};
use platform::runtime::{Backoff, Vital};
use tokio::sync::oneshot;
use tracing::{error, info, warn};

use super::{Change, Store};

use crate::health::Health;
use crate::metrics::Metrics;

/// Most changes of a batch.
const BATCH_MAX: usize = 2_000;
/// Messages that wait; the registry bounds what is under way.
const MAILBOX: usize = 4_096;
/// Between two attempts at the store.
const PAUSES: (Duration, Duration) = (Duration::from_millis(20), Duration::from_secs(1));
/// How often the right to write is renewed.
const HOLD_EVERY: Duration = Duration::from_secs(2);

/// Keep these; answered when they are durable.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct Keep(pub(crate) Vec<Change>);

/// Writes what the registry has changed, in batches, and tells it when they are durable.
pub(crate) struct Keeper {
    store: Arc<dyn Store>,
    waiting: Vec<Change>,
    /// Who waits for them.
    answers: Vec<oneshot::Sender<()>>,
    is_committing: bool,
    metrics: Arc<Metrics>,
    health: Arc<Health>,
    vital: Vital,
}

impl Keeper {
    pub(crate) fn new(
        store: Arc<dyn Store>,
        metrics: Arc<Metrics>,
        health: Arc<Health>,
        vital: Vital,
    ) -> Self {
        Self {
            store,
            waiting: Vec::new(),
            answers: Vec::new(),
            is_committing: false,
            metrics,
            health,
            vital,
        }
    }

    fn commit(&mut self, context: &mut Context<Self>) {
        if self.is_committing || self.answers.is_empty() {
            return;
        }
        self.is_committing = true;
        let batch: Arc<[Change]> = std::mem::take(&mut self.waiting).into();
        let answers = std::mem::take(&mut self.answers);
        self.metrics.commit_batch.observe(batch.len() as f64);
        let (store, metrics) = (Arc::clone(&self.store), Arc::clone(&self.metrics));
        let health = Arc::clone(&self.health);
        let committed = async move {
            for part in batch.chunks(BATCH_MAX) {
                patiently(&*store, &metrics, &health, part).await;
            }
            for answer in answers {
                // Who asked may have gone; it is kept all the same.
                let _ = answer.send(());
            }
        };
        context.spawn(committed.into_actor(self).map(|(), keeper, context| {
            keeper.is_committing = false;
            keeper.commit(context);
        }));
    }

    /// Only one process writes: one that has lost the right ends, and a restart loads anew.
    fn hold(&self, context: &mut Context<Self>) {
        let store = Arc::clone(&self.store);
        let held = async move { store.hold().await };
        context.spawn(held.into_actor(self).map(|held, keeper, context| match held {
            Ok(true) => {
                if keeper.health.store.works() {
                    info!("vehicles' store answers again");
                }
            }
            Ok(false) => {
                error!("another process writes the vehicles' store, this one ends");
                context.stop();
            }
            Err(e) => {
                if keeper.health.store.fails(&e.to_string()) {
                    warn!(error = %e, "the right to write was not renewed");
                }
            }
        }));
    }
}

async fn patiently(store: &dyn Store, metrics: &Metrics, health: &Health, part: &[Change]) {
    let part: Arc<[Change]> = part.into();
    if part.is_empty() {
        return;
    }
    let mut backoff = Backoff::new(PAUSES.0, PAUSES.1);
    while let Err(e) = store.commit(Arc::clone(&part)).await {
        metrics.failures.with_label_values(&["store"]).inc();
        if health.store.fails_to_keep(&e.to_string()) {
            error!(error = %e, "vehicles' store not usable, trying again");
        }
        backoff.wait().await;
    }
    if health.store.keeps() && backoff.attempts() > 0 {
        info!(attempts = backoff.attempts(), "vehicles' store usable again");
    }
}

impl Actor for Keeper {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        context.set_mailbox_capacity(MAILBOX);
        context.run_interval(HOLD_EVERY, |keeper, context| keeper.hold(context));
    }
}

impl Handler<Keep> for Keeper {
    type Result = ResponseFuture<()>;

    fn handle(&mut self, Keep(changes): Keep, context: &mut Self::Context) -> Self::Result {
        self.vital.may_die_here();
        let (answer, answered) = oneshot::channel();
        self.waiting.extend(changes);
        self.answers.push(answer);
        self.commit(context);
        Box::pin(async move {
            if answered.await.is_err() {
                // The keeper has died with the change: nobody may take it for kept.
                std::future::pending::<()>().await;
            }
        })
    }
}
