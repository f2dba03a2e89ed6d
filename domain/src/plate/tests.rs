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
    check("м123ав77", "M123AB77"); // Cyrillic, all of it shared with Latin
    check("straße1", "STRASSE1");
    check("١٢٣ب", "123ب");
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
    refuse("AB*12", PlateError::BadCharacter('*'));
    refuse("AB？12", PlateError::BadCharacter('?'));
    refuse("AB\u{fffd}12", PlateError::BadCharacter('\u{fffd}'));
    refuse("AB\u{fffc}12", PlateError::BadCharacter('\u{fffc}'));
    refuse("AB12(CA)", PlateError::BadCharacter('('));
    refuse("AB12]", PlateError::BadCharacter(']'));
    refuse("AB12€", PlateError::BadCharacter('€'));
    refuse("AB12\u{e000}", PlateError::BadCharacter('\u{e000}')); // of private use
    refuse("AB12\u{378}", PlateError::BadCharacter('\u{378}')); // nobody's
    refuse("♥", PlateError::Empty);
    refuse("entry_plates\u{0}\u{0}", PlateError::Reserved);
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

#[test]
fn what_parts_the_letters_of_a_plate_is_no_part_of_it() {
    for separator in [
        "\u{2010}", "\u{2011}", "\u{2012}", "\u{2013}", "\u{2014}", "\u{2015}", "\u{2212}",
        "\u{fe63}", "\u{ff0d}", "\u{30fb}", "\u{ff65}", "\u{30fc}", "\u{2022}", "\u{2219}",
        "\u{22c5}", "/", "\\", ",", "'", "\"", ":", ";", "!", "\u{ad}", "\u{200b}", "\u{200c}",
        "\u{200d}", "\u{200e}", "\u{200f}", "\u{202e}", "\u{2066}", "\u{feff}", "\u{0}", "\u{1b}",
        "\u{7f}", "\u{85}", "\u{a0}", "\u{3000}", "\u{2028}", "\u{fe0f}", "\u{20e3}", "\u{640}",
        "♥", "●", "°", "’", "´", "|", "^", "`", "\u{2044}", "\u{2215}", "\u{2223}", "\u{2b9}",
        "\u{2bc}", "\u{a788}",
    ] {
        check(&format!("{separator}FK{separator}82{separator}{separator}"), "FK82");
        check(&format!("ขก{separator}82"), "ขก82");
    }
    check("京B•814", "京B814");
    check("み・・83", "み83");
}

#[test]
fn digits_of_every_script_are_digits() {
    let digits =
        |zero: u32| -> String { (0..10).filter_map(|n| char::from_u32(zero + n)).collect() };
    for zero in [
        0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xe50, 0xed0, 0xf20, 0x1040, 0x17e0, 0x1810, 0xa9d0,
        0xff10, 0x1_04a0, 0x1_16d0, 0x1_16da, 0x1_d7ce, 0x1_d7d8, 0x1_d7f6, 0x1_e950, 0x1_fbf0,
    ] {
        check(&format!("{}XY", digits(zero)), "0123456789XY");
    }
}

#[test]
fn what_may_be_left_out_is_and_what_is_a_letter_or_a_number_stays() {
    check("ب\u{610}12", "ب12"); // marks of Arabic, Hebrew, Syriac, Cyrillic, Greek
    check("א\u{5b8}12", "א12");
    check("ܐ\u{711}12", "ܐ12");
    check("Б\u{483}12", "Б12");
    check("Ω\u{1d242}12", "Ω12");
    check("กี่12", "กี่12");
    check("34 İZ 12", "34IZ12");
    check("京〇12", "京〇12"); // a number that is a letter, and one that is no digit
    check("௰12", "௰12");
}

#[test]
fn persian_and_arabic_forms_are_one_letter() {
    for (one, other) in [
        ("۸۱ی۳۴۵۶۷", "٨١ي٣٤٥٦٧"),
        ("۸۱ک۳۴۵", "81ك345"),
        ("81هـ345", "81ه345"),
        ("أ 4321", "ا4321"),
        ("ى ك ه 77", "یکہ77"),
        ("ﻫ ﮐ 77", "هك77"),
        ("ڪ 77 ے", "ك77ي"),
        ("ھ 77 ە", "ه77ه"),
        ("إ 77 آ 1 ٱ", "ا77ا1ا"),
    ] {
        assert_eq!(Plate::parse(one), Plate::parse(other), "{one} {other}");
        assert!(Plate::parse(one).is_ok(), "{one}");
    }
}

