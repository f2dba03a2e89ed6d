//! The actor that watches whether cameras do what they are there for.
//!
//! Owns, per camera, when it was last heard of and how well it reads. Hears [`Heard`] of each
//! message, [`Ended`] of each passage, and [`Overview`]. Tells the metrics, each second. Never holds
//! a read up: what it misses is precision.
//!
//! The failure it is for: an event stream that is silently dead while the heartbeats go on. So a
//! heartbeat is no sign of life of the stream; only a read is.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use actix::prelude::*;
use chrono::TimeDelta;
use domain::{Instant, Label, SharedClock, wire};
use serde::Serialize;

use crate::camera::Camera;
use crate::metrics::{MessageKind, Metrics, State};
use crate::sighting::Unfit;

/// How often the gauges are set.
const TICK: Duration = Duration::from_secs(1);
/// Passages that shares are made of.
const PASSAGES: usize = 100;
/// Reads that the clock's offset is the median of.
const DELAYS: usize = 50;
/// The same refusal is logged so often and no more.
const SAY_AGAIN_AFTER: TimeDelta = TimeDelta::minutes(5);
/// Messages that wait for the actor.
const MAILBOX_CAPACITY: usize = 4096;

/// A message of a camera was answered.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Heard {
    /// Whose.
    pub camera: Label,
    /// What it was.
    pub kind: MessageKind,
    /// When.
    pub at: Instant,
    /// Received minus captured, of reads that tell of the camera's clock.
    pub delays: Vec<TimeDelta>,
    /// Why it was refused.
    pub refusal: Option<String>,
}

/// A passage before a camera is over.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Ended {
    /// Which camera.
    pub camera: Label,
    /// Why nothing was published.
    pub unfit: Option<Unfit>,
}

/// Asks for what is known of all cameras, by name.
#[derive(Message)]
#[rtype(result = "Vec<CameraStatus>")]
pub struct Overview;

/// What is known of a camera.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CameraStatus {
    camera: String,
    lane: String,
    /// `entry`, `exit` or `both`.
    role: &'static str,
    place: String,
    time_zone: &'static str,
    /// None: each message tells.
    vendor: Option<&'static str>,
    min_confidence: f32,
    last_heartbeat: Option<String>,
    seconds_since_heartbeat: Option<f64>,
    /// A plate, or a vehicle without.
    last_read: Option<String>,
    /// Since the start, where there was none yet.
    seconds_since_read: f64,
    /// Of the last 100 passages.
    unread_share: f64,
    /// Of the last 100 passages.
    low_confidence_share: f64,
    clock_offset_seconds: Option<f64>,
    /// Since the start, by what they were.
    messages: BTreeMap<&'static str, u64>,
    /// Since the start, by what became of them.
    passages: BTreeMap<&'static str, u64>,
    last_refusal: Option<Refusal>,
}

/// A message that was refused.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Refusal {
    at: String,
    reason: String,
}

/// Of one camera.
struct Watched {
    camera: Arc<Camera>,
    last_heartbeat: Option<Instant>,
    last_read: Option<Instant>,
    /// How the last passages ended, the oldest first.
    ended: VecDeque<Option<Unfit>>,
    /// Seconds, of the last reads, the oldest first.
    delays: VecDeque<f64>,
    messages: BTreeMap<&'static str, u64>,
    passages: BTreeMap<&'static str, u64>,
    last_refusal: Option<(Instant, String)>,
    /// What was last logged of its refusals, and when.
    said: Option<(Instant, String)>,
}

/// See the module.
pub struct Monitor {
    cameras: BTreeMap<Label, Watched>,
    started_at: Instant,
    clock: SharedClock,
    metrics: Metrics,
}

impl Monitor {
    /// Watches these.
    pub fn new(cameras: &[Arc<Camera>], clock: SharedClock, metrics: Metrics) -> Self {
        let watched = |camera: &Arc<Camera>| {
            metrics.begin(camera);
            (camera.name.clone(), Watched::new(Arc::clone(camera)))
        };
        let cameras = cameras.iter().map(watched).collect();
        Self { cameras, started_at: clock.now(), clock, metrics }
    }

    fn tick(&self) {
        let now = self.clock.now();
        for watched in self.cameras.values() {
            self.metrics.state(&watched.camera, &watched.state(now, self.started_at));
        }
    }
}

impl Watched {
    fn new(camera: Arc<Camera>) -> Self {
        Self {
            camera,
            last_heartbeat: None,
            last_read: None,
            ended: VecDeque::new(),
            delays: VecDeque::new(),
            messages: BTreeMap::new(),
            passages: BTreeMap::new(),
            last_refusal: None,
            said: None,
        }
    }

