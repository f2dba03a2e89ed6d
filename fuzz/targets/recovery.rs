//! A file may be found with anything in it: after the header every whole line stays, a torn one
//! goes, the index is built, and a row can be written behind it, once.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use tempfile::TempDir;

static DIR: LazyLock<TempDir> = LazyLock::new(|| tempfile::tempdir().unwrap());

fuzz_target!(|rest: &[u8]| web::fuzzing::a_file_is_recovered(DIR.path(), rest));
