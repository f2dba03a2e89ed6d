//! Takes observations out of one queue: parses, hands on, acknowledges last (G3).
//!
//! Owns: what is delivered and unacknowledged, and the progress of the queue.
//! Hears: the broker's [`Event`]s, the receipts that come back, [`HowFar`] from the settler, [`Drain`].
//! Tells: the registry ([`Observed`]), the broker (acknowledge, give back, dead letter).
//! Never: acknowledges a delivery before its receipt says "stored", or one behind which an earlier
//! delivery is still open.

use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;

use actix::dev::SendError;
use actix::{
    Actor, ActorFutureExt, AsyncContext, Context, ContextFutureSpawner, Handler, Message,
    Recipient, ResponseFuture, StreamHandler, WrapFuture,
};
use domain::watermark::{Progress, Tracker};
use domain::wire::queue_of;
use domain::wire::{Rejection, parse_observation};
use domain::{Direction, Policy, SharedClock};
use futures_util::StreamExt;
use futures_util::stream::{self, LocalBoxStream};
use platform::messaging::{Delivery, Event, Queue, Tag};
use platform::runtime::failpoint::die_at;
use platform::runtime::{Asking, Backoff, Part, Vital, keep_asking};
use tokio::sync::{mpsc, oneshot};
use tracing::{info, warn};

use crate::gate::Gate;
use crate::health::Health;
use crate::metrics::Metrics;
use crate::plate_actor::Observed;
use crate::receipt::{Arrival, Receipt, Returned};

/// Receipts looked at in one turn.
const RETURNED_PER_TURN: usize = 256;
/// How long a delivery stays that its plate's actor may have died of.
const SUSPECT_PAUSE: std::time::Duration = std::time::Duration::from_millis(50);
/// Recent observations whose clock offset is kept.
const OFFSETS: usize = 101;

/// How far has the queue been read? Also has the broker asked for its depth.
#[derive(Debug, Message)]
#[rtype(result = "HowFarAnswer")]
pub struct HowFar {
    /// Whether the store did not answer of late: then that nothing is stored is not its fault.
    pub store_was_away: bool,
}

/// What a consumer knows.
#[derive(Debug, Clone, actix::MessageResponse)]
pub struct HowFarAnswer {
    /// How far the queue has been read: what the watermark is made of.
    pub progress: Progress,
    /// Median of received minus captured over recent observations, seconds.
    pub clock_offset: Option<f64>,
    /// How many deliveries are unacknowledged.
    pub in_flight: usize,
}

/// Consume no more; answered when nothing is in flight.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Drain;

/// Several receipts that came back together.
struct Receipts(Vec<Returned>);

/// A delivery between its arrival and its acknowledgement.
struct Open {
    tag: Tag,
    /// What became of it; while nothing did, nothing behind it is acknowledged.
    end: Option<End>,
}

/// What becomes of a delivery.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// Stored, or among the dead letters: to be acknowledged.
    Kept,
    /// On its way back: not to be acknowledged any more, the broker would take it for a mistake and
    /// close the channel.
    GivenBack,
}

/// See the module.
pub struct Consumer {
    direction: Direction,
    queue: Rc<dyn Queue>,
    registry: Recipient<Observed>,
    clock: SharedClock,
    metrics: Arc<Metrics>,
    health: Arc<Health>,
    /// Given to every receipt.
    receipts: mpsc::UnboundedSender<Returned>,
    /// In order of arrival, of the present connection alone; tags have no gaps.
    open: VecDeque<Open>,
    /// An acknowledgement is on its way; the next one waits and covers more.
    is_acknowledging: bool,
    /// Resolved up to here, not acknowledged yet.
    to_acknowledge: Option<Tag>,
    tracker: Tracker,
    /// Received minus captured, seconds, of the last observations; a ring.
    offsets: VecDeque<f64>,
    /// Who waits for nothing to be in flight.
    drained: Vec<oneshot::Sender<()>>,
    /// Asks the broker whether the queue is consumed, however busy this actor is.
    _asking: Asking,
    vital: Vital,
}