#[test]
fn look_alikes_are_one_where_the_whole_plate_can_be_written_in_one_script() {
    check("КВ 4417 НС", "KB4417HC"); // Cyrillic
    check("ΚΒΝ 4417", "KBN4417"); // Greek
    check("КBΝ 4417", "KBN4417"); // one of each
    check("ВІ Ї 1", "BIÏ1"); // the dots are kept
    check("DА 12", "DA12"); // D is of Latin alone: the А of a Cyrillic engine is an A
    check("УБА 12", "УБА12"); // Б is of Cyrillic alone, so the whole plate is
    check("YБA 12", "УБА12");
    check("ΓΑ 12", "ГА12"); // gamma looks like ge
    check("ΩA 12", "ΩΑ12"); // omega is of Greek alone
    check("京А12", "京А12"); // no script of the three: as it was read
    check("DБА 12", "DБА12");
}

#[test]
fn every_letter_that_looks_like_another_is_known() {
    for (latin, other) in
        [("ABCEHIJKMOPQSTWXY", "АВСЕНІЈКМОРԚЅТԜХУ"), ("ABEHIJKMNOPTXYZ", "ΑΒΕΗΙͿΚΜΝΟΡΤΧΥΖ")]
    {
        assert_eq!(latin.chars().count(), other.chars().count());
        for (latin, other) in latin.chars().zip(other.chars()) {
            check(&format!("{other}1"), &format!("{latin}1"));
        }
    }
    for (cyrillic, greek) in [('Г', 'Γ'), ('П', 'Π'), ('Ф', 'Φ')] {
        check(&format!("{greek}Б1"), &format!("{cyrillic}Б1"));
    }
}

#[test]
fn a_thai_plate_is_read_with_its_marks_and_its_province() {
    check("2ขข 8123 กรุงเทพมหานคร", "2ขข8123กรุงเทพมหานคร");
    check("กท ๘๑๒๓ พระนครศรีอยุธยา", "กท8123พระนครศรีอยุธยา");
    check("ขก 8123 เชียงใหม่", "ขก8123เชียงใหม่");
    check("\u{e48}ขก 8123", "ขก8123"); // a tone of no letter
    refuse(&format!("กก1{}", "ก".repeat(LENGTH_MAX_WITH_PROVINCE)), PlateError::TooLong);
}

#[test]
fn a_plate_of_laos_cambodia_or_myanmar_may_have_its_province_too() {
    for text in ["ບກ1234ນະຄອນຫຼວງວຽງຈັນ", "1A2345រាជធានីភ្នំពេញកម្ពុជា", "12AB34567ရန်ကုန်တိုင်းဒေသကြီး"]
    {
        let counted = text.chars().filter(|&c| folding::is_counted(c)).count();
        assert!((LENGTH_MAX + 1..=LENGTH_MAX_WITH_PROVINCE).contains(&counted), "{text} {counted}");
        check(text, text);
    }
    refuse("ბბ1234თბილისიქუთაისი", PlateError::TooLong); // Georgian: no province on it
}

#[test]
fn a_part_of_a_plate_is_found_in_any_spelling() {
    let is_in = |part: &str, plate: &str| {
        PlatePart::parse(part).expect(part).is_in(&Plate::parse(plate).unwrap())
    };
    assert!(is_in("к-в", "KB4417"));
    assert!(is_in("А1", "УБА12") && is_in("a1", "УБА12"));
    assert!(is_in("۴۴", "KB4417") && !is_in("45", "KB4417"));
    // Shapes that Latin has not, and letters with a dot or two.
    assert!(is_in("Γ", "ГБ12") && is_in("Г", "ГБ12") && !is_in("П", "ГБ12"));
    assert!(is_in("Ї", "ЇБ12") && is_in("Ï", "ЇБ12") && !is_in("Ї", "ІБ12"));
    assert_eq!(PlatePart::parse("-"), None);
}

/// Every character of Unicode of the classes that part, but for what stands for an unread one.
fn separators() -> Vec<char> {
    use unicode_properties::{GeneralCategory as Category, UnicodeGeneralCategory};
    (0..=u32::from(char::MAX))
        .filter_map(char::from_u32)
        .filter(|character| {
            matches!(
                character.general_category(),
                Category::DashPunctuation
                    | Category::ConnectorPunctuation
                    | Category::SpaceSeparator
                    | Category::LineSeparator
                    | Category::ParagraphSeparator
                    | Category::Control
                    | Category::Format
                    | Category::OtherPunctuation
                    | Category::ModifierSymbol
            ) && Plate::parse(&format!("AB{character}12")).is_ok()
        })
        .collect()
}

