//! Vehicles that report in, and whose they are: what the vehicle monitor knows by heart.

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use crate::Plate;

/// Most characters of a vehicle's or a customer's id.
pub const ID_LENGTH_MAX: usize = 64;
/// Most characters of a customer's name.
pub const NAME_LENGTH_MAX: usize = 200;
/// Most characters of a customer's address.
pub const ADDRESS_LENGTH_MAX: usize = 500;

/// Why a text is not what it should be. The text itself is left out: errors are logged, and names
/// and vehicles are personal data (G8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing but white space.
    #[error("is empty")]
    Empty,
    /// More characters than can be kept.
    #[error("has more than {0} characters")]
    TooLong(usize),
    /// A character that an id cannot have.
    #[error("has a character that is no letter, digit, `-`, `_` or `.` (U+{:04X})", *.0 as u32)]
    BadCharacter(char),
    /// A character that nobody can see.
    #[error("has a control character (U+{:04X})", *.0 as u32)]
    Control(char),
}

/// Names a vehicle, by its VIN for instance: upper case, [`ID_LENGTH_MAX`] ASCII letters, digits,
/// `-`, `_` and `.` at most, beginning with a letter or a digit. It stands in paths and in keys.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "CompactString", into = "CompactString")]
pub struct VehicleId(CompactString);

/// Names a customer; as a [`VehicleId`], but as it is written.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "CompactString", into = "CompactString")]
pub struct CustomerId(CompactString);

fn parse_id(text: &str) -> Result<&str, NameError> {
    let text = text.trim();
    if text.len() > ID_LENGTH_MAX {
        return Err(NameError::TooLong(ID_LENGTH_MAX));
    }
    let first = text.chars().next().ok_or(NameError::Empty)?;
    if !first.is_ascii_alphanumeric() {
        return Err(NameError::BadCharacter(first));
    }
    let is_fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    text.chars().find(|c| !is_fine(*c)).map_or(Ok(text), |c| Err(NameError::BadCharacter(c)))
}

fn parse_text(text: &str, length_max: usize) -> Result<&str, NameError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(NameError::Empty);
    }
    if text.chars().count() > length_max {
        return Err(NameError::TooLong(length_max));
    }
    text.chars().find(|c| c.is_control()).map_or(Ok(text), |c| Err(NameError::Control(c)))
}

impl VehicleId {
    /// Normalises `text`, or says why it is no id.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        parse_id(text).map(|id| Self(id.to_ascii_uppercase().into()))
    }

    /// The normalised text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl CustomerId {
    /// Checks `text`, or says why it is no id.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        parse_id(text).map(|id| Self(id.into()))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<CompactString> for VehicleId {
    type Error = NameError;

    fn try_from(text: CompactString) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<VehicleId> for CompactString {
    fn from(id: VehicleId) -> Self {
        id.0
    }
}

impl TryFrom<CompactString> for CustomerId {
    type Error = NameError;

    fn try_from(text: CompactString) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<CustomerId> for CompactString {
    fn from(id: CustomerId) -> Self {
        id.0
    }
}

/// Who owns vehicles. Text is text: what a page makes of it is the page's to escape.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Customer {
    /// The customer's id, unique in the monitor.
    pub id: CustomerId,
    /// What they are called.
    pub name: String,
    /// Where they live; may be empty.
    pub address: String,
}

impl Customer {
    /// Checks name and address.
    pub fn new(
        id: CustomerId,
        name: &str,
        address: &str,
    ) -> Result<Self, (&'static str, NameError)> {
        let name = parse_text(name, NAME_LENGTH_MAX).map_err(|e| ("name", e))?.to_owned();
        let address = match parse_text(address, ADDRESS_LENGTH_MAX) {
            Err(NameError::Empty) => "",
            address => address.map_err(|e| ("address", e))?,
        };
        Ok(Self { id, name, address: address.to_owned() })
    }
}

/// A vehicle of a customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vehicle {
    /// The vehicle's id, unique in the monitor.
    pub id: VehicleId,
    /// Its number plate; no two vehicles have the same.
    pub plate: Plate,
    /// The customer who owns it.
    pub customer: CustomerId,
}

#[cfg(test)]
mod tests;
