//! The actor that watches whether cameras do what they are there for.
//!
//! Owns what is known of each camera ([`watched`]), and the file that it is kept in over a restart
//! ([`memory`]): a camera that was bad is bad after it too. Hears [`Heard`] of each message,
//! [`Ended`] of each passage, [`Merged`] of each read that was taken for another's vehicle, and
//! [`Overview`]. Tells the metrics, each second. Never holds a read up: what it misses is precision.
//!
//! The failure it is for: an event stream that is silently dead while the heartbeats go on. So a
//! heartbeat is no sign of life of the stream; only a read is. [`state`] judges, [`why`] says why.

mod memory;
pub(crate) mod state;
pub(crate) mod status;
mod watched;
mod why;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use actix::prelude::*;
use chrono::TimeDelta;
use domain::{CameraName, Instant, PlaceName, SharedClock};
use platform::runtime::Vital;

use crate::camera::Camera;
use crate::metrics::{MessageKind, Metrics};
use crate::options::Options;
use crate::sighting::Unfit;
use memory::Memory;
use state::{Facts, judge};
use status::CameraStatus;
use watched::Watched;

/// How often the gauges are set.
const TICK: Duration = Duration::from_secs(1);
/// How often what is known is written down, where it changed.
const KEEP_EVERY: Duration = Duration::from_secs(10);
/// Messages that wait for the actor.
const MAILBOX_CAPACITY: usize = 4096;

/// A message of a camera was answered.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Heard {
    /// The camera's name.
    pub camera: CameraName,
    /// What the message turned out to be.
    pub kind: MessageKind,
    /// When it was received.
    pub at: Instant,
    /// Received minus captured, of reads that tell of the camera's clock.
    pub delays: Vec<TimeDelta>,
    /// Why it was refused.
    pub refusal: Option<String>,
    /// How far ahead of carpark's clock the read lay that it was refused for.
    pub ahead: Option<TimeDelta>,
}

/// A passage before a camera is over.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Ended {
    /// The camera's name.
    pub camera: CameraName,
    /// When the vehicle passed, by the camera's clock.
    pub passed_at: Instant,
    /// Why nothing was published.
    pub unfit: Option<Unfit>,
}

/// A read with another plate was taken for one of a vehicle that has its observation.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Merged {
    /// The name of the camera that sent it.
    pub camera: CameraName,
}

/// Asks for what is known of all cameras, by name.
#[derive(Message)]
#[rtype(result = "Vec<CameraStatus>")]
pub struct Overview;

/// Write down what is known; answered when it is done.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Keep;

/// One for all cameras of the process; the pages and the metrics show what it knows.
pub struct Monitor {
    cameras: BTreeMap<CameraName, Watched>,
    /// Without a read for longer, a camera beside others that read needs a look
    /// ([`Options::reads_within`]).
    reads_within: Duration,
    /// Without anything for longer, a camera needs a look ([`Options::heard_within`]).
    heard_within: Duration,
    clock: SharedClock,
    metrics: Metrics,
    /// `None`: nothing is kept.
    memory: Option<Arc<Memory>>,
    /// Something is known that is not written down.
    is_dirty: bool,
    /// Without it a camera that is down looks as it did last.
    vital: Vital,
}

impl Monitor {
    /// Watches these, from where it was left off.
    pub fn new(
        cameras: &[Arc<Camera>],
        options: &Options,
        clock: SharedClock,
        metrics: Metrics,
        vital: Vital,
    ) -> Self {
        let now = clock.now();
        let memory = options.memory.clone().map(Memory::at);
        let mut kept = memory.as_ref().map(Memory::load).unwrap_or_default();
        let watched = |camera: &Arc<Camera>| {
            metrics.begin(camera);
            let kept = kept.remove(camera.name.as_str());
            (camera.name.clone(), Watched::new(Arc::clone(camera), now, kept))
        };
        Self {
            cameras: cameras.iter().map(watched).collect(),
            reads_within: options.reads_within,
            heard_within: options.heard_within,
            clock,
            metrics,
            memory: memory.map(Arc::new),
            is_dirty: true,
            vital,
        }
    }

