//! What can be set of all cameras together. Every field has a default that suits a car park.

use std::path::PathBuf;
use std::time::Duration;

/// The same for all cameras; what differs between them is in [`Camera`](crate::Camera).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// How long a message that announces more of the same vehicle waits for it, its answer with
    /// it. Zero: what comes first counts.
    pub wait: Duration,
    /// How long a camera waits for its answer while the broker takes the read, before it is told to
    /// keep the message.
    pub answer_within: Duration,
    /// For how long the event of a vehicle is remembered after it was last heard of.
    pub events_for: Duration,
    /// How many events are remembered, about 200 bytes of memory each.
    pub events_max: usize,
    /// A camera that told of no vehicle for longer reads nothing, where vehicles passed the other
    /// cameras of its place meanwhile.
    pub reads_within: Duration,
    /// A camera that is configured and of which nothing comes for so long needs a look.
    pub heard_within: Duration,
    /// The file that keeps how the cameras do over a restart; `None`: nothing does.
    pub memory: Option<PathBuf>,
    /// Most bytes of a message, pictures included.
    pub body_bytes_max: usize,
    /// Most bytes of messages that are being received, all cameras together.
    pub receiving_bytes_max: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            wait: Duration::from_secs(1),
            answer_within: Duration::from_secs(5),
            events_for: Duration::from_mins(15),
            events_max: 20_000,
            reads_within: Duration::from_hours(1),
            heard_within: Duration::from_mins(10),
            memory: None,
            body_bytes_max: crate::body::BYTES_MAX,
            receiving_bytes_max: 64 * 1024 * 1024,
        }
    }
}
