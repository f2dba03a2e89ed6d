//! A file of redb that outlives bad moments of its disk.
//!
//! redb closes itself for good after the first error of the disk, a full one included: whatever is
//! asked of it afterwards fails, though the disk has long had room again. So the database is
//! dropped after an error and opened again with the next request. The file is opened again only if
//! it is still the same one, and what is written counts only if the path still leads to it
//! ([`FileWatch`]).

mod failure;
mod opening;

use std::any::Any;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};
use std::time::{Duration, Instant};

use redb::{Database, TableDefinition, WriteTransaction};
use tokio::task::spawn_blocking;

use super::FileWatch;
use super::scrub::{Scrubber, scrub_erased};
pub use failure::{Failure, OpenError};

/// After a write that failed and that nobody repeats, the disk is tried this often.
const PROBE_EVERY: Duration = Duration::from_secs(3);
/// What a try writes: more than a page that may still be free in the file.
const PROBE_BYTES: usize = 256 << 10;
/// Holds what a try wrote, for a moment.
const PROBE: TableDefinition<'_, (), &[u8]> = TableDefinition::new("probe");

/// How a file is opened.
#[derive(Debug, Clone)]
pub struct DatabaseOptions {
    /// Where it is; created where it is missing.
    pub path: PathBuf,
    /// Most bytes of the page cache.
    pub cache_bytes: usize,
    /// Creates the tables, so that a reader finds them.
    pub prepare: fn(&WriteTransaction) -> Result<(), redb::TableError>,
    /// What is lost with the file, for the person who has to decide that: "the open stays".
    pub holds: &'static str,
}

/// What some work has done, whatever that is.
type Done = Box<dyn Any + Send>;
/// Work of any kind.
type AnyWork = Box<dyn FnOnce(&Database) -> Result<Done, Failure> + Send>;

/// See the module.
pub struct DatabaseFile {
    options: DatabaseOptions,
    watch: Arc<FileWatch>,
    /// Who works with the database has it for reading; who opens or drops it, for writing.
    opened: RwLock<Opened>,
    /// The last write failed: nothing can be kept until one works.
    failed_write: Mutex<Option<FailedWrite>>,
    /// What was erased goes from the disk as well (G8).
    scrubber: Arc<Scrubber>,
}

#[derive(Default)]
struct Opened {
    /// None after an error, until the next request.
    database: Option<Database>,
    /// Which opening this is: an error of an earlier one does not close a later one.
    number: u64,
    /// The process stops: it is not opened again.
    is_over: bool,
}

struct FailedWrite {
    reason: String,
    at: Instant,
}

/// What a piece of work does to the file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Work {
    Reads,
    /// Durable when it answers.
    Writes,
    /// The next durable write makes it durable.
    Notes,
}

impl DatabaseFile {
    /// Opens or creates the file, and looks whether it is whole.
    pub fn open(options: DatabaseOptions) -> Result<Arc<Self>, OpenError> {
        let watch = Arc::new(FileWatch::new(options.path.clone()));
        let database = opening::open(&options, &watch)?;
        Ok(Arc::new(Self {
            options,
            watch,
            opened: RwLock::new(Opened { database: Some(database), ..Opened::default() }),
            failed_write: Mutex::default(),
            scrubber: Arc::default(),
        }))
    }

    /// Whether the path still leads to the file.
    pub fn watch(&self) -> &Arc<FileWatch> {
        &self.watch
    }

    /// Why nothing can be kept at the moment; `None`: it can.
    pub fn trouble(&self) -> Option<String> {
        let failed = self.failed_write.lock().unwrap_or_else(PoisonError::into_inner);
        self.watch.lost().or_else(|| failed.as_ref().map(|failed| failed.reason.clone()))
    }

