//! The summary service: takes summaries and exceptions over HTTP and keeps them in CSV files,
//! each once (G2), and durable before it says so.
//!
//! A request goes `routes` → `row` (what a row is in the file) → `csv_writer` (the actor
//! that alone touches the files: append, sync once for all that waited, then answer). `service`
//! wires them together. [`pages`] shows an operator what the rows and the actors say; [`feed`](service) is
//! read over HTTP, by the `webhooks`, and by the `stream` of RabbitMQ.

mod cell;
mod csv_writer;
mod disk;
mod dismissal;
mod fact;
mod feed;
mod index;
mod metrics;
mod openapi;
mod options;
pub mod pages;
mod problem;
mod recent;
mod routes;
mod row;
mod service;
mod start_error;
mod stream;
mod table;
mod webhooks;

pub use chrono_tz::Tz as TimeZone;
#[cfg(feature = "testkit")]
pub use csv_writer::fuzzing;
pub use csv_writer::{Damaged, FeedTold, Told, read_events, read_feed, read_told};
pub use dismissal::Dismissal;
pub use options::Options;
pub use service::{Web, routes, start};
pub use start_error::StartError;
pub use stream::{FEED_STREAM, OpenStream};
pub use webhooks::{OpenWebhooks, Secret, SecretError, Webhook, types_of};

#[cfg(test)]
mod testing;