/// What a consumer is made of.
pub struct Parts {
    /// Whether it consumes the queue of entries or of exits.
    pub direction: Direction,
    /// The broker's events of it.
    pub events: LocalBoxStream<'static, Event>,
    /// The way back to it.
    pub queue: Rc<dyn Queue>,
    /// The registry, which hands each observation to its plate's actor.
    pub registry: Recipient<Observed>,
    /// Pauses consumption while the outbox is full.
    pub gate: Arc<Gate>,
    /// The rules' waiting times.
    pub policy: Policy,
    /// The clock of processing time.
    pub clock: SharedClock,
    /// The counters that it raises.
    pub metrics: Arc<Metrics>,
    /// Says whether the queue is consumed.
    pub health: Arc<Health>,
    /// Told if it dies: the process does not go on without it.
    pub vital: Vital,
}

impl Consumer {
    /// Starts consuming.
    pub fn start(parts: Parts) -> actix::Addr<Self> {
        Self::create(|context| {
            let (receipts, returned) = mpsc::unbounded_channel();
            context.add_stream(through_gate(parts.events, parts.gate));
            context.add_stream(in_batches(returned));
            Self {
                direction: parts.direction,
                _asking: ask(parts.direction, &parts.queue, &parts.health),
                queue: parts.queue,
                registry: parts.registry,
                clock: parts.clock,
                metrics: parts.metrics,
                health: parts.health,
                receipts,
                open: VecDeque::new(),
                is_acknowledging: false,
                to_acknowledge: None,
                tracker: Tracker::new(&parts.policy),
                offsets: VecDeque::with_capacity(OFFSETS),
                drained: Vec::new(),
                vital: parts.vital,
            }
        })
    }

    fn delivered(&mut self, delivery: Delivery, context: &mut Context<Self>) {
        die_at!("delivered");
        self.vital.may_die_here();
        let tag = delivery.tag;
        self.open.push_back(Open { tag, end: None });
        self.tracker.came();
        if delivery.redelivered {
            self.metrics.redelivered(self.direction).inc();
        }
        let now = self.clock.now();
        let observation = match parse_observation(&delivery.body, now) {
            Ok(observation) => observation,
            Err(rejection) => {
                self.dead_letter(delivery, &rejection, context);
                return;
            }
        };
        self.tracker.received(tag.number, observation.at, &observation.place, now);
        self.note_offset((now - observation.at).as_seconds_f64());
        let receipt = Receipt::of_delivery(tag, self.receipts.clone());
        let received = tokio::time::Instant::now();
        let observed = Observed { observation, arrival: Arrival { received, now, receipt } };
        match self.registry.try_send(observed) {
            Ok(()) => {}
            // The registry is behind: nothing else happens here until it has room.
            Err(SendError::Full(observed)) => {
                let registry = self.registry.clone();
                async move { registry.send(observed).await }
                    .into_actor(self)
                    .map(|_, _, _| ())
                    .wait(context);
            }
            // The registry is gone, and its `Vital` ends the process; the receipt gives it back.
            Err(SendError::Closed(_)) => {}
        }
    }

    /// R8: publishes it to the dead letters, however often that takes, then counts it as resolved.
    fn dead_letter(
        &mut self,
        delivery: Delivery,
        rejection: &Rejection,
        context: &mut Context<Self>,
    ) {
        let (queue, tag, reason) = (Rc::clone(&self.queue), delivery.tag, rejection.to_string());
        warn!(
            queue.name = queue_of(self.direction),
            reason, "message refused, goes to the dead letters"
        );
        self.metrics.dead_letters.with_label_values(&[rejection.code()]).inc();
        let published = async move {
            let mut backoff = Backoff::new(
                std::time::Duration::from_millis(100),
                std::time::Duration::from_secs(5),
            );
            while let Err(e) = queue.dead_letter(&delivery.body, &reason).await {
                if backoff.attempts() == 0 {
                    warn!(error = %e, "dead letter not confirmed, trying again");
                }
                backoff.wait().await;
            }
        };
        context.spawn(published.into_actor(self).map(move |(), consumer, context| {
            consumer.resolve(tag, End::Kept);
            consumer.acknowledge(context);
        }));
    }

