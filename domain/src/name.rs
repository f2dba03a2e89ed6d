//! What names a place, a lane, a camera, a read, and what a person gives as a reason: short texts,
//! each of a type of its own, so that none is taken for another.

use std::fmt;
use std::str::FromStr;

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

/// Most bytes of an observation's id.
pub const ID_BYTES_MAX: usize = 256;
/// Most bytes of the name of a place, a lane or a camera, and of a reason.
pub const NAME_BYTES_MAX: usize = 128;
/// The place of an observation that names none.
pub const DEFAULT_PLACE: &str = "main";

/// Why a text is no name.
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

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident($bytes_max:expr);)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(CompactString);

        impl $name {
            /// Checks `text`; it is kept as it is.
            pub fn parse(text: &str) -> Result<Self, TextError> {
                check_text(text, $bytes_max).map(Self)
            }

            /// The text as it was sent.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = TextError;

            fn from_str(text: &str) -> Result<Self, TextError> {
                Self::parse(text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

names! {
    /// Identifies one read, for ever: the idempotency key (R1). 1 to [`ID_BYTES_MAX`] bytes without
    /// control characters.
    ObservationId(ID_BYTES_MAX);
    /// Names a car park. 1 to [`NAME_BYTES_MAX`] bytes without control characters.
    PlaceName(NAME_BYTES_MAX);
    /// Names a way into a place, or out of it. 1 to [`NAME_BYTES_MAX`] bytes without control
    /// characters.
    LaneName(NAME_BYTES_MAX);
    /// Names a camera. 1 to [`NAME_BYTES_MAX`] bytes without control characters.
    CameraName(NAME_BYTES_MAX);
    /// Why a person did it, in that person's words. 1 to [`NAME_BYTES_MAX`] bytes without control
    /// characters.
    Reason(NAME_BYTES_MAX);
    /// Names a right holder: a person, a firm, a group. 1 to [`NAME_BYTES_MAX`] bytes without control
    /// characters.
    HolderId(NAME_BYTES_MAX);
    /// Names an assigned right. 1 to [`NAME_BYTES_MAX`] bytes without control characters.
    RightId(NAME_BYTES_MAX);
    /// Names an admission: the id of what the gate asked. 1 to [`ID_BYTES_MAX`] bytes without control
    /// characters.
    AdmissionId(ID_BYTES_MAX);
}

impl Default for PlaceName {
    fn default() -> Self {
        Self(CompactString::const_new(DEFAULT_PLACE))
    }
}
