//! When to stop: Ctrl-C or SIGTERM. The one place that knows signals.

use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing::info;

/// Sent for a write beyond the limit of a file's size, whose default is to end the process. Taken
/// over, the write fails instead, as on a full disk. Its number is that of most systems.
const FILE_SIZE: i32 = 25;

/// Listens for the signals.
pub struct Shutdown {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
    /// Held, so that it is not what it was by default.
    _file_size: Option<Signal>,
}

impl Shutdown {
    /// Takes the signals over from their defaults.
    pub fn listen() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
            _file_size: signal(SignalKind::from_raw(FILE_SIZE)).ok(),
        })
    }

    /// Waits for the next signal to stop. A terminal that is closed, or a rotation of logs, is none:
    /// there is nothing to open anew, for logs go to standard error.
    pub async fn asked(&mut self) {
        loop {
            tokio::select! {
                _ = self.interrupt.recv() => return,
                _ = self.terminate.recv() => return,
                Some(()) = self.hangup.recv() => {
                    info!("SIGHUP changes nothing: logs go to standard error, settings are read at the start; SIGTERM stops");
                }
            }
        }
    }
}
