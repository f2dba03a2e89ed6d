//! One post on its way: to the sink, and once that has confirmed it, out of the outbox.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use platform::runtime::Backoff;
use platform::runtime::failpoint::die_at;
use tracing::warn;

use super::{Pending, PostError, RETRY_FIRST, Sink};
use crate::metrics::Metrics;
use crate::store::{OutboxKind, Outboxes, ProcessorId};

/// What a post under way needs of the actor.
pub(super) struct Link {
    pub(super) sink: Rc<dyn Sink>,
    pub(super) store: Arc<dyn Outboxes>,
    pub(super) metrics: Arc<Metrics>,
}

/// What became of a post.
pub(super) enum Posted {
    /// Confirmed and cleared.
    Done(Vec<Pending>),
    /// Nothing known; to be posted again.
    Failed(Vec<Pending>, PostError),
}

impl Link {
    pub(super) async fn post(&self, kind: OutboxKind, batch: Vec<Pending>) -> Posted {
        let bodies: Vec<&str> = batch.iter().map(|pending| pending.entry.body.as_str()).collect();
        die_at!("before_post");
        if let Err(e) = self.sink.post(kind, &bodies).await {
            return Posted::Failed(batch, e);
        }
        die_at!("posted");
        self.clear(&batch).await;
        Posted::Done(batch)
    }

    /// Until it is done: an entry that stays is posted again at the next start, no more.
    async fn clear(&self, batch: &[Pending]) {
        let mut by_owner: BTreeMap<&ProcessorId, Vec<String>> = BTreeMap::new();
        for pending in batch {
            by_owner.entry(&pending.owner).or_default().push(pending.entry.key.clone());
        }
        for (owner, keys) in by_owner {
            let mut backoff = Backoff::new(RETRY_FIRST, Duration::from_secs(1));
            while let Err(e) = self.store.clear(owner, &keys).await {
                self.metrics.failures.with_label_values(&["store"]).inc();
                if backoff.attempts() == 0 {
                    warn!(error = %e, "delivered reports cannot be cleared, trying again");
                }
                backoff.wait().await;
            }
        }
    }
}