    fn returned(&mut self, returned: Returned, context: &mut Context<Self>) {
        if self.position(returned.tag).is_none() {
            return; // of an earlier connection: the broker has it back already
        }
        if returned.is_stored {
            self.tracker.stored(returned.tag.number, self.clock.now());
            self.resolve(returned.tag, End::Kept);
            return;
        }
        self.tracker.returned(returned.tag.number, self.clock.now());
        // Resolved only once it is on its way back: an acknowledgement of a later delivery would
        // take this one with it.
        let (queue, tag) = (Rc::clone(&self.queue), returned.tag);
        let given_back = async move {
            if returned.is_suspect {
                // Those that waited behind it come back first, and are done without it.
                tokio::time::sleep(SUSPECT_PAUSE).await;
            }
            queue.give_back(tag).await;
        };
        context.spawn(given_back.into_actor(self).map(move |(), consumer, context| {
            consumer.resolve(tag, End::GivenBack);
            consumer.acknowledge(context);
        }));
    }

    fn position(&self, tag: Tag) -> Option<usize> {
        let first = self.open.front()?.tag;
        let position = usize::try_from(tag.number.checked_sub(first.number)?).ok()?;
        self.open.get(position).filter(|open| open.tag == tag).map(|_| position)
    }

    /// Nothing stands against acknowledging past `tag`. Nothing happens where it came on an earlier
    /// connection.
    fn resolve(&mut self, tag: Tag, end: End) {
        if let Some(position) = self.position(tag) {
            self.open[position].end = Some(end);
        }
        while let Some(Open { tag, end: Some(end) }) = self.open.front() {
            if *end == End::Kept {
                self.to_acknowledge = Some(*tag);
            }
            self.open.pop_front();
        }
    }

    /// Acknowledges all that is resolved without a gap, in one frame. While one is on its way the
    /// next gathers.
    fn acknowledge(&mut self, context: &mut Context<Self>) {
        if self.is_acknowledging {
            return;
        }
        let Some(up_to) = self.to_acknowledge.take() else {
            self.tell_drained();
            return;
        };
        self.is_acknowledging = true;
        let queue = Rc::clone(&self.queue);
        let acknowledged = async move {
            queue.acknowledge(up_to).await;
            die_at!("acknowledged");
        };
        context.spawn(acknowledged.into_actor(self).map(|(), consumer, context| {
            consumer.is_acknowledging = false;
            consumer.acknowledge(context);
        }));
    }

    fn tell_drained(&mut self) {
        if self.open.is_empty() {
            for waiting in self.drained.drain(..) {
                let _ = waiting.send(());
            }
        }
    }

    fn disconnected(&mut self, reason: &str, context: &mut Context<Self>) {
        self.metrics.failures.with_label_values(&[queue_of(self.direction)]).inc();
        if self.part().fails(reason) {
            warn!(queue.name = queue_of(self.direction), reason, "connection to the queue lost");
        }
        self.tracker.disconnected(self.clock.now());
        self.open.clear();
        self.to_acknowledge = None;
        self.acknowledge(context);
    }

    fn part(&self) -> &Part {
        self.health.queue(self.direction)
    }

    fn note_offset(&mut self, seconds: f64) {
        if self.offsets.len() == OFFSETS {
            self.offsets.pop_front();
        }
        self.offsets.push_back(seconds);
    }

