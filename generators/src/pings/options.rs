//! What can be set of the simulated vehicles.

use std::time::Duration;

use platform::settings::{Refused, Word, rare, setting};
use url::Url;

const PINGS: &str = "Simulated vehicles";
const HTTP_ALONE: &str = "not an http:// URL";

platform::settings! {
    /// How they come to be, and how they ping.
    #[derive(Debug, Clone)]
    pub struct Options {
        /// How many vehicles to create and register; unset: those already registered (in `all` 20)
        pub vehicles: Option<usize> = setting(PINGS, "pings.vehicles", "").at_least(1.0),
        /// Registering them: `first` (needs the admin token), `only` (then it ends), `no` (already
        /// registered)
        pub register: Register = rare(PINGS, "pings.register", "first"),
        /// How many customers the created vehicles belong to
        pub customers: usize = setting(PINGS, "pings.customers", "3").at_least(1.0),
        /// How often each vehicle decides whether it pings; in `all` 20s unless set
        pub every: Duration = setting(PINGS, "pings.ping_every", "60s").at_least(0.1),
        /// Share of the turns in which a vehicle pings
        pub share: f64 = setting(PINGS, "pings.ping_share", "0.9").within(0.0, 1.0),
        /// Random seed: the same seed, the same vehicles
        // None: always the same vehicles, and other turns at each start.
        pub seed: Option<u64> = setting(PINGS, "pings.ping_seed", ""),
        /// The vehicle monitor: registers vehicles, and takes the pings where there is no RabbitMQ
        pub monitor_url: Url =
            rare(PINGS, "pings.monitor_url", "http://127.0.0.1:40004").remedy(HTTP_ALONE),
    }
    check Self::can_reach_the_monitor;
}

impl Options {
    fn can_reach_the_monitor(&self) -> Result<(), Refused> {
        match self.monitor_url.scheme() {
            "http" => Ok(()),
            _ => Err(Refused { key: "pings.monitor_url", why: HTTP_ALONE.to_owned() }),
        }
    }
}

/// Whether the made vehicles are registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Register {
    /// Before they ping. It wants the admin token.
    First,
    /// And that is all: nobody pings.
    Only,
    /// They are already, by somebody who may.
    No,
}

impl Word for Register {
    const WORDS: &'static [(&'static str, Self)] =
        &[("first", Self::First), ("only", Self::Only), ("no", Self::No)];
}
