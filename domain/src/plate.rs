//! The number plate, normalised: what makes two reads of one vehicle the same vehicle.

use std::fmt;

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

mod folding;
mod lookalikes;

pub use lookalikes::PlatePart;

/// Fewest letters or digits of a plate. Marks that belong to a letter are not counted.
pub const LENGTH_MIN: usize = 2;
/// Most letters or digits of a plate.
pub const LENGTH_MAX: usize = 16;
/// Most where the script is Thai, Lao, Khmer or Myanmar: there the province stands on the plate, is
/// part of it, and engines write it behind the number (`1กก 1234 กรุงเทพมหานคร`).
pub const LENGTH_MAX_WITH_PROVINCE: usize = 24;
/// Most bytes of a plate as it is written, all that is stripped from it included: the text as read
/// is kept beside the plate, and a record has to stay small (G6).
pub const TEXT_BYTES_MAX: usize = 256;

/// The one word that is a key of the Redis contract beside the plates themselves. A camera or a
/// script that sends it as a plate is broken, and the row it would make is nobody's stay.
const RESERVED: &str = "entry_plates";

/// How plates are spelled (see [`Plate`]); counted up when that changes, so that a store knows
/// whether its records stand under the keys of this version. 1: white space and `-.·_` were dropped,
/// and nothing was folded.
pub const SPELLING: u32 = 2;

/// A number plate that is valid by construction, in the one spelling that all its spellings come to:
/// NFKC and upper case; dashes, spaces, separating punctuation, symbols, format and control
/// characters dropped, whichever they are; decimal digits of every script as ASCII; Persian and
/// Arabic forms of a letter as one; letters that look alike in Latin, Cyrillic and Greek in one of
/// the three where the *whole* plate can be written in it. Then [`LENGTH_MIN`] to [`LENGTH_MAX`]
/// letters or digits of any script ([`LENGTH_MAX_WITH_PROVINCE`] of those that write the province).
///
/// What stands for a character that was not read (`*`, `?`, `#`), brackets, sums and prices are
/// refused: what is left without them may be another vehicle's plate.
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
    /// A character that is no part of a plate and no separator either.
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
        let is_around = |c: char| c.is_whitespace() || c.is_control();
        if text.trim_matches(is_around).eq_ignore_ascii_case(RESERVED) {
            return Err(PlateError::Reserved);
        }
        let folded = folding::fold(text)?;
        let length = folded.chars().filter(|&c| folding::is_counted(c)).count();
        let length_max = match folded.chars().any(folding::names_province) {
            true => LENGTH_MAX_WITH_PROVINCE,
            false => LENGTH_MAX,
        };
        match length {
            0 => Err(PlateError::Empty),
            _ if length < LENGTH_MIN => Err(PlateError::TooShort(length)),
            _ if length > length_max => Err(PlateError::TooLong),
            _ => Ok(Self(CompactString::from(folded))),
        }
    }

    /// The normalised text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
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
