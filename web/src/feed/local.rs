//! The feed for readers in this process: they look into the log, as whoever asks over HTTP does.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use platform::feed::{self, Event, Source, Unread, Wanted};

use super::{Filter, Gone, Readers};

/// See the module.
pub(crate) struct LocalFeed {
    readers: Arc<Readers>,
    filter: Arc<Filter>,
}

impl LocalFeed {
    /// What is wanted of it.
    pub(crate) fn new(readers: &Arc<Readers>, wanted: Wanted) -> Self {
        let Wanted { types, places } = wanted;
        Self { readers: Arc::clone(readers), filter: Arc::new(Filter { types, places }) }
    }
}

impl From<Gone> for Unread {
    fn from(gone: Gone) -> Self {
        match gone {
            Gone::Position { before_first, .. } => Self::Gone { after: before_first },
            Gone::Disk(_) => Self::Failed(gone.to_string()),
        }
    }
}

#[async_trait(?Send)]
impl Source for LocalFeed {
    async fn read(
        &self,
        after: Option<u64>,
        limit: usize,
        wait: Duration,
    ) -> Result<feed::Page, Unread> {
        let after = after.unwrap_or_else(|| self.readers.before_first());
        let page = self.readers.read_within(wait, after, limit, &self.filter).await?;
        if page.events.is_empty() && self.readers.is_over() {
            // Else whoever asks again would be answered at once, again and again.
            return Err(Unread::Failed("the feed is closed".to_owned()));
        }
        let events = page.events.into_iter().map(|told| Event::parse(told.event));
        let events = events.collect::<Result<_, _>>()?;
        Ok(feed::Page { events, next: page.next, last: self.readers.last().max(page.next) })
    }
}

#[cfg(test)]
mod tests;
