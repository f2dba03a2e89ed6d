//! The actor that makes one observation of one passage.
//!
//! Owns the passages under way (a message that announces more waits for it, its answer with it), and
//! a bounded memory of those that are over, so that an update that comes later makes no second
//! observation. Hears [`Saw`] and [`Stop`]. Tells the publisher, and the monitor how each passage
//! ended. Never answers that a read is taken before the broker has it (G1); never publishes two
//! different reads of one passage, not even when the answer to the first one was lost; never makes
//! a plate up.

use std::collections::HashMap;
use std::sync::Arc;

use actix::prelude::*;
use chrono::TimeDelta;
use domain::{Instant, Observation, ObservationId, wire};
use hashlink::LinkedHashMap;
use publisher::{PublishError, Publisher};
use tokio::sync::oneshot;
use tokio::time;

use crate::metrics::Metrics;
use crate::monitor::{Ended, Monitor};
use crate::options::Options;
use crate::read::Stage;
use crate::sighting::{Fit, Key, Sighting, Unfit};

/// Reads that wait for the actor.
const MAILBOX_CAPACITY: usize = 1024;
/// Passages that are neither published nor over (G6).
const UNDER_WAY_MAX: usize = 10_000;

/// This was read; come back when it is durable, or has no need to be.
#[derive(Message)]
#[rtype(result = "Outcome")]
pub struct Saw(pub Sighting);

/// Ask for nothing more; publish what waits. Answered when all of it has its answer.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Stop;

/// What became of the passage that a read belongs to.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The broker has it as this observation, by this read or by an earlier one.
    Published(ObservationId),
    /// It can be no observation; nothing is lost by not sending it again.
    Unfit(Unfit),
    /// It is not known to be durable: send it again.
    Unavailable(Trouble),
}

/// Why a read is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// This role was given no broker.
    #[error(
        "this role has no broker to give reads to: set CARPARK_BROKER_URL=amqp://…, as for the actors (or run `carpark serve`)"
    )]
    NoBroker,
    /// The broker did not take it.
    #[error(transparent)]
    Broker(#[from] PublishError),
    /// It was handed over, and not confirmed in time.
    #[error("the read was not stored in time")]
    Slow,
    /// The process ends.
    #[error("carpark is stopping")]
    Stopping,
    /// Too much at a time.
    #[error("too many reads at a time")]
    Busy,
}

/// A passage that is not over.
struct UnderWay {
    /// The best read so far.
    best: Sighting,
    /// Who gets an answer: each message that told of it.
    waiting: Vec<oneshot::Sender<Outcome>>,
    /// What it is being published as; nothing changes it any more.
    published_as: Option<Box<Observation>>,
    /// Tells its timer from that of an earlier passage of the same key.
    serial: u64,
}

/// A passage that is over, or whose fate is not known.
struct Known {
    end: End,
    /// When it was, by the camera's clock: the last that was heard of it.
    at: Instant,
    /// When that was heard.
    heard: time::Instant,
}

enum End {
    Published(ObservationId),
    Unfit(Unfit),
    /// Handed to the broker and not confirmed: the next message tries the same once more.
    Attempted(Box<Observation>),
}

/// See the module.
pub struct Passages {
    options: Options,
    /// `None`: this role has none.
    publisher: Option<Arc<dyn Publisher>>,
    monitor: Addr<Monitor>,
    metrics: Metrics,
    under_way: HashMap<Key, UnderWay>,
    /// The one heard of longest ago first.
    known: LinkedHashMap<Key, Known>,
    serial: u64,
    is_stopping: bool,
    /// Who waits for the end of all that is under way.
    stopped: Vec<oneshot::Sender<()>>,
    /// Dropped with the actor: then the wiring hears that it is gone.
    _alive: oneshot::Sender<()>,
}

impl Passages {
    /// `alive` is dropped with the actor.
    pub fn new(
        options: Options,
        publisher: Option<Arc<dyn Publisher>>,
        monitor: Addr<Monitor>,
        metrics: Metrics,
        alive: oneshot::Sender<()>,
    ) -> Self {
        Self {
            options,
            publisher,
            monitor,
            metrics,
            under_way: HashMap::new(),
            known: LinkedHashMap::new(),
            serial: 0,
            is_stopping: false,
            stopped: Vec::new(),
            _alive: alive,
        }
    }

