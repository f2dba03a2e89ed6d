//! What stands in the store may be anything: it is a record or an error, never a crash.
#![no_main]

use domain::{Policy, Record};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|json: &[u8]| {
    if let Ok(record) = Record::from_json(json) {
        let _ = record.open_entry();
        let _ = record.outlook(&Policy::default());
        let again = Record::from_json(record.to_json().as_bytes()).unwrap();
        assert_eq!(again, record);
    }
});
