//! What every part that serves has in common: how it refuses ([`Problem`]), how it says whether it
//! can work ([`Part`]) and that it cannot any more ([`Vital`]), why a server cannot be used at the start
//! ([`Unreached`]), and how what was erased goes from the disk as well ([`Scrubber`], [`ErasedLog`]). Knows
//! nothing of vehicles and plates.

mod erased_log;
mod masked;
mod part;
mod problem;
mod scrub;
mod unreached;
mod vital;

pub use erased_log::{ErasedKeys, ErasedLog};
pub use masked::masked;
pub use part::Part;
pub use problem::{Problem, ProblemBody};
pub use scrub::{Scrubber, mark_erased, scrub_erased};
pub use unreached::Unreached;
pub use vital::Vital;
