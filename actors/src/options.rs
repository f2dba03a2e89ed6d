//! What can be set of the actors. Every field has a default that suits both one car park and a
//! busy operator.

use std::time::Duration;

use chrono::TimeDelta;
use domain::policy::RE_READ_MAX;
use domain::{Policy, ReReads};
use platform::settings::{LIMITS, fixed, rare, setting};

const RULES: &str = "Rules";

platform::settings! {
    /// The rules' tunable part.
    #[derive(Debug, Clone)]
    pub struct Rules {
        /// How long an exit waits for its entry beyond what has been read, before it counts as
        /// unmatched
        pub lateness: TimeDelta = setting(RULES, "lateness", "5s"),
        /// For how long after a read another one at the same place is the same passage: as long as a
        /// car may wait at a barrier; [places.NAME] and [lanes.NAME] may say otherwise
        pub re_read: TimeDelta = setting(RULES, "re_read", "20s")
            .up_to(RE_READ_MAX.num_seconds() as f64)
            .remedy("not a time of up to 1h; write for instance 20s or 90s"),
        /// For how long a late read can still change a verdict
        pub repair_window: TimeDelta = setting(RULES, "repair_window", "24h"),
        /// A longer stay is reported while it lasts
        pub max_stay: TimeDelta = setting(RULES, "max_stay", "72h"),
        /// How long a plate with nothing open is remembered
        pub retention: TimeDelta = setting(RULES, "retention", "30d"),
    }
}

impl Rules {
    /// The policy they make, where places and lanes have their own time of re-reads.
    pub fn policy(&self, re_reads: ReReads) -> Policy {
        Policy {
            lateness: self.lateness,
            repair_window: self.repair_window,
            max_stay: self.max_stay,
            re_reads: ReReads { default: self.re_read, ..re_reads },
            ..Policy::default()
        }
    }
}

platform::settings! {
    /// How the actors go about their work.
    #[derive(Debug, Clone)]
    pub struct Options {
        /// The tunable part of the rules.
        pub policy: Policy = fixed(Policy::default()),
        /// Unconfirmed reports at which consumption pauses
        // The broker keeps the rest (G6).
        pub outbox_max: usize = rare(LIMITS, "outbox_max", "50000").at_least(1.0),
        /// Actors of plates at a time
        // Past it the least recently used is passivated (G6).
        pub residents_max: usize = rare(LIMITS, "residents_max", "10000").at_least(1.0),
        /// An actor that hears nothing for this long is passivated
        pub idle_after: Duration = rare(LIMITS, "idle_after", "10s"),
        /// Most changes in one commit of the store.
        pub commit_batch_max: usize = fixed(512),
        /// Commits under way at a time: while the store works on one, the next is on its way.
        pub commits_in_flight: usize = fixed(2),
        /// How often watermarks are exchanged and what is due is settled.
        pub settle_every: Duration = fixed(Duration::from_millis(500)),
        /// Plates settled per look into the store.
        pub settle_batch_max: usize = fixed(1_000),
        /// Most entries in one post.
        pub post_batch_max: usize = fixed(500),
        /// Posts under way at a time.
        pub posts_in_flight: usize = fixed(2),
        /// Longest pause between two attempts at the sink.
        pub post_retry_max: Duration = fixed(Duration::from_secs(5)),
        /// Longest wait for what is in flight when stopping.
        pub stop_patience: Duration = fixed(Duration::from_secs(8)),
    }
}
