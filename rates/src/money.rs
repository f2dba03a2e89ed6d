//! Amounts: decimals as a table has them, and integers of minor units as a bill has them.

use std::fmt;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::ratio::{Overflow, Ratio};

/// A decimal number that is read from text, and kept exactly: `"2.00"`, `"0.025"`, `"1.5"`.
///
/// Prices are in major units (euros, yen). A number without quotes is refused, because the formats
/// would make a binary float of it, and a float loses cents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decimal(pub(crate) i64, pub(crate) u8);

impl Decimal {
    /// No money: where sums begin.
    pub const ZERO: Self = Self(0, 0);

    /// `digits` without the last `places`: `new(250, 2)` is 2.50. More than 12 places are `None`.
    pub fn new(digits: i64, places: u8) -> Option<Self> {
        (places <= 12).then_some(Self(digits, places))
    }

    /// Reads `-12.345`: at most 12 digits behind the point, and no more than fit into 64 bits.
    pub fn parse(text: &str) -> Option<Self> {
        let (whole, part) = text.split_once('.').unwrap_or((text, ""));
        let digits = |part: &str| part.chars().all(|c| c.is_ascii_digit());
        let unsigned = whole.strip_prefix('-').unwrap_or(whole);
        let good = !unsigned.is_empty()
            && digits(unsigned)
            && digits(part)
            && text.ends_with(|c: char| c.is_ascii_digit());
        let places = u8::try_from(part.len()).ok().filter(|places| *places <= 12)?;
        let number = format!("{whole}{part}").parse().ok()?;
        good.then_some(Self(number, places))
    }

    /// The same number as a fraction.
    pub fn ratio(self) -> Ratio {
        // At most 12 places: the power fits, and the denominator is not 0.
        Ratio::new(i128::from(self.0), 10_i128.pow(u32::from(self.1))).unwrap_or(Ratio::ZERO)
    }

    /// Whether the number is below zero.
    pub fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// Whether the number is zero.
    pub fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The number in minor units of `currency`, exactly (a fraction of a cent stays a fraction).
    pub fn minor(self, currency: &Currency) -> Result<Ratio, Overflow> {
        self.ratio().mul(Ratio::whole(10_i128.pow(u32::from(currency.digits()))))
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_scaled(f, i128::from(self.0), self.1)
    }
}

fn write_scaled(f: &mut fmt::Formatter<'_>, number: i128, places: u8) -> fmt::Result {
    let sign = if number < 0 { "-" } else { "" };
    let scale = 10_u128.pow(u32::from(places));
    let number = number.unsigned_abs();
    write!(f, "{sign}{}", number / scale)?;
    match places {
        0 => Ok(()),
        _ => write!(f, ".{:0width$}", number % scale, width = usize::from(places)),
    }
}

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Quoted;
        impl Visitor<'_> for Quoted {
            type Value = Decimal;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a decimal number in quotes, as \"2.50\" (a number without quotes would become a binary float, which loses cents)")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Decimal, E> {
                Decimal::parse(text).ok_or_else(|| {
                    E::custom(format!(
                        "`{text}` is no decimal number; write it as \"2.50\", with a point and at most 12 digits behind it"
                    ))
                })
            }
        }
        deserializer.deserialize_any(Quoted)
    }
}

/// A currency by its ISO 4217 code: three capital letters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency(String);

impl Currency {
    /// The currency of a code of three capital letters.
    pub fn new(code: &str) -> Option<Self> {
        let good = code.len() == 3 && code.bytes().all(|b| b.is_ascii_uppercase());
        good.then(|| Self(code.to_owned()))
    }

    /// Its three letters (ISO 4217).
    pub fn code(&self) -> &str {
        &self.0
    }

    /// How many digits its minor unit has behind the point (ISO 4217): 2, or 0 for the yen.
    pub fn digits(&self) -> u8 {
        match self.0.as_str() {
            "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF"
            | "UGX" | "VND" | "VUV" | "XAF" | "XOF" | "XPF" => 0,
            "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
            _ => 2,
        }
    }

    /// An amount of minor units as people write it: `4.00`.
    pub fn show(&self, minor: i64) -> String {
        struct Shown(i64, u8);
        impl fmt::Display for Shown {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_scaled(f, i128::from(self.0), self.1)
            }
        }
        Shown(minor, self.digits()).to_string()
    }
}

impl TryFrom<String> for Currency {
    type Error = String;

    fn try_from(code: String) -> Result<Self, String> {
        Self::new(&code).ok_or_else(|| {
            format!("`{code}` is no currency; write three capital letters, as \"EUR\"")
        })
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decimal_is_exact_and_comes_back_as_it_was() {
        for text in ["2.00", "-0.05", "1.15", "0", "1500", "0.000000000001"] {
            assert_eq!(Decimal::parse(text).unwrap().to_string(), text);
        }
        for text in
            ["", ".5", "2.", "1e3", "+1", "1,50", "--1", "0.0000000000001", "99999999999999999999"]
        {
            assert_eq!(Decimal::parse(text), None, "{text}");
        }
        let euro = Currency::new("EUR").unwrap();
        let hundred = Ratio::whole(100);
        // 1.15 x 100 is 115; with binary floats, and cut off, it is 114.
        assert_eq!(Decimal::parse("1.15").unwrap().ratio().mul(hundred), Ok(Ratio::whole(115)));
        assert_eq!(euro.show(-5), "-0.05");
        assert_eq!(Currency::new("JPY").unwrap().show(20_700), "20700");
    }
}
