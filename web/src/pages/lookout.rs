//! Looks for all viewers at once, while there is one: at what the feed has told, which is at hand, and now and
//! then at how the processors are, which only they know.
//!
//! Owns: what was seen last, of each place that somebody looks at.
//! Hears: that somebody looks, or comes to look.
//! Tells: each viewer what has changed, region by region.
//! Never: asks the actors while nobody looks, or once per viewer.

use std::collections::BTreeMap;
use std::future::pending;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono_tz::Tz;
use domain::{Instant, PlaceName, SharedClock};
use platform::runtime::Vital;
use tokio::sync::{Notify, watch};
use tokio::time::timeout;

use super::actors_client::{ActorsClient, AskError};
use super::answers::Status;
use super::board::{Region, SHOWN, Seen};
use super::cameras::Cameras;
use super::chosen::Chosen;
use super::words::Words;
use crate::recent::Recent;
use crate::webhooks::Webhooks;

/// Time between two looks.
const EVERY: Duration = Duration::from_secs(1);
/// How often the processors are asked how they are.
const ASKED_EVERY: Duration = Duration::from_secs(5);
/// A page that is opened waits this long for a fresh look, and shows the last one then.
const FRESH_WITHIN: Duration = Duration::from_millis(500);
/// The first look of a while waits this long for the processors.
const ANSWERED_WITHIN: Duration = Duration::from_millis(300);
/// Places that are looked at at a time: whoever comes to look at one more sees no news.
const PLACES_MAX: usize = 100;

/// What was seen, as of one look.
#[derive(Debug, Default)]
pub(crate) struct News {
    /// The number of the look, counted from the start.
    pub(crate) number: u64,
    /// When the look was made.
    pub(crate) at: Instant,
    /// Of all places, and of each that somebody looks at.
    of: BTreeMap<Option<PlaceName>, Vec<Numbered>>,
    /// The service ends: there is nothing more to see.
    pub(crate) is_over: bool,
}

/// A region, with the number of the look that changed it.
pub(crate) type Numbered = (u64, Region);

impl News {
    /// What was seen of a place, or of all; `None`: nobody has looked.
    pub(crate) fn of(&self, place: Option<&PlaceName>) -> Option<&[Numbered]> {
        self.of.get(&place.cloned()).map(Vec::as_slice)
    }
}

/// Shared between threads: one looks, all viewers are shown what it saw.
pub(crate) struct Lookout {
    news: watch::Sender<Arc<News>>,
    /// Viewers with an open stream, and pages that are being made, by what they look at.
    viewers: Mutex<BTreeMap<Option<PlaceName>, usize>>,
    /// Wakes who looks, when a place has its first viewer.
    came: Notify,
}

/// Held by whoever looks.
pub(crate) struct Looking {
    lookout: Arc<Lookout>,
    place: Option<PlaceName>,
}

impl Drop for Looking {
    fn drop(&mut self) {
        let mut viewers = self.lookout.viewers();
        if let Some(count) = viewers.get_mut(&self.place) {
            *count -= 1;
            if *count == 0 {
                viewers.remove(&self.place);
            }
        }
    }
}

/// What the looking is done with.
pub(crate) struct Parts {
    pub(crate) actors: ActorsClient,
    pub(crate) recent: Arc<Recent>,
    /// None is configured.
    pub(crate) cameras: Option<Arc<dyn Cameras>>,
    pub(crate) webhooks: Arc<Webhooks>,
    pub(crate) is_writable: Box<dyn Fn() -> bool>,
    pub(crate) clock: SharedClock,
    pub(crate) zone: Tz,
    /// Without it all pages stand still, and say that all is well.
    pub(crate) vital: Vital,
}

/// A question that is under way.
type Asking = Pin<Box<dyn Future<Output = Result<Status, AskError>>>>;

/// How the processors are, as far as they were asked.
#[derive(Default)]
struct Health {
    asking: Option<Asking>,
    asked: Option<tokio::time::Instant>,
}

impl Lookout {
    pub(crate) fn new() -> Arc<Self> {
        let (news, _) = watch::channel(Arc::new(News::default()));
        Arc::new(Self { news, viewers: Mutex::default(), came: Notify::new() })
    }

    fn viewers(&self) -> MutexGuard<'_, BTreeMap<Option<PlaceName>, usize>> {
        self.viewers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now until what is returned is dropped, somebody looks at a place, or at all.
    pub(crate) fn look(self: &Arc<Self>, place: Option<&PlaceName>) -> Looking {
        let place = place.cloned();
        let mut viewers = self.viewers();
        let count = viewers.entry(place.clone()).or_default();
        *count += 1;
        if *count == 1 {
            self.came.notify_one();
        }
        drop(viewers);
        Looking { lookout: Arc::clone(self), place }
    }

    /// What is seen from here on.
    pub(crate) fn subscribe(&self) -> watch::Receiver<Arc<News>> {
        self.news.subscribe()
    }

