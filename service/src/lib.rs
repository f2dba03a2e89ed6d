//! What every part that serves has in common: how it refuses ([`Problem`]), how it says whether it
//! can work ([`Part`]), whether a Redis can be trusted ([`RedisSettings`]), and that it cannot work any
//! more ([`Vital`]). Knows nothing of vehicles and plates.

mod masked;
mod part;
mod problem;
mod redis_settings;
mod vital;

pub use masked::masked;
pub use part::{Asking, Part, keep_asking};
pub use problem::{Problem, ProblemBody};
pub use redis_settings::RedisSettings;
pub use vital::Vital;
