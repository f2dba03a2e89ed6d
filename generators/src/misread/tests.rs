use super::misread;
use crate::dice::{Dice, Stream};
use crate::inside_store::PlateText;

/// What `text` is read as, in many attempts.
fn readings(text: &str) -> Vec<String> {
    let plate = PlateText::parse(text).unwrap();
    let mut dice = Dice::new(1, Stream::Exits);
    let mut readings: Vec<_> =
        (0..200).map(|_| misread(&plate, &mut dice).as_str().to_owned()).collect();
    readings.sort();
    readings.dedup();
    readings
}

#[test]
fn one_character_is_taken_for_one_that_looks_like_it() {
    assert_eq!(readings("DX-37"), ["0X-37"]);
    assert_eq!(readings("KB-0"), ["K8-0", "KB-O"]);
    assert_eq!(readings("GM77"), ["6M77", "GH77"]);
}

#[test]
fn where_none_looks_like_another_one_is_wrong_all_the_same() {
    assert_eq!(readings("X-9"), ["X-0", "Y-9"]);
}