    fn saw(&mut self, sighting: Sighting, ctx: &mut Context<Self>) -> oneshot::Receiver<Outcome> {
        let (answer, answered) = oneshot::channel();
        if self.is_stopping {
            let _gone = answer.send(Outcome::Unavailable(Trouble::Stopping));
        } else if self.under_way.contains_key(&sighting.key) {
            self.saw_again(sighting, answer, ctx);
        } else if let Some(outcome) = self.recall(&sighting) {
            let _gone = answer.send(outcome);
        } else if self.under_way.len() >= UNDER_WAY_MAX {
            let _gone = answer.send(Outcome::Unavailable(Trouble::Busy));
        } else {
            self.begin(sighting, answer, ctx);
        }
        answered
    }

    /// Another message about a passage that is under way.
    fn saw_again(
        &mut self,
        sighting: Sighting,
        answer: oneshot::Sender<Outcome>,
        ctx: &mut Context<Self>,
    ) {
        let Some(passage) = self.under_way.get_mut(&sighting.key) else { return };
        if !is_same(passage.best.at, sighting.at, &self.options) {
            // Another passage under the same event, of a camera that counts anew: in its turn.
            let _gone = answer.send(Outcome::Unavailable(Trouble::Busy));
            return;
        }
        passage.waiting.push(answer);
        if passage.published_as.is_some() {
            return;
        }
        let (key, is_final) = (sighting.key, sighting.stage == Stage::Final);
        if sighting.is_better_than(&passage.best) {
            passage.best = sighting;
        }
        if is_final {
            self.decide(key, ctx);
        }
    }

    /// What is remembered of the passage, if that answers the read.
    fn recall(&mut self, sighting: &Sighting) -> Option<Outcome> {
        self.forget();
        let known = self.known.get(&sighting.key)?;
        if !is_same(known.at, sighting.at, &self.options) {
            self.known.remove(&sighting.key);
            return None;
        }
        let outcome = match &known.end {
            End::Published(id) => Outcome::Published(id.clone()),
            End::Unfit(why) if matches!(sighting.fit, Fit::Unfit(_)) => Outcome::Unfit(*why),
            // A plate after all; or an attempt that is to be made again.
            End::Unfit(_) | End::Attempted(_) => return None,
        };
        if let Some(mut known) = self.known.remove(&sighting.key) {
            known.at = sighting.at;
            known.heard = time::Instant::now();
            self.known.insert(sighting.key, known);
        }
        Some(outcome)
    }

    fn begin(&mut self, best: Sighting, answer: oneshot::Sender<Outcome>, ctx: &mut Context<Self>) {
        let (key, stage) = (best.key, best.stage);
        self.serial += 1;
        let serial = self.serial;
        let published_as = match self.known.remove(&key).map(|known| known.end) {
            Some(End::Attempted(observation)) => Some(observation),
            _ => None,
        };
        let is_decided = published_as.is_some() || stage == Stage::Final;
        let passage = UnderWay { best, waiting: vec![answer], published_as, serial };
        self.under_way.insert(key, passage);
        if is_decided || self.options.wait.is_zero() {
            self.decide(key, ctx);
        } else {
            ctx.run_later(self.options.wait, move |passages, ctx| {
                let is_open = |p: &UnderWay| p.serial == serial && p.published_as.is_none();
                if passages.under_way.get(&key).is_some_and(is_open) {
                    passages.decide(key, ctx);
                }
            });
        }
    }

    /// Nothing better is waited for: publish the best, or say why not.
    fn decide(&mut self, key: Key, ctx: &mut Context<Self>) {
        let Some(passage) = self.under_way.get_mut(&key) else { return };
        let observation = match (&passage.published_as, &passage.best.fit) {
            (Some(attempted), _) => attempted.clone(),
            (None, Fit::Observation(observation)) => observation.clone(),
            (None, Fit::Unfit(why)) => {
                let why = *why;
                self.end(key, End::Unfit(why), &Outcome::Unfit(why));
                return;
            }
        };
        passage.published_as = Some(observation.clone());
        let Some(publisher) = self.publisher.clone() else {
            self.end(key, End::Attempted(observation), &Outcome::Unavailable(Trouble::NoBroker));
            return;
        };
        let patience = self.options.answer_within;
        let attempt = async move {
            let body = wire::observation_to_json(&observation);
            let attempt = publisher.publish(observation.kind, body);
            let result = match time::timeout(patience, attempt).await {
                Ok(result) => result.map_err(Trouble::Broker),
                Err(_) => Err(Trouble::Slow),
            };
            (observation, result)
        };
        ctx.spawn(attempt.into_actor(self).map(move |(observation, result), passages, _| {
            match result {
                Ok(()) => {
                    let id = observation.id;
                    passages.end(key, End::Published(id.clone()), &Outcome::Published(id));
                }
                Err(trouble) => {
                    let outcome = Outcome::Unavailable(trouble);
                    passages.end(key, End::Attempted(observation), &outcome);
                }
            }
        }));
    }

