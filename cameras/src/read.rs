//! What a camera's message says, in one form for all vendors.

use chrono::NaiveDateTime;
use domain::Instant;
use domain::observation::PlateAsRead;

/// Most reads of one message: a picture has a handful of plates, a page of a log many.
pub const READS_MAX: usize = 256;

/// What a camera's message was.
#[derive(Debug, Clone, PartialEq)]
pub enum Message {
    /// One or more plates were read, or vehicles seen whose plate was not.
    Reads(Vec<Read>),
    /// The camera says that it is there.
    Heartbeat,
    /// Well formed, of the vendor, and of no concern here: why, in words.
    Nothing(&'static str),
}

/// One plate of one message. What the message does not say is `None`; nothing is guessed.
#[derive(Debug, Clone, PartialEq)]
pub struct Read {
    /// What the camera made of the plate.
    pub plate: PlateText,
    /// When, by the camera's clock.
    pub at: CapturedAt,
    /// Which way the vehicle went, as far as the camera says.
    pub direction: Option<Heading>,
    /// How sure the camera is of the plate's text (not of having found a plate), 0 to 1.
    pub confidence: Option<f32>,
    /// The camera, as the message names it.
    pub camera: Option<String>,
    /// The lane, as the message names it.
    pub lane: Option<String>,
    /// The car park. Only carpark's own messages name one.
    pub place: Option<String>,
    /// The vendor's id of this passage: the same in all messages about one vehicle, and where a
    /// message is sent again. Several plates of one message may share it. Unique per camera at
    /// most, and some cameras count from one after a restart.
    pub event: Option<String>,
    /// `event` is the sender's own key of this read: with the same plate it is the same read,
    /// whatever its time (R1). Of cameras' counters and tracks that cannot be said.
    pub event_is_key: bool,
    /// Whether more is to come of this vehicle.
    pub stage: Stage,
    /// The camera says that it had kept this message while nobody took it, so the time between
    /// capture and arrival says nothing of its clock. Nothing else may set it: not a serial number,
    /// not a count of attempts.
    pub is_late_upload: bool,
    /// Other texts it may be, the likeliest first. The plate itself may be among them.
    pub candidates: Vec<Candidate>,
}

/// The text a camera read. `Debug` shows nothing of it (G8).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlateText {
    /// As the vendor writes it: lower case, spaces and all. Not yet checked to be a plate.
    Read(PlateAsRead),
    /// A vehicle passed and its plate was not read; each vendor has its own word for it.
    Unread,
}

/// When, and how much of it the message said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CapturedAt {
    /// An instant: the message gave an offset, or a count of seconds since 1970 in UTC.
    Instant(Instant),
    /// What the clock at the camera showed. In which zone, only its configuration knows.
    Local(NaiveDateTime),
    /// The message has no time.
    Missing,
}

/// Which way a vehicle went, as its camera says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heading {
    /// Into the car park: the vendor means the barrier.
    In,
    /// The vehicle drove out.
    Out,
    /// Towards the camera: the vendor means the picture.
    Approaching,
    /// Away from the camera.
    Leaving,
}

/// Where a message stands among those about one vehicle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The first; others follow.
    New,
    /// Better known than before; others follow.
    Update,
    /// The last. Vendors that send one message per vehicle send this.
    Final,
}

/// Another text that the plate may be.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// The plate as the camera spelled it.
    pub plate: PlateAsRead,
    /// How likely, 0 to 1, where the vendor says it.
    pub confidence: Option<f32>,
}

/// Why a message of a vendor cannot be read. Names fields, never their content: it may be a plate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// What the message must have and has not.
    #[error("`{0}` is missing")]
    Missing(&'static str),
    /// A time that is none, or lies where no camera's clock can be.
    #[error("`{0}` is not a time between the years 2000 and 2200: is the camera's clock set?")]
    BadTime(&'static str),
    /// A time that is written in a way nobody here has seen. It may well be right.
    #[error(
        "`{0}`: form of time not known; known is ISO 8601, such as 2026-11-20T10:00:00.123+01:00"
    )]
    UnknownTime(&'static str),
    /// A value that is not what the vendor's description says.
    #[error("`{0}` is not {1}")]
    Bad(&'static str, &'static str),
    /// More reads than one message can have.
    #[error("more than {} plates in one message", READS_MAX)]
    TooMany,
}

impl Message {
    /// Whether a plate has U+FFFD in it, which stands where bytes could not be decoded.
    pub(crate) fn has_hole(&self) -> bool {
        let Self::Reads(reads) = self else { return false };
        reads.iter().any(|read| match &read.plate {
            PlateText::Read(text) => text.0.contains(char::REPLACEMENT_CHARACTER),
            PlateText::Unread => false,
        })
    }
}

impl Read {
    /// A read of which only the plate is known, and that no more is to come.
    pub fn new(plate: PlateText) -> Self {
        Self {
            plate,
            at: CapturedAt::Missing,
            direction: None,
            confidence: None,
            camera: None,
            lane: None,
            place: None,
            event: None,
            event_is_key: false,
            stage: Stage::Final,
            is_late_upload: false,
            candidates: Vec::new(),
        }
    }
}
