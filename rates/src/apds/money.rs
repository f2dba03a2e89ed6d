//! A JSON number by its digits.

use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::money::Decimal;

/// A number, kept exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Number(pub Decimal);

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.0.to_string()).map_err(S::Error::custom)?.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let told = || {
            D::Error::custom(format!(
                "`{}` is no amount: a number of at most 12 digits behind the point",
                raw.get()
            ))
        };
        exact(raw.get()).map(Self).ok_or_else(told)
    }
}

/// `2.50`, and `25e-1`, which is the same number.
fn exact(text: &str) -> Option<Decimal> {
    let Some((digits, power)) = text.split_once(['e', 'E']) else { return Decimal::parse(text) };
    let power: i32 = power.strip_prefix('+').unwrap_or(power).parse().ok()?;
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let places = i32::try_from(part.len()).ok()?.checked_sub(power)?;
    if !(-18..=12).contains(&places) {
        return None;
    }
    let zeros = "0".repeat(usize::try_from(-places).unwrap_or(0));
    let number = format!("{whole}{part}{zeros}").parse().ok()?;
    Decimal::new(number, u8::try_from(places).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_read_by_its_digits() {
        let same = |text: &str, shown: &str| {
            let number: Number = serde_json::from_str(text).unwrap();
            assert_eq!(number.0.ratio(), Decimal::parse(shown).unwrap().ratio(), "{text}");
        };
        for (text, shown) in [
            ("0.1", "0.1"),
            ("1.15", "1.15"),
            ("-3", "-3"),
            // Beyond the digits of a binary float.
            ("90071992547409.93", "90071992547409.93"),
            ("25e-1", "2.5"),
            ("1.5E+2", "150"),
        ] {
            same(text, shown);
        }
        for text in ["\"2.50\"", "true", "0.1234567890123", "1e99", "null"] {
            assert!(serde_json::from_str::<Number>(text).is_err(), "{text}");
        }
        let number = Number(Decimal::parse("90071992547409.93").unwrap());
        assert_eq!(serde_json::to_string(&number).unwrap(), "90071992547409.93");
    }
}
