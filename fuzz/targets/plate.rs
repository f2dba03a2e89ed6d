//! Any text is a plate or is none; a plate is normalised once and for all, and never shown whole by
//! `Debug`.
#![no_main]

use domain::Plate;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(plate) = Plate::parse(text) {
        assert_eq!(Plate::parse(plate.as_str()).as_ref(), Ok(&plate));
        let length = plate.as_str().chars().count();
        assert!((2..=16).contains(&length));
        assert!(!format!("{plate:?}").contains(plate.as_str()));
        // No key of the store looks like a plate.
        assert_eq!(plate.as_str(), plate.as_str().to_uppercase());
    }
});
