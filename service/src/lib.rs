//! What every part that serves has in common: how it refuses ([`Problem`]), how it says whether it
//! can work ([`Part`]) and that it cannot any more ([`Vital`]). Knows nothing of vehicles and plates.

mod masked;
mod part;
mod problem;
mod vital;

pub use masked::masked;
pub use part::Part;
pub use problem::{Problem, ProblemBody};
pub use vital::Vital;
