//! The feed as a stream of RabbitMQ, for whoever reads streams: a reader of the feed that publishes each event.
//!
//! Its position is what the stream itself says last ([`StreamWriter`]), so the stream and the position cannot differ: each
//! event is in it once, in order. What was published stays for the retention: an erasure does not reach it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use platform::component::{Component, States};
use platform::feed::{Event, Following, Meters, Reader, Wanted, follow};
use platform::messaging::BrokerError;
use platform::messaging::amqp::{StreamEntry, StreamWriter};
use platform::runtime::{Register, Vital};
use prometheus::{IntCounter, Registry};
use tokio::time::timeout;

use crate::feed::{LocalFeed, Readers};
use crate::start_error::StartError;

/// The name of the stream.
pub const FEED_STREAM: &str = "carpark.feed";
/// How long a page that is being published has when the process ends; the rest comes with the next start.
const STOPS_WITHIN: Duration = Duration::from_secs(2);

/// The stream, as a part of the process.
pub struct OpenStream(Following);

impl OpenStream {
    /// Begins to publish, on this thread.
    pub(crate) fn start(
        writer: StreamWriter,
        readers: &Arc<Readers>,
        registry: &Registry,
        vital: Vital,
    ) -> Result<Self, StartError> {
        let make = Register(registry);
        let streaming = Streaming {
            writer,
            last: None,
            holes: make.counter(
                "carpark_feed_stream_holes_total",
                "Times that the feed had lost events which the stream has not: the stream lacks them for good.",
            )?,
            repeats: make.counter(
                "carpark_feed_stream_repeats_total",
                "Events that were seen in the stream a second time.",
            )?,
        };
        let source = LocalFeed::new(readers, Wanted::default());
        let meters = Meters::register(registry, "stream")?;
        Ok(Self(follow(source, streaming, meters, vital)))
    }
}

#[async_trait(?Send)]
impl Component for OpenStream {
    /// The feed is well without it: what is not published yet is in it.
    fn remarks(&self) -> Option<States> {
        let part = self.0.part();
        Some(Box::new(move || {
            let is_well = part.is_usable();
            let said = (!is_well).then(|| ("feed_stream".to_owned(), part.text()));
            said.into_iter().collect()
        }))
    }

    async fn stop(self: Box<Self>) {
        let _cut_short = timeout(STOPS_WITHIN, self.0.stop()).await;
    }
}

/// Why nothing is published.
#[derive(Debug, thiserror::Error)]
enum Still {
    #[error(transparent)]
    Broker(#[from] BrokerError),
    #[error(
        "the stream `{FEED_STREAM}` has come to {stream} and the feed only to before that: it is of an older copy; \
         delete the stream, so that it begins anew"
    )]
    Ahead { stream: u64 },
}

/// Publishes what it takes.
struct Streaming {
    writer: StreamWriter,
    /// What the stream said last.
    last: Option<u64>,
    holes: IntCounter,
    repeats: IntCounter,
}

#[async_trait(?Send)]
impl Reader for Streaming {
    type Error = Still;

    async fn position(&mut self) -> Result<Option<u64>, Still> {
        self.last = self.writer.settle().await?;
        tracing::info!(feed.position = self.last, "the stream goes on behind its last event");
        Ok(self.last)
    }

    async fn take(&mut self, events: &[Event], next: u64) -> Result<(), Still> {
        let entries: Vec<StreamEntry<'_>> = events
            .iter()
            .map(|event| StreamEntry {
                position: event.position,
                id: &event.id,
                kind: &event.kind,
                body: &event.text,
            })
            .collect();
        self.writer.append(&entries).await?;
        self.last = Some(next);
        let repeats = self.writer.repeats();
        if repeats > 0 {
            self.repeats.inc_by(repeats);
            tracing::error!(repeats, feed.position = next, "events stand in the stream twice");
        }
        Ok(())
    }

    async fn gone(&mut self, after: u64) -> Result<(), Still> {
        match self.last {
            Some(stream) if stream > after => Err(Still::Ahead { stream }),
            last => {
                self.holes.inc();
                tracing::error!(
                    feed.position = last,
                    feed.after = after,
                    "events are in the feed no more that the stream has not: the stream lacks them for good",
                );
                self.last = Some(after);
                Ok(())
            }
        }
    }
}
