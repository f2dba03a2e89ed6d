//! Every metric of the cameras: names, and the events that move them. Cameras are few and named in
//! the configuration, so they can be labels; a plate never is.

use platform::runtime::Register;
use prometheus::{GaugeVec, IntCounterVec, IntGauge, Registry};

use crate::camera::Camera;
use crate::sighting::Unfit;

/// The labels of a metric that is kept per camera.
const CAMERA: [&str; 3] = ["camera", "lane", "place"];

/// What a message was; the label `kind`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageKind {
    /// It told of plates, and they are taken.
    Reads,
    /// The camera is there.
    Heartbeat,
    /// Well formed, and of no concern here.
    Nothing,
    /// It could not be understood, and was refused.
    Refused,
    /// A read in it lies too far ahead of the clock, and was refused.
    Future,
    /// It told of plates, and they could not be taken: the camera was told to keep it.
    Unavailable,
}

const MESSAGE_KINDS: [MessageKind; 6] = [
    MessageKind::Reads,
    MessageKind::Heartbeat,
    MessageKind::Nothing,
    MessageKind::Refused,
    MessageKind::Future,
    MessageKind::Unavailable,
];
const OUTCOMES: [&str; 4] = ["published", "unread", "low_confidence", "no_direction"];

impl MessageKind {
    /// The label's value.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reads => "reads",
            Self::Heartbeat => "heartbeat",
            Self::Nothing => "nothing",
            Self::Refused => "refused",
            Self::Future => "future",
            Self::Unavailable => "unavailable",
        }
    }
}

/// What the monitor knows of a camera, as gauges.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct State {
    /// Seconds since the last heartbeat; none was heard yet.
    pub heartbeat_age: Option<f64>,
    /// Seconds since the last read, of a plate or of a vehicle without; since it is watched, as long
    /// as there was none.
    pub read_age: f64,
    /// Of the last passages.
    pub unread_share: f64,
    /// Of the last passages.
    pub low_confidence_share: f64,
    /// Median; nothing told of it yet.
    pub clock_offset: Option<f64>,
    /// Anything ever came of it.
    pub was_heard: bool,
}

/// Handles to the metrics, cheap to clone.
#[derive(Debug, Clone)]
pub struct Metrics {
    messages: IntCounterVec,
    reads: IntCounterVec,
    passages: IntCounterVec,
    merged: IntCounterVec,
    ahead: IntCounterVec,
    heard: GaugeVec,
    heartbeat_age: GaugeVec,
    read_age: GaugeVec,
    unread_share: GaugeVec,
    low_confidence_share: GaugeVec,
    clock_offset: GaugeVec,
    events: IntGauge,
}

impl Metrics {
    /// Registers all of them; an error where one is registered already.
    pub fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let make = Register(registry);
        let counter = |name: &str, help: &str, more: &[&str]| {
            make.counters(name, help, &[&CAMERA, more].concat())
        };
        let gauge = |name: &str, help: &str| make.levels(name, help, &CAMERA);
        Ok(Self {
            messages: counter(
                "web_backend_camera_messages_total",
                "Messages of a camera, by what they were.",
                &["kind"],
            )?,
            reads: counter(
                "web_backend_camera_reads_total",
                "Reads in a camera's messages, repeats and updates included.",
                &[],
            )?,
            passages: counter(
                "web_backend_camera_passages_total",
                "Vehicles before a camera, by what became of the best read of each.",
                &["outcome"],
            )?,
            merged: counter(
                "web_backend_camera_merged_reads_total",
                "Reads with another plate that were taken for the vehicle that was published, by their event id.",
                &[],
            )?,
            ahead: counter(
                "web_backend_camera_future_reads_total",
                "Reads that were refused because they lay more than 5 minutes ahead of carpark's clock.",
                &[],
            )?,
            heard: gauge(
                "web_backend_camera_heard",
                "1 where anything ever came of a camera, 0 where nothing did.",
            )?,
            heartbeat_age: gauge(
                "web_backend_camera_heartbeat_age_seconds",
                "Time since a camera's last heartbeat; absent before the first one.",
            )?,
            read_age: gauge(
                "web_backend_camera_read_age_seconds",
                "Time since a camera's last read, of a plate or of a vehicle without; since it is watched, before the first one.",
            )?,
            unread_share: gauge(
                "web_backend_camera_unread_share",
                "Share of a camera's last 100 passages whose plate was not read.",
            )?,
            low_confidence_share: gauge(
                "web_backend_camera_low_confidence_share",
                "Share of a camera's last 100 passages whose plate was read with too little confidence.",
            )?,
            clock_offset: gauge(
                "web_backend_camera_clock_offset_seconds",
                "Received minus captured, median of a camera's last 50 reads, late uploads left out.",
            )?,
            events: make.gauge(
                "web_backend_camera_events_remembered",
                "Passages that are remembered to recognise later messages about them.",
            )?,
        })
    }

    /// Every series of a camera begins at zero: an increase by the first event counts.
    pub fn begin(&self, camera: &Camera) {
        let labels = labels(camera);
        for kind in MESSAGE_KINDS {
            self.messages.with_label_values(&with(labels, kind.as_str())).reset();
        }
        for outcome in OUTCOMES {
            self.passages.with_label_values(&with(labels, outcome)).reset();
        }
        for counter in [&self.reads, &self.merged, &self.ahead] {
            counter.with_label_values(&labels).reset();
        }
    }

    /// A message was answered.
    pub fn message(&self, camera: &Camera, kind: MessageKind, reads: usize) {
        let labels = labels(camera);
        self.messages.with_label_values(&with(labels, kind.as_str())).inc();
        self.reads.with_label_values(&labels).inc_by(reads as u64);
    }

    /// A passage is over; `None`: published.
    pub fn passage_ended(&self, camera: &Camera, unfit: Option<Unfit>) {
        let outcome = unfit.map_or("published", Unfit::as_str);
        self.passages.with_label_values(&with(labels(camera), outcome)).inc();
    }

    /// A read with another plate was taken for one of a vehicle that has its observation.
    pub fn merged(&self, camera: &Camera) {
        self.merged.with_label_values(&labels(camera)).inc();
    }

    /// So many reads were refused because their time has not come.
    pub fn ahead(&self, camera: &Camera, reads: usize) {
        self.ahead.with_label_values(&labels(camera)).inc_by(reads as u64);
    }

    /// So many events are remembered.
    pub fn events_remembered(&self, count: usize) {
        self.events.set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// What the monitor knows of a camera.
    pub fn state(&self, camera: &Camera, state: &State) {
        let labels = labels(camera);
        self.heard.with_label_values(&labels).set(if state.was_heard { 1.0 } else { 0.0 });
        self.read_age.with_label_values(&labels).set(state.read_age);
        self.unread_share.with_label_values(&labels).set(state.unread_share);
        self.low_confidence_share.with_label_values(&labels).set(state.low_confidence_share);
        if let Some(age) = state.heartbeat_age {
            self.heartbeat_age.with_label_values(&labels).set(age);
        }
        if let Some(offset) = state.clock_offset {
            self.clock_offset.with_label_values(&labels).set(offset);
        }
    }
}

fn labels(camera: &Camera) -> [&str; 3] {
    [camera.name.as_str(), camera.lane.as_str(), camera.place.as_str()]
}

fn with<'a>([camera, lane, place]: [&'a str; 3], more: &'a str) -> [&'a str; 4] {
    [camera, lane, place, more]
}