    fn clock_offset(&self) -> Option<f64> {
        let mut offsets: Vec<f64> = self.offsets.iter().copied().collect();
        offsets.sort_by(f64::total_cmp);
        offsets.get(offsets.len() / 2).copied()
    }
}

/// Asks the broker how the queue is, from now on.
fn ask(direction: Direction, queue: &Rc<dyn Queue>, health: &Arc<Health>) -> Asking {
    let (queue, health) = (Rc::clone(queue), Arc::clone(health));
    keep_asking(
        async move || queue.is_alive().await.map_err(|e| e.to_string()),
        move |answer| match answer {
            Ok(()) => {
                if health.queue(direction).works() {
                    info!(queue.name = queue_of(direction), "queue usable");
                }
            }
            Err(reason) => {
                if health.queue(direction).does_not_answer(reason) {
                    warn!(queue.name = queue_of(direction), reason, "queue not usable");
                }
            }
        },
    )
}

/// Lets events through while the outbox has room.
fn through_gate(
    events: LocalBoxStream<'static, Event>,
    gate: Arc<Gate>,
) -> LocalBoxStream<'static, Event> {
    stream::unfold((events, gate), |(mut events, gate)| async move {
        gate.passage().await;
        let event = events.next().await?;
        Some((event, (events, gate)))
    })
    .boxed_local()
}

fn in_batches(returned: mpsc::UnboundedReceiver<Returned>) -> LocalBoxStream<'static, Receipts> {
    stream::unfold(returned, |mut returned| async move {
        let mut batch = Vec::with_capacity(RETURNED_PER_TURN);
        let count = returned.recv_many(&mut batch, RETURNED_PER_TURN).await;
        (count > 0).then_some((Receipts(batch), returned))
    })
    .boxed_local()
}

impl Actor for Consumer {
    type Context = Context<Self>;
}

impl StreamHandler<Event> for Consumer {
    fn handle(&mut self, event: Event, context: &mut Self::Context) {
        match event {
            Event::Delivered(delivery) => self.delivered(delivery, context),
            Event::Depth { waiting, asked_at } => {
                self.tracker.depth(waiting, asked_at);
                self.metrics
                    .queue_depth(self.direction)
                    .set(i64::try_from(waiting).unwrap_or(i64::MAX));
            }
            Event::Connected => {
                if self.part().works() {
                    info!(queue.name = queue_of(self.direction), "queue usable");
                }
            }
            Event::Disconnected(reason) => self.disconnected(&reason, context),
        }
    }

    /// The stream ends after [`Drain`]; the actor stays for what is in flight.
    fn finished(&mut self, _: &mut Self::Context) {}
}

impl StreamHandler<Receipts> for Consumer {
    fn handle(&mut self, Receipts(batch): Receipts, context: &mut Self::Context) {
        for returned in batch {
            self.returned(returned, context);
        }
        self.acknowledge(context);
    }

    fn finished(&mut self, _: &mut Self::Context) {}
}

impl Handler<HowFar> for Consumer {
    type Result = HowFarAnswer;

    fn handle(&mut self, asked: HowFar, _: &mut Self::Context) -> Self::Result {
        let now = self.clock.now();
        self.queue.ask_depth(now);
        if asked.store_was_away {
            self.tracker.store_is_away(now);
        }
        HowFarAnswer {
            progress: self.tracker.progress(now),
            clock_offset: self.clock_offset(),
            in_flight: self.open.len(),
        }
    }
}

impl Handler<Drain> for Consumer {
    type Result = ResponseFuture<()>;

    fn handle(&mut self, _: Drain, context: &mut Self::Context) -> Self::Result {
        let (drained, when_drained) = oneshot::channel();
        let queue = Rc::clone(&self.queue);
        let cancelled = async move { queue.cancel().await };
        context.spawn(cancelled.into_actor(self).map(|(), consumer, context| {
            consumer.drained.push(drained);
            consumer.acknowledge(context);
        }));
        Box::pin(async move { drop(when_drained.await) })
    }
}
