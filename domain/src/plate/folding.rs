//! One spelling of a plate, whatever a camera makes of it. What is dropped and what is refused goes
//! by the class of a character (Unicode's general category and script), not by a list of those that
//! were seen. Pure text: how long a plate may be is [`super::Plate`]'s.

use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategory as Category, UnicodeGeneralCategory};
use unicode_script::{Script, UnicodeScript};

use super::PlateError;
use super::lookalikes;

/// One pass leaves what the next one changes where letters become neighbours; the third has nothing
/// to do. Past it a text has no normal form, and is no plate.
const PASSES_MAX: usize = 6;

/// What becomes of a character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    /// A letter or a digit, in the form that stands for all its forms.
    Kept(char),
    /// Belongs to the letter before it.
    Mark(char),
    /// Between letters or around them, and no part of the plate.
    Dropped,
    /// Says that this is no plate, or not the whole of one.
    Refused,
}

/// The one spelling of `text`: the fixed point of folding, so that a plate is its own spelling.
pub(super) fn fold(text: &str) -> Result<String, PlateError> {
    let mut folded = without_separators(text)?;
    for _ in 0..PASSES_MAX {
        let next = lookalikes::in_one_script(&with_marks_of_letters(&without_separators(&folded)?));
        if next == folded {
            return Ok(folded);
        }
        folded = next;
    }
    Err(PlateError::BadCharacter(folded.chars().next().unwrap_or_default()))
}

/// Letters, digits and marks, upper case. Marks stay for now: a separator may have parted them from
/// their letter.
fn without_separators(text: &str) -> Result<String, PlateError> {
    let mut kept = String::with_capacity(text.len());
    let without_lone_marks = text.chars().filter(|character| !is_lone_mark(*character));
    for character in without_lone_marks.nfkc().flat_map(char::to_uppercase) {
        match class(character) {
            Class::Kept(character) | Class::Mark(character) => kept.push(character),
            Class::Dropped => {}
            Class::Refused => return Err(PlateError::BadCharacter(character)),
        }
    }
    Ok(kept)
}

/// A mark that stands for itself (`´`, `¨`): NFKC makes a space with a mark of it, and the mark would
/// go to the letter before.
fn is_lone_mark(character: char) -> bool {
    !character.is_ascii() && std::iter::once(character).nfkc().next() == Some(' ')
}

/// Marks that make one character with their letter do so; of the others those stay that their
/// script cannot be written without, after a letter.
fn with_marks_of_letters(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    for character in text.nfkc() {
        match class(character) {
            Class::Mark(_) if kept.is_empty() || !is_needed(character) => {}
            _ => kept.push(character),
        }
    }
    kept
}

/// Whether it counts towards the length of a plate: marks do not.
pub(super) fn is_counted(character: char) -> bool {
    character.is_ascii() || !matches!(class(character), Class::Mark(_))
}

/// Whether the plate is written in a script of countries that write the province on the plate.
pub(super) fn names_province(character: char) -> bool {
    matches!(character.script(), Script::Thai | Script::Lao | Script::Khmer | Script::Myanmar)
}

