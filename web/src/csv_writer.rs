//! The actor of the files.
//!
//! Owns: the feed, the CSV files and the index of their rows; nobody else touches them.
//! Hears: [`Append`], [`GetRowsOf`], [`EraseRowsOf`] from the routes, [`GetSnapshot`] from the
//! downloads, [`Stop`] from the service.
//! Tells: nobody; it answers.
//! Never: answers before the rows are durable (G2, G3), blocks its thread, holds a request back
//! to make a batch larger.
//!
//! A batch is whatever gathered while the one before was being written. One write is under way at
//! a time, on a thread for blocking work; the journal moves there and comes back with it. So a
//! lone request is written at once, and under load one sync serves hundreds.

mod batch;
mod checkpoint;
mod csv_file;
mod erasing;
mod feed_reading;
#[cfg(feature = "testkit")]
pub mod fuzzing;
mod journal;
mod newest;
mod opening;
mod reading;
mod recovery;
mod rotation;

use std::future::ready;
use std::mem;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix::{
    Actor, ActorContext, ActorFutureExt, AsyncContext, Context, Handler, Message, MessageResult,
    ResponseFuture, WrapFuture,
};
use domain::Plate;
use domain::wire::Saved;
use platform::runtime::Vital;
use tokio::sync::oneshot;
use tokio::task::spawn_blocking;

pub(crate) use csv_file::Snapshot;
pub use feed_reading::{FeedTold, read_events, read_feed};
pub(crate) use journal::{CHECKPOINT_EVERY, Journal, Settings, watch_of};
pub(crate) use newest::{each_row, newest_rows};
pub use reading::{Damaged, Told, read_told};

use crate::disk::WriteFailure;
use crate::feed::Readers;
use crate::row::Lines;
use crate::table::Table;
use journal::Snapshots;

/// Messages the writer accepts before a sender has to wait. It takes them without blocking, so
/// this is a matter of moments; what really waits is bounded by `waiting_bytes_max`.
const MAILBOX_CAPACITY: usize = 256;

/// How long after a failed write the disk is tried again, if no request does it earlier.
const PROBE_DELAY: Duration = Duration::from_secs(1);

/// Asks for lines to be appended. The answer comes when they are durable: of each line, whether it
/// was written now or before. After an error none of them is in the file.
pub(crate) struct Append(pub(crate) Lines);

impl Message for Append {
    type Result = Result<Vec<Saved>, AppendError>;
}

/// Asks for a file as far as it is durable.
pub(crate) struct GetSnapshot(pub(crate) Table);

impl Message for GetSnapshot {
    type Result = Snapshot;
}

/// Asks for the rows of a plate, in all files.
pub(crate) struct GetRowsOf(pub(crate) Plate);

impl Message for GetRowsOf {
    type Result = Result<Told, WriteFailure>;
}

/// Asks for the rows of a plate to be erased from all files (G8); the answer says how many there
/// were.
pub(crate) struct EraseRowsOf(pub(crate) Plate);

impl Message for EraseRowsOf {
    type Result = Result<usize, AppendError>;
}

/// Asks the writer to finish what waits, close the files, release the lock and end.
pub(crate) struct Stop;

impl Message for Stop {
    type Result = ();
}

type Reply = oneshot::Sender<Result<Vec<Saved>, AppendError>>;

type Erasure = (Plate, oneshot::Sender<Result<usize, AppendError>>);

/// What a write brings back: the journal, or why there is none, and of each request its result.
type Written = Result<(Journal, Vec<Result<Vec<Saved>, WriteFailure>>), WriteFailure>;

/// The one writer of the files of a data directory.
pub(crate) struct CsvWriter {
    /// For opening the journal anew, should a write ever panic and take it along.
    settings: Arc<Settings>,
    /// At home while nothing is being written.
    journal: Option<Journal>,
    /// Whether a write is under way: then new requests gather instead of starting another.
    is_writing: bool,
    /// What the next batch will be.
    waiting: Vec<(Lines, Reply)>,
    /// Plates to be erased, after the next batch.
    erasures: Vec<Erasure>,
    /// Size of `waiting`, against `waiting_bytes_max`.
    waiting_bytes: usize,
    /// See [`crate::Options::waiting_bytes_max`]. A request alone may be larger.
    waiting_bytes_max: usize,
    /// The files as of the last good batch: what downloads get while the journal is away.
    snapshots: Snapshots,
    /// Those who read the feed: told where it is, should it be opened anew.
    readers: Arc<Readers>,
    /// Read by `Web::is_ready`: false from a failed write to the next good one.
    is_writable: Arc<AtomicBool>,
    /// Whether a probe is due already.
    is_probe_scheduled: bool,
    /// Whether it is looked soon whether the files are to be synced.
    is_checkpoint_scheduled: bool,
    /// Those who wait for the end; where there are any, no new request is taken.
    stopping: Vec<oneshot::Sender<()>>,
    /// Without it rows are refused for ever: the process ends with it.
    vital: Vital,
}

