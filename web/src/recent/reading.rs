//! The pages as a reader of the feed: what is told becomes what they know, at once and in memory; from time
//! to time it is kept ([`checkpoint`](super::checkpoint)), with the position.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use domain::wire::{ExceptionMessage, OpeningMessage, SummaryMessage, Unsavable};
use domain::{Effect, ExceptionRow, Instant, Opening, PlaceName, Plate, SharedClock, Summary};
use platform::feed::{Event, Page, Reader, Source, Unread};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::task::spawn_blocking;

use super::{Inside, Minutes, Recent, STAYS_MAX};
use crate::fact::FactKind;
use crate::feed::LocalFeed;

/// What it is called where it is shown.
pub(crate) const PAGES_READER: &str = "pages";
/// After so many events all is kept once more, or after half as many as stays stand open: what a start
/// has to read again, and what is written, is in proportion to what there is.
const KEPT_EVERY: usize = 10_000;

impl Recent {
    /// How many plates have been erased.
    fn erasures(&self) -> u64 {
        self.state().erasures
    }

    /// Takes what was read of the feed, before which so many plates had been erased.
    pub(super) fn take(&self, events: &[Event], next: u64, erasures: u64, now: Instant) {
        let mut state = self.state();
        for event in events {
            match told(event) {
                Some(Told::Of(effect)) => {
                    // Whoever was erased while the events were on their way is in them, and here no more.
                    let plate = plate_of(&effect);
                    let mut since = state.erased.iter().rev().take_while(|(n, _)| *n > erasures);
                    if !since.any(|(_, erased)| erased == plate) {
                        state.told(event.position, &effect, now);
                    }
                }
                Some(Told::Place(name, title)) => state.places.set_title(&name, title),
                None => {}
            }
        }
        state.position = Some(next);
        drop(state);
        self.reached.send_replace(next);
    }

    /// What follows the position is gone, and it goes on behind `after`. Who slept for too long knows what was
    /// true then; where the feed is of an older copy, nothing holds any more.
    pub(super) fn begin_anew(&self, after: u64) {
        let mut state = self.state();
        if state.position.is_some_and(|position| position > after) {
            state.inside = Inside::new(STAYS_MAX);
            state.minutes = Minutes::default();
            state.rows_to = state.rows_to.min(after);
        }
        state.position = Some(after);
        drop(state);
        self.reached.send_replace(after);
    }
}

enum Told {
    Of(Effect),
    /// What people call a place.
    Place(PlaceName, Option<String>),
}

/// What an event tells that the pages show; `None` of a plate that was erased, and of what is not understood:
/// another version's event stops no page.
fn told(event: &Event) -> Option<Told> {
    fn read<M, T>(event: &Event) -> Option<T>
    where
        M: DeserializeOwned,
        T: for<'a> TryFrom<&'a M, Error = Unsavable>,
    {
        T::try_from(&event.data::<M>().ok()?).ok()
    }
    #[derive(Deserialize)]
    struct Change {
        after: Option<Described>,
    }
    #[derive(Deserialize)]
    struct Described {
        #[serde(default)]
        name: String,
    }
    Some(match FactKind::parse(&event.kind)? {
        FactKind::SessionOpened => {
            Told::Of(Effect::Opened(read::<OpeningMessage, Opening>(event)?))
        }
        FactKind::SessionClosed => {
            Told::Of(Effect::Summary(read::<SummaryMessage, Summary>(event)?))
        }
        FactKind::SessionWithdrawn | FactKind::ExceptionRaised | FactKind::ExceptionRepaired => {
            Told::Of(Effect::Exception(read::<ExceptionMessage, ExceptionRow>(event)?))
        }
        FactKind::PlaceChanged => {
            let described = event.data::<Change>().ok()?.after;
            let title = described.map(|place| place.name).filter(|name| !name.is_empty());
            Told::Place(event.place.parse().ok()?, title)
        }
        FactKind::ParkingLotState
        | FactKind::CountCorrected
        | FactKind::RateTableChanged
        | FactKind::CheckIn
        | FactKind::Exit
        | FactKind::AdmissionRefused
        | FactKind::ChargePosted
        | FactKind::ChargeReversed
        | FactKind::PaymentReceived
        | FactKind::RightChanged => return None,
    })
}

fn plate_of(told: &Effect) -> &Plate {
    match told {
        Effect::Opened(opening) => &opening.plate,
        Effect::Summary(summary) => &summary.plate,
        Effect::Exception(row) => &row.plate,
    }
}

/// The feed, and how many plates had been erased before a page of it was read.
pub(crate) struct PagesFeed {
    pub(crate) feed: LocalFeed,
    pub(crate) recent: Arc<Recent>,
    pub(crate) erasures: Arc<AtomicU64>,
}

#[async_trait(?Send)]
impl Source for PagesFeed {
    async fn read(&self, after: Option<u64>, limit: usize, wait: Duration) -> Result<Page, Unread> {
        let mut wait = wait;
        loop {
            let erasures = self.recent.erasures();
            let page = self.feed.read(after, limit, wait).await?;
            if self.recent.erasures() == erasures {
                self.erasures.store(erasures, Ordering::Relaxed);
                return Ok(page);
            }
            // While it waited: read at once, it is without that plate.
            wait = Duration::ZERO;
        }
    }
}

/// See the module.
pub(crate) struct PagesReader {
    recent: Arc<Recent>,
    clock: SharedClock,
    /// Of the page that is taken next: see [`PagesFeed`].
    erasures: Arc<AtomicU64>,
    /// Events since all was kept.
    unkept: usize,
}

impl PagesReader {
    pub(crate) fn new(recent: Arc<Recent>, clock: SharedClock, erasures: Arc<AtomicU64>) -> Self {
        Self { recent, clock, erasures, unkept: 0 }
    }
}

#[async_trait(?Send)]
impl Reader for PagesReader {
    type Error = Infallible;

    async fn position(&mut self) -> Result<Option<u64>, Infallible> {
        Ok(self.recent.state().position)
    }

    async fn take(&mut self, events: &[Event], next: u64) -> Result<(), Infallible> {
        let erasures = self.erasures.load(Ordering::Relaxed);
        self.recent.take(events, next, erasures, self.clock.now());
        self.unkept += events.len();
        if self.unkept >= KEPT_EVERY.max(self.recent.state().inside.kept() / 2) {
            self.unkept = 0;
            let recent = Arc::clone(&self.recent);
            // One that cannot be written is written later: what it would have is in the feed.
            let _ = spawn_blocking(move || recent.keep_or_say()).await;
        }
        Ok(())
    }

    async fn gone(&mut self, after: u64) -> Result<(), Infallible> {
        self.recent.begin_anew(after);
        Ok(())
    }
}
