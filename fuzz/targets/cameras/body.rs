//! Any bytes are a body or an error, whatever they are called, and any body is a message of any
//! vendor or an error.
#![no_main]

libfuzzer_sys::fuzz_target!(|body: &[u8]| cameras::fuzzing::any_vendor_reads(body));
