//! Stand-ins and contracts for tests, of this crate and of those that use it.

mod recording;
pub mod store_contract;

pub use recording::RecordingPublisher;
