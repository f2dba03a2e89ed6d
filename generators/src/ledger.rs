//! What was published, to the letter: for whoever compares it with what came of it.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// A file with each message that the broker has confirmed, one per line: a message that is sent twice
/// on purpose is there twice; one whose confirmation was lost, and that was therefore sent again,
/// once. A process that is killed loses the lines of its last second.
pub struct Ledger {
    path: PathBuf,
    state: Mutex<State>,
}

struct State {
    lines: BufWriter<File>,
    /// Whether a failure was logged: the first one is, not the thousands after it.
    is_broken: bool,
}

impl Ledger {
    /// Appends to the file at `path`, which is made if need be.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        end_last_line(path, &file)?;
        let state = State { lines: BufWriter::new(file), is_broken: false };
        Ok(Self { path: path.to_owned(), state: Mutex::new(state) })
    }

    /// `line` is the message, JSON without a line break.
    pub fn record(&self, line: &[u8]) {
        // It was logged.
        // In one piece: the buffer goes to the file in whole lines then, so that two ledgers may
        // share one.
        let _ = self.with_lines(|lines| lines.write_all(&[line, b"\n"].concat()));
    }

    /// Brings what was recorded to the file. Called once per second and at the end.
    pub fn flush(&self) -> io::Result<()> {
        self.with_lines(BufWriter::flush)
    }

    fn with_lines(
        &self,
        write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let result = write(&mut state.lines);
        let path = self.path.display();
        match &result {
            Err(error) if !state.is_broken => {
                state.is_broken = true;
                tracing::error!(ledger.path = %path, %error, "the ledger is incomplete from here on: is the disk full?");
            }
            Ok(()) if state.is_broken && state.lines.buffer().is_empty() => {
                state.is_broken = false;
                tracing::warn!(ledger.path = %path, "the ledger is written again; lines may be missing in between");
            }
            _ => {}
        }
        result
    }
}

/// A line that was being written when its writer died is cut off: the next one would continue it.
fn end_last_line(path: &Path, file: &File) -> io::Result<()> {
    if !file.metadata()?.is_file() {
        return Ok(());
    }
    let mut reader = File::open(path)?;
    let mut end = reader.metadata()?.len();
    let mut part = [0; 4096];
    while end > 0 {
        let from = end.saturating_sub(part.len() as u64);
        let length = usize::try_from(end - from).unwrap_or(part.len());
        reader.seek(SeekFrom::Start(from))?;
        reader.read_exact(&mut part[..length])?;
        if let Some(at) = part[..length].iter().rposition(|byte| *byte == b'\n') {
            end = from + at as u64 + 1;
            break;
        }
        end = from;
    }
    if end < file.metadata()?.len() {
        file.set_len(end)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
