//! Where things are kept: files of redb ([`DatabaseFile`]), Redis ([`RedisSettings`], [`ErasedLog`]),
//! why neither can be used ([`Unreached`], [`Failure`]), and how what was erased goes from the disk as
//! well ([`mark_erased`]).

mod database;
mod erased_log;
mod file_watch;
mod redis_settings;
mod scrub;
mod unreached;

pub use database::{DatabaseFile, DatabaseOptions, Failure, OpenError};
pub use erased_log::{ErasedKeys, ErasedLog};
pub use file_watch::FileWatch;
pub use redis_settings::RedisSettings;
pub use scrub::mark_erased;
pub use unreached::Unreached;
