use proptest::prelude::*;

use super::*;

fn check(text: &str, expected: &str) {
    assert_eq!(Plate::parse(text).expect(text).as_str(), expected, "{text:?}");
}

fn refuse(text: &str, expected: PlateError) {
    assert_eq!(Plate::parse(text), Err(expected), "{text:?}");
}

#[test]
fn a_plate_is_the_same_however_it_is_written() {
    check("ABC123", "ABC123");
    check("abc-123", "ABC123");
    check(" a b·c_1.2\t3 ", "ABC123");
    check("\u{ff21}\u{ff22}\u{ff11}\u{ff12}", "AB12"); // full width
    check("京A·12345", "京A12345");
    check("м123ав77", "М123АВ77"); // Cyrillic
    check("straße1", "STRASSE1");
    check("١٢٣ب", "١٢٣ب");
    check("0123456789ABCDEF", "0123456789ABCDEF");
    check("\u{1100}-\u{1161}7", "\u{ac00}7"); // two halves of a Hangul syllable
    check(&format!("AB{}", "-".repeat(TEXT_BYTES_MAX - 2)), "AB");
}

#[test]
fn what_is_no_plate_says_why() {
    refuse("", PlateError::Empty);
    refuse(" -._· ", PlateError::Empty);
    refuse("A", PlateError::TooShort(1));
    refuse("0123456789ABCDEFG", PlateError::TooLong);
    refuse(&format!("AB{}", "-".repeat(TEXT_BYTES_MAX - 1)), PlateError::TooLong);
    refuse("AB\u{0}12", PlateError::BadCharacter('\u{0}'));
    refuse("=1+1", PlateError::BadCharacter('='));
    refuse("<b>", PlateError::BadCharacter('<'));
    refuse("entry_plates", PlateError::Reserved);
    refuse(" ENTRY_PLATES", PlateError::Reserved);
}

#[test]
fn debug_never_shows_a_whole_plate() {
    let plate = Plate::parse("ABC123").unwrap();
    assert_eq!(format!("{plate:?}"), "A*3/6");
    assert_eq!(plate.to_string(), "ABC123");
    let masked = |text: &str| format!("{:?}", Plate::parse(text).unwrap());
    assert_eq!(masked("京A12345"), "京*5/7");
    assert_eq!(masked("ABCD"), "A*D/4");
    assert_eq!(masked("ABC"), "*/3", "too short to show any of it");
    assert_eq!(masked("AB"), "*/2");
}

proptest! {
    #[test]
    fn a_normalised_plate_is_its_own_normal_form(
        text in prop_oneof!["\\PC{0,20}", "[\u{1100}\u{1161}ｱﾞßﬁǆ７._-]{1,8}"],
    ) {
        if let Ok(plate) = Plate::parse(&text) {
            prop_assert_eq!(Plate::parse(plate.as_str()), Ok(plate.clone()));
            let length = plate.as_str().chars().count();
            prop_assert!((LENGTH_MIN..=LENGTH_MAX).contains(&length));
            // No plate can be taken for a key of the store, which are all lower case.
            prop_assert!(!plate.as_str().bytes().any(|byte| byte.is_ascii_lowercase()));
        }
    }
}
