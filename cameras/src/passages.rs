//! The actor that makes one observation of one passage.
//!
//! Owns the passages under way (a message that announces more waits for it, its answer with it), and
//! a bounded memory of those that are over, so that an update that comes later makes no second
//! observation. Which reads are of one passage, [`identity`](crate::identity) says. Hears [`Saw`] and
//! [`Stop`]. Tells the publisher, and the monitor how each passage ended. Never answers that a read
//! is taken before the broker has it (G1); never publishes two different reads of one passage, not
//! even when the answer to the first one was lost; never makes a plate up; never lets a read of
//! another plate go without counting it.

use std::collections::HashMap;
use std::sync::Arc;

use actix::prelude::*;
use chrono::TimeDelta;
use domain::{Observation, ObservationId, Plate, wire};
use hashlink::LinkedHashMap;
use platform::messaging::{Message, PublishError, Publisher};
use platform::runtime::Vital;
use tokio::sync::oneshot;
use tokio::time;

use crate::camera::Camera;
use crate::identity::{Identity, is_alike};
use crate::metrics::Metrics;
use crate::monitor::{Ended, Merged, Monitor};
use crate::options::Options;
use crate::read::Stage;
use crate::sighting::{Fit, Key, Sighting, Unfit};

/// Reads that wait for the actor.
const MAILBOX_CAPACITY: usize = 1024;
/// Passages that are neither published nor over (G6).
const UNDER_WAY_MAX: usize = 10_000;
/// Passages of one event among which a read's is looked for, the latest: a camera that names all its
/// events alike has one event with everything in it. A message of an earlier one that comes again is
/// published again, as the same observation (R1).
const LOOKED_AT_MAX: usize = 64;

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
    /// The process is ending.
    #[error("carpark is stopping")]
    Stopping,
    /// Too much at a time.
    #[error("too many reads at a time")]
    Busy,
}

/// Names a passage in this process.
type Number = u64;

/// A passage that is not over.
struct UnderWay {
    /// Which reads are of it.
    identity: Identity,
    /// The best read so far.
    best: Sighting,
    /// Plates that were read of it, each once, the best one's among them.
    plates: Vec<Plate>,
    /// Who gets an answer: each message that told of it.
    waiting: Vec<oneshot::Sender<Outcome>>,
    /// What it is being published as; nothing changes it any more.
    published_as: Option<Box<Observation>>,
    /// Tells its timer from that of an earlier beginning of the same passage.
    serial: u64,
}

/// A passage that is over, or whose fate is not known.
struct Known {
    identity: Identity,
    end: End,
    /// Where it is looked for.
    key: Key,
    /// When the last of it was heard.
    heard: time::Instant,
}

enum End {
    Published(ObservationId),
    Unfit(Unfit),
    /// Handed to the broker and not confirmed: the next message tries the same once more.
    Attempted(Box<Observation>),
}

/// The passages that are not over yet, and those that later messages may still be about.
pub struct Passages {
    options: Options,
    /// `None`: this role has none.
    publisher: Option<Arc<dyn Publisher>>,
    monitor: Addr<Monitor>,
    metrics: Metrics,
    under_way: HashMap<Number, UnderWay>,
    /// The one heard of longest ago first.
    known: LinkedHashMap<Number, Known>,
    /// The passages of each event, under way or known, in the order in which they began.
    events: HashMap<Key, Vec<Number>>,
    /// Of the passage, and of the beginning, that came last.
    serial: u64,
    is_stopping: bool,
    /// Who waits for the end of all that is under way.
    stopped: Vec<oneshot::Sender<()>>,
    /// Without the actor nothing is taken any more.
    vital: Vital,
}

impl Passages {
    /// Nothing is under way.
    pub fn new(
        options: Options,
        publisher: Option<Arc<dyn Publisher>>,
        monitor: Addr<Monitor>,
        metrics: Metrics,
        vital: Vital,
    ) -> Self {
        Self {
            options,
            publisher,
            monitor,
            metrics,
            under_way: HashMap::new(),
            known: LinkedHashMap::new(),
            events: HashMap::new(),
            serial: 0,
            is_stopping: false,
            stopped: Vec::new(),
            vital,
        }
    }

    fn saw(&mut self, sighting: Sighting, ctx: &mut Context<Self>) -> oneshot::Receiver<Outcome> {
        let (answer, answered) = oneshot::channel();
        if self.is_stopping {
            let _gone = answer.send(Outcome::Unavailable(Trouble::Stopping));
            return answered;
        }
        self.forget();
        let number = self.find(&sighting);
        if let Some(number) = number.filter(|number| self.under_way.contains_key(number)) {
            self.saw_again(number, sighting, answer, ctx);
        } else if let Some(outcome) = number.and_then(|number| self.recall(number, &sighting)) {
            let _gone = answer.send(outcome);
        } else if self.under_way.len() >= UNDER_WAY_MAX {
            let _gone = answer.send(Outcome::Unavailable(Trouble::Busy));
        } else {
            self.begin(number, sighting, answer, ctx);
        }
        answered
    }

