//! What is said on standard output and standard error. Neither may be there: a full disk, a closed
//! pipe (`carpark serve | head -1`, a `tee` that died), a terminal that is gone. `println!` panics
//! then, and takes an actor along; so nothing else in the program writes to the two.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

use anyhow::Context;

/// A line for who watches. Where nobody can, there is nobody to tell.
pub fn line(text: impl Display) {
    let mut out = io::stdout().lock();
    let _nobody_reads_it = writeln!(out, "{text}").and_then(|()| out.flush());
}

/// The result of a command. A reader who has seen enough (`| head -1`) is content; a result that
/// could not be written is an error.
pub fn result(text: impl Display) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Err(e) if e.kind() != io::ErrorKind::BrokenPipe => {
            Err(e).context("the result cannot be written to standard output")
        }
        _ => Ok(()),
    }
}

/// A line on standard error.
pub fn error(text: impl Display) {
    let _nobody_reads_it = writeln!(io::stderr().lock(), "{text}");
}

/// Whether somebody sits there who could press a key.
pub fn is_to_a_person() -> bool {
    io::stdin().is_terminal() || Logs::are_on_a_terminal()
}

/// Standard error, for logs: what cannot be written is lost, and nothing else is. The logging
/// library would tell of a failed write on standard error, and panic.
pub struct Logs;

impl Logs {
    /// Whether a person looks at them.
    pub fn are_on_a_terminal() -> bool {
        io::stderr().is_terminal()
    }
}

impl Write for Logs {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let _lost = io::stderr().lock().write_all(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