impl CsvWriter {
    /// A writer to an open journal. `is_writable` is set by it from now on.
    pub(crate) fn new(
        settings: Arc<Settings>,
        journal: Journal,
        waiting_bytes_max: usize,
        is_writable: Arc<AtomicBool>,
        readers: Arc<Readers>,
        vital: Vital,
    ) -> Self {
        is_writable.store(true, Ordering::Relaxed);
        Self {
            settings,
            snapshots: journal.snapshots(),
            journal: Some(journal),
            is_writing: false,
            waiting: Vec::new(),
            erasures: Vec::new(),
            waiting_bytes: 0,
            waiting_bytes_max,
            readers,
            is_writable,
            is_probe_scheduled: false,
            is_checkpoint_scheduled: false,
            stopping: Vec::new(),
            vital,
        }
    }

    /// Whether a request may join the next batch.
    fn check_room(&self, lines: &Lines) -> Result<(), AppendError> {
        if !self.stopping.is_empty() {
            return Err(AppendError::Stopping);
        }
        let bytes = self.waiting_bytes + lines.bytes();
        if !self.waiting.is_empty() && bytes > self.waiting_bytes_max {
            return Err(AppendError::Busy);
        }
        Ok(())
    }

    /// Sends all that waits to the disk. Without anything waiting it is a probe of what failed.
    fn begin_write(&mut self, ctx: &mut Context<Self>) {
        debug_assert!(!self.is_writing, "one write at a time");
        self.is_writing = true;
        self.waiting_bytes = 0;
        let (batch, replies): (Vec<_>, Vec<_>) = mem::take(&mut self.waiting).into_iter().unzip();
        let journal = self.journal.take();
        let settings = Arc::clone(&self.settings);
        let erasures = mem::take(&mut self.erasures);
        let write = spawn_blocking(move || write(journal, settings, &batch, erasures));
        ctx.spawn(write.into_actor(self).map(move |written, actor, ctx| {
            actor.end_write(written.unwrap_or_else(|e| Err(e.into())), replies, ctx);
        }));
    }

    /// Answers a batch, and goes on with what gathered meanwhile.
    fn end_write(&mut self, written: Written, replies: Vec<Reply>, ctx: &mut Context<Self>) {
        self.is_writing = false;
        let results = match written {
            Ok((journal, results)) => {
                self.snapshots = journal.snapshots();
                self.is_writable.store(journal.is_writable(), Ordering::Relaxed);
                self.readers.read_from_now_on(journal.view());
                if journal.is_checkpoint_wanted() {
                    self.schedule_checkpoint(ctx);
                }
                self.journal = Some(journal);
                results
            }
            Err(failure) => {
                tracing::error!(
                    error = %failure.reason,
                    "the files are closed, they are opened again with the next batch",
                );
                self.is_writable.store(false, Ordering::Relaxed);
                vec![Err(failure); replies.len()]
            }
        };
        for (reply, result) in replies.into_iter().zip(results) {
            // Whoever asked may be gone. The rows are where they are: asked again, they are
            // duplicates.
            let _ = reply.send(result.map_err(AppendError::from));
        }
        if !self.waiting.is_empty() || !self.erasures.is_empty() {
            self.begin_write(ctx);
        } else if !self.stopping.is_empty() {
            self.finish(ctx);
        } else if !self.is_writable.load(Ordering::Relaxed) {
            self.schedule_probe(ctx);
        }
    }

    /// Nobody may be sending any more, just because this service says that it is not ready. So it
    /// finds out by itself when it is again.
    fn schedule_probe(&mut self, ctx: &mut Context<Self>) {
        if self.is_probe_scheduled {
            return;
        }
        self.is_probe_scheduled = true;
        ctx.run_later(PROBE_DELAY, |actor, ctx| {
            actor.is_probe_scheduled = false;
            if !actor.is_writing && !actor.is_writable.load(Ordering::Relaxed) {
                actor.begin_write(ctx);
            }
        });
    }

    /// When nothing comes any more, what came last is still to be synced.
    fn schedule_checkpoint(&mut self, ctx: &mut Context<Self>) {
        if self.is_checkpoint_scheduled {
            return;
        }
        self.is_checkpoint_scheduled = true;
        ctx.run_later(self.settings.checkpoint_every, |actor, ctx| {
            actor.is_checkpoint_scheduled = false;
            if !actor.is_writing {
                actor.begin_write(ctx);
            }
        });
    }

