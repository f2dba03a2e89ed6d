//! Reports that nobody told of: those of an earlier life, and those that a gone processor left.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use actix::{ActorFutureExt, AsyncContext, Context, WrapFuture};
use tracing::{info, warn};

use super::{Pending, SummaryClient};
use crate::store::{OutboxEntry, Outboxes, ProcessorId, StoreError};

/// Entries taken from a gone processor's outbox at a time.
const ADOPTED_AT_ONCE: usize = 1_000;
/// After this long an outbox that could not be read is looked at again.
const REFETCH_AFTER: Duration = Duration::from_secs(1);
impl SummaryClient {
    /// Entries of an adopted outbox are done: when all are, the next ones are fetched.
    pub(super) fn count_adopted(&mut self, batch: &[Pending], context: &mut Context<Self>) {
        for pending in batch.iter().filter(|pending| pending.is_adopted) {
            let owner = &pending.owner;
            let Some(left) = self.adopted.get_mut(owner) else { continue };
            *left -= 1;
            if *left == 0 {
                self.fetch(owner.clone(), context);
            }
        }
    }

    /// Takes up what is in an outbox, unless that is being done.
    pub(super) fn adopt(&mut self, owner: ProcessorId, context: &mut Context<Self>) {
        if self.adopted.contains_key(&owner) {
            return;
        }
        self.adopted.insert(owner.clone(), 0);
        if owner == self.owner {
            self.sweep(context);
        } else {
            self.fetch(owner, context);
        }
    }

    /// Looks once through the own outbox for entries that nobody told of: those of an earlier life,
    /// or of a commit whose answer was lost.
    fn sweep(&mut self, context: &mut Context<Self>) {
        let (store, owner) = (Arc::clone(&self.link.store), self.owner.clone());
        let all = async move { fetch_all(&*store, &owner).await };
        context.spawn(all.into_actor(self).map(|all, client, context| match all {
            Ok(mut entries) => {
                let waiting = client.summaries.iter().chain(&client.exceptions);
                let known: HashSet<&String> = waiting.map(|pending| &pending.entry.key).collect();
                entries.retain(|entry| !known.contains(&entry.key));
                let owner = client.owner.clone();
                client.adopted.remove(&owner);
                if !entries.is_empty() {
                    info!(entries = entries.len(), "reports found in the own outbox");
                }
                client.take_up(&owner, entries, false);
                client.post(context);
            }
            Err(e) => {
                warn!(error = %e, "own outbox cannot be read now, trying again");
                context.run_later(REFETCH_AFTER, Self::sweep);
            }
        }));
    }

    fn fetch(&mut self, owner: ProcessorId, context: &mut Context<Self>) {
        let (store, of) = (Arc::clone(&self.link.store), owner.clone());
        let fetched = async move { fetch_some(&*store, &of).await };
        context.spawn(fetched.into_actor(self).map(move |fetched, client, context| {
            let entries = match fetched {
                Ok(entries) if entries.is_empty() => {
                    client.adopted.remove(&owner);
                    return;
                }
                Ok(entries) => entries,
                Err(e) => {
                    warn!(error = %e, "outbox cannot be read now, trying again");
                    context.run_later(REFETCH_AFTER, move |client, context| {
                        client.fetch(owner, context);
                    });
                    return;
                }
            };
            info!(processor = %owner, entries = entries.len(), "reports taken over from the store");
            client.adopted.insert(owner.clone(), entries.len());
            client.take_up(&owner, entries, true);
            client.post(context);
        }));
    }
}

/// All entries of an outbox.
async fn fetch_all(
    store: &dyn Outboxes,
    owner: &ProcessorId,
) -> Result<Vec<OutboxEntry>, StoreError> {
    let mut all = Vec::new();
    let mut cursor = None;
    loop {
        let (entries, next) = store.outbox(owner, cursor, ADOPTED_AT_ONCE).await?;
        all.extend(entries);
        cursor = next;
        if cursor.is_none() {
            return Ok(all);
        }
    }
}

/// Some entries of an outbox; none when it is empty.
async fn fetch_some(
    store: &dyn Outboxes,
    owner: &ProcessorId,
) -> Result<Vec<OutboxEntry>, StoreError> {
    let mut cursor = None;
    loop {
        let (entries, next) = store.outbox(owner, cursor, ADOPTED_AT_ONCE).await?;
        if !entries.is_empty() || next.is_none() {
            return Ok(entries);
        }
        cursor = next;
    }
}
