//! Follows the feed on behalf of a reader.

use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use prometheus::{IntCounter, IntGauge, Opts, Registry};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::sleep;
use tracing::{error, info, warn};

use super::{Event, Page, Source, Unread};
use crate::runtime::{Backoff, Part, Register, Vital};

/// Most events of a page.
const LIMIT: usize = 1000;
/// How long a question waits for news. Short enough that a source which does not answer shows soon.
const WAIT: Duration = Duration::from_secs(5);

/// Makes something of events. See the [module](super).
#[async_trait(?Send)]
pub trait Reader {
    /// Why something was not done, or why nobody knows whether it was.
    type Error: Display;

    /// Everything up to here is taken, and what was made of it is stored; `None`: nothing is yet. Asked at the
    /// start, and whenever the outcome of the last call is not known.
    async fn position(&mut self) -> Result<Option<u64>, Self::Error>;

    /// Takes these events, which follow the position that it keeps, in order; stores what it makes of them
    /// together with `next`, its position from then on. They may be none: nothing up to `next` is wanted.
    async fn take(&mut self, events: &[Event], next: u64) -> Result<(), Self::Error>;

    /// What follows its position is not in the feed any more: it starts over, keeps `after` as its position,
    /// and says so to whoever relies on what it makes.
    async fn gone(&mut self, after: u64) -> Result<(), Self::Error>;
}

/// What is shown of a reader.
#[derive(Debug, Clone)]
pub struct Meters {
    name: Arc<str>,
    position: IntGauge,
    lag: IntGauge,
    failures: IntCounter,
}

impl Meters {
    /// Registers those of the reader `name`; an error where one of that name is there already.
    pub fn register(registry: &Registry, name: &str) -> prometheus::Result<Self> {
        let register = Register(registry);
        let of = |metric: &str, help: &str| Opts::new(metric, help).const_label("reader", name);
        let gauge =
            |metric: &str, help: &str| register.add(metric, IntGauge::with_opts(of(metric, help)));
        let position = gauge(
            "carpark_feed_reader_position",
            "Position in the feed up to which a reader has taken the events.",
        )?;
        let lag = gauge(
            "carpark_feed_reader_lag_events",
            "Positions of the feed that a reader has not taken yet.",
        )?;
        let failures = "carpark_feed_reader_failures_total";
        let help = "Attempts of a reader of the feed that failed, to read or to keep.";
        let failures = register.add(failures, IntCounter::with_opts(of(failures, help)))?;
        Ok(Self { name: name.into(), position, lag, failures })
    }

    fn is_at(&self, position: u64, last: u64) {
        let shown = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        self.position.set(shown(position));
        self.lag.set(shown(last.saturating_sub(position)));
    }
}

/// A reader that is followed for, on this thread. Dropped, it ends at once and wherever it is.
pub struct Following {
    task: JoinHandle<()>,
    is_over: watch::Sender<bool>,
    part: Arc<Part>,
}

impl Following {
    /// Lets the reader take what it is taking, and ends.
    pub async fn stop(mut self) {
        self.is_over.send_replace(true);
        let _ended_or_panicked = (&mut self.task).await;
    }

    /// Whether it can read and keep right now.
    pub fn part(&self) -> Arc<Part> {
        Arc::clone(&self.part)
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Gives the reader what follows its position, page by page, for as long as the answer is kept. What fails is
/// tried again, with growing pauses. Whether a page that failed was taken is not assumed: the reader is asked.
pub fn follow(
    source: impl Source + 'static,
    reader: impl Reader + 'static,
    meters: Meters,
    vital: Vital,
) -> Following {
    let part = Arc::new(Part::default());
    let (is_over, ends) = watch::channel(false);
    let follower =
        Follower { source, reader, meters, part: Arc::clone(&part), at: At::Unknown, ends };
    let task = tokio::task::spawn_local(async move { follower.run(vital).await });
    Following { task, is_over, part }
}

/// Where the reader is.
#[derive(Clone, Copy)]
enum At {
    /// Only its store knows.
    Unknown,
    /// As the store said, or as it has kept since.
    Position(Option<u64>),
}

struct Follower<S, R> {
    source: S,
    reader: R,
    meters: Meters,
    part: Arc<Part>,
    at: At,
    ends: watch::Receiver<bool>,
}

impl<S: Source, R: Reader> Follower<S, R> {
    async fn run(mut self, vital: Vital) {
        let mut backoff = Backoff::default();
        while !*self.ends.borrow() {
            vital.may_die_here();
            match self.step().await {
                Ok(()) => {
                    if self.part.works() {
                        info!(feed.reader = %self.meters.name, "the feed is being read");
                    }
                    backoff.reset();
                }
                Err(error) => {
                    self.meters.failures.inc();
                    if self.part.fails(&error) {
                        warn!(feed.reader = %self.meters.name, error, "a reader of the feed stands still, trying again");
                    }
                    tokio::select! {
                        () = sleep(backoff.next_delay()) => {}
                        () = over(&mut self.ends) => {}
                    }
                }
            }
        }
    }

    /// Reads a page and has it taken. Nothing but the wait for the page is cut short by the end.
    async fn step(&mut self) -> Result<(), String> {
        let position = match self.at {
            At::Position(position) => position,
            At::Unknown => self.reader.position().await.map_err(not_kept)?,
        };
        self.at = At::Position(position);
        let read = tokio::select! {
            read = self.source.read(position, LIMIT, WAIT) => read,
            () = over(&mut self.ends) => return Ok(()),
        };
        if let Ok(page) = &read {
            // What it does not manage to take, it lacks all the same.
            self.meters.is_at(position.unwrap_or(0), page.last);
        }
        let (next, last) = match read {
            Ok(page) if page.events.is_empty() && position == Some(page.next) => {
                (page.next, page.last)
            }
            Ok(page) => {
                follows(&page, position)?;
                self.at = At::Unknown;
                self.reader.take(&page.events, page.next).await.map_err(not_kept)?;
                (page.next, page.last)
            }
            Err(Unread::Gone { after }) => {
                error!(
                    feed.reader = %self.meters.name, feed.position = position, feed.after = after,
                    "what follows a reader's position is not in the feed any more, it starts over",
                );
                self.at = At::Unknown;
                self.reader.gone(after).await.map_err(not_kept)?;
                (after, after)
            }
            Err(Unread::Failed(why)) => return Err(why),
        };
        self.at = At::Position(Some(next));
        self.meters.is_at(next, last);
        Ok(())
    }
}

/// Whoever answers from a memory of its own, as a proxy might, would have events taken twice.
fn follows(page: &Page, position: Option<u64>) -> Result<(), String> {
    let positions = page.events.iter().map(|event| Some(event.position));
    let all: Vec<Option<u64>> = [position].into_iter().chain(positions).collect();
    let is_in_order = all.is_sorted_by(|a, b| a < b);
    // The last of them may be where it is.
    if is_in_order && all.last().copied().flatten() <= Some(page.next) {
        return Ok(());
    }
    Err("the source tells events that do not follow what was asked for".to_owned())
}

fn not_kept(error: impl Display) -> String {
    error.to_string()
}

async fn over(ends: &mut watch::Receiver<bool>) {
    let _ended_or_dropped = ends.wait_for(|is_over| *is_over).await;
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests;
