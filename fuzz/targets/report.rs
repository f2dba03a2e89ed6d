//! Any JSON that is taken for a report makes a row that is read back from its file as it was.
#![no_main]

use domain::wire::{ExceptionMessage, SummaryMessage};
use domain::{ExceptionRow, Summary};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    let summary = serde_json::from_slice::<SummaryMessage>(body).ok();
    if let Some(Ok(row)) = summary.map(|message| Summary::try_from(&message)) {
        web::fuzzing::a_row_is_read_back(row);
    }
    let exception = serde_json::from_slice::<ExceptionMessage>(body).ok();
    if let Some(Ok(row)) = exception.map(|message| ExceptionRow::try_from(&message)) {
        web::fuzzing::an_exception_is_read_back(row);
    }
});
