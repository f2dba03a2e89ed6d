use proptest::prelude::*;

use super::{PlateFormat, PlateFormatError};
use crate::dice::{Dice, Stream};

proptest! {
    #[test]
    fn whatever_format_is_accepted_every_text_drawn_from_it_is_a_plate(
        text in "[A-Z0-9 ._·-]{0,20}",
        seed: u64,
    ) {
        if let Ok(format) = PlateFormat::parse(&text) {
            let mut dice = Dice::new(seed, Stream::Entries);
            for _ in 0..20 {
                let drawn = format.draw(&mut dice);
                prop_assert!(domain::Plate::parse(drawn.as_str()).is_ok());
                prop_assert_eq!(drawn.as_str().chars().count(), text.chars().count());
            }
        }
    }

    #[test]
    fn no_text_makes_it_panic(text: String) {
        let _ = PlateFormat::parse(&text);
    }
}

#[test]
fn letters_stand_in_for_letters_and_digits_for_digits() {
    let format = PlateFormat::parse("MX-A 9").unwrap();
    let mut dice = Dice::new(1, Stream::Entries);
    for _ in 0..100 {
        let drawn = format.draw(&mut dice);
        let text: Vec<_> = drawn.as_str().chars().collect();
        assert_eq!(text[..3], ['M', 'X', '-']);
        assert!(text[3].is_ascii_uppercase() && text[4] == ' ' && text[5].is_ascii_digit());
    }
}

#[test]
fn a_format_that_makes_no_plates_is_refused_with_the_reason() {
    fn check(text: &str, expected: &str) {
        let error = PlateFormat::parse(text).unwrap_err();
        assert!(error.to_string().contains(expected), "{text}: {error}");
    }
    check("", "the plate is empty");
    check("--", "the plate is empty");
    check("A", "at least 2 are needed");
    check("AAAAAAAAAAAAAAAAA", "more than 16");
    check("aaa-999", "'a' has no meaning");
    check("AAA/999", "'/' has no meaning");
    assert_eq!(PlateFormat::parse("BC-1").unwrap_err(), PlateFormatError::Constant);
}
