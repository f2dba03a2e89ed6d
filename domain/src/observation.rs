//! One observation: a plate, at an instant, entering or leaving. Nearly always a camera read.

use std::fmt;

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use crate::{Instant, Plate};

/// Most bytes of an observation's id.
pub const ID_BYTES_MAX: usize = 256;
/// Most bytes of a label (place, lane, camera).
pub const LABEL_BYTES_MAX: usize = 128;
/// The place of an observation that names none.
pub const DEFAULT_PLACE: &str = "main";

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

/// Identifies one read, for ever: the idempotency key (R1). 1 to [`ID_BYTES_MAX`] bytes without
/// control characters.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ObservationId(CompactString);

/// A short text that names a place, a lane or a camera: 1 to [`LABEL_BYTES_MAX`] bytes without
/// control characters.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Label(CompactString);

/// Why a text is no id or no label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Nothing but white space.
    #[error("is empty")]
    Empty,
    /// More bytes than allowed.
    #[error("has {0} bytes, at most {1} are allowed")]
    TooLong(usize, usize),
    /// A line break, a NUL or the like: it would break a line of the files.
    #[error("has a control character")]
    Control,
}

fn check_text(text: &str, bytes_max: usize) -> Result<CompactString, TextError> {
    if text.trim().is_empty() {
        return Err(TextError::Empty);
    }
    if text.len() > bytes_max {
        return Err(TextError::TooLong(text.len(), bytes_max));
    }
    if text.chars().any(char::is_control) {
        return Err(TextError::Control);
    }
    Ok(CompactString::new(text))
}

impl ObservationId {
    /// Checks `text`; it is kept as it is.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        check_text(text, ID_BYTES_MAX).map(Self)
    }

    /// The id as it was sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Label {
    /// Checks `text`; it is kept as it is.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        check_text(text, LABEL_BYTES_MAX).map(Self)
    }

    /// The label as it was sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Label {
    fn default() -> Self {
        Self(CompactString::const_new(DEFAULT_PLACE))
    }
}

impl fmt::Display for ObservationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
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
        reason: Label,
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
    pub place: Label,
    /// The way in or out of it.
    pub lane: Option<Label>,
    /// The camera that read it, where the message names one.
    pub camera: Option<Label>,
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
