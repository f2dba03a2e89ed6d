//! Where the records live: one small seam, two implementations held to one contract (see
//! [`contract`]). A commit is the record's next version, the indexes that follow from it and the
//! outbox entries of its effects: all of it or nothing, and only if the version is the expected one.

mod change;
#[cfg(any(test, feature = "testkit"))]
pub mod contract;
mod embedded;
mod redis;
mod respelling;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use domain::record::LastReport;
use domain::{Behind, Instant, Plate, Reading, Record, Watermarks};
use platform::storage::{RedisSettings, Unreached};

use crate::flow::Passed;

pub use change::{Change, IndexChange, OutboxEntry, OutboxKind, ShownChange, ShownEntry};
pub use embedded::EmbeddedStore;
pub use redis::{RedisOptions, RedisStore};
pub use respelling::respell;

/// Names one running `carpark actors`: the owner of an outbox and of a pair of watermarks. Lower
/// case letters and digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProcessorId(pub Arc<str>);

impl fmt::Display for ProcessorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The answer to one change of a batch.
#[derive(Debug, Clone, PartialEq)]
pub enum Committed {
    /// It is durable: by this call, or by an earlier one whose answer was lost.
    Stored,
    /// Another version stands (G4): decide again on it.
    Conflict(Record),
    /// What stands under the plate cannot be read or written; the reason in words.
    Refused(String),
}

/// What the store knows of the processors that share it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Peers {
    /// How far all that are alive have read together, see [`domain::watermark::agreed`].
    pub watermarks: Watermarks,
    /// The places whose history one of them is receiving.
    pub behind: Behind,
    /// How many are alive, this one included.
    pub alive: usize,
    /// Position of this one among them: who settles what.
    pub rank: usize,
    /// Processors that are gone and left an outbox behind.
    pub gone: Vec<ProcessorId>,
}

/// A sign of life (G5).
#[derive(Debug, Clone)]
pub struct Beat {
    /// The processor that is alive.
    pub processor: ProcessorId,
    /// How far it has read.
    pub reading: Reading,
    /// The same in two instants, for processors of earlier versions.
    pub watermarks: Watermarks,
}

/// What can be counted at once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// How many plates are inside.
    pub open: u64,
    /// Plates that wait for a verdict or may have to (an open stay waits for its overstay).
    pub waiting: u64,
}

/// Which plates are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Only plates that are inside.
    Open,
    /// All that there is a record of.
    All,
}

/// All that is held of a plate.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Held {
    /// The record, as JSON.
    pub record: Option<String>,
    /// Reports that the sink has not confirmed.
    pub reports: Vec<OutboxEntry>,
}

pub use platform::storage::StoreError;

/// The first `limit` plates, each once.
fn without_repeats(mut plates: Vec<Plate>, limit: usize) -> Vec<Plate> {
    let mut seen = std::collections::HashSet::new();
    plates.retain(|plate| seen.insert(plate.clone()));
    plates.truncate(limit);
    plates
}

/// The records of all plates, shared by all processors.
#[async_trait]
pub trait Records: Send + Sync + 'static {
    /// Commits each change if its plate's record has the expected version, with its indexes and
    /// its outbox entries, and answers in order. Durable when it answers. Where a batch names a
    /// plate twice, the later change sees the earlier. May be repeated with the same changes: what
    /// was stored is recognised.
    async fn commit(
        &self,
        owner: &ProcessorId,
        batch: Arc<[Change]>,
    ) -> Result<Vec<Committed>, StoreError>;

    /// The records of the plates, in order; an unknown plate has the empty record. An unreadable
    /// record is an error in its place.
    async fn load(&self, plates: &[Plate]) -> Result<Vec<Result<Record, String>>, StoreError>;

    /// Plates that wait for a watermark that has been reached, at most `limit`; of each kind those
    /// that are due longest. Behind them, as many at most that wait for the past of places that are
    /// not behind.
    async fn due(
        &self,
        watermarks: &Watermarks,
        behind: &Behind,
        limit: usize,
    ) -> Result<Vec<Plate>, StoreError>;
}

/// What is to be reported and is not confirmed, of each processor.
#[async_trait]
pub trait Outboxes: Send + Sync + 'static {
    /// Entries of `owner`'s outbox, at most `limit`, in any order; `cursor` is `None` at the
    /// beginning and what the last call answered afterwards, `None` at the end. An entry that
    /// stays all along is answered at least once.
    async fn outbox(
        &self,
        owner: &ProcessorId,
        cursor: Option<String>,
        limit: usize,
    ) -> Result<(Vec<OutboxEntry>, Option<String>), StoreError>;

    /// Of each report, in order, whether it is still in the outbox of the one who brings it.
    async fn are_waiting(&self, reports: &[LastReport]) -> Result<Vec<bool>, StoreError>;

    /// Removes delivered entries from `owner`'s outbox; unknown keys are ignored.
    async fn clear(&self, owner: &ProcessorId, keys: &[String]) -> Result<(), StoreError>;
}

