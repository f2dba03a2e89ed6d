//! An observation as a record keeps it.

use chrono::TimeDelta;
use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use crate::observation::PlateAsRead;
use crate::policy::RE_READ;
use crate::{CameraName, Direction, Instant, LaneName, Method, ObservationId, PlaceName};

mod millis;
pub(crate) mod nanos;

/// Short handle of an observation within its record: its number in order of arrival. Arrival order
/// decides which read of a passage stands (R2).
pub type Seq = u32;

/// An observation as the record keeps it: all but the plate, which is the record's key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Known {
    /// Its number in the order of arrival.
    #[serde(rename = "n")]
    pub seq: Seq,
    /// The observation's id (R1).
    #[serde(rename = "i")]
    pub id: ObservationId,
    /// Entry or exit.
    #[serde(rename = "k")]
    pub direction: Direction,
    /// Event time.
    #[serde(rename = "t", with = "nanos")]
    pub at: Instant,
    /// Processing time of its arrival; `repair_window` is counted from it.
    #[serde(rename = "r", with = "nanos")]
    pub received_at: Instant,
    /// Processing time from which it waits for its counterpart, where it arrived late: when the
    /// watermark that its verdict waits for had passed it already, which proves nothing then.
    #[serde(
        rename = "w",
        default,
        skip_serializing_if = "Option::is_none",
        with = "nanos::optional"
    )]
    pub waits_from: Option<Instant>,
    /// Whether it was history when it came, or its place's history was coming in: then it waits for
    /// that, and for nobody else's. Absent in what an earlier version stored, which knew one watermark.
    #[serde(rename = "h", default, skip_serializing_if = "std::ops::Not::not")]
    pub is_past: bool,
    /// The car park that the read names.
    #[serde(rename = "p", default, skip_serializing_if = "is_default_place")]
    pub place: PlaceName,
    /// The lane that the read names.
    #[serde(rename = "l", default, skip_serializing_if = "Option::is_none")]
    pub lane: Option<LaneName>,
    /// The camera that made the read.
    #[serde(rename = "c", default, skip_serializing_if = "Option::is_none")]
    pub camera: Option<CameraName>,
    /// How sure the camera was of the plate, 0 to 1.
    #[serde(rename = "s", default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<f32>,
    /// How the observation was made.
    #[serde(rename = "m", default, skip_serializing_if = "Method::is_camera")]
    pub method: Method,
    /// The plate as read, where it differs.
    #[serde(rename = "a", default, skip_serializing_if = "Option::is_none")]
    pub plate_as_read: Option<PlateAsRead>,
    /// Event time of the last re-read that was folded into this one to keep the record bounded
    /// (G6); see [`crate::judgement`].
    #[serde(
        rename = "u",
        default,
        skip_serializing_if = "Option::is_none",
        with = "nanos::optional"
    )]
    pub until: Option<Instant>,
    /// R2: for how long after it another read is the same passage, by the site's rule when it came.
    /// Absent in what is stored: the usual 20 s.
    #[serde(
        rename = "g",
        default = "default_re_read",
        skip_serializing_if = "is_default_re_read",
        with = "millis"
    )]
    pub re_read: TimeDelta,
    /// The plate's text under which it was stored and reported, where that is another than the
    /// record's key: an earlier version spelled the plate so. What was reported keeps its name (R9).
    #[serde(rename = "b", default, skip_serializing_if = "Option::is_none")]
    pub former_plate: Option<PlateAsRead>,
}

fn default_re_read() -> TimeDelta {
    RE_READ
}

fn is_default_re_read(re_read: &TimeDelta) -> bool {
    *re_read == RE_READ
}

fn is_default_place(place: &PlaceName) -> bool {
    *place == PlaceName::default()
}

impl Known {
    /// Event-time order; at one instant entries before exits, then by id, so that it is total.
    pub(crate) fn order(&self) -> (Instant, Direction, &ObservationId) {
        (self.at, self.direction, &self.id)
    }

    /// Event time of the last read that this one stands for.
    pub(crate) fn last_at(&self) -> Instant {
        self.until.map_or(self.at, |until| until.max(self.at))
    }

    /// Event time up to which another read is the same passage (R2).
    pub(crate) fn reaches(&self) -> Instant {
        self.last_at().checked_add_signed(self.re_read).unwrap_or(Instant::MAX_UTC)
    }

    /// Which lane and which camera saw it, as people are told. An operator stands in the place of a
    /// lane, and the reason in that of a camera.
    pub fn seen_by(&self) -> (Option<&str>, Option<&str>) {
        match &self.method {
            Method::Camera => (
                self.lane.as_ref().map(LaneName::as_str),
                self.camera.as_ref().map(CameraName::as_str),
            ),
            Method::Operator { reason } => (Some("operator"), Some(reason.as_str())),
        }
    }

    /// The text of the plate as the camera gave it, where it differs from the plate.
    pub fn plate_as_read(&self) -> Option<&CompactString> {
        self.plate_as_read.as_ref().map(|text| &text.0)
    }
}
