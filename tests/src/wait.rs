//! Waiting for something to become so: by polling, with a deadline, never by sleeping and hoping.

use std::thread;
use std::time::{Duration, Instant};

/// Between two looks.
const POLL: Duration = Duration::from_millis(20);

/// Polls `look` until it answers something, at most for `patience`; then panics, saying `what`
/// was waited for.
#[track_caller]
pub fn until<T>(what: &str, patience: Duration, mut look: impl FnMut() -> Option<T>) -> T {
    until_ok(what, patience, || look().ok_or_else(String::new))
}

/// As [`until`], where each look that fails says how things stand: the panic ends with the last.
#[track_caller]
pub fn until_ok<T>(
    what: &str,
    patience: Duration,
    mut look: impl FnMut() -> Result<T, String>,
) -> T {
    let deadline = Instant::now() + patience;
    loop {
        match look() {
            Ok(found) => return found,
            Err(standing) if Instant::now() >= deadline => {
                panic!("waited {patience:?} in vain until {what}\n{standing}")
            }
            Err(_) => thread::sleep(POLL),
        }
    }
}
