//! The dead letters of the embedded broker, in a file of their own: put there, and for a person to
//! look at, replay and discard.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use redb::{Database, TableDefinition};

use super::EmbeddedPublisher;
use crate::messaging::dead_letters::{
    DeadLetter, DeadLetters, Handled, LOOKED_AT_MAX, Which, queue_named,
};
use crate::messaging::{BrokerError, Message, Publisher as _};
use crate::storage::{DatabaseFile, DatabaseOptions, Failure, OpenError, mark_erased};

/// Dead letters by number: queue, reason, when, the message.
const DEAD_LETTERS: TableDefinition<'_, u64, (&str, &str, &str, &[u8])> =
    TableDefinition::new("dead_letters");

/// Dead letters that are in hand at a time. Bodies are 64 KiB at most, larger ones are refused at the
/// door.
const PAGE: usize = 200;
/// Page cache: dead letters are few, and seldom looked at.
const CACHE_BYTES: usize = 4 << 20;

/// Opens the file, or makes it.
pub(super) fn open(path: &Path) -> Result<Arc<DatabaseFile>, OpenError> {
    DatabaseFile::open(DatabaseOptions {
        path: path.to_owned(),
        cache_bytes: CACHE_BYTES,
        prepare: |write| write.open_table(DEAD_LETTERS).map(drop),
        holds: "the dead letters",
    })
}

/// Puts a letter behind the others; durable when it answers.
pub(super) async fn append(
    file: &Arc<DatabaseFile>,
    queue: &'static str,
    reason: &str,
    at: String,
    body: &[u8],
) -> Result<(), BrokerError> {
    let (reason, body) = (reason.to_owned(), body.to_vec());
    let append = file.write(move |database| {
        let write = database.begin_write()?;
        {
            let mut letters = write.open_table(DEAD_LETTERS)?;
            let last = redb::ReadableTable::last(&letters)?.map_or(0, |(key, _)| key.value());
            letters.insert(last + 1, (queue, reason.as_str(), at.as_str(), body.as_slice()))?;
        }
        write.commit()?;
        Ok(())
    });
    append.await.map_err(failed)
}

/// See the module.
pub(super) struct Shelf {
    file: Arc<DatabaseFile>,
    publisher: EmbeddedPublisher,
}

#[expect(clippy::needless_pass_by_value, reason = "as `map_err` hands it on")]
fn failed(reason: impl ToString) -> BrokerError {
    BrokerError::Unreachable { url: "embedded".into(), reason: reason.to_string() }
}

impl Shelf {
    /// Of that file; what is replayed goes out by `publisher`.
    pub(super) fn new(file: Arc<DatabaseFile>, publisher: EmbeddedPublisher) -> Self {
        Self { file, publisher }
    }

    /// The next letters behind that number, at most a page, up to `last`.
    async fn page(&self, behind: u64, last: u64) -> Result<Vec<(u64, DeadLetter)>, BrokerError> {
        let read = self.file.read(move |database| read(database, behind, last, PAGE));
        read.await.map_err(failed)
    }

    /// Takes them off in one step; answers how many were there.
    async fn remove(&self, numbers: Vec<u64>) -> Result<usize, BrokerError> {
        if numbers.is_empty() {
            return Ok(0);
        }
        let remove = self.file.write(move |database| {
            let write = database.begin_write()?;
            let mut removed = 0;
            {
                let mut letters = write.open_table(DEAD_LETTERS)?;
                for number in numbers {
                    removed += usize::from(letters.remove(number)?.is_some());
                }
            }
            mark_erased(&write)?;
            write.commit()?;
            Ok(removed)
        });
        remove.await.map_err(failed)
    }

    /// How many there are, and the number of the last.
    async fn extent(&self) -> Result<(usize, u64), BrokerError> {
        let extent = self.file.read(|database| {
            let letters = redb::ReadableDatabase::begin_read(database)?.open_table(DEAD_LETTERS)?;
            let there = redb::ReadableTableMetadata::len(&letters)?;
            let last = redb::ReadableTable::last(&letters)?.map_or(0, |(number, _)| number.value());
            Ok((usize::try_from(there).unwrap_or(usize::MAX), last))
        });
        extent.await.map_err(failed)
    }