/// Which processors share the store, and how far each has read.
#[async_trait]
pub trait Processors: Send + Sync + 'static {
    /// Records a sign of life and answers what is known of all processors.
    async fn beat(&self, beat: &Beat) -> Result<Peers, StoreError>;

    /// This processor ends: its watermarks hold nobody back any longer.
    async fn leave(&self, processor: &ProcessorId) -> Result<(), StoreError>;
}

/// The plates, for people who look for them and who have them erased (G8).
#[async_trait]
pub trait Plates: Send + Sync + 'static {
    /// Known plates, about `limit` at a time, in any order; `cursor` is `None` at the beginning and
    /// what the last call answered afterwards, `None` at the end. A plate that is known all along
    /// is answered at least once.
    async fn plates(
        &self,
        scope: Scope,
        cursor: Option<String>,
        limit: usize,
    ) -> Result<(Vec<Plate>, Option<String>), StoreError>;

    /// Of each plate, in order, whether it is inside.
    async fn open_among(&self, plates: &[Plate]) -> Result<Vec<bool>, StoreError>;

    /// All that is held of a plate, the reports of every processor included.
    async fn held(&self, plate: &Plate) -> Result<Held, StoreError>;

    /// Forgets a plate: its record and its place in every index, not its reports. Answers whether
    /// there was a record. An actor that still has a copy of it meets a conflict.
    async fn erase(&self, plate: &Plate) -> Result<bool, StoreError>;
}

/// What can be counted, for people who watch.
#[async_trait]
pub trait Counters: Send + Sync + 'static {
    /// See [`Counts`].
    async fn counts(&self) -> Result<Counts, StoreError>;

    /// Adds to what is counted of each minute; of old minutes it may forget.
    async fn count_passed(&self, passed: &[Passed]) -> Result<(), StoreError>;

    /// What all processors counted from that minute on, each minute once, in order.
    async fn passed(&self, since_minute: i64) -> Result<Vec<Passed>, StoreError>;
}

/// Under which spelling of plates the records stand ([`respell`]). A store that outlives no process
/// has had today's for ever, and need not say anything.
#[async_trait]
pub trait Spelling: Send + Sync + 'static {
    /// Which spelling of plates the keys have ([`domain::plate::SPELLING`]) and since when, as far as
    /// it was noted; a store that outlives no process has had today's for ever.
    async fn spelling(&self) -> Result<Option<(u32, Instant)>, StoreError> {
        Ok(Some((domain::plate::SPELLING, Instant::MIN_UTC)))
    }

    /// Notes that every record stands under that spelling since then, where it is not noted yet.
    async fn note_spelling(&self, _spelling: u32, _since: Instant) -> Result<(), StoreError> {
        Ok(())
    }

    /// Keys of records that today's version spells otherwise, among about `limit` that were looked
    /// at; `cursor` as in [`Plates::plates`].
    async fn misspelled(
        &self,
        _cursor: Option<String>,
        _limit: usize,
    ) -> Result<(Vec<String>, Option<String>), StoreError> {
        Ok((Vec::new(), None))
    }

    /// The record under such a key, as JSON.
    async fn kept_under(&self, _key: &str) -> Result<Option<String>, StoreError> {
        Ok(None)
    }

    /// Takes away what stands under such a key, with its place in every index, if the record still
    /// has that version; answers whether it was so.
    async fn remove_misspelled(&self, _key: &str, _version: u64) -> Result<bool, StoreError> {
        Ok(true)
    }
}

/// All that a store can do.
#[async_trait]
pub trait Store: Records + Outboxes + Processors + Plates + Counters + Spelling {
    /// One attempt to use it, for the start, when a person still looks: sorts why not.
    async fn reach(&self) -> Result<(), Unreached> {
        self.counts().await.map(|_| ()).map_err(|e| Unreached::Away(e.to_string()))
    }

    /// How its server is set, where it has one whose settings decide whether it keeps what it is
    /// given.
    async fn settings(&self) -> Result<Option<RedisSettings>, StoreError> {
        Ok(None)
    }
}

/// Whether a key is a plate as another version spelled it. All keys that are no plates are in lower
/// case.
fn is_misspelled(key: &str) -> bool {
    let is_ours = key.bytes().any(|byte| byte.is_ascii_lowercase());
    !is_ours && Plate::parse(key).is_ok_and(|plate| plate.as_str() != key)
}
