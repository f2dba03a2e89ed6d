//! What every part that serves has in common: how it refuses ([`Problem`]), how it says whether it
//! can work ([`Part`]), whether a Redis can be trusted ([`RedisSettings`]), that it cannot work any
//! more ([`Vital`]), and how it keeps a file of its own ([`DatabaseFile`]) and notices that it is gone
//! ([`FileWatch`]). Knows nothing of vehicles and plates.

mod database;
mod file_watch;
mod masked;
mod part;
mod problem;
mod redis_settings;
mod vital;

pub use database::{DatabaseFile, DatabaseOptions, Failure, OpenError};
pub use file_watch::FileWatch;
pub use masked::masked;
pub use part::{Asking, Part, keep_asking};
pub use problem::{Problem, ProblemBody};
pub use redis_settings::RedisSettings;
pub use vital::Vital;
