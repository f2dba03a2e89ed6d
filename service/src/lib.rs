//! What every part that serves has in common: how it refuses ([`Problem`]), how it says whether it
//! can work ([`Part`]), whether a Redis can be trusted ([`RedisSettings`]), that it cannot work any
//! more ([`Vitals`]), why a server cannot be used at the start ([`Unreached`]), how it keeps a file of its
//! own ([`DatabaseFile`]) and notices that it is gone ([`FileWatch`]), and how what was erased goes from
//! the disk as well ([`mark_erased`], [`ErasedLog`]). Knows nothing of vehicles and plates.

mod database;
mod erased_log;
mod file_watch;
mod masked;
mod part;
mod problem;
mod redis_settings;
mod scrub;
mod unreached;
mod vital;

pub use database::{DatabaseFile, DatabaseOptions, Failure, OpenError};
pub use erased_log::{ErasedKeys, ErasedLog};
pub use file_watch::FileWatch;
pub use masked::masked;
pub use part::{Asking, Part, keep_asking};
pub use problem::{Problem, ProblemBody};
pub use redis_settings::RedisSettings;
pub use scrub::mark_erased;
pub use unreached::Unreached;
pub use vital::{Vital, Vitals};
