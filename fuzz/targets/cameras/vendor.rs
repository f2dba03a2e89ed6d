//! Any bytes are an error or a message of one vendor: the one whose name in the configuration stands
//! in the environment as VENDOR (carpark's own, where none does).
#![no_main]

use std::sync::LazyLock;

static VENDOR: LazyLock<String> =
    LazyLock::new(|| std::env::var("VENDOR").unwrap_or_else(|_| "carpark".to_owned()));

libfuzzer_sys::fuzz_target!(|body: &[u8]| cameras::fuzzing::one_vendor_reads(&VENDOR, body));
