//! How a weak reading engine gets a plate wrong: one character, and mostly into one direction.

use crate::dice::Dice;
use crate::inside_store::PlateText;

/// What is taken for what: the first of each pair for the second. The first five pairs lead in a
/// sample of 170 plates read by a weak engine; the errors have a direction, `D` is read as `0` far
/// more often than `0` as `D`.
const CONFUSIONS: [&str; 12] =
    ["0O", "D0", "B8", "G6", "MH", "I1", "S5", "Z2", "QO", "8B", "1I", "VY"];

/// `plate` with one character wrong: one that is easily confused, where there is one.
pub(crate) fn misread(plate: &PlateText, dice: &mut Dice) -> PlateText {
    let mut characters: Vec<char> = plate.as_str().chars().collect();
    let positions = |wanted: fn(char) -> bool| -> Vec<usize> {
        (0..characters.len()).filter(|&at| wanted(characters[at])).collect()
    };
    let mut candidates = positions(|c| confused_with(c).is_some());
    if candidates.is_empty() {
        candidates = positions(|c| c.is_ascii_alphanumeric());
    }
    if candidates.is_empty() {
        return plate.clone();
    }
    let at = candidates[dice.index(candidates.len())];
    let right = characters[at];
    characters[at] = confused_with(right).unwrap_or_else(|| neighbour(right));
    let wrong: String = characters.into_iter().collect();
    PlateText::parse(&wrong).expect("a letter or digit in the place of another")
}

fn confused_with(right: char) -> Option<char> {
    CONFUSIONS.iter().find(|pair| pair.starts_with(right)).and_then(|pair| pair.chars().nth(1))
}

/// The next letter or digit: wrong, and still of a plate.
fn neighbour(right: char) -> char {
    match right {
        '9' => '0',
        'Z' => 'A',
        other => char::from_u32(u32::from(other) + 1).unwrap_or('X'),
    }
}

#[cfg(test)]
mod tests;
