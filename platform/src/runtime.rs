//! How a role lives: how its parts do ([`Part`]), who must not die ([`Vital`]), how long to wait before
//! another attempt ([`Backoff`]), what it counts ([`Register`]), and where a test can kill it
//! ([`failpoint`]).

mod backoff;
pub mod failpoint;
mod metrics;
mod part;
mod vital;

pub use backoff::Backoff;
pub use metrics::Register;
pub use part::{Asking, Part, keep_asking, texts};
pub use vital::{Vital, Vitals};