    /// Goes along the letters that lie there now, page by page.
    async fn work(&self, which: &Which, replays: bool) -> Result<Handled, BrokerError> {
        let (_, last) = self.extent().await?;
        let mut handled = Handled::default();
        handled.stopped = self.work_along(last, which, replays, &mut handled).await.err();
        handled.left = self.extent().await.ok().map(|(there, _)| there);
        Ok(handled)
    }

    async fn work_along(
        &self,
        last: u64,
        which: &Which,
        replays: bool,
        handled: &mut Handled,
    ) -> Result<(), BrokerError> {
        let mut behind = 0;
        loop {
            let page = self.page(behind, last).await?;
            let Some((end, _)) = page.last() else { return Ok(()) };
            behind = *end;
            let meant = page.into_iter().filter(|(_, letter)| which.is(&letter.id));
            let (gone, outcome) = if replays {
                let homed = meant.filter_map(|(number, letter)| {
                    // There are no others here than those of the observations.
                    let queue = letter.from.filter(|queue| self.publisher.0.contains_key(queue));
                    handled.homeless += usize::from(queue.is_none());
                    Some((number, Message { queue: queue?, id: None, body: letter.body }))
                });
                self.publish(homed.collect()).await
            } else {
                (meant.map(|(number, _)| number).collect(), Ok(()))
            };
            handled.done += self.remove(gone).await?;
            outcome?;
        }
    }

    /// Publishes them; answers which are stored.
    async fn publish(&self, letters: Vec<(u64, Message)>) -> (Vec<u64>, Result<(), BrokerError>) {
        let under_way = letters.into_iter().map(|(number, letter)| async move {
            self.publisher.publish(&letter).await.map(|()| number)
        });
        let mut stored = Vec::new();
        let mut outcome = Ok(());
        // All together: each answers when it is stored, and those that wait together are stored
        // together.
        for answer in futures_util::future::join_all(under_way).await {
            match answer {
                Ok(number) => stored.push(number),
                Err(e) => outcome = Err(failed(e)),
            }
        }
        (stored, outcome)
    }
}

#[async_trait(?Send)]
impl DeadLetters for Shelf {
    async fn look(&self, see: &mut dyn FnMut(DeadLetter)) -> Result<usize, BrokerError> {
        // Of an earlier process, too.
        self.file.scrub_erased();
        let (there, last) = self.extent().await?;
        let (mut behind, mut seen) = (0, 0);
        while seen < LOOKED_AT_MAX {
            let page = self.page(behind, last).await?;
            let Some((end, _)) = page.last() else { break };
            behind = *end;
            for (_, letter) in page.into_iter().take(LOOKED_AT_MAX - seen) {
                see(letter);
                seen += 1;
            }
        }
        Ok(there)
    }

    async fn waiting(&self) -> Result<u64, BrokerError> {
        let count = |database: &Database| {
            let table = redb::ReadableDatabase::begin_read(database)?.open_table(DEAD_LETTERS)?;
            Ok(redb::ReadableTableMetadata::len(&table)?)
        };
        self.file.read(count).await.map_err(failed)
    }

    async fn replay(&self, which: &Which) -> Result<Handled, BrokerError> {
        self.work(which, true).await
    }

    async fn discard(&self, which: &Which) -> Result<Handled, BrokerError> {
        let handled = self.work(which, false).await;
        self.file.scrub_erased();
        handled
    }
}

/// The letters behind one number up to another, at most so many.
fn read(
    database: &Database,
    behind: u64,
    last: u64,
    at_most: usize,
) -> Result<Vec<(u64, DeadLetter)>, Failure> {
    let table = redb::ReadableDatabase::begin_read(database)?.open_table(DEAD_LETTERS)?;
    let mut letters = Vec::new();
    if behind >= last {
        return Ok(letters);
    }
    for entry in redb::ReadableTable::range(&table, behind + 1..=last)?.take(at_most) {
        let (number, letter) = entry?;
        let (queue, reason, at, body) = letter.value();
        let letter = DeadLetter {
            id: number.value().to_string(),
            from: queue_named(queue),
            reason: reason.to_owned(),
            at: at.to_owned(),
            body: Bytes::copy_from_slice(body),
        };
        letters.push((number.value(), letter));
    }
    Ok(letters)
}

/// The dead letters in a file that no broker has open.
pub fn read_dead_letters(path: &Path) -> Result<Vec<DeadLetter>, Failure> {
    let database = Database::open(path)?;
    let letters = read(&database, 0, u64::MAX, usize::MAX)?;
    Ok(letters.into_iter().map(|(_, letter)| letter).collect())
}
