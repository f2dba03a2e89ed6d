//! What licence-plate cameras post, read: each vendor says it in its own way, and here it becomes
//! one thing, a [`Message`]. Pure: bytes in, a message or an error out; no IO, no clock.
//!
//! Reading order: [`body`] (bytes and a content type become trees of named values: [`tree`]),
//! [`vendor`] (whose it is), [`adapters`] (one file per vendor: where it keeps what), [`read`] (what
//! comes of it), [`time`] (the many ways to say when).
//!
//! Never: the text of a plate in an error or in `Debug` (G8); a guess at what a camera did not say.
//! Which lane a read belongs to, which way it went and in which zone a clock runs that names none,
//! is for who knows the camera's configuration.

pub mod adapters;
pub mod body;
#[doc(hidden)]
pub mod fuzzing;
pub mod read;
#[cfg(test)]
mod testing;
pub mod time;
pub mod tree;
pub mod vendor;

pub use body::{BadBody, Body};
pub use read::{Candidate, CapturedAt, Direction, Message, PlateText, Read, Stage, Unreadable};
pub use vendor::Vendor;
