//! What can be set of the vehicle monitor.

use std::time::Duration;

use chrono::TimeDelta;
use domain::Silence;
use platform::settings::{RedisUrl, fixed, setting};

const VEHICLES: &str = "Vehicle monitor";

platform::settings! {
    /// Fixed from the start of the process.
    #[derive(Debug, Clone)]
    pub struct Options {
        /// Redis of the vehicle monitor, a database of its own (redis://…/2), or `embedded`: a file
        /// in the data directory
        pub store_url: Option<RedisUrl> =
            setting(VEHICLES, "vehicles.store_url", "embedded").or_none("embedded"),
        /// A vehicle that was heard within this time is connected; in `all` 20s unless set
        pub connected_within: TimeDelta = setting(VEHICLES, "vehicles.connected_within", "60s"),
        /// Added to connected_within, so that a punctual vehicle does not flap; in `all` 5s unless
        /// set
        pub tolerance: TimeDelta = setting(VEHICLES, "vehicles.tolerance", "10s"),
        /// How long to wait for the store at the start.
        pub start_patience: Duration = fixed(Duration::from_mins(1)),
        /// Longest wait for what is in flight when stopping.
        pub stop_patience: Duration = fixed(Duration::from_secs(5)),
    }
}

impl Options {
    /// When a vehicle counts as gone.
    pub fn silence(&self) -> Silence {
        Silence { within: self.connected_within, tolerance: self.tolerance }
    }
}
