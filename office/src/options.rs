//! What can be set of the office.

use std::time::Duration;

use platform::settings::{PostgresUrl, fixed, setting};

const OFFICE: &str = "Places";

platform::settings! {
    /// Fixed from the start of the process.
    #[derive(Debug, Clone)]
    pub struct Options {
        /// Database of places and counts: PostgreSQL (postgres://user:password@host/database), or
        /// `sqlite:`, a file in the data directory
        pub url: Option<PostgresUrl> = setting(OFFICE, "office.url", "sqlite:").or_none("sqlite:"),
        /// How often it is looked whether there is something to tell of a place; a place is told of no
        /// more often.
        pub step_every: Duration = fixed(Duration::from_secs(1)),
        /// How long to wait for the database at the start.
        pub start_patience: Duration = fixed(Duration::from_mins(1)),
    }
}
