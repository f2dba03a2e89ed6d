//! `--reads FILE`: messages from a file or from standard input, one per line, as a camera would
//! publish them. A day from elsewhere, or a ledger, becomes sessions without any broker.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use domain::Direction;
use domain::wire::queue_of;
use futures_util::{StreamExt, stream};
use platform::component::Component;
use platform::messaging::{Message, Publisher};
use serde::Deserialize;
use serde::de::IgnoredAny;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tracing::{info, warn};

/// Messages on their way at a time.
const IN_FLIGHT: usize = 4_000;
/// Lines read ahead of those.
const READ_AHEAD: usize = 1_000;

/// The lines, on their way. Dropped, no further ones go.
pub struct Reads(JoinHandle<()>);

impl Component for Reads {}

impl Drop for Reads {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The lines, not read yet.
pub struct Input(Box<dyn BufRead + Send>);

impl Input {
    /// Opens `path` (`-`: standard input).
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        if path.as_os_str() == "-" {
            return Ok(Self(Box::new(BufReader::new(std::io::stdin()))));
        }
        let file = std::fs::File::open(path).with_context(|| {
            format!("`reads`: {} cannot be read: is the path right?", path.display())
        })?;
        Ok(Self(Box::new(BufReader::new(file))))
    }
}

impl Reads {
    /// Begins to publish the lines.
    pub fn start(Input(input): Input, publisher: Arc<dyn Publisher>) -> Self {
        let (lines, read) = mpsc::channel(READ_AHEAD);
        std::thread::spawn(move || {
            for line in input.split(b'\n') {
                match line {
                    Ok(line) if line.trim_ascii().is_empty() => {}
                    Ok(line) => match lines.blocking_send(line) {
                        Ok(()) => {}
                        Err(_) => return, // stopped
                    },
                    Err(e) => return warn!(error = %e, "reads cannot be read further"),
                }
            }
        });
        Self(tokio::spawn(publish_all(read, publisher)))
    }
}

async fn publish_all(read: mpsc::Receiver<Vec<u8>>, publisher: Arc<dyn Publisher>) {
    let lines = stream::unfold(read, |mut read| async move {
        let line = read.recv().await?;
        Some((line, read))
    });
    let taken = lines
        .map(|line| publish(&*publisher, line))
        .buffer_unordered(IN_FLIGHT)
        .fold(0_u64, async |count, ()| count + 1);
    let count = taken.await;
    info!(reads.count = count, "all reads of the file are taken");
}

/// Until the broker has it. What is no read becomes a dead letter behind the queue, with its reason.
async fn publish(publisher: &dyn Publisher, line: Vec<u8>) {
    let message = message_of(line);
    let mut backoff =
        platform::runtime::Backoff::new(Duration::from_millis(100), Duration::from_secs(2));
    while publisher.publish(&message).await.is_err() {
        backoff.wait().await;
    }
}

/// A line as it is, for the queue it belongs to.
fn message_of(line: Vec<u8>) -> Message {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Read {
        id: Option<String>,
        exit_date_time: Option<IgnoredAny>,
    }
    let read: Read = serde_json::from_slice(&line).unwrap_or_default();
    let direction = if read.exit_date_time.is_some() { Direction::Exit } else { Direction::Entry };
    Message { queue: queue_of(direction), id: read.id, body: line.into() }
}
