//! What is shown of a camera: the answer of `/admin/cameras`, and what the pages are made of.

use std::collections::BTreeMap;

use domain::{Instant, wire};
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

use super::state::{CameraState, Severity};

/// What is known of a camera.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct CameraStatus {
    /// The camera's name.
    pub camera: String,
    /// The lane it watches.
    pub lane: String,
    /// `entry`, `exit` or `both`.
    #[schema(value_type = String)]
    pub(super) role: &'static str,
    /// The car park that its lane leads into.
    pub place: String,
    /// How it does. `reads_nothing`: it tells of no vehicle and the other cameras of its place do,
    /// though its heartbeats may go on; `silent`: it had sent heartbeats and sends nothing any more;
    /// `refused`: its messages are not understood; `clock_wrong`; `reads_badly`; `reading`; `quiet`:
    /// no vehicle lately, and nothing says that there was one; `never_heard`: nothing ever came.
    /// Each that is no good news is that of an alert; where several hold, the worst.
    pub state: CameraState,
    /// How bad that is: `critical`, `warning`, `well`; `unknown` of a camera that was put up just
    /// now (`camera_heard_within`) and was not heard of yet.
    pub severity: Severity,
    /// Since when it is in that state, over restarts of carpark.
    #[serde(serialize_with = "instant_as_text")]
    #[schema(value_type = String)]
    pub since: Instant,
    /// The numbers behind it, in one short sentence without points in time. Shows nothing of what
    /// was sent.
    pub why: String,
    pub(super) time_zone: &'static str,
    /// None: each message tells.
    pub(super) vendor: Option<&'static str>,
    pub(super) min_confidence: f32,
    /// When its last heartbeat was received; none before the first.
    #[serde(serialize_with = "as_text")]
    #[schema(value_type = Option<String>)]
    pub last_heartbeat: Option<Instant>,
    pub(super) seconds_since_heartbeat: Option<f64>,
    /// A plate, or a vehicle without.
    #[serde(serialize_with = "as_text")]
    #[schema(value_type = Option<String>)]
    pub last_read: Option<Instant>,
    /// Since it is watched, where there was none yet.
    pub(super) seconds_since_read: f64,
    /// Of the last 100 passages, 0 to 1.
    pub unread_share: f64,
    /// Of the last 100 passages, 0 to 1.
    pub low_confidence_share: f64,
    /// Received minus captured, median of the last 50 reads; late uploads left out.
    pub clock_offset_seconds: Option<f64>,
    /// Since the start: `reads`, `heartbeat`, `nothing`, `refused`, `future` (a read
    /// that lies too far ahead of the clock, refused), `unavailable`.
    pub(super) messages: BTreeMap<&'static str, u64>,
    /// Since the start: `published`, `unread`, `low_confidence`, `no_direction`.
    pub(super) passages: BTreeMap<&'static str, u64>,
    /// Since the start: reads with another plate that were taken for one vehicle with the read that
    /// was published, because they had its event id.
    pub(super) merged_reads: u64,
    /// The last 20 vehicles that made no observation, the latest first.
    pub without_observation: Vec<WithoutObservation>,
    /// The last message that was refused.
    pub last_refusal: Option<Refusal>,
}

/// A vehicle that passed and made no observation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct WithoutObservation {
    /// When, by the camera's clock.
    #[serde(serialize_with = "instant_as_text")]
    #[schema(value_type = String)]
    pub at: Instant,
    /// The lane that it passed.
    pub lane: String,
    /// `unread`, `low_confidence` or `no_direction`.
    #[schema(value_type = String)]
    pub outcome: &'static str,
}

/// A message that was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Refusal {
    pub(super) at: String,
    /// Why, in words. Shows nothing of what was sent.
    pub reason: String,
    /// The same, shortened to a line or two.
    pub short: String,
}

fn instant_as_text<S: Serializer>(at: &Instant, serializer: S) -> Result<S::Ok, S::Error> {
    wire::format_time(*at).serialize(serializer)
}

#[expect(clippy::ref_option, reason = "what serde passes")]
fn as_text<S: Serializer>(at: &Option<Instant>, serializer: S) -> Result<S::Ok, S::Error> {
    at.map(wire::format_time).serialize(serializer)
}
