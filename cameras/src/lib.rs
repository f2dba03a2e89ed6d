//! Real cameras: what they post becomes observations, one per passage, durable before the camera is
//! told so.
//!
//! A message goes `routes` (who posts, how much) → [`understand`] → [`sighting`] (the read in the
//! light of the camera's configuration: [`camera`], [`zone`]) → `passages` (the actor that makes one
//! observation of all reads of a vehicle, and publishes it; which reads those are, [`identity`] says). `monitor` is the actor that watches the
//! cameras; `service` wires all of it, `metrics` counts.
//!
//! What vendors send is read by a part that is pure: bytes in, a [`Message`] or an error out; no IO,
//! no clock. In reading order: [`body`] (bytes and a content type become trees of named values:
//! [`tree`]), [`vendor`] (whose it is), [`adapters`] (one file per vendor: where it keeps what),
//! [`read`] (what comes of it), [`time`] (the many ways to say when).
//!
//! Never: the text of a plate in an error, a log or `Debug` (G8); a guess at what a camera did not
//! say. The vendors' part does not know lanes, zones and directions: that is the configuration's.

pub mod adapters;
pub mod body;
pub mod camera;
#[cfg(any(test, feature = "testkit"))]
pub mod fuzzing;
pub mod identity;
mod metrics;
mod monitor;
mod options;
mod passages;
pub mod read;
#[cfg(test)]
mod rig;
mod routes;
mod service;
pub mod sighting;
#[cfg(test)]
mod testing;
pub mod time;
mod token;
pub mod tree;
pub mod understand;
pub mod vendor;
pub mod zone;

pub use body::{BadBody, Body};
pub use camera::{Camera, LaneRole};
pub use monitor::state::{CameraState, Severity};
pub use monitor::status::{CameraStatus, Refusal, WithoutObservation};
pub use options::Options;
pub use read::{Candidate, CapturedAt, Heading, Message, PlateText, Read, Stage, Unreadable};
pub use routes::routes;
pub use service::{Cameras, Watch, start};
pub use token::{Token, shows_token};
pub use vendor::Vendor;