    /// The passage that the read is of: the one that knows the very message, else one with its
    /// plate, else the latest that it can be of.
    fn find(&self, sighting: &Sighting) -> Option<Number> {
        let numbers = self.events.get(&sighting.key)?;
        let latest = || numbers.iter().rev().take(LOOKED_AT_MAX).copied();
        let within = TimeDelta::from_std(self.options.events_for).unwrap_or(TimeDelta::MAX);
        let is_of = |number: &Number| {
            let identity = self.identity(*number);
            identity.is_some_and(|(identity, is_out)| identity.is_of(sighting, is_out, within))
        };
        let has_its_plate = |number: &Number| {
            let known = self.identity(*number).and_then(|(identity, _)| identity.plate());
            known.is_some() && known == sighting.plate.as_ref()
        };
        let knows = |number: &Number| {
            self.identity(*number).is_some_and(|(identity, _)| identity.knows(sighting))
        };
        latest()
            .find(knows)
            .or_else(|| latest().find(|number| has_its_plate(number) && is_of(number)))
            .or_else(|| latest().find(is_of))
    }

    /// Of a passage, and whether an observation of it is with the broker, or may be.
    fn identity(&self, number: Number) -> Option<(&Identity, bool)> {
        let under_way = self.under_way.get(&number);
        let of_under_way = under_way.map(|p| (&p.identity, p.published_as.is_some()));
        of_under_way.or_else(|| {
            let known = self.known.get(&number)?;
            Some((&known.identity, !matches!(known.end, End::Unfit(_))))
        })
    }

    /// Another message about a passage that is under way.
    fn saw_again(
        &mut self,
        number: Number,
        sighting: Sighting,
        answer: oneshot::Sender<Outcome>,
        ctx: &mut Context<Self>,
    ) {
        let Some(passage) = self.under_way.get_mut(&number) else { return };
        passage.waiting.push(answer);
        let is_news = !passage.identity.knows(&sighting);
        passage.identity.take(&sighting);
        if passage.published_as.is_some() {
            if is_news {
                self.merged(number, &sighting);
            }
            return;
        }
        let is_final = sighting.stage == Stage::Final;
        passage
            .plates
            .extend(sighting.plate.clone().filter(|plate| !passage.plates.contains(plate)));
        if sighting.is_better_than(&passage.best) {
            passage.identity.stands_for(&sighting);
            passage.best = sighting;
        }
        if is_final {
            self.decide(number, ctx);
        }
    }

    /// What is remembered of the passage, if that answers the read.
    fn recall(&mut self, number: Number, sighting: &Sighting) -> Option<Outcome> {
        let known = self.known.get(&number)?;
        let outcome = match &known.end {
            End::Published(id) => Outcome::Published(id.clone()),
            End::Unfit(why) if matches!(sighting.fit, Fit::Unfit(_)) => Outcome::Unfit(*why),
            // A plate after all; or an attempt that is to be made again.
            End::Unfit(_) | End::Attempted(_) => return None,
        };
        let is_news = !known.identity.knows(sighting);
        if let Some(mut known) = self.known.remove(&number) {
            known.identity.take(sighting);
            known.heard = time::Instant::now();
            self.known.insert(number, known);
        }
        if is_news && matches!(outcome, Outcome::Published(_)) {
            self.merged(number, sighting);
        }
        Some(outcome)
    }

    /// A read of a passage that is published, or is being: where it has another plate, that is
    /// counted, shown and logged. It is not published.
    fn merged(&self, number: Number, sighting: &Sighting) {
        let known = self.identity(number).and_then(|(identity, _)| identity.plate());
        if let (Some(known), Some(plate)) = (known, &sighting.plate)
            && known != plate
        {
            self.count_merged(&sighting.camera, known, plate);
        }
    }

    fn count_merged(&self, camera: &Camera, published: &Plate, merged: &Plate) {
        self.metrics.merged(camera);
        let _full = self.monitor.try_send(Merged { camera: camera.name.clone() });
        let (camera, lane) = (camera.name.as_str(), camera.lane.as_str());
        // `Debug` masks a plate (G8).
        if is_alike(published, merged) {
            tracing::info!(
                camera,
                lane,
                ?published,
                ?merged,
                "another message about the vehicle has a different plate"
            );
        } else {
            tracing::warn!(
                camera,
                lane,
                ?published,
                ?merged,
                "quite another plate came under the event of a vehicle: if these are two vehicles, \
                 the camera does not tell them apart"
            );
        }
    }

