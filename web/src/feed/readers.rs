//! Those who read the feed while it grows. They read what is durable, on threads of their own and a
//! few at a time, so that no number of them holds up the writer.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use platform::http::{Telling, event};
use tokio::sync::{Semaphore, watch};
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep, sleep_until};

use super::{Filter, Gone, Page, View};
use crate::metrics::{Metrics, Reader};

/// Reads at a time, of all readers.
const READS_AT_ONCE: usize = 4;
/// Events of a stream that are in memory at a time.
const STREAMED_AT_ONCE: usize = 200;
/// A stream with nothing to tell says so, and how far it has come, for the sake of proxies and of
/// readers that want little.
const STILL_THERE_EVERY: Duration = Duration::from_secs(15);
/// How soon a feed that was lost is looked for again.
const LOOKED_FOR_EVERY: Duration = Duration::from_millis(100);

/// What all readers share.
pub(crate) struct Readers {
    /// Another one after the feed had to be opened anew.
    view: Mutex<View>,
    reads: Semaphore,
    /// Whether the service ends: then everybody is let go.
    is_over: watch::Sender<bool>,
    metrics: Metrics,
}

impl Readers {
    /// Of this feed.
    pub(crate) fn new(view: View, metrics: Metrics) -> Arc<Self> {
        let (view, reads) = (Mutex::new(view), Semaphore::new(READS_AT_ONCE));
        Arc::new(Self { view, reads, is_over: watch::Sender::new(false), metrics })
    }

    /// The feed was opened anew.
    pub(crate) fn read_from_now_on(&self, view: View) {
        *self.view.lock().unwrap_or_else(PoisonError::into_inner) = view;
    }

    fn view(&self) -> View {
        self.view.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A reader is there, as long as the answer is kept.
    pub(crate) fn arrived(&self) -> Reader {
        self.metrics.reader()
    }

    /// The position before the first event that there is.
    pub(crate) fn before_first(&self) -> u64 {
        self.view().before_first()
    }

    /// The newest position there is.
    pub(crate) fn last(&self) -> u64 {
        self.view().last()
    }

    /// The events behind `after` that the filter lets pass, at most `limit`, at once.
    pub(crate) async fn read(
        &self,
        after: u64,
        limit: usize,
        filter: &Arc<Filter>,
    ) -> Result<Page, Gone> {
        let _permit = self.reads.acquire().await;
        let (view, filter) = (self.view(), Arc::clone(filter));
        let read = spawn_blocking(move || view.read(after, limit, &filter));
        read.await.unwrap_or_else(|error| Err(Gone::Disk(std::io::Error::other(error))))
    }

    /// The same; where there are none, those that come within `wait`.
    pub(crate) async fn read_within(
        &self,
        wait: Duration,
        after: u64,
        limit: usize,
        filter: &Arc<Filter>,
    ) -> Result<Page, Gone> {
        let until = Instant::now() + wait;
        let mut page = self.read(after, limit, filter).await?;
        while page.events.is_empty() && Instant::now() < until {
            if !page.has_more {
                tokio::select! {
                    () = self.news(page.next) => {}
                    () = sleep_until(until) => break,
                    () = self.over() => break,
                }
            }
            page = self.read(page.next, limit, filter).await?;
        }
        Ok(page)
    }

    /// Returns when there is an event behind `position`.
    async fn news(&self, position: u64) {
        // One that is closed is about to be replaced, or the process ends.
        while self.view().news(position).await.is_err() {
            sleep(LOOKED_FOR_EVERY).await;
        }
    }

    /// Whether the service ends.
    pub(crate) fn is_over(&self) -> bool {
        *self.is_over.borrow()
    }

    async fn over(&self) {
        let _ = self.is_over.subscribe().wait_for(|is_over| *is_over).await;
    }

    /// Lets everybody go.
    pub(crate) fn stop(&self) {
        self.is_over.send_replace(true);
    }
}

/// One reader of the stream, from a position on.
pub(crate) struct Following {
    readers: Arc<Readers>,
    after: u64,
    filter: Arc<Filter>,
    _reader: Reader,
}

impl Following {
    /// Begins behind `after`.
    pub(crate) fn new(readers: &Arc<Readers>, after: u64, filter: Arc<Filter>) -> Self {
        Self { _reader: readers.arrived(), readers: Arc::clone(readers), after, filter }
    }
}

impl Telling for Following {
    /// The next events, each with its position as its id; `None` where the service ends, or where what
    /// comes next is gone: whoever asks again is told so.
    async fn next(&mut self) -> Option<String> {
        loop {
            if self.readers.is_over() {
                return None;
            }
            let read = self.readers.read(self.after, STREAMED_AT_ONCE, &self.filter).await;
            let page = read
                .inspect_err(|error| tracing::info!(%error, "a stream of the feed ends"))
                .ok()?;
            self.after = page.next;
            if !page.events.is_empty() {
                let said = page.events.iter();
                return Some(
                    said.map(|told| event(Some(&told.position), "message", &told.event)).collect(),
                );
            }
            if page.has_more {
                continue;
            }
            tokio::select! {
                () = self.readers.news(self.after) => {}
                () = self.readers.over() => return None,
                () = sleep(STILL_THERE_EVERY) => return Some(format!("id: {}\n: nothing new\n\n", self.after)),
            }
        }
    }
}
