//! The actor that watches whether cameras do what they are there for.
//!
//! Owns, per camera, when it was last heard of and how well it reads. Hears [`Heard`] of each
//! message, [`Ended`] of each passage, and [`Overview`]. Tells the metrics, each second. Never holds
//! a read up: what it misses is precision.
//!
//! The failure it is for: an event stream that is silently dead while the heartbeats go on. So a
//! heartbeat is no sign of life of the stream; only a read is. [`state`] judges.

pub(crate) mod state;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use actix::prelude::*;
use chrono::TimeDelta;
use domain::{Instant, Label, SharedClock, wire};
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

use crate::camera::Camera;
use crate::metrics::{MessageKind, Metrics, State};
use crate::sighting::Unfit;
use state::{CameraState, Facts, judge};

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
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct CameraStatus {
    /// Its name.
    pub camera: String,
    /// The lane it watches.
    pub lane: String,
    /// `entry`, `exit` or `both`.
    #[schema(value_type = String)]
    role: &'static str,
    /// The lane's.
    pub place: String,
    /// How it does. `reads_nothing`: it tells of no vehicle and the other cameras of its place do,
    /// though its heartbeats may go on; `silent`: it had sent heartbeats and sends nothing any more;
    /// `refused`: its messages are not understood; `clock_wrong`; `reads_badly`; `reading`; `quiet`:
    /// no vehicle lately, and nothing says that there was one; `never_heard`: nothing came since the
    /// start. Each that is no good news is that of an alert; where several hold, the worst.
    pub state: CameraState,
    time_zone: &'static str,
    /// None: each message tells.
    vendor: Option<&'static str>,
    min_confidence: f32,
    /// When.
    #[serde(serialize_with = "as_text")]
    #[schema(value_type = Option<String>)]
    pub last_heartbeat: Option<Instant>,
    seconds_since_heartbeat: Option<f64>,
    /// A plate, or a vehicle without.
    #[serde(serialize_with = "as_text")]
    #[schema(value_type = Option<String>)]
    pub last_read: Option<Instant>,
    /// Since the start, where there was none yet.
    seconds_since_read: f64,
    /// Of the last 100 passages.
    unread_share: f64,
    /// Of the last 100 passages.
    low_confidence_share: f64,
    /// Received minus captured, median of the last 50 reads; late uploads left out.
    clock_offset_seconds: Option<f64>,
    /// Since the start: `reads`, `heartbeat`, `nothing`, `refused`, `unavailable`.
    messages: BTreeMap<&'static str, u64>,
    /// Since the start: `published`, `unread`, `low_confidence`, `no_direction`.
    passages: BTreeMap<&'static str, u64>,
    /// The last message that was refused.
    pub last_refusal: Option<Refusal>,
}

/// A message that was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Refusal {
    at: String,
    /// Why, in words. Shows nothing of what was sent.
    pub reason: String,
}

#[expect(clippy::ref_option, reason = "what serde passes")]
fn as_text<S: Serializer>(at: &Option<Instant>, serializer: S) -> Result<S::Ok, S::Error> {
    at.map(wire::format_time).serialize(serializer)
}

/// Of one camera.
struct Watched {
    camera: Arc<Camera>,
    last_heartbeat: Option<Instant>,
    last_read: Option<Instant>,
    /// How the last passages ended, and when, the oldest first.
    ended: VecDeque<(Instant, Option<Unfit>)>,
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
    /// See [`Options::reads_within`](crate::Options).
    reads_within: Duration,
    started_at: Instant,
    clock: SharedClock,
    metrics: Metrics,
}

impl Monitor {
    /// Watches these.
    pub fn new(
        cameras: &[Arc<Camera>],
        reads_within: Duration,
        clock: SharedClock,
        metrics: Metrics,
    ) -> Self {
        let watched = |camera: &Arc<Camera>| {
            metrics.begin(camera);
            (camera.name.clone(), Watched::new(Arc::clone(camera)))
        };
        let cameras = cameras.iter().map(watched).collect();
        Self { cameras, reads_within, started_at: clock.now(), clock, metrics }
    }

    fn overview(&self) -> Vec<CameraStatus> {
        let now = self.clock.now();
        let since = now - TimeDelta::from_std(self.reads_within).unwrap_or(TimeDelta::MAX);
        let mut passed: BTreeMap<&Label, usize> = BTreeMap::new();
        for watched in self.cameras.values() {
            *passed.entry(&watched.camera.place).or_default() += watched.passed(since);
        }
        let status = |watched: &Watched| {
            let gauges = watched.state(now, self.started_at);
            let state = judge(&Facts {
                was_heard: !watched.messages.is_empty(),
                heartbeat_age: gauges.heartbeat_age,
                read_age: gauges.read_age,
                has_read: watched.last_read.is_some(),
                reads_within: self.reads_within,
                passed_at_place: passed[&watched.camera.place],
                passed: watched.passed(since),
                refusal_age: watched.last_refusal.as_ref().map(|(at, _)| seconds(now - *at)),
                clock_offset: gauges.clock_offset,
                unread_share: gauges.unread_share + gauges.low_confidence_share,
            });
            watched.status(state, &gauges)
        };
        self.cameras.values().map(status).collect()
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

    fn ended(&mut self, at: Instant, unfit: Option<Unfit>) {
        *self.passages.entry(unfit.map_or("published", Unfit::as_str)).or_default() += 1;
        push(&mut self.ended, (at, unfit), PASSAGES);
    }

    /// Of the last 100.
    fn passed(&self, since: Instant) -> usize {
        self.ended.iter().filter(|(at, _)| *at >= since).count()
    }

    fn share(&self, why: Unfit) -> f64 {
        let count = self.ended.iter().filter(|(_, unfit)| *unfit == Some(why)).count();
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

    fn status(&self, state: CameraState, gauges: &State) -> CameraStatus {
        let camera = &self.camera;
        CameraStatus {
            camera: camera.name.to_string(),
            lane: camera.lane.to_string(),
            role: camera.role.as_str(),
            place: camera.place.to_string(),
            state,
            time_zone: camera.zone.name(),
            vendor: camera.vendor.map(crate::Vendor::name),
            min_confidence: camera.min_confidence,
            last_heartbeat: self.last_heartbeat,
            seconds_since_heartbeat: gauges.heartbeat_age,
            last_read: self.last_read,
            seconds_since_read: gauges.read_age,
            unread_share: gauges.unread_share,
            low_confidence_share: gauges.low_confidence_share,
            clock_offset_seconds: gauges.clock_offset,
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
            watched.ended(self.clock.now(), ended.unfit);
        }
    }
}

impl Handler<Overview> for Monitor {
    type Result = MessageResult<Overview>;

    fn handle(&mut self, _: Overview, _: &mut Self::Context) -> Self::Result {
        MessageResult(self.overview())
    }
}

#[cfg(test)]
mod tests;
