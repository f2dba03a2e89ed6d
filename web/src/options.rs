//! What can be set. Every field has a default that suits a single car park.

use std::path::PathBuf;

use chrono::TimeDelta;
use chrono_tz::Tz;
use platform::settings::{LIMITS, PLACES, fixed, rare, setting};

use crate::webhooks::Webhook;

/// Heading in the help.
const FEED: &str = "The feed";

platform::settings! {
    /// The options of the summary service.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Options {
        /// The directory of the files. Created where it is missing; locked while the service runs.
        pub data_dir: PathBuf = fixed(PathBuf::from("./data")),
        /// Newest rows of each file that are remembered to recognise duplicates
        // About 27 bytes of memory each. A row that is sent again after this many others is written
        // again.
        pub index_rows: usize = rare(LIMITS, "web.index_rows", "1000000"),
        /// Begin new files each UTC day
        // The one before is kept as `summaries-YYYY-MM-DD.csv`.
        pub rotate_daily: bool = rare(LIMITS, "web.rotate_daily", "false"),
        /// Largest request body of the web role, bytes
        // More is answered 413, as are more items.
        pub body_bytes_max: usize = rare(LIMITS, "web.body_bytes_max", "10485760"),
        /// Most items of one request
        pub items_max: usize = rare(LIMITS, "web.items_max", "10000"),
        /// Most bytes of rows that wait for the disk
        // Beyond them a request is answered 503 and shall come again.
        pub waiting_bytes_max: usize = rare(LIMITS, "web.waiting_bytes_max", "67108864"),
        /// How long the feed keeps an event
        // Whole files go, so an event may stay for a day longer.
        pub feed_retention: TimeDelta = setting(FEED, "feed.retention", "30d").at_least(3600.0),
        /// Publishes the feed to the stream carpark.feed of RabbitMQ as well
        // It keeps events as long; an erasure does not reach it.
        pub feed_stream: bool = setting(FEED, "feed.stream", "false"),
        /// Who is told of what the feed tells.
        pub webhooks: Vec<Webhook> = fixed(Vec::new()),
        /// Time zone of the pages, for instance Europe/Berlin
        pub time_zone: Tz = setting(PLACES, "pages.time_zone", "UTC"),
    }
}
