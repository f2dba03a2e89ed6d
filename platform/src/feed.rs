//! Reading the feed: the kit for whoever makes something of what became true.
//!
//! The web role keeps the feed, a log of events (`docs/api.md`). A reader goes through it from its first
//! event on, and keeps two things together: **what it has made of the events, and the position up to
//! which it has made it**. That is all there is to exactly once: where both are stored in one
//! transaction, no event is taken twice and none is passed over, whatever dies. Where what is made leaves the
//! house (a message, a request), it is at least once, and whoever gets it recognises a repeat by the
//! event's `id`.
//!
//! - [`Source`] is where the events come from: [`HttpSource`] asks `GET /feed` of another process or of
//!   this one; the web role has one that looks into its log.
//! - [`Reader`] is what you write: where you are, what you take, what you do when what you need is gone.
//! - [`follow`] brings both together: it waits for news, tries again with growing pauses, and tells how far
//!   the reader is behind ([`Meters`]).
//!
//! ```ignore
//! struct Counted { file: Arc<DatabaseFile> }
//!
//! #[async_trait(?Send)]
//! impl Reader for Counted {
//!     type Error = StoreError;
//!
//!     // Asked at the start, and after each failure: only the store knows whether the last page is in it.
//!     async fn position(&mut self) -> Result<Option<u64>, StoreError> {
//!         Ok(self.file.read(|database| position_of(database)).await?)
//!     }
//!
//!     // One transaction. `events` may be empty: then nothing up to `next` concerned this reader.
//!     async fn take(&mut self, events: &[Event], next: u64) -> Result<(), StoreError> {
//!         let counts = counted(events)?;
//!         Ok(self.file.write(move |database| add_and_keep(database, counts, next)).await?)
//!     }
//!
//!     // It slept for longer than the feed keeps its events, or the feed is of an older copy.
//!     async fn gone(&mut self, after: u64) -> Result<(), StoreError> {
//!         tracing::error!(after, "events are gone that were not counted; counting begins anew");
//!         Ok(self.file.write(move |database| empty_and_keep(database, after)).await?)
//!     }
//! }
//!
//! let source = HttpSource::new(&web_url, feed_token, &Wanted::default());
//! let reader = Counted { file };
//! let following = follow(source, reader, Meters::register(registry, "counts")?, vitals.of("counts"));
//! // When the process ends, before what the reader stands on:
//! following.stop().await;
//! ```
//!
//! A reader that is killed, or dropped, at any point goes on where its store says. Nothing of it has to be
//! stopped well.

mod event;
mod follow;
mod http;
mod source;

pub use event::{Event, EventError};
pub use follow::{Following, Meters, Reader, follow};
pub use http::HttpSource;
pub use source::{Page, Source, Unread, Wanted};
