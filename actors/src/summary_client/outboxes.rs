//! Reports that nobody told of: those of an earlier life, and those that a gone processor left.

use std::sync::Arc;
use std::time::Duration;

use actix::{ActorFutureExt, AsyncContext, Context, WrapFuture};
use platform::runtime::Backoff;
use tracing::{info, warn};

use super::{Found, Pending, SummaryClient};
use crate::store::{OutboxEntry, Outboxes, ProcessorId, StoreError};

/// Entries of an outbox that are asked for at a time.
const FETCHED_AT_ONCE: usize = 1_000;
/// Entries whose predecessors are asked for at a time.
const ASKED_AT_ONCE: usize = 1_000;
/// First pause before predecessors that have not arrived are asked for again.
const ASK_AGAIN_FIRST: Duration = Duration::from_millis(20);
/// Longest such pause.
const ASK_AGAIN_MAX: Duration = Duration::from_secs(1);
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

    /// Finds out whether what entries wait for has arrived: reports that other processors bring.
    pub(super) fn ask_for_others(&mut self, context: &mut Context<Self>) {
        if !self.is_asking {
            self.is_asking = true;
            self.ask(Backoff::new(ASK_AGAIN_FIRST, ASK_AGAIN_MAX), context);
        }
    }

    fn ask(&mut self, mut backoff: Backoff, context: &mut Context<Self>) {
        let held = self.queue.held(ASKED_AT_ONCE);
        if held.is_empty() {
            self.is_asking = false;
            return;
        }
        let store = Arc::clone(&self.link.store);
        let (keys, reports): (Vec<_>, Vec<_>) = held.into_iter().unzip();
        let asked = async move { store.are_waiting(&reports).await };
        context.spawn(asked.into_actor(self).map(move |waiting, client, context| {
            let mut has_news = false;
            match waiting {
                Ok(waiting) => {
                    for (key, _) in keys.iter().zip(waiting).filter(|(_, waits)| !waits) {
                        client.queue.release(key);
                        has_news = true;
                    }
                }
                Err(e) => warn!(error = %e, "outboxes cannot be read now, trying again"),
            }
            if has_news {
                client.post(context);
                backoff.reset();
                client.ask(backoff, context);
            } else {
                context.run_later(backoff.next_delay(), |client, context| {
                    client.ask(backoff, context);
                });
            }
        }));
    }

    /// Takes up what is in an outbox, unless that is being done.
    pub(super) fn adopt(&mut self, owner: ProcessorId, context: &mut Context<Self>) {
        if self.adopted.contains_key(&owner) {
            // What is being looked through may have got more since.
            self.is_sweep_due |= owner == self.owner;
            return;
        }
        self.adopted.insert(owner.clone(), 0);
        if owner == self.owner {
            self.is_sweeping = true;
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
                let known = client.queue.keys();
                entries.retain(|entry| !known.contains(entry.key.as_str()));
                let owner = client.owner.clone();
                client.adopted.remove(&owner);
                if !entries.is_empty() {
                    info!(entries = entries.len(), "reports found in the own outbox");
                }
                client.take_up(&owner, entries, Found::Stored, context);
                client.is_sweeping = false;
                if std::mem::take(&mut client.is_sweep_due) {
                    client.adopt(owner, context);
                }
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
        let fetched = async move { fetch_all(&*store, &of).await };
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
            client.take_up(&owner, entries, Found::Stored, context);
            client.post(context);
        }));
    }
}

/// All entries of an outbox, in any order.
async fn fetch_all(
    store: &dyn Outboxes,
    owner: &ProcessorId,
) -> Result<Vec<OutboxEntry>, StoreError> {
    let mut all = Vec::new();
    let mut cursor = None;
    loop {
        let (entries, next) = store.outbox(owner, cursor, FETCHED_AT_ONCE).await?;
        all.extend(entries);
        cursor = next;
        if cursor.is_none() {
            return Ok(all);
        }
    }
}
