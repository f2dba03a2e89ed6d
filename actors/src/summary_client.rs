//! Brings the outbox to the sink: posts in batches, again and again until the sink has confirmed,
//! and only then clears the entries from the store (G2, G5). The one place that knows awc.
//!
//! Owns: the entries that are stored and unconfirmed, this processor's and adopted ones.
//! Hears: [`Outboxed`] from the committer, [`Adopt`] from the settler and at the start.
//! Tells: the sink, the store (clear), the gate (how much is pending).
//! Never: drops an entry; what it does not hold in memory is in the store.

mod delivery;
mod outboxes;
mod post;
mod queue;

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix::{
    Actor, ActorFutureExt, AsyncContext, Context, Handler, Message, ResponseFuture, WrapFuture,
};
use platform::runtime::{Backoff, Vital};
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout};
use tracing::{error, info, warn};

use crate::gate::Gate;
use crate::health::Health;
use crate::metrics::Metrics;
use crate::store::{OutboxEntry, OutboxKind, Outboxes, ProcessorId};
use delivery::{Link, Posted};
use queue::Queue;

pub use post::{HttpSink, PostError, Sink, SinkOptions};

/// After this long an entry that the sink refuses is tried again: somebody may have seen the log.
const PARKED_FOR: Duration = Duration::from_mins(1);
/// First pause after a failure.
const RETRY_FIRST: Duration = Duration::from_millis(50);
/// Longest wait for its answer then.
const PROBE_WITHIN: Duration = Duration::from_secs(3);
/// How often an idle client asks whether the sink is there.
const PROBE_EVERY: Duration = Duration::from_secs(2);

/// Entries were committed to this processor's outbox.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Outboxed {
    /// The entries, committed and not posted yet.
    pub entries: Vec<OutboxEntry>,
    /// Perhaps others as well, that only the store knows of.
    pub may_have_more: bool,
}

/// Bring what is in that processor's outbox: it is gone, or it is this one, started again.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Adopt(pub ProcessorId);

/// Answered when nothing is pending.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Flush;

/// An entry on its way.
struct Pending {
    owner: ProcessorId,
    entry: OutboxEntry,
    /// For the latency of the stage.
    since: Instant,
    /// Whether it was taken over; then the rest of its outbox waits for it.
    is_adopted: bool,
}

/// How entries were found.
#[derive(Clone, Copy)]
enum Found {
    /// The committer tells of them, in the order of their commits.
    Committed,
    /// In an outbox: nobody knows what came before them, or after.
    Stored,
}

/// How many at a time; see [`crate::Options`].
#[derive(Debug, Clone, Copy)]
pub struct Posting {
    /// Most entries of one post.
    pub batch_max: usize,
    /// Most posts under way at once.
    pub in_flight_max: usize,
    /// Longest pause between attempts.
    pub retry_max: Duration,
}

/// See the module.
pub struct SummaryClient {
    owner: ProcessorId,
    posting: Posting,
    link: Rc<Link>,
    queue: Queue,
    in_flight: usize,
    /// The own outbox is being looked through: what it holds comes before all that is new.
    is_sweeping: bool,
    /// And is to be looked through once more.
    is_sweep_due: bool,
    /// Other processors' reports, for which entries wait, are being looked for.
    is_asking: bool,
    /// Adopted outboxes and how many of their entries are pending here.
    adopted: HashMap<ProcessorId, usize>,
    backoff: Backoff,
    /// After a failure: nothing is posted before.
    is_pausing: bool,
    /// An idle sink is being asked whether it is there.
    is_probing: bool,
    /// Entries in the next post at most: halved while the sink refuses what it is sent, until the
    /// one entry that it refuses stands alone and the others go their way.
    narrow: usize,
    /// Who waits for nothing to be pending.
    flushed: Vec<oneshot::Sender<()>>,
    gate: Arc<Gate>,
    metrics: Arc<Metrics>,
    health: Arc<Health>,
    vital: Vital,
}

/// What a summary client is made of.
pub struct Parts {
    /// Whose outbox it empties.
    pub owner: ProcessorId,
    /// How it posts.
    pub posting: Posting,
    /// What takes the reports.
    pub sink: Rc<dyn Sink>,
    /// Where the outboxes are.
    pub store: Arc<dyn Outboxes>,
    /// Closed while too many reports are unconfirmed.
    pub gate: Arc<Gate>,
    /// The counters that it raises.
    pub metrics: Arc<Metrics>,
    /// Says whether the sink is usable.
    pub health: Arc<Health>,
}

impl SummaryClient {
    /// A client that has nothing to post yet.
    pub fn new(parts: Parts, vital: Vital) -> Self {
        let Parts { owner, posting, sink, store, gate, metrics, health } = parts;
        Self {
            owner,
            posting,
            link: Rc::new(Link { sink, store, metrics: Arc::clone(&metrics) }),
            queue: Queue::default(),
            in_flight: 0,
            is_sweeping: false,
            is_sweep_due: false,
            is_asking: false,
            adopted: HashMap::new(),
            backoff: Backoff::new(RETRY_FIRST, posting.retry_max),
            is_pausing: false,
            is_probing: false,
            narrow: posting.batch_max,
            flushed: Vec::new(),
            gate,
            metrics,
            health,
            vital,
        }
    }

    fn take_up(
        &mut self,
        owner: &ProcessorId,
        entries: Vec<OutboxEntry>,
        found: Found,
        context: &mut Context<Self>,
    ) {
        let is_adopted = *owner != self.owner;
        self.gate.add(entries.len());
        let since = Instant::now();
        let pending = entries.into_iter().map(|entry| Pending {
            owner: owner.clone(),
            entry,
            since,
            is_adopted,
        });
        match found {
            Found::Committed => self.queue.extend(pending),
            Found::Stored => self.queue.merge(pending),
        }
        self.show_pending();
        self.ask_for_others(context);
    }

