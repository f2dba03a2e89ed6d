//! What was published, to the letter: for whoever compares it with what came of it.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Learns of each message that the broker has confirmed, before anything else happens on account
/// of it. A message that is sent twice on purpose is recorded twice; one whose confirmation was
/// lost, and that was therefore sent again, once.
pub trait Ledger: Send + Sync {
    /// `line` is the message, JSON without a line break.
    fn record(&self, line: &str);

    /// Makes what was recorded last. Called once per second and at the end.
    fn flush(&self) -> io::Result<()>;
}

/// A ledger in a file, one message per line. A process that is killed loses the lines of its last
/// second.
pub struct FileLedger {
    path: PathBuf,
    state: Mutex<State>,
}

struct State {
    lines: BufWriter<File>,
    /// Whether a failure was logged: the first one is, not the thousands after it.
    is_broken: bool,
}

impl FileLedger {
    /// Appends to the file at `path`, which is made if need be.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        let state = State { lines: BufWriter::new(file), is_broken: false };
        Ok(Self { path: path.to_owned(), state: Mutex::new(state) })
    }

    fn with_lines(
        &self,
        write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let result = write(&mut state.lines);
        if let Err(error) = &result
            && !state.is_broken
        {
            state.is_broken = true;
            let path = self.path.display();
            tracing::error!(ledger.path = %path, %error, "the ledger is incomplete from here on");
        }
        result
    }
}

impl Ledger for FileLedger {
    fn record(&self, line: &str) {
        // It was logged.
        let _ = self.with_lines(|lines| writeln!(lines, "{line}"));
    }

    fn flush(&self) -> io::Result<()> {
        self.with_lines(BufWriter::flush)
    }
}

#[cfg(test)]
mod tests;
