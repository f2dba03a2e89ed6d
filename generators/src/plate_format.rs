//! What the plates of simulated vehicles look like.

use domain::{Plate, PlateError};
use platform::settings::Value;

use crate::dice::Dice;
use crate::inside_store::PlateText;

/// A pattern such as `AAA-999`: every text drawn from it is a valid [`Plate`], because the pattern
/// itself is one and letters only ever stand in for letters, digits for digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlateFormat(String);

/// Why a text is no plate format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PlateFormatError {
    /// What is drawn from it would be no plate.
    #[error("`A` stands for a letter and `9` for a digit, as in `AAA-999`: {0}")]
    NoPlate(#[from] PlateError),
    /// Only capitals, digits and separators have a meaning.
    #[error("{0:?} has no meaning: use `A`, `9`, other capitals and digits, `-`, `.` or a blank")]
    Meaningless(char),
    /// Every vehicle would have the same plate.
    #[error("neither `A` nor `9` occurs, so every plate would be the same")]
    Constant,
}

impl PlateFormat {
    /// Of a setting's text; refuses what would not make a plate each time.
    pub fn parse(text: &str) -> Result<Self, PlateFormatError> {
        let known = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || "-.·_ ".contains(c);
        if let Some(unknown) = text.chars().find(|&c| !known(c)) {
            return Err(PlateFormatError::Meaningless(unknown));
        }
        Plate::parse(text)?;
        if !text.contains(['A', '9']) {
            return Err(PlateFormatError::Constant);
        }
        Ok(Self(text.to_owned()))
    }

    /// A plate's text, as a camera would read it.
    pub(crate) fn draw(&self, dice: &mut Dice) -> PlateText {
        let draw = |c| match c {
            'A' => dice.letter(),
            '9' => dice.digit(),
            literal => literal,
        };
        let text: String = self.0.chars().map(draw).collect();
        PlateText::parse(&text).expect("letters and digits in the place of others")
    }
}

impl Value for PlateFormat {
    fn noun() -> String {
        "a plate format".to_owned()
    }

    fn parse(text: &str) -> Option<Self> {
        Self::parse(text).ok()
    }

    fn remedy(text: &str) -> Option<String> {
        Self::parse(text).err().map(|e| e.to_string())
    }
}

#[cfg(test)]
mod tests;