    fn show_pending(&self) {
        self.metrics.outbox_pending.set(i64::try_from(self.gate.pending()).unwrap_or(i64::MAX));
    }

    /// Starts as many posts as may be under way. After a failure one, as a probe.
    fn post(&mut self, context: &mut Context<Self>) {
        let allowed = if self.backoff.attempts() == 0 { self.posting.in_flight_max } else { 1 };
        while !self.is_pausing && !self.is_sweeping && self.in_flight < allowed {
            let Some((kind, batch)) = self.queue.take(self.narrow) else { break };
            self.in_flight += 1;
            self.metrics.post_batch.observe(batch.len() as f64);
            let link = Rc::clone(&self.link);
            let posted = async move { link.post(kind, batch).await };
            context.spawn(posted.into_actor(self).map(|posted, client, context| {
                client.in_flight -= 1;
                client.posted(posted, context);
                client.post(context);
            }));
        }
        if self.gate.pending() == 0 {
            for waiting in self.flushed.drain(..) {
                let _ = waiting.send(());
            }
        }
    }

    fn posted(&mut self, posted: Posted, context: &mut Context<Self>) {
        match posted {
            Posted::Done(batch) => {
                self.queue.arrived(&batch);
                self.reached();
                self.narrow = (self.narrow * 2).min(self.posting.batch_max);
                self.gate.remove(batch.len());
                self.show_pending();
                for pending in &batch {
                    self.metrics.summary.observe(pending.since.elapsed().as_secs_f64());
                }
                self.count_adopted(&batch, context);
            }
            Posted::Failed(batch, error) if error.is_refusal() && batch.len() == 1 => {
                self.park(batch, &error, context);
            }
            Posted::Failed(batch, error) => {
                if error.is_refusal() {
                    self.narrow = (batch.len() / 2).max(1);
                }
                self.queue.returned(batch);
                if !error.is_refusal() {
                    self.failed(&error, context);
                }
            }
        }
    }

    /// The sink is there, but will not have this one: it waits aside, in the store as before.
    fn park(&mut self, batch: Vec<Pending>, error: &PostError, context: &mut Context<Self>) {
        self.reached();
        self.queue.arrived(&batch);
        self.metrics.failures.with_label_values(&["refused"]).inc();
        for pending in &batch {
            error!(
                outbox.key_kind = ?pending.entry.kind, error = %error,
                "sink refuses a report, it is kept and tried again in a minute"
            );
        }
        context.run_later(PARKED_FOR, |client, context| {
            client.queue.extend(batch);
            client.post(context);
        });
    }

    fn reached(&mut self) {
        if self.health.sink.works() {
            info!(sink.url = %self.link.sink.shown(), "sink usable");
        }
        self.backoff.reset();
    }

    fn failed(&mut self, error: &PostError, context: &mut Context<Self>) {
        self.metrics.failures.with_label_values(&["sink"]).inc();
        let delay = self.backoff.next_delay();
        if self.health.sink.fails(&error.to_string()) {
            error!(
                sink.url = %self.link.sink.shown(), error = %error, outbox.pending = self.gate.pending(),
                "sink not usable, reports are kept and tried again"
            );
        }
        self.is_pausing = true;
        context.run_later(delay, |client, context| {
            client.is_pausing = false;
            client.post(context);
        });
    }

    /// Asks an idle sink whether it is there, so that readiness does not wait for the first car.
    fn probe(&mut self, context: &mut Context<Self>) {
        if self.in_flight > 0 || self.is_pausing || self.is_probing {
            return;
        }
        self.is_probing = true;
        let link = Rc::clone(&self.link);
        let probed = async move {
            let post = link.sink.post(OutboxKind::Summary, &[]);
            match timeout(PROBE_WITHIN, post).await {
                Ok(answer) => answer.map_err(|e| e.to_string()),
                Err(_) => Err(format!("no answer within {} s", PROBE_WITHIN.as_secs())),
            }
        };
        context.spawn(probed.into_actor(self).map(|probed, client, _| {
            client.is_probing = false;
            match probed {
                Ok(()) => client.reached(),
                Err(reason) => {
                    if client.health.sink.fails(&reason) {
                        warn!(sink.url = %client.link.sink.shown(), reason, "sink not usable");
                    }
                }
            }
        }));
    }
}

impl Actor for SummaryClient {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        let owner = self.owner.clone();
        self.adopt(owner, context);
        self.probe(context);
        context.run_interval(PROBE_EVERY, Self::probe);
    }
}

impl Handler<Outboxed> for SummaryClient {
    type Result = ();

    fn handle(&mut self, outboxed: Outboxed, context: &mut Self::Context) {
        self.vital.may_die_here();
        let owner = self.owner.clone();
        let mut entries = outboxed.entries;
        for entry in &mut entries {
            // What this processor committed before stands in the queue before it.
            entry.after.take_if(|told| *told.by == *owner.0);
        }
        self.take_up(&owner, entries, Found::Committed, context);
        if outboxed.may_have_more {
            self.adopt(owner, context);
        }
        self.post(context);
    }
}

impl Handler<Adopt> for SummaryClient {
    type Result = ();

    fn handle(&mut self, Adopt(owner): Adopt, context: &mut Self::Context) {
        self.adopt(owner, context);
    }
}

impl Handler<Flush> for SummaryClient {
    type Result = ResponseFuture<()>;

    fn handle(&mut self, _: Flush, context: &mut Self::Context) -> Self::Result {
        let (flushed, when_flushed) = oneshot::channel();
        self.flushed.push(flushed);
        self.post(context);
        Box::pin(async move { drop(when_flushed.await) })
    }
}
