//! Any bytes are an error or a message of the vendor `lilin`.
#![no_main]

libfuzzer_sys::fuzz_target!(|body: &[u8]| cameras::fuzzing::one_vendor_reads("lilin", body));
