//! The feed: what became true, told once, in one order, to whoever reads.
//!
//! [`event`] is what is told, [`log`] keeps it: lines in files of some megabytes each, every line with
//! its position and a checksum. A position grows, and is never given twice. What an append has answered
//! is durable; after a crash the log holds whole appends and nothing of a torn one.

mod event;
mod log;
mod segment;

pub(crate) use event::{Fact, FactKind};
pub(crate) use log::{Filter, Gone, Log, LogSettings, Page, View};