    /// A look that is no older than a page may be; the last one where it takes too long.
    pub(crate) async fn fresh(
        self: &Arc<Self>,
        place: Option<&PlaceName>,
        now: Instant,
    ) -> Arc<News> {
        let mut seen = self.subscribe();
        let newest = Arc::clone(&seen.borrow_and_update());
        let age = (now - newest.at).to_std().unwrap_or_default();
        if newest.of(place).is_some() && age < 2 * EVERY {
            return newest;
        }
        let _looking = self.look(place);
        let is_it = |news: &Arc<News>| news.number > newest.number && news.of(place).is_some();
        let _in_time = timeout(FRESH_WITHIN, seen.wait_for(is_it)).await;
        Arc::clone(&self.news.borrow())
    }

    /// Ends the streams of all viewers, so that they do not hold up the end of the service.
    pub(crate) fn stop(&self) {
        self.news.send_replace(Arc::new(News { is_over: true, ..News::default() }));
    }

    /// Looks, again and again, while somebody does, until [`Lookout::stop`].
    pub(crate) async fn run(self: Arc<Self>, parts: Parts) {
        let (mut seen, mut health) = (Seen::default(), Health::default());
        for number in 1.. {
            while self.viewers().is_empty() {
                self.came.notified().await;
            }
            parts.look(&mut seen, &mut health).await;
            let places: Vec<_> = self.viewers().keys().take(PLACES_MAX).cloned().collect();
            let of = places.into_iter().map(|place| {
                let regions = parts.regions(&mut seen, place.as_ref());
                (place, regions)
            });
            let (now, of) = (parts.clock.now(), of.collect());
            if self.news.borrow().is_over {
                return;
            }
            self.tell(number, now, of);
            tokio::select! {
                () = tokio::time::sleep(EVERY) => {}
                () = self.came.notified() => {}
                answer = health.answer() => seen.hear(answer, parts.clock.now()),
            }
        }
    }

    fn tell(&self, number: u64, at: Instant, of: BTreeMap<Option<PlaceName>, Vec<Region>>) {
        let before = Arc::clone(&self.news.borrow());
        let numbered = |place: &Option<PlaceName>, region: Region| {
            let known = before.of.get(place);
            let same = known.and_then(|known| known.iter().find(|(_, old)| *old == region));
            (same.map_or(number, |(since, _)| *since), region)
        };
        let of = of
            .into_iter()
            .map(|(place, regions)| {
                let regions = regions.into_iter().map(|region| numbered(&place, region)).collect();
                (place, regions)
            })
            .collect();
        self.news.send_replace(Arc::new(News { number, at, of, is_over: false }));
    }
}

impl Parts {
    /// Brings everything up to the present that is not of one place.
    async fn look(&self, seen: &mut Seen, health: &mut Health) {
        self.vital.may_die_here();
        let is_stale = health.asked.is_none_or(|asked| asked.elapsed() >= 2 * ASKED_EVERY);
        if health.ask(&self.actors) {
            // A first viewer need not see what was long ago; the others do not wait.
            let patience = if is_stale { ANSWERED_WITHIN } else { Duration::ZERO };
            if let Ok(answer) = timeout(patience, health.answer()).await {
                seen.hear(answer, self.clock.now());
            }
        }
        if let Some(cameras) = &self.cameras {
            seen.cameras = cameras.all().await;
        }
        // What cannot be read stands as it was: the part of the file itself says so.
        if let Ok(webhooks) = self.webhooks.statuses().await {
            seen.webhooks = webhooks;
        }
        seen.is_writable = (self.is_writable)();
        seen.is_known = self.recent.is_caught_up();
    }

    fn regions(&self, seen: &mut Seen, place: Option<&PlaceName>) -> Vec<Region> {
        let now = self.clock.now();
        seen.glance = self.recent.glance(place, SHOWN, now);
        seen.regions(&Words::new(self.zone, now), now, &Chosen::of(place))
    }
}

impl Health {
    /// Asks, where it is time to; answers whether a question is new.
    fn ask(&mut self, actors: &ActorsClient) -> bool {
        let is_due = self.asked.is_none_or(|asked| asked.elapsed() >= ASKED_EVERY);
        if self.asking.is_some() || !is_due {
            return false;
        }
        let actors = actors.clone();
        self.asking = Some(Box::pin(async move { actors.status().await }));
        self.asked = Some(tokio::time::Instant::now());
        true
    }

    /// What the processors answer; never, where they are not asked.
    async fn answer(&mut self) -> Result<Status, AskError> {
        let Some(asking) = &mut self.asking else { return pending().await };
        let answer = asking.await;
        self.asking = None;
        answer
    }
}

impl Seen {
    /// The processors have answered, or not.
    fn hear(&mut self, answer: Result<Status, AskError>, now: Instant) {
        match answer {
            Ok(status) => (self.status, self.silent) = (Some(status), None),
            Err(error) => {
                let since = self.silent.as_ref().map_or(now, |(since, _)| *since);
                self.silent = Some((since, error.to_string()));
            }
        }
    }
}