    /// Answers everyone who told of the passage, and remembers it.
    fn end(&mut self, key: Key, end: End, outcome: &Outcome) {
        let Some(passage) = self.under_way.remove(&key) else { return };
        let camera = &passage.best.camera;
        if !matches!(end, End::Attempted(_)) {
            let unfit = match end {
                End::Unfit(why) => Some(why),
                _ => None,
            };
            self.metrics.passage_ended(camera, unfit);
            // What it misses is a share's precision.
            let _full = self.monitor.try_send(Ended {
                camera: camera.name.clone(),
                passed_at: passage.best.at,
                unfit,
            });
        }
        if let End::Unfit(why) = end {
            log_exception(&passage.best, why);
        }
        let known = Known { end, at: passage.best.at, heard: time::Instant::now() };
        self.known.insert(key, known);
        self.forget();
        for waiting in passage.waiting {
            let _gone = waiting.send(outcome.clone());
        }
        if self.under_way.is_empty() {
            for stopped in self.stopped.drain(..) {
                let _gone = stopped.send(());
            }
        }
    }

    fn forget(&mut self) {
        let is_old = |known: &Known| known.heard.elapsed() > self.options.events_for;
        while let Some((_, oldest)) = self.known.front() {
            if !is_old(oldest) && self.known.len() <= self.options.events_max {
                break;
            }
            self.known.pop_front();
        }
        self.metrics.events_remembered(self.known.len());
    }

    fn stop(&mut self, ctx: &mut Context<Self>) -> oneshot::Receiver<()> {
        self.is_stopping = true;
        let (stopped, has_stopped) = oneshot::channel();
        self.stopped.push(stopped);
        let gathering: Vec<Key> = self
            .under_way
            .iter()
            .filter_map(|(key, passage)| passage.published_as.is_none().then_some(*key))
            .collect();
        for key in gathering {
            self.decide(key, ctx);
        }
        if self.under_way.is_empty() {
            self.stopped.clear();
        }
        has_stopped
    }
}

/// Whether two reads of one event can be of one passage: cameras that count from one after a
/// restart use an event again, but not so soon.
fn is_same(one: Instant, other: Instant, options: &Options) -> bool {
    let within = TimeDelta::from_std(options.events_for).unwrap_or(TimeDelta::MAX);
    (one - other).abs() <= within
}

fn log_exception(sighting: &Sighting, why: Unfit) {
    let camera = &sighting.camera;
    let (name, lane) = (camera.name.as_str(), camera.lane.as_str());
    let at = wire::format_time(sighting.at);
    match why {
        Unfit::Unread => {
            tracing::info!(camera = name, lane, at, "a vehicle passed, its plate was not read");
        }
        Unfit::LowConfidence => {
            let confidence = sighting.confidence;
            tracing::info!(camera = name, lane, at, confidence, "a plate was read too unsurely");
        }
        Unfit::NoDirection => tracing::warn!(
            camera = name,
            lane,
            at,
            "a vehicle passed a two-way lane, and its camera does not say which way: give each way \
             a lane and a camera of its own, or set the camera's `approaching`"
        ),
    }
}

impl Actor for Passages {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(MAILBOX_CAPACITY);
    }
}

impl Handler<Saw> for Passages {
    type Result = ResponseFuture<Outcome>;

    fn handle(&mut self, Saw(sighting): Saw, ctx: &mut Self::Context) -> Self::Result {
        let answered = self.saw(sighting, ctx);
        Box::pin(async { answered.await.unwrap_or(Outcome::Unavailable(Trouble::Stopping)) })
    }
}

impl Handler<Stop> for Passages {
    type Result = ResponseFuture<()>;

    fn handle(&mut self, _: Stop, ctx: &mut Self::Context) -> Self::Result {
        let stopped = self.stop(ctx);
        // An error: nothing was under way.
        Box::pin(async { stopped.await.unwrap_or(()) })
    }
}

#[cfg(test)]
mod tests;