    /// Runs `work`, which only reads, where it may block.
    pub async fn read<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Database) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        self.run(Work::Reads, work).await
    }

    /// Runs `work`, which ends with a durable commit, where it may block. After an error nothing is
    /// known of the outcome.
    pub async fn write<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Database) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        self.run(Work::Writes, work).await
    }

    /// Runs `work`, which ends with a commit that the next durable one makes durable.
    pub async fn note<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Database) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        self.run(Work::Notes, work).await
    }

    /// Has what was erased ([`mark_erased`](super::mark_erased)) overwritten in the file, in the
    /// background; by an earlier process, too.
    pub fn scrub_erased(self: &Arc<Self>) {
        let (this, path) = (Arc::clone(self), self.options.path.clone());
        self.scrubber.look(path.display().to_string(), async move {
            let scrubbed = this.write(move |database| Ok(scrub_erased(database, &path)?)).await;
            scrubbed.map_err(|e| e.to_string())
        });
    }

    /// A sign of life, every second or so: looks at the path; and where a write failed that nobody
    /// repeats, finds out whether the disk has room again. Blocks.
    pub fn look(&self) -> Result<(), String> {
        self.watch.look()?;
        let is_due = {
            let failed = self.failed_write.lock().unwrap_or_else(PoisonError::into_inner);
            failed.as_ref().is_some_and(|failed| failed.at.elapsed() >= PROBE_EVERY)
        };
        if is_due {
            let _ = self.run_here(Work::Writes, probe);
        }
        Ok(())
    }

    /// Waits for what is under way and closes the file well, so that the next start need not repair
    /// it; whoever still has it gets errors. Blocks.
    pub fn close_for_good(&self) {
        let mut opened = self.opened.write().unwrap_or_else(PoisonError::into_inner);
        opened.is_over = true;
        opened.database = None;
    }

    async fn run<T: Send + 'static>(
        self: &Arc<Self>,
        kind: Work,
        work: impl FnOnce(&Database) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let done = self.run_boxed(kind, Box::new(|database| Ok(Box::new(work(database)?)))).await?;
        Ok(*done.downcast().expect("it is what the work has answered"))
    }

    /// All work looks the same here: so what runs it is compiled once, and not for each piece of work.
    async fn run_boxed(self: &Arc<Self>, kind: Work, work: AnyWork) -> Result<Done, Failure> {
        let this = Arc::clone(self);
        let run = spawn_blocking(move || this.run_here(kind, work));
        run.await.unwrap_or_else(|e| Err(Failure::aborted(&e)))
    }

    fn run_here<T>(
        &self,
        kind: Work,
        work: impl FnOnce(&Database) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let done = self.attempt(kind, work);
        let mut failed = self.failed_write.lock().unwrap_or_else(PoisonError::into_inner);
        match &done {
            Ok(_) if kind == Work::Writes => *failed = None,
            Err(failure) if kind != Work::Reads => {
                let reason = failure.to_string();
                *failed = Some(FailedWrite { reason, at: Instant::now() });
            }
            _ => {}
        }
        done
    }

    fn attempt<T>(
        &self,
        kind: Work,
        work: impl FnOnce(&Database) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        match kind {
            Work::Reads => self.watch.lost().map_or(Ok(()), |lost| Err(Failure::lost(lost)))?,
            Work::Writes | Work::Notes => self.watch.look().map_err(Failure::lost)?,
        }
        let (done, number) = {
            let opened = self.opened()?;
            let database = opened.database.as_ref().ok_or_else(Failure::closed_meanwhile)?;
            (work(database), opened.number)
        };
        match done {
            Err(failure) if failure.closes() => {
                self.close(number);
                Err(failure)
            }
            // It may have been moved away meanwhile: then nobody will find what was written.
            Ok(done) if kind == Work::Writes => {
                self.watch.look().map_err(Failure::lost)?;
                Ok(done)
            }
            done => done,
        }
    }

    /// The database, opened again where an error closed it.
    fn opened(&self) -> Result<RwLockReadGuard<'_, Opened>, Failure> {
        let opened = self.opened.read().unwrap_or_else(PoisonError::into_inner);
        if opened.database.is_some() {
            return Ok(opened);
        }
        drop(opened);
        self.open_again()?;
        Ok(self.opened.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn open_again(&self) -> Result<(), Failure> {
        let mut opened = self.opened.write().unwrap_or_else(PoisonError::into_inner);
        if opened.database.is_some() {
            return Ok(());
        }
        if opened.is_over {
            return Err(Failure::lost("carpark is stopping".to_owned()));
        }
        match opening::open_again(&self.options, &self.watch) {
            Ok(database) => {
                opened.database = Some(database);
                opened.number += 1;
                self.watch.is_usable();
                tracing::info!(file.path = %self.options.path.display(), "file opened again");
                Ok(())
            }
            Err(error) => {
                // A disk that is still full may have room soon; a damaged file mends no more.
                if !error.may_pass() {
                    self.watch.is_unusable(&error.to_string());
                }
                Err(Failure::from(error))
            }
        }
    }

    /// Drops the database whose error it was, unless another one has been opened since.
    fn close(&self, number: u64) {
        let mut opened = self.opened.write().unwrap_or_else(PoisonError::into_inner);
        if opened.number == number {
            opened.database = None;
        }
    }
}

/// Makes the file find room, and gives it back.
fn probe(database: &Database) -> Result<(), Failure> {
    for is_there in [true, false] {
        let write = database.begin_write()?;
        {
            let mut table = write.open_table(PROBE)?;
            match is_there {
                true => drop(table.insert((), vec![b' '; PROBE_BYTES].as_slice())?),
                false => drop(table.remove(())?),
            }
        }
        write.commit()?;
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests;
