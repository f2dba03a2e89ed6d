//! What can be set of all cameras together. Every field has a default that suits a car park.

use std::path::PathBuf;
use std::time::Duration;

use platform::settings::{fixed, rare};

const CAMERAS: &str = "Cameras";

platform::settings! {
    /// The same for all cameras; what differs between them is in [`Camera`](crate::Camera).
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Options {
        /// How long a camera's preview waits for the final read of the vehicle; 0s: what comes first
        /// counts
        pub wait: Duration = rare(CAMERAS, "camera_wait", "1s"),
        /// How long a camera waits while the broker takes its read, before it is told to send it
        /// again
        pub answer_within: Duration = rare(CAMERAS, "camera_answer_within", "5s"),
        /// How long an event is remembered, so that a later message about the vehicle makes no
        /// second read
        pub events_for: Duration = rare(CAMERAS, "camera_events_for", "15m"),
        /// How many of these events are remembered
        // About 200 bytes of memory each.
        pub events_max: usize = rare(CAMERAS, "camera_events_max", "20000").at_least(1.0),
        /// A camera counts as not reading when it has sent no vehicle for this long while more than
        /// 30 passed the other cameras of the same place
        pub reads_within: Duration = rare(CAMERAS, "camera_reads_within", "1h"),
        /// A camera that has sent nothing for this long since it was configured needs attention
        pub heard_within: Duration = rare(CAMERAS, "camera_heard_within", "10m"),
        /// The file that keeps how the cameras do over a restart; `None`: nothing does.
        pub memory: Option<PathBuf> = fixed(None),
        /// Most bytes of a message, pictures included.
        pub body_bytes_max: usize = fixed(crate::body::BYTES_MAX),
        /// Most bytes of messages that are being received, all cameras together.
        pub receiving_bytes_max: usize = fixed(64 * 1024 * 1024),
    }
}