#[test]
fn hardly_any_separator_is_refused() {
    use unicode_properties::{GeneralCategory as Category, UnicodeGeneralCategory};
    let refused: Vec<char> = (0..=u32::from(char::MAX))
        .filter_map(char::from_u32)
        .filter(|c| {
            matches!(
                c.general_category(),
                Category::DashPunctuation
                    | Category::ConnectorPunctuation
                    | Category::SpaceSeparator
                    | Category::Control
                    | Category::Format
                    | Category::OtherPunctuation
            )
        })
        .filter(|c| Plate::parse(&format!("AB{c}12")).as_ref().map(Plate::as_str) != Ok("AB12"))
        .collect();
    let expected = "#*?¿՞؟፧‽⁇⁈⁉⁎⁑⳺⳻⸘⸮꘏꛷︖﹖﹟﹡＃＊？";
    assert_eq!(refused.iter().collect::<String>(), expected);
}

fn plates() -> impl Strategy<Value = String> {
    prop_oneof![
        "[A-Z]{1,3}[0-9]{1,5}",
        "[А-ЯІЇЄҐ]{1,3}[0-9]{1,4}",
        "[Α-ΡΣ-Ω]{1,3}[0-9]{1,4}",
        "[۰-۹]{2}[ا-يپچژکگی][۰-۹]{3}",
        "[0-9]?[ก-ฮ]{1,2}[\u{e31}\u{e34}-\u{e3a}\u{e47}-\u{e4e}]?[0-9]{1,4}",
        "[가-힣]{1,2}[0-9]{2,4}",
        "[0-9]{2,3}[ぁ-ん][0-9]{1,4}",
        "[ÄÖÜŠČŽÉ]{1,3}[0-9]{2,4}",
        "\\PC{2,8}",
    ]
}

proptest! {
    #[test]
    fn a_normalised_plate_is_its_own_normal_form(
        text in prop_oneof!["\\PC{0,20}", "[\u{1100}\u{1161}ｱﾞßﬁǆ７._-]{1,8}"],
    ) {
        if let Ok(plate) = Plate::parse(&text) {
            prop_assert_eq!(Plate::parse(plate.as_str()), Ok(plate.clone()));
            let length = plate.as_str().chars().filter(|&c| folding::is_counted(c)).count();
            prop_assert!((LENGTH_MIN..=LENGTH_MAX_WITH_PROVINCE).contains(&length));
            // No plate can be taken for a key of the store, which are all lower case.
            prop_assert!(!plate.as_str().bytes().any(|byte| byte.is_ascii_lowercase()));
        }
    }

    /// Whatever separators an engine puts in, and wherever: the plate reads the same.
    #[test]
    fn separators_anywhere_change_nothing(
        text in plates(),
        put in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 1..6),
    ) {
        let separators = SEPARATORS.get_or_init(separators);
        let mut parted: Vec<char> = text.chars().collect();
        for (which, place) in put {
            parted.insert(place.index(parted.len() + 1), *which.get(separators));
        }
        let parted: String = parted.into_iter().collect();
        prop_assert_eq!(Plate::parse(&parted), Plate::parse(&text), "{:?} of {:?}", parted, text);
    }

    /// Composed or not, a text is the same plate. But for a mark that stands for itself (`¯`): its
    /// compatibility form is a space and a mark, as of a mark that was parted from its letter.
    #[test]
    fn the_form_of_normalisation_changes_nothing(text in plates()) {
        use unicode_normalization::UnicodeNormalization;
        let plate = Plate::parse(&text);
        prop_assert_eq!(Plate::parse(&text.nfd().collect::<String>()), plate.clone());
        prop_assert_eq!(Plate::parse(&text.nfc().collect::<String>()), plate.clone());
        let is_lone_mark = |c: char| c != ' ' && std::iter::once(c).nfkd().next() == Some(' ');
        prop_assume!(!text.contains(is_lone_mark));
        prop_assert_eq!(Plate::parse(&text.nfkd().collect::<String>()), plate);
    }

    /// Upper or lower case, and folded once or twice.
    #[test]
    fn folding_is_idempotent(text in plates()) {
        if let Ok(plate) = Plate::parse(&text) {
            prop_assert_eq!(Plate::parse(plate.as_str()), Ok(plate));
        }
    }
}

static SEPARATORS: std::sync::OnceLock<Vec<char>> = std::sync::OnceLock::new();