    /// What each camera is judged by, by name.
    fn facts(&self, now: Instant) -> BTreeMap<CameraName, Facts> {
        let since = now - TimeDelta::from_std(self.reads_within).unwrap_or(TimeDelta::MAX);
        let mut passed: BTreeMap<&PlaceName, usize> = BTreeMap::new();
        for watched in self.cameras.values() {
            *passed.entry(&watched.camera.place).or_default() += watched.passed(since);
        }
        let facts = |(name, watched): (&CameraName, &Watched)| {
            let facts = Facts {
                reads_within: self.reads_within,
                heard_within: self.heard_within,
                passed_at_place: passed[&watched.camera.place],
                passed: watched.passed(since),
                ..watched.facts(now)
            };
            (name.clone(), facts)
        };
        self.cameras.iter().map(facts).collect()
    }

    /// Judges all of them anew: since when a state holds is known to the second.
    fn look(&mut self) -> BTreeMap<CameraName, Facts> {
        let now = self.clock.now();
        let facts = self.facts(now);
        for (name, watched) in &mut self.cameras {
            self.is_dirty |= watched.is_now(judge(&facts[name]), now);
        }
        facts
    }

    fn overview(&mut self) -> Vec<CameraStatus> {
        let facts = self.look();
        self.cameras.iter().map(|(name, watched)| watched.status(&facts[name])).collect()
    }

    fn tick(&mut self) {
        self.vital.may_die_here();
        self.look();
        let now = self.clock.now();
        for watched in self.cameras.values() {
            self.metrics.state(&watched.camera, &watched.gauges(now));
        }
    }

    /// Writes down what is known, beside the actor: a slow disk holds nobody up.
    fn keep(&mut self) -> Option<impl Future<Output = ()> + use<>> {
        let memory = self.memory.clone().filter(|_| self.is_dirty)?;
        self.is_dirty = false;
        let kept = self.cameras.values().map(Watched::kept).collect();
        Some(async move {
            // An error: the runtime ends.
            let _ended = tokio::task::spawn_blocking(move || memory.keep(&kept)).await;
        })
    }
}

impl Actor for Monitor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(MAILBOX_CAPACITY);
        self.tick();
        ctx.run_interval(TICK, |monitor, _| monitor.tick());
        ctx.run_interval(KEEP_EVERY, |monitor, ctx| {
            if let Some(keeping) = monitor.keep() {
                ctx.spawn(keeping.into_actor(monitor));
            }
        });
    }
}

impl Handler<Heard> for Monitor {
    type Result = ();

    fn handle(&mut self, heard: Heard, _: &mut Self::Context) {
        if let Some(watched) = self.cameras.get_mut(&heard.camera) {
            watched.heard(heard);
            self.is_dirty = true;
        }
    }
}

impl Handler<Ended> for Monitor {
    type Result = ();

    fn handle(&mut self, ended: Ended, _: &mut Self::Context) {
        if let Some(watched) = self.cameras.get_mut(&ended.camera) {
            watched.ended(self.clock.now(), ended.passed_at, ended.unfit);
            self.is_dirty = true;
        }
    }
}

impl Handler<Merged> for Monitor {
    type Result = ();

    fn handle(&mut self, merged: Merged, _: &mut Self::Context) {
        if let Some(watched) = self.cameras.get_mut(&merged.camera) {
            watched.merged += 1;
        }
    }
}

impl Handler<Overview> for Monitor {
    type Result = MessageResult<Overview>;

    fn handle(&mut self, _: Overview, _: &mut Self::Context) -> Self::Result {
        MessageResult(self.overview())
    }
}

impl Handler<Keep> for Monitor {
    type Result = ResponseFuture<()>;

    fn handle(&mut self, _: Keep, _: &mut Self::Context) -> Self::Result {
        let keeping = self.keep();
        Box::pin(async {
            if let Some(keeping) = keeping {
                keeping.await;
            }
        })
    }
}

#[cfg(test)]
mod tests;
