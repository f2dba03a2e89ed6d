//! Any bytes are an observation or are refused with a reason (R8); and an observation that is
//! published again is the same.
#![no_main]

use chrono::DateTime;
use domain::wire::{observation_to_json, parse_observation};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
    match parse_observation(body, now) {
        Ok(observation) => {
            let again = parse_observation(observation_to_json(&observation).as_bytes(), now);
            assert_eq!(again, Ok(observation));
        }
        Err(rejection) => assert!(rejection.to_string().starts_with(rejection.code())),
    }
});
