//! Where things are kept: files of redb ([`DatabaseFile`]), Redis ([`RedisLink`], [`RedisSettings`], [`ErasedLog`]),
//! why neither can be used ([`Unreached`], [`Failure`]), and how what was erased goes from the disk as
//! well ([`mark_erased`]).

mod database;
mod erased_log;
mod file_watch;
mod redis_link;
mod redis_settings;
mod scrub;
mod unreached;

pub use database::{DatabaseFile, DatabaseOptions, Failure, OpenError};
pub use erased_log::{ErasedKeys, ErasedLog};
pub use file_watch::FileWatch;
pub use redis_link::RedisLink;
pub use redis_settings::RedisSettings;
pub use scrub::mark_erased;
pub use unreached::Unreached;

/// What was asked of a store was not done, or nobody knows whether it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct StoreError(
    /// In words, without a password.
    pub String,
);

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        Self(failure.to_string())
    }
}