fn class(character: char) -> Class {
    if character.is_ascii_alphanumeric() {
        return Class::Kept(character);
    }
    match character.general_category() {
        Category::DecimalNumber => Class::Kept(ascii_digit(character)),
        Category::UppercaseLetter
        | Category::LowercaseLetter
        | Category::TitlecaseLetter
        | Category::OtherLetter
        | Category::LetterNumber
        | Category::OtherNumber => Class::Kept(common_form(character)),
        Category::ModifierLetter if stretches(character) => Class::Dropped,
        Category::ModifierLetter => Class::Kept(character),
        Category::NonspacingMark | Category::SpacingMark | Category::EnclosingMark => {
            Class::Mark(character)
        }
        Category::DashPunctuation
        | Category::ConnectorPunctuation
        | Category::InitialPunctuation
        | Category::FinalPunctuation
        | Category::SpaceSeparator
        | Category::LineSeparator
        | Category::ParagraphSeparator
        | Category::Control
        | Category::Format
        | Category::ModifierSymbol => Class::Dropped,
        Category::OtherPunctuation if stands_for_unread(character) => Class::Refused,
        Category::OtherPunctuation => Class::Dropped,
        // What could not be decoded is no symbol.
        Category::OtherSymbol if matches!(character, '\u{fffc}' | '\u{fffd}') => Class::Refused,
        Category::OtherSymbol => Class::Dropped,
        Category::MathSymbol if is_dash_or_dot(character) => Class::Dropped,
        // Sums, prices and brackets are of a text that is more or other than a plate.
        Category::MathSymbol
        | Category::CurrencySymbol
        | Category::OpenPunctuation
        | Category::ClosePunctuation
        | Category::Surrogate
        | Category::PrivateUse
        | Category::Unassigned => Class::Refused,
    }
}

/// What engines write in the place of a character that they could not read: with it dropped the
/// rest would be another vehicle's plate.
fn stands_for_unread(character: char) -> bool {
    matches!(
        character,
        '*' | '?'
            | '#'
            | '¿'
            | '؟'
            | '՞'
            | '፧'
            | '⁇'
            | '⁈'
            | '⁉'
            | '⁎'
            | '⁑'
            | '⸮'
            | '⳺'
            | '⳻'
            | '꘏'
            | '꛷'
            | '‽'
            | '⸘'
    )
}

/// Dashes and dots that Unicode counts among the signs of mathematics, and the bar that a frame is
/// read as.
fn is_dash_or_dot(character: char) -> bool {
    matches!(
        character,
        '\u{2212}' | '\u{2219}' | '\u{22c5}' | '\u{2044}' | '\u{2215}' | '\u{2223}' | '|'
    )
}

/// Letters by class that no plate has as one: strokes that lengthen a word (Arabic tatweel, the
/// katakana bar, which stands for a dash), apostrophes and marks of speech.
fn stretches(character: char) -> bool {
    matches!(character, '\u{640}' | '\u{30fc}' | '\u{2b0}'..='\u{2ff}' | '\u{a788}' | '\u{a78b}')
}

/// The value of a decimal digit of any script. The digits of a script stand in one run, from zero
/// on, and where runs meet each has ten (Unicode Standard, section 4.6), so its place among its
/// neighbours tells.
fn ascii_digit(digit: char) -> char {
    let before = |number: &u32| {
        char::from_u32(*number)
            .is_some_and(|other| other.general_category() == Category::DecimalNumber)
    };
    let place = (0..u32::from(digit)).rev().take_while(before).count() % 10;
    char::from_digit(u32::try_from(place).unwrap_or_default(), 10).unwrap_or(digit)
}

/// Forms of one letter that keyboards and engines take for each other: of Persian, Urdu and Arabic
/// (yeh, kaf, heh, and alef with whatever stands on it), and the dotted I of a Turkish upper-casing.
fn common_form(letter: char) -> char {
    match letter {
        'ی' | 'ى' | 'ے' => 'ي',
        'ک' | 'ڪ' => 'ك',
        'ہ' | 'ھ' | 'ە' => 'ه',
        'أ' | 'إ' | 'آ' | 'ٱ' => 'ا',
        'İ' => 'I',
        other => other,
    }
}

/// Marks without which a word of their script is another word (vowels and tones of Thai, Lao, Khmer,
/// Indian scripts). What scripts share, and what Arabic, Hebrew and Syriac may leave out, is not.
fn is_needed(mark: char) -> bool {
    !matches!(
        mark.script(),
        Script::Inherited
            | Script::Common
            | Script::Unknown
            | Script::Latin
            | Script::Cyrillic
            | Script::Greek
            | Script::Arabic
            | Script::Hebrew
            | Script::Syriac
    )
}
