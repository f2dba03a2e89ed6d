//! The number plate, normalised: what makes two reads of one vehicle the same vehicle.

use std::fmt;

use compact_str::CompactString;
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

/// Fewest and most characters (not bytes) of a normalised plate.
pub const LENGTH_MIN: usize = 2;
/// See [`LENGTH_MIN`].
pub const LENGTH_MAX: usize = 16;
/// Most bytes of a plate as it is written, all that is stripped from it included: the text as read
/// is kept beside the plate, and a record has to stay small (G6).
pub const TEXT_BYTES_MAX: usize = 256;

/// The one word that is a key of the Redis contract beside the plates themselves. A camera or a
/// script that sends it as a plate is broken, and the row it would make is nobody's stay.
const RESERVED: &str = "entry_plates";

/// A number plate that is valid by construction: NFKC, upper case, without white space and
/// `-.·_`, [`LENGTH_MIN`] to [`LENGTH_MAX`] letters or digits of any script.
///
/// Personal data (G8): `Debug` shows it masked, so that it can stand in any log; [`Plate::as_str`]
/// and `Display` show it whole, for files, stores and answers to the authorised.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "CompactString", into = "CompactString")]
pub struct Plate(CompactString);

/// Why a text is no plate. The text itself is left out: errors are logged, plates are not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PlateError {
    /// Nothing is left once white space and punctuation are stripped.
    #[error("the plate is empty")]
    Empty,
    /// Fewer than [`LENGTH_MIN`] characters.
    #[error("the plate has {0} character, at least {LENGTH_MIN} are needed")]
    TooShort(usize),
    /// More than [`LENGTH_MAX`] characters, or more than [`TEXT_BYTES_MAX`] bytes as it is written.
    #[error("the plate has more than {LENGTH_MAX} characters")]
    TooLong,
    /// A character that is neither a letter nor a digit.
    #[error("the plate has a character that is neither letter nor digit (U+{:04X})", *.0 as u32)]
    BadCharacter(char),
    /// The name of a key of the store.
    #[error("the plate is a reserved word of the store")]
    Reserved,
}

impl Plate {
    /// Normalises `text` as a camera read it.
    pub fn parse(text: &str) -> Result<Self, PlateError> {
        if is_normal(text) {
            return Ok(Self(CompactString::new(text)));
        }
        if text.len() > TEXT_BYTES_MAX {
            return Err(PlateError::TooLong);
        }
        if text.trim().eq_ignore_ascii_case(RESERVED) {
            return Err(PlateError::Reserved);
        }
        let mut plate = CompactString::default();
        let mut length = 0;
        // The first NFKC makes all that is stripped plain. The second is for what comes of it:
        // upper-casing, and letters that become neighbours, can leave a text that is not normal.
        let stripped = text.nfkc().filter(|character| !is_stripped(*character));
        for character in stripped.flat_map(char::to_uppercase).nfkc() {
            if !character.is_alphanumeric() {
                return Err(PlateError::BadCharacter(character));
            }
            length += 1;
            if length > LENGTH_MAX {
                return Err(PlateError::TooLong);
            }
            plate.push(character);
        }
        match length {
            0 => Err(PlateError::Empty),
            1 => Err(PlateError::TooShort(length)),
            _ => Ok(Self(plate)),
        }
    }

    /// The normalised text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_stripped(character: char) -> bool {
    character.is_whitespace() || matches!(character, '-' | '.' | '·' | '_')
}

/// Most plates arrive normal already: checked without a copy.
fn is_normal(text: &str) -> bool {
    (LENGTH_MIN..=LENGTH_MAX).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

impl fmt::Display for Plate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Plate {
    /// First and last character and the length: enough to follow a case, too little to name one.
    /// Of a short plate the length alone.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let length = self.0.chars().count();
        match (self.0.chars().next(), self.0.chars().next_back()) {
            (Some(first), Some(last)) if length > 3 => write!(f, "{first}*{last}/{length}"),
            _ => write!(f, "*/{length}"),
        }
    }
}

impl TryFrom<CompactString> for Plate {
    type Error = PlateError;

    fn try_from(text: CompactString) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<Plate> for CompactString {
    fn from(plate: Plate) -> Self {
        plate.0
    }
}

#[cfg(test)]
mod tests;
