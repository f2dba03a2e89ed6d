//! One observation: a plate, at an instant, entering or leaving. Nearly always a camera read.

use std::fmt;

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use crate::{CameraName, Instant, LaneName, ObservationId, PlaceName, Plate, Reason};

/// Which way the vehicle went. `Entry` sorts first: at one and the same instant a vehicle comes
/// before it leaves, so that a stay of no length is a stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// A vehicle drives into the place.
    Entry,
    /// A vehicle drives out of it.
    Exit,
}

impl Direction {
    /// The name used on the wire and as a metric label.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Entry => "entry",
            Self::Exit => "exit",
        }
    }
}

/// How an observation was made, and by whom (APDS: its `method` and `observerOrganisation`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// A camera of the place read the plate.
    #[default]
    Camera,
    /// An operator of the place saw the vehicle.
    Operator {
        /// Why no camera did, in the operator's words.
        reason: Reason,
    },
}

impl Method {
    /// Whether it was a camera, as nearly always.
    pub(crate) fn is_camera(&self) -> bool {
        *self == Self::Camera
    }
}

/// One observation, valid by construction (see [`crate::wire::parse_observation`]).
#[derive(Debug, Clone, PartialEq)]
pub struct Observation {
    /// Idempotency key (R1).
    pub id: ObservationId,
    /// The plate that was read, normalised.
    pub plate: Plate,
    /// The text the camera read, where it differs from the normalised plate. Masked nowhere:
    /// print it only where the plate itself may be printed.
    pub plate_as_read: Option<PlateAsRead>,
    /// Whether the vehicle drove in or out.
    pub direction: Direction,
    /// When, by the camera's clock.
    pub at: Instant,
    /// The car park that it drove into or out of.
    pub place: PlaceName,
    /// The way in or out of it.
    pub lane: Option<LaneName>,
    /// The camera that read it, where the message names one.
    pub camera: Option<CameraName>,
    /// How sure the camera was of the plate, 0 to 1.
    pub confidence: Option<f32>,
    /// How it was made.
    pub method: Method,
}

/// A plate's text before normalisation. `Debug` shows nothing of it (G8).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PlateAsRead(pub CompactString);

impl PlateAsRead {
    /// The text, where it differs from the plate; without what would break a line or turn the
    /// direction of writing around it (padding, control characters, direction overrides).
    pub fn of(text: &str, plate: &Plate) -> Option<Self> {
        let is_shown = |c: &char| {
            !c.is_control() && !matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        };
        let shown: CompactString = text.chars().filter(is_shown).collect();
        (shown != plate.as_str()).then_some(Self(shown))
    }
}

impl fmt::Debug for PlateAsRead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}