    fn heard(&mut self, heard: Heard) {
        *self.messages.entry(heard.kind.as_str()).or_default() += 1;
        match heard.kind {
            MessageKind::Heartbeat => self.last_heartbeat = Some(heard.at),
            // Also one that could not be taken: the stream is alive.
            MessageKind::Reads | MessageKind::Unavailable => self.last_read = Some(heard.at),
            MessageKind::Nothing | MessageKind::Refused => {}
        }
        for delay in heard.delays {
            #[expect(clippy::cast_precision_loss, reason = "of a gauge")]
            push(&mut self.delays, delay.num_milliseconds() as f64 / 1000.0, DELAYS);
        }
        if let Some(reason) = heard.refusal {
            self.refused(heard.at, reason);
        }
    }

    /// A camera that is set up wrongly is refused with every message: said once, and now and then.
    fn refused(&mut self, at: Instant, reason: String) {
        let is_news = self
            .said
            .as_ref()
            .is_none_or(|(when, what)| *what != reason || at - *when >= SAY_AGAIN_AFTER);
        if is_news {
            tracing::warn!(
                camera = self.camera.name.as_str(),
                reason,
                "refused a camera's message"
            );
            self.said = Some((at, reason.clone()));
        }
        self.last_refusal = Some((at, reason));
    }

    fn ended(&mut self, unfit: Option<Unfit>) {
        *self.passages.entry(unfit.map_or("published", Unfit::as_str)).or_default() += 1;
        push(&mut self.ended, unfit, PASSAGES);
    }

    fn share(&self, why: Unfit) -> f64 {
        let count = self.ended.iter().filter(|unfit| **unfit == Some(why)).count();
        if count == 0 { 0.0 } else { count as f64 / self.ended.len() as f64 }
    }

    fn clock_offset(&self) -> Option<f64> {
        let mut sorted: Vec<f64> = self.delays.iter().copied().collect();
        sorted.sort_by(f64::total_cmp);
        sorted.get(sorted.len() / 2).copied()
    }

    fn state(&self, now: Instant, started_at: Instant) -> State {
        State {
            heartbeat_age: self.last_heartbeat.map(|at| seconds(now - at)),
            read_age: seconds(now - self.last_read.unwrap_or(started_at)),
            unread_share: self.share(Unfit::Unread),
            low_confidence_share: self.share(Unfit::LowConfidence),
            clock_offset: self.clock_offset(),
        }
    }

    fn status(&self, now: Instant, started_at: Instant) -> CameraStatus {
        let state = self.state(now, started_at);
        let camera = &self.camera;
        CameraStatus {
            camera: camera.name.to_string(),
            lane: camera.lane.to_string(),
            role: camera.role.as_str(),
            place: camera.place.to_string(),
            time_zone: camera.zone.name(),
            vendor: camera.vendor.map(crate::Vendor::name),
            min_confidence: camera.min_confidence,
            last_heartbeat: self.last_heartbeat.map(wire::format_time),
            seconds_since_heartbeat: state.heartbeat_age,
            last_read: self.last_read.map(wire::format_time),
            seconds_since_read: state.read_age,
            unread_share: state.unread_share,
            low_confidence_share: state.low_confidence_share,
            clock_offset_seconds: state.clock_offset,
            messages: self.messages.clone(),
            passages: self.passages.clone(),
            last_refusal: self
                .last_refusal
                .as_ref()
                .map(|(at, reason)| Refusal { at: wire::format_time(*at), reason: reason.clone() }),
        }
    }
}

fn push<T>(last: &mut VecDeque<T>, item: T, max: usize) {
    if last.len() == max {
        last.pop_front();
    }
    last.push_back(item);
}

fn seconds(duration: TimeDelta) -> f64 {
    duration.num_milliseconds().max(0) as f64 / 1000.0
}

impl Actor for Monitor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(MAILBOX_CAPACITY);
        self.tick();
        ctx.run_interval(TICK, |monitor, _| monitor.tick());
    }
}

impl Handler<Heard> for Monitor {
    type Result = ();

    fn handle(&mut self, heard: Heard, _: &mut Self::Context) {
        if let Some(watched) = self.cameras.get_mut(&heard.camera) {
            watched.heard(heard);
        }
    }
}

impl Handler<Ended> for Monitor {
    type Result = ();

    fn handle(&mut self, ended: Ended, _: &mut Self::Context) {
        if let Some(watched) = self.cameras.get_mut(&ended.camera) {
            watched.ended(ended.unfit);
        }
    }
}

impl Handler<Overview> for Monitor {
    type Result = MessageResult<Overview>;

    fn handle(&mut self, _: Overview, _: &mut Self::Context) -> Self::Result {
        let now = self.clock.now();
        let status = |watched: &Watched| watched.status(now, self.started_at);
        MessageResult(self.cameras.values().map(status).collect())
    }
}

#[cfg(test)]
mod tests;
