//! The seam to what is remembered of the vehicles that are inside: put by the entry generators,
//! taken by the exit generators. In memory, or in Redis where several processes share it.

mod memory;
mod redis;

use async_trait::async_trait;
use domain::{Instant, Observation, Plate, PlateError};
use platform::storage::{RedisSettings, Unreached};

pub use memory::MemoryStore;
pub use redis::RedisStore;

/// A vehicle that is inside.
#[derive(Debug, Clone, PartialEq)]
pub struct Inside {
    /// Its plate, as the camera reads it. Of a simulated vehicle, and masked all the same.
    pub plate: PlateText,
    /// When it leaves, to the millisecond.
    pub leaves_at: Instant,
    /// Its exit, where one was made and could not be confirmed before a stop: it may or may not
    /// have arrived, so that very observation is sent again, and its id makes it one.
    pub exit: Option<Box<Observation>>,
}

/// A plate as a camera reads it, `ABC-123`: valid, and not yet normalised. `Debug` shows nothing
/// of it.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PlateText(String);

impl PlateText {
    /// Checks that `text` is a plate, and keeps it as it is.
    pub fn parse(text: &str) -> Result<Self, PlateError> {
        Plate::parse(text)?;
        Ok(Self(text.to_owned()))
    }

    /// The text as it was read.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The plate that the text stands for.
    pub fn plate(&self) -> Plate {
        Plate::parse(&self.0).expect("checked when it was made")
    }
}

impl std::fmt::Debug for PlateText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

pub use platform::storage::StoreError;

/// What both generators need of a store. Implementations log when they lose their server and when
/// they have it back; callers try again and stay silent.
#[async_trait]
pub trait InsideStore: Send + Sync {
    /// One attempt to use it, for the start, when a person still looks: sorts why not.
    async fn reach(&self) -> Result<(), Unreached> {
        Ok(())
    }

    /// Remembers a vehicle. One that is there already gets the new time. Returns when it is as
    /// safe as the store can make it.
    async fn put(&self, vehicle: Inside) -> Result<(), StoreError>;

    /// Takes the vehicles whose time has come by `now`, those that should have left first, `count`
    /// at most. Atomic: of any number of takers one gets a vehicle. An answer that is lost on the
    /// way loses its vehicles: they never leave, as some do.
    async fn take_due(&self, now: Instant, count: usize) -> Result<Vec<Inside>, StoreError>;

    /// How many vehicles are inside.
    async fn count(&self) -> Result<u64, StoreError>;

    /// How its server is set, where it has one whose settings decide whether it keeps what it is
    /// given.
    async fn settings(&self) -> Result<Option<RedisSettings>, StoreError> {
        Ok(None)
    }
}
