//! Amounts and numbers, as people of a language write them.

use super::Language;
use crate::money::{Currency, Decimal};
use crate::ratio::{Mode, Ratio};

/// A number with the language's mark behind the whole: `1.5`, `1,5`.
pub(super) fn number(language: Language, text: &str) -> String {
    match language {
        Language::English => text.to_owned(),
        Language::German => text.replace('.', ","),
    }
}

/// A number of a table.
pub(super) fn decimal(language: Language, decimal: Decimal) -> String {
    number(language, &decimal.to_string())
}

/// A number with its currency: `2.50 EUR`, `2,50 €`.
fn with_currency(language: Language, currency: &Currency, text: &str) -> String {
    let unit = match (language, currency.code()) {
        (Language::German, "EUR") => "€",
        (_, code) => code,
    };
    format!("{} {unit}", number(language, text))
}

/// Minor units as money.
pub(super) fn money(language: Language, currency: &Currency, minor: i64) -> String {
    with_currency(language, currency, &currency.show(minor))
}

/// An amount of a table, with as many digits behind the point as the currency has at least.
pub(super) fn amount(language: Language, currency: &Currency, amount: Decimal) -> String {
    let missing = currency.digits().saturating_sub(amount.1);
    let padded = amount.0.checked_mul(10_i64.pow(u32::from(missing)));
    let shown = padded.map_or(amount, |digits| Decimal(digits, amount.1 + missing));
    with_currency(language, currency, &shown.to_string())
}

/// A price that a line is reckoned with. One that is not money (a fraction of a cent) is said as exactly
/// as a few digits can; `true` where it is one, as the line is rounded then.
pub(super) fn price(language: Language, currency: &Currency, minor: Ratio) -> (String, bool) {
    if let (1, Ok(whole)) = (minor.denominator(), i64::try_from(minor.numerator())) {
        return (money(language, currency, whole), false);
    }
    // Up to six digits more than money has: those of most prices are fewer.
    for more in 1..=6_u8 {
        if let Some(exact) = digits(minor, more).filter(|(exact, _)| *exact) {
            let text = Decimal(exact.1, currency.digits() + more).to_string();
            return (with_currency(language, currency, &text), true);
        }
    }
    let about = super::words::say(language, "about", "rund");
    let text = digits(minor, 2)
        .map_or_else(String::new, |(_, near)| Decimal(near, currency.digits() + 2).to_string());
    (format!("{about} {}", with_currency(language, currency, &text)), true)
}

/// The number with so many digits behind the point, without it; `true` where that is exact.
fn digits(number: Ratio, places: u8) -> Option<(bool, i64)> {
    let scaled = number.mul(Ratio::whole(10_i128.pow(u32::from(places)))).ok()?;
    let near = i64::try_from(scaled.round(Mode::HalfUp)).ok()?;
    Some((scaled.denominator() == 1, near))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;

    #[test]
    fn an_amount_is_written_as_its_readers_write_it() {
        let (euro, yen) = (Currency::new("EUR").unwrap(), Currency::new("JPY").unwrap());
        let pound = Currency::new("GBP").unwrap();
        assert_eq!(money(Language::German, &euro, 150), "1,50 €");
        assert_eq!(money(Language::German, &pound, -150), "-1,50 GBP");
        assert_eq!(money(Language::English, &euro, 150), "1.50 EUR");
        assert_eq!(money(Language::German, &yen, 400), "400 JPY");
        for (text, shown) in [("2", "2.00 EUR"), ("2.5", "2.50 EUR"), ("0.025", "0.025 EUR")] {
            assert_eq!(amount(Language::English, &euro, Decimal::parse(text).unwrap()), shown);
        }
    }

    #[test]
    fn a_fraction_of_a_cent_is_said_in_digits() {
        let euro = Currency::new("EUR").unwrap();
        for (above, below, english, german) in [
            (225, 2, "1.125 EUR", "1,125 €"),
            (1, 64, "0.00015625 EUR", "0,00015625 €"),
            (250, 3, "about 0.8333 EUR", "rund 0,8333 €"),
            (500, 3, "about 1.6667 EUR", "rund 1,6667 €"),
        ] {
            let minor = Ratio::new(above, below).unwrap();
            assert_eq!(price(Language::English, &euro, minor), (english.to_owned(), true));
            assert_eq!(price(Language::German, &euro, minor), (german.to_owned(), true));
        }
        let whole = Ratio::whole(125);
        assert_eq!(price(Language::English, &euro, whole), ("1.25 EUR".to_owned(), false));
    }
}
