//! Where events come from.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::{Event, EventError};

/// Which events a reader wants.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Of these types; of all where there are none.
    pub types: Vec<String>,
    /// Of these places; of all where there are none.
    pub places: Vec<String>,
}

/// Some events, in order.
#[derive(Debug, Clone)]
pub struct Page {
    /// Those that are wanted.
    pub events: Vec<Event>,
    /// Everything up to here was looked at: to be asked for next.
    pub next: u64,
    /// The newest position there is.
    pub last: u64,
}

/// Why there is nothing to read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unread {
    /// What was asked for is in the feed no more, or never was: it can be read from behind `after` on.
    #[error("the position is not in the feed, which can be read from {after}")]
    Gone {
        /// The position before the first event that there is.
        after: u64,
    },
    /// It may be worth another attempt; why, in words.
    #[error("{0}")]
    Failed(String),
}

impl From<EventError> for Unread {
    fn from(error: EventError) -> Self {
        Self::Failed(error.to_string())
    }
}

/// Tells events by position.
#[async_trait(?Send)]
pub trait Source {
    /// The events behind `after` (`None`: from the oldest on), at most `limit`. Where there are none, those
    /// that come within `wait`. Can be dropped at any point.
    async fn read(&self, after: Option<u64>, limit: usize, wait: Duration) -> Result<Page, Unread>;
}

#[async_trait(?Send)]
impl<S: Source + ?Sized> Source for Rc<S> {
    async fn read(&self, after: Option<u64>, limit: usize, wait: Duration) -> Result<Page, Unread> {
        (**self).read(after, limit, wait).await
    }
}

#[async_trait(?Send)]
impl<S: Source + ?Sized> Source for Arc<S> {
    async fn read(&self, after: Option<u64>, limit: usize, wait: Duration) -> Result<Page, Unread> {
        (**self).read(after, limit, wait).await
    }
}