    /// Begins a passage, or, where it has a number, one that is to be published after all.
    fn begin(
        &mut self,
        number: Option<Number>,
        best: Sighting,
        answer: oneshot::Sender<Outcome>,
        ctx: &mut Context<Self>,
    ) {
        self.serial += 1;
        let serial = self.serial;
        let (key, is_final) = (best.key, best.stage == Stage::Final);
        let earlier = number.and_then(|number| self.known.remove(&number));
        let number = number.unwrap_or(serial);
        let (identity, published_as) = match earlier {
            None => {
                self.events.entry(key).or_default().push(number);
                (Identity::of(&best), None)
            }
            Some(Known { mut identity, end, .. }) => {
                identity.take(&best);
                match end {
                    End::Attempted(observation) => (identity, Some(observation)),
                    End::Published(_) | End::Unfit(_) => {
                        identity.stands_for(&best);
                        (identity, None)
                    }
                }
            }
        };
        let is_decided = published_as.is_some() || is_final;
        let plates = best.plate.iter().cloned().collect();
        let waiting = vec![answer];
        let passage = UnderWay { identity, best, plates, waiting, published_as, serial };
        self.under_way.insert(number, passage);
        if is_decided || self.options.wait.is_zero() {
            self.decide(number, ctx);
        } else {
            ctx.run_later(self.options.wait, move |passages, ctx| {
                let is_open = |p: &UnderWay| p.serial == serial && p.published_as.is_none();
                if passages.under_way.get(&number).is_some_and(is_open) {
                    passages.decide(number, ctx);
                }
            });
        }
    }

    /// Nothing better is waited for: publish the best, or say why not.
    fn decide(&mut self, number: Number, ctx: &mut Context<Self>) {
        let Some(passage) = self.under_way.get_mut(&number) else { return };
        let observation = match (&passage.published_as, &passage.best.fit) {
            (Some(attempted), _) => attempted.clone(),
            (None, Fit::Observation(observation)) => observation.clone(),
            (None, Fit::Unfit(why)) => {
                let why = *why;
                self.end(number, End::Unfit(why), &Outcome::Unfit(why));
                return;
            }
        };
        passage.published_as = Some(observation.clone());
        let Some(publisher) = self.publisher.clone() else {
            self.end(number, End::Attempted(observation), &Outcome::Unavailable(Trouble::NoBroker));
            return;
        };
        let patience = self.options.answer_within;
        let attempt = async move {
            let message = Message::from(&*observation);
            let result = match time::timeout(patience, publisher.publish(&message)).await {
                Ok(result) => result.map_err(Trouble::Broker),
                Err(_) => Err(Trouble::Slow),
            };
            (observation, result)
        };
        ctx.spawn(attempt.into_actor(self).map(move |(observation, result), passages, _| {
            match result {
                Ok(()) => {
                    let id = observation.id;
                    passages.end(number, End::Published(id.clone()), &Outcome::Published(id));
                }
                Err(trouble) => {
                    let outcome = Outcome::Unavailable(trouble);
                    passages.end(number, End::Attempted(observation), &outcome);
                }
            }
        }));
    }

    /// Answers everyone who told of the passage, and remembers it.
    fn end(&mut self, number: Number, end: End, outcome: &Outcome) {
        let Some(passage) = self.under_way.remove(&number) else { return };
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
        match (&end, passage.identity.plate()) {
            (End::Unfit(why), _) => log_exception(&passage.best, *why),
            (End::Published(_), Some(published)) => {
                for plate in passage.plates.iter().filter(|plate| *plate != published) {
                    self.count_merged(camera, published, plate);
                }
            }
            _ => {}
        }
        let (identity, key) = (passage.identity, passage.best.key);
        self.known.insert(number, Known { identity, end, key, heard: time::Instant::now() });
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
        while let Some((_, oldest)) = self.known.front() {
            let is_old = oldest.heard.elapsed() > self.options.events_for;
            if !is_old && self.known.len() <= self.options.events_max {
                break;
            }
            let Some((number, gone)) = self.known.pop_front() else { break };
            if let Some(numbers) = self.events.get_mut(&gone.key) {
                numbers.retain(|of_event| *of_event != number);
                if numbers.is_empty() {
                    self.events.remove(&gone.key);
                }
            }
        }
        self.metrics.events_remembered(self.known.len());
    }

    fn stop(&mut self, ctx: &mut Context<Self>) -> oneshot::Receiver<()> {
        self.is_stopping = true;
        let (stopped, has_stopped) = oneshot::channel();
        self.stopped.push(stopped);
        let gathering: Vec<Number> = self
            .under_way
            .iter()
            .filter_map(|(number, passage)| passage.published_as.is_none().then_some(*number))
            .collect();
        for number in gathering {
            self.decide(number, ctx);
        }
        if self.under_way.is_empty() {
            self.stopped.clear();
        }
        has_stopped
    }
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
            tracing::info!(
                camera = name,
                lane,
                at,
                confidence,
                "a plate was read with too little confidence"
            );
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
        self.vital.may_die_here();
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
mod identity_tests;
#[cfg(test)]
mod tests;
