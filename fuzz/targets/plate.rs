//! Any text is a plate or is none; a plate is normalised once and for all, and never shown whole by
//! `Debug`.
#![no_main]

use domain::Plate;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(plate) = Plate::parse(text) {
        assert_eq!(Plate::parse(plate.as_str()).as_ref(), Ok(&plate));
        assert!((2..=256).contains(&plate.as_str().chars().count()));
        // What parts the letters changes nothing, wherever it stands.
        for separator in ['-', '\u{2013}', ' ', '\u{200c}', '\u{0}', '·', '/'] {
            let parted: String = text.chars().flat_map(|c| [c, separator]).collect();
            if parted.len() <= 256 {
                assert_eq!(Plate::parse(&parted).as_ref(), Ok(&plate));
            }
        }
        assert!(!format!("{plate:?}").contains(plate.as_str()));
        // No key of the store looks like a plate.
        assert_eq!(plate.as_str(), plate.as_str().to_uppercase());
    }
});
