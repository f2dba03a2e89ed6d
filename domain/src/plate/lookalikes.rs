//! Letters of Latin, Cyrillic and Greek that look the same: a camera writes now the one, now the
//! other. A plate that can be written whole in one of the three is written so, Latin first, then
//! Cyrillic, then Greek; any other is left as it was read. So a Russian plate and a Latin one that
//! look the same are one key.

use unicode_normalization::UnicodeNormalization;
use unicode_script::{Script, UnicodeScript};

use super::Plate;

/// A shape, as each of the three scripts writes it; a space: it does not. From the confusables of
/// Unicode (UTS #39), less what only small letters share and what no plate has.
const SHAPES: [(char, char, char); 22] = [
    ('A', 'А', 'Α'),
    ('B', 'В', 'Β'),
    ('C', 'С', ' '),
    ('E', 'Е', 'Ε'),
    ('H', 'Н', 'Η'),
    ('I', 'І', 'Ι'),
    ('J', 'Ј', 'Ϳ'),
    ('K', 'К', 'Κ'),
    ('M', 'М', 'Μ'),
    ('N', ' ', 'Ν'),
    ('O', 'О', 'Ο'),
    ('P', 'Р', 'Ρ'),
    ('Q', 'Ԛ', ' '),
    ('S', 'Ѕ', ' '),
    ('T', 'Т', 'Τ'),
    ('W', 'Ԝ', ' '),
    ('X', 'Х', 'Χ'),
    ('Y', 'У', 'Υ'),
    ('Z', ' ', 'Ζ'),
    (' ', 'Г', 'Γ'),
    (' ', 'П', 'Π'),
    (' ', 'Ф', 'Φ'),
];

/// The three, in the order of preference.
const SCRIPTS: [Script; 3] = [Script::Latin, Script::Cyrillic, Script::Greek];

/// The text in the first of the three scripts that can write it whole.
pub(super) fn in_one_script(text: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    // The dots of `Ї` are its own business: the letter below them is what looks like another.
    let letters: Vec<char> = text.nfd().collect();
    let written = SCRIPTS
        .iter()
        .find_map(|&script| letters.iter().map(|&letter| as_in(letter, script)).collect());
    written.map_or_else(|| text.to_owned(), |written: String| written.nfkc().collect())
}

/// The letter as the script writes it; `None`: it cannot.
fn as_in(letter: char, script: Script) -> Option<char> {
    match letter.script() {
        Script::Common | Script::Inherited => Some(letter),
        own if own == script => Some(letter),
        _ => of_shape(letter).map(|shape| in_script(shape, script)).filter(|form| *form != ' '),
    }
}

fn of_shape(letter: char) -> Option<&'static (char, char, char)> {
    let is_of = |shape: &&(char, char, char)| [shape.0, shape.1, shape.2].contains(&letter);
    SHAPES.iter().find(is_of)
}

fn in_script(shape: &(char, char, char), script: Script) -> char {
    match script {
        Script::Latin => shape.0,
        Script::Cyrillic => shape.1,
        _ => shape.2,
    }
}

/// A part of a plate that is looked for, in any spelling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlatePart(String);

impl PlatePart {
    /// Folds `text` as a plate is folded, whatever its length; `None` where nothing of a plate is
    /// in it.
    pub fn parse(text: &str) -> Option<Self> {
        let folded = super::folding::fold(text).ok()?;
        (!folded.is_empty()).then(|| Self(by_shape(&folded)))
    }

    /// How many characters it has.
    pub fn length(&self) -> usize {
        self.0.chars().count()
    }

    /// Whether the plate has it. A part does not tell in which script the whole plate is written,
    /// so shapes are compared.
    pub fn is_in(&self, plate: &Plate) -> bool {
        match plate.as_str().is_ascii() {
            true => plate.as_str().contains(&self.0),
            false => by_shape(plate.as_str()).contains(&self.0),
        }
    }
}

/// Each letter as the first script that has its shape writes it.
fn by_shape(text: &str) -> String {
    let first = |letter: char| {
        of_shape(letter).map_or(letter, |shape| if shape.0 == ' ' { shape.1 } else { shape.0 })
    };
    text.nfd().map(first).nfc().collect()
}
