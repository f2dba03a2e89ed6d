//! The feed: what became true, told once, in one order, to whoever reads.
//!
//! [`crate::fact`] is what is told, [`log`] keeps it: lines in files of some megabytes each, every line with
//! its position and a checksum. A position grows, and is never given twice. What an append has answered
//! is durable; after a crash the log holds whole appends and nothing of a torn one.

mod local;
mod log;
mod readers;
mod segment;

pub(crate) use local::LocalFeed;
pub(crate) use log::{Filter, Gone, Log, LogSettings, Page, View};
pub(crate) use readers::{Following, Readers};
pub(crate) use segment::each_event;
