//! What is known of one camera, and how it changes. Pure but for a line of log.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use domain::{Instant, wire};

use super::Heard;
use super::memory::{KeptCamera, KeptPassage, KeptRefusal};
use super::state::{CameraState, Facts};
use super::status::{CameraStatus, Refusal, WithoutObservation};
use super::why::{short, why};
use crate::camera::Camera;
use crate::metrics::{MessageKind, State};
use crate::sighting::Unfit;

/// Passages that shares are made of.
const PASSAGES: usize = 100;
/// Reads that the clock's offset is the median of.
const DELAYS: usize = 50;
/// Vehicles without an observation that are shown one by one.
const WITHOUT: usize = 20;
/// The same refusal is logged so often and no more.
const SAY_AGAIN_AFTER: TimeDelta = TimeDelta::minutes(5);

/// What is known of one camera.
pub(super) struct Watched {
    pub(super) camera: Arc<Camera>,
    /// Since when it is watched, over restarts.
    since: Instant,
    state: CameraState,
    state_since: Instant,
    was_heard: bool,
    last_heartbeat: Option<Instant>,
    last_read: Option<Instant>,
    /// How the last passages ended, and when, the oldest first.
    ended: VecDeque<(Instant, Option<Unfit>)>,
    /// The last of those that made no observation, by the camera's clock, the oldest first.
    without: VecDeque<(Instant, Unfit)>,
    /// Seconds, of the last reads, the oldest first.
    delays: VecDeque<f64>,
    messages: BTreeMap<&'static str, u64>,
    passages: BTreeMap<&'static str, u64>,
    /// Reads with another plate that were taken for a vehicle that is published already.
    pub(super) merged: u64,
    last_refusal: Option<(Instant, String)>,
    /// The last one that was not for a clock.
    not_understood_at: Option<Instant>,
    /// The last read that lay too far ahead: when it came, and by how many seconds.
    ahead: Option<(Instant, f64)>,
    /// What was last logged of its refusals, and when.
    pub(super) said: Option<(Instant, String)>,
}

impl Watched {
    /// As it was left off, or anew.
    pub(super) fn new(camera: Arc<Camera>, now: Instant, kept: Option<KeptCamera>) -> Self {
        let kept = kept.unwrap_or_default();
        Self {
            camera,
            since: kept.since.unwrap_or(now),
            state: kept.state.unwrap_or(CameraState::NeverHeard),
            state_since: kept.state_since.or(kept.since).unwrap_or(now),
            was_heard: kept.was_heard,
            last_heartbeat: kept.last_heartbeat,
            last_read: kept.last_read,
            ended: kept.ended.into_iter().map(|passage| (passage.at, passage.unfit)).collect(),
            without: kept
                .without
                .into_iter()
                .filter_map(|passage| Some((passage.at, passage.unfit?)))
                .collect(),
            delays: kept.delays.into(),
            messages: BTreeMap::new(),
            passages: BTreeMap::new(),
            merged: 0,
            last_refusal: kept.last_refusal.map(|refusal| (refusal.at, refusal.reason)),
            not_understood_at: kept.not_understood_at,
            ahead: kept.ahead,
            said: None,
        }
    }

    /// What is worth to be kept over a restart.
    pub(super) fn kept(&self) -> (String, KeptCamera) {
        let passage =
            |(at, unfit): &(Instant, Option<Unfit>)| KeptPassage { at: *at, unfit: *unfit };
        let kept = KeptCamera {
            since: Some(self.since),
            state: Some(self.state),
            state_since: Some(self.state_since),
            was_heard: self.was_heard,
            last_heartbeat: self.last_heartbeat,
            last_read: self.last_read,
            ended: self.ended.iter().map(passage).collect(),
            without: self
                .without
                .iter()
                .map(|(at, unfit)| KeptPassage { at: *at, unfit: Some(*unfit) })
                .collect(),
            delays: self.delays.iter().copied().collect(),
            last_refusal: self.last_refusal.clone().map(|(at, reason)| KeptRefusal { at, reason }),
            not_understood_at: self.not_understood_at,
            ahead: self.ahead,
        };
        (self.camera.name.to_string(), kept)
    }

