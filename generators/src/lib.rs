//! Simulated cameras: vehicles that come, stay a while and leave, and some that only leave.
//!
//! Reading order, the way of a vehicle: [`Options`] → `traffic` (how many come, how long they stay)
//! → `generator` (the actor: one turn, one entry; or one turn, one exit, matched or made up) →
//! `camera` (the messages that come of it, faults included) → `way` (to the broker until it has
//! confirmed, into [`inside_store`] or back). `wiring` puts it together, `admin` is the operator's
//! side, `metrics` counts. Beside them [`pings`]: vehicles that report in.
//!
//! What holds: an entry is in the store only once the broker has confirmed it; a vehicle is taken
//! out by one exit generator of any number; a message keeps its id through all attempts; of the
//! exits the share that was asked for is matched, however the vehicles come; event times are never
//! ahead of the clock; everything under way is bounded; no plate is logged or made a label.
//!
//! Event times are those of the clock, also on a simulated campus: there the rate and the stays are
//! scaled by its speed, so that an hour of it may pass in a minute.

mod admin;
mod camera;
mod dice;
mod generator;
pub mod inside_store;
pub mod ledger;
mod metrics;
mod misread;
pub mod options;
mod pace;
pub mod pings;
mod plate_format;
#[cfg(test)]
mod rig;
mod slots;
mod tell;
#[cfg(any(test, feature = "testkit"))]
pub mod testing;
mod traffic;
mod way;
mod wiring;

pub use inside_store::{InsideStore, MemoryStore, RedisStore};
pub use ledger::Ledger;
pub use metrics::Counts;
pub use options::{Dwell, Faults, Options, PlaceNames, Profile};
pub use plate_format::{PlateFormat, PlateFormatError};
/// All admin routes, without the generators behind them.
pub fn routes() -> platform::http::Routes {
    admin::routes().and(pings::routes())
}

pub use wiring::{Generators, Snapshot, StartError, start};
