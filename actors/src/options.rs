//! What can be set of the actors. Every field has a default that suits both one car park and a
//! busy operator.

use std::time::Duration;

use domain::Policy;

/// See the module.
#[derive(Debug, Clone)]
pub struct Options {
    /// The tunable part of the rules.
    pub policy: Policy,
    /// Longest a plate's actor stays without hearing anything; then it is passivated.
    pub idle_after: Duration,
    /// Most plates' actors at a time; past it the least recently used is passivated (G6).
    pub residents_max: usize,
    /// Most changes in one commit of the store.
    pub commit_batch_max: usize,
    /// Commits under way at a time: while the store works on one, the next is on its way.
    pub commits_in_flight: usize,
    /// How often watermarks are exchanged and what is due is settled.
    pub settle_every: Duration,
    /// Plates settled per look into the store.
    pub settle_batch_max: usize,
    /// Most entries in one post.
    pub post_batch_max: usize,
    /// Posts under way at a time.
    pub posts_in_flight: usize,
    /// Longest pause between two attempts at the sink.
    pub post_retry_max: Duration,
    /// Unconfirmed reports at which consumption pauses; the broker keeps the rest (G6).
    pub outbox_max: usize,
    /// Longest wait for what is in flight when stopping.
    pub stop_patience: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            policy: Policy::default(),
            idle_after: Duration::from_secs(10),
            residents_max: 10_000,
            commit_batch_max: 512,
            commits_in_flight: 2,
            settle_every: Duration::from_millis(500),
            settle_batch_max: 1_000,
            post_batch_max: 500,
            posts_in_flight: 2,
            post_retry_max: Duration::from_secs(5),
            outbox_max: 50_000,
            stop_patience: Duration::from_secs(8),
        }
    }
}