    fn finish(&mut self, ctx: &mut Context<Self>) {
        self.is_writable.store(false, Ordering::Relaxed);
        // Closes the files and releases the lock, before anybody hears that it is done.
        let journal = self.journal.take();
        self.is_writing = true;
        let close = spawn_blocking(move || journal.map(Journal::close));
        ctx.spawn(close.into_actor(self).map(|_, actor, ctx| {
            for done in actor.stopping.drain(..) {
                let _ = done.send(());
            }
            ctx.stop();
        }));
    }
}

/// The blocking part. A journal that was lost is opened anew, its index from the files.
fn write(
    journal: Option<Journal>,
    settings: Arc<Settings>,
    batch: &[Lines],
    erasures: Vec<Erasure>,
) -> Written {
    let mut journal = journal.map_or_else(|| Journal::open(settings), Ok)?;
    let results = journal.write(batch);
    for (plate, reply) in erasures {
        let erased = journal.erase(&plate).inspect_err(|failure| {
            tracing::error!(error = %failure.reason, "rows of a plate could not be erased");
        });
        let _ = reply.send(erased.map_err(AppendError::from));
    }
    Ok((journal, results))
}

/// The rows of a plate.
fn rows_of(dir: &Path, plate: &Plate) -> Result<Told, WriteFailure> {
    let mut told = read_told(dir).map_err(|e| WriteFailure::new(dir, &e))?;
    told.summaries.retain(|row| row.plate == *plate);
    told.exceptions.retain(|row| row.plate == *plate);
    told.dismissals.retain(|row| row.plate == *plate);
    Ok(told)
}

impl Actor for CsvWriter {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(MAILBOX_CAPACITY);
    }
}

impl Handler<Append> for CsvWriter {
    type Result = ResponseFuture<Result<Vec<Saved>, AppendError>>;

    fn handle(&mut self, Append(lines): Append, ctx: &mut Self::Context) -> Self::Result {
        self.vital.may_die_here();
        if let Err(error) = self.check_room(&lines) {
            return Box::pin(ready(Err(error)));
        }
        let (reply, answer) = oneshot::channel();
        self.waiting_bytes += lines.bytes();
        self.waiting.push((lines, reply));
        if !self.is_writing {
            self.begin_write(ctx);
        }
        Box::pin(async { answer.await.unwrap_or(Err(AppendError::Stopping)) })
    }
}

impl Handler<GetSnapshot> for CsvWriter {
    type Result = MessageResult<GetSnapshot>;

    fn handle(&mut self, GetSnapshot(table): GetSnapshot, _: &mut Self::Context) -> Self::Result {
        let [summaries, exceptions, dismissals] = &self.snapshots;
        MessageResult(match table {
            Table::Summaries => summaries.clone(),
            Table::Exceptions => exceptions.clone(),
            Table::Dismissals => dismissals.clone(),
        })
    }
}

impl Handler<GetRowsOf> for CsvWriter {
    type Result = ResponseFuture<Result<Told, WriteFailure>>;

    fn handle(&mut self, GetRowsOf(plate): GetRowsOf, _: &mut Self::Context) -> Self::Result {
        let settings = Arc::clone(&self.settings);
        let read = spawn_blocking(move || rows_of(&settings.data_dir, &plate));
        Box::pin(async { read.await.unwrap_or_else(|e| Err(e.into())) })
    }
}

impl Handler<EraseRowsOf> for CsvWriter {
    type Result = ResponseFuture<Result<usize, AppendError>>;

    fn handle(&mut self, EraseRowsOf(plate): EraseRowsOf, ctx: &mut Self::Context) -> Self::Result {
        if !self.stopping.is_empty() {
            return Box::pin(ready(Err(AppendError::Stopping)));
        }
        let (reply, answer) = oneshot::channel();
        self.erasures.push((plate, reply));
        if !self.is_writing {
            self.begin_write(ctx);
        }
        Box::pin(async { answer.await.unwrap_or(Err(AppendError::Stopping)) })
    }
}

impl Handler<Stop> for CsvWriter {
    type Result = ResponseFuture<()>;

    fn handle(&mut self, Stop: Stop, ctx: &mut Self::Context) -> Self::Result {
        let (done, is_done) = oneshot::channel();
        self.stopping.push(done);
        if !self.is_writing {
            self.finish(ctx);
        }
        Box::pin(async {
            let _ = is_done.await;
        })
    }
}

/// Why lines were not appended. All three call for sending them again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AppendError {
    /// Too much waits already.
    #[error("too much is waiting to be written")]
    Busy,
    /// The process is ending.
    #[error("the service is stopping")]
    Stopping,
    /// The disk did not take them.
    #[error(transparent)]
    Failed(#[from] WriteFailure),
}

#[cfg(test)]
mod tests;
