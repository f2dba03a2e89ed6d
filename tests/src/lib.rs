//! The harness of the `it` tier: the program as a person runs it, servers as an operator runs
//! them, faults as they happen. The tests in `tests/it` know the program by its contract alone
//! (environment, queues, files, HTTP, exit codes); nothing here links to its parts but `domain`,
//! for the words of the wire.
//!
//! Reading order: [`site`] (one car park for one test, which wires the rest up), [`process`] (the
//! program), [`servers`] (RabbitMQ and Redis), [`broker_client`] (the cameras), [`truth`] (what
//! they saw, and what has to come of it), [`files`] (what came of it), [`proxy`] (a network that
//! fails), [`receiver`] (of webhooks), [`http`], [`wait`], [`python`], [`guard`] (nothing outlives the tests).
//!
//! Everything is blocking: a test reads from top to bottom. Nothing sleeps for a fixed time:
//! [`wait::until`] polls with a deadline.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "a test stops at the first surprise, and lives by the real clock and environment"
)]
#![allow(clippy::return_self_not_must_use, reason = "a chain of assertions may end anywhere")]
#![allow(clippy::doc_markdown, reason = "RabbitMQ is a name, not code")]

pub mod broker_client;
pub mod browser;
pub mod events;
pub mod feed;
pub mod files;
pub mod guard;
pub mod http;
pub mod ports;
pub mod process;
pub mod proxy;
pub mod python;
pub mod receiver;
pub mod servers;
pub mod site;
pub mod small_disk;
pub mod tls;
pub mod truth;
pub mod usage;
pub mod wait;

pub use site::Site;

use std::sync::OnceLock;

/// The runtime behind the blocking faces of [`broker_client`] and [`proxy`].
fn runtime() -> &'static tokio::runtime::Runtime {
    static RUNTIME: OnceLock<tokio::runtime::Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime needs a thread and an epoll")
    })
}
