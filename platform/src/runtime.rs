//! How a role lives: how its parts do ([`Part`]), who must not die ([`Vital`]), how long to wait
//! before another attempt ([`Backoff`]), and where a test can kill it ([`failpoint`]).

mod backoff;
pub mod failpoint;
mod part;
mod vital;

pub use backoff::Backoff;
pub use part::{Asking, Part, keep_asking};
pub use vital::{Vital, Vitals};
