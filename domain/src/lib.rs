//! The vocabulary and the judgement of carpark, and nothing else: no IO, no clock, no async, no
//! actor. What a plate, an observation and a session are, and what follows from a set of
//! observations (rules R1 to R9, see `docs/rules.md`).
//!
//! Reading order: [`plate`], [`name`], [`observation`], [`known`] (an observation as it is kept), [`timeline`]
//! (what the observations say), [`record`] (what is remembered of a plate), [`judgement`] (the one function [`decide`]),
//! [`effect`] (what it asks the world to do), [`summary`] and [`exception`] (what is reported),
//! [`wire`] (how all of it travels), [`watermark`] (how far a stream has been read), [`reference`]
//! (the rules a second time, to audit the first). Beside it the vehicle monitor's: [`vehicle`] (whose
//! they are), [`presence`] (whether they are connected).

pub mod clock;
pub mod effect;
pub mod exception;
pub mod judgement;
pub mod known;
pub mod name;
pub mod observation;
pub mod occupancy;
pub mod place;
pub mod plate;
pub mod policy;
pub mod presence;
pub mod record;
pub mod reference;
pub mod story;
pub mod summary;
#[cfg(test)]
mod testing;
pub mod timeline;
pub mod vehicle;
pub mod watermark;
pub mod wire;

pub use clock::{Clock, SharedClock};
pub use effect::Effect;
pub use exception::{ExceptionKind, ExceptionRow};
pub use judgement::{Command, Decision, decide, session_id};
pub use name::{
    AdmissionId, CameraName, HolderId, LaneName, ObservationId, PlaceName, Reason, RightId,
};
pub use observation::{Direction, Method, Observation};
pub use plate::{Plate, PlateError};
pub use policy::{Policy, ReReads};
pub use presence::{Presence, Silence};
pub use record::Record;
pub use summary::{Opening, Origin, Summary};
pub use vehicle::{Customer, CustomerId, Vehicle, VehicleId};
pub use watermark::{Behind, Reading, Watermarks};

/// An instant, in UTC, to the nanosecond. Event time unless a name says otherwise.
pub type Instant = chrono::DateTime<chrono::Utc>;