    pub(super) fn heard(&mut self, heard: Heard) {
        self.was_heard = true;
        *self.messages.entry(heard.kind.as_str()).or_default() += 1;
        match heard.kind {
            MessageKind::Heartbeat => self.last_heartbeat = Some(heard.at),
            // Also one that could not be taken: the stream is alive.
            MessageKind::Reads | MessageKind::Future | MessageKind::Unavailable => {
                self.last_read = Some(heard.at);
            }
            MessageKind::Nothing | MessageKind::Refused => {}
        }
        for delay in heard.delays {
            push(&mut self.delays, signed_seconds(delay), DELAYS);
        }
        if let Some(ahead) = heard.ahead {
            self.ahead = Some((heard.at, signed_seconds(ahead)));
        }
        if let Some(reason) = heard.refusal {
            if heard.ahead.is_none() {
                self.not_understood_at = Some(heard.at);
            }
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

    pub(super) fn ended(&mut self, at: Instant, passed_at: Instant, unfit: Option<Unfit>) {
        *self.passages.entry(unfit.map_or("published", Unfit::as_str)).or_default() += 1;
        push(&mut self.ended, (at, unfit), PASSAGES);
        if let Some(unfit) = unfit {
            push(&mut self.without, (passed_at, unfit), WITHOUT);
        }
    }

    /// Of the last 100.
    pub(super) fn passed(&self, since: Instant) -> usize {
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

    /// True where that is news.
    pub(super) fn is_now(&mut self, state: CameraState, now: Instant) -> bool {
        let is_news = self.state != state;
        if is_news {
            (self.state, self.state_since) = (state, now);
        }
        is_news
    }

    pub(super) fn gauges(&self, now: Instant) -> State {
        State {
            heartbeat_age: self.last_heartbeat.map(|at| age(now, at)),
            read_age: age(now, self.last_read.unwrap_or(self.since)),
            unread_share: self.share(Unfit::Unread),
            low_confidence_share: self.share(Unfit::LowConfidence),
            clock_offset: self.clock_offset(),
            was_heard: self.was_heard,
        }
    }

    /// Its own; what holds of all cameras is the monitor's to say.
    pub(super) fn facts(&self, now: Instant) -> Facts {
        let gauges = self.gauges(now);
        Facts {
            was_heard: self.was_heard,
            watched_for: age(now, self.since),
            heard_within: Duration::MAX,
            heartbeat_age: gauges.heartbeat_age,
            read_age: gauges.read_age,
            has_read: self.last_read.is_some(),
            reads_within: Duration::MAX,
            passed_at_place: 0,
            passed: 0,
            refusal_age: self.not_understood_at.map(|at| age(now, at)),
            ahead: self.ahead.map(|(at, by)| (age(now, at), by)),
            clock_offset: gauges.clock_offset,
            unread_share: gauges.unread_share,
            low_confidence_share: gauges.low_confidence_share,
            share_of: self.ended.len(),
        }
    }

    /// What is shown of it, by the facts of this moment.
    pub(super) fn status(&self, facts: &Facts) -> CameraStatus {
        let camera = &self.camera;
        let refusal = self.last_refusal.as_ref().map(|(_, reason)| reason.as_str());
        let without = |(at, unfit): &(Instant, Unfit)| WithoutObservation {
            at: *at,
            lane: camera.lane.to_string(),
            outcome: unfit.as_str(),
        };
        CameraStatus {
            camera: camera.name.to_string(),
            lane: camera.lane.to_string(),
            role: camera.role.as_str(),
            place: camera.place.to_string(),
            state: self.state,
            severity: self.state.severity(facts),
            since: self.state_since,
            why: why(self.state, facts, camera.name.as_str(), refusal),
            time_zone: camera.zone.name(),
            vendor: camera.vendor.map(crate::Vendor::name),
            min_confidence: camera.min_confidence,
            last_heartbeat: self.last_heartbeat,
            seconds_since_heartbeat: facts.heartbeat_age,
            last_read: self.last_read,
            seconds_since_read: facts.read_age,
            unread_share: facts.unread_share,
            low_confidence_share: facts.low_confidence_share,
            clock_offset_seconds: facts.clock_offset,
            messages: self.messages.clone(),
            passages: self.passages.clone(),
            merged_reads: self.merged,
            without_observation: self.without.iter().rev().map(without).collect(),
            last_refusal: self.last_refusal.as_ref().map(|(at, reason)| Refusal {
                at: wire::format_time(*at),
                reason: reason.clone(),
                short: short(reason),
            }),
        }
    }
}

fn push<T>(last: &mut VecDeque<T>, item: T, max: usize) {
    if last.len() >= max {
        last.pop_front();
    }
    last.push_back(item);
}

#[expect(clippy::cast_precision_loss, reason = "of a gauge")]
fn signed_seconds(span: TimeDelta) -> f64 {
    span.num_milliseconds() as f64 / 1000.0
}

/// Seconds; zero of what lies ahead.
fn age(now: Instant, at: Instant) -> f64 {
    signed_seconds(now - at).max(0.0)
}
