//! Looks for all viewers at once, while there is one.
//!
//! Owns: what was seen last.
//! Hears: that somebody looks, or comes to look.
//! Tells: each viewer what has changed, region by region.
//! Never: asks the actors while nobody looks, or once per viewer.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use chrono_tz::Tz;
use domain::{Instant, SharedClock};
use platform::runtime::Vital;
use tokio::sync::{Notify, watch};

use super::actors_client::{ActorsClient, AskError};
use super::board::{EXCEPTIONS_SHOWN, OPEN_SHOWN, Region, SESSIONS_SHOWN, Seen};
use super::cameras::Cameras;
use super::words::Words;
use crate::recent::Recent;
use crate::webhooks::Webhooks;

/// Time between two looks.
const EVERY: Duration = Duration::from_secs(1);
/// A page that is opened waits this long for a fresh look, and shows the last one then.
const FRESH_WITHIN: Duration = Duration::from_millis(500);

/// What was seen, as of one look.
#[derive(Debug, Default)]
pub(crate) struct News {
    /// The number of the look, counted from the start.
    pub(crate) number: u64,
    /// When the look was made.
    pub(crate) at: Instant,
    /// Each with the number of the look that changed it.
    pub(crate) regions: Vec<(u64, Region)>,
    /// The service ends: there is nothing more to see.
    pub(crate) is_over: bool,
}

/// Shared between threads: one looks, all viewers are shown what it saw.
pub(crate) struct Lookout {
    news: watch::Sender<Arc<News>>,
    /// Viewers with an open stream, and pages that are being made.
    viewers: AtomicUsize,
    /// Wakes who looks, when a first viewer comes.
    came: Notify,
}

/// Held by whoever looks.
pub(crate) struct Looking(Arc<Lookout>);

impl Drop for Looking {
    fn drop(&mut self) {
        self.0.viewers.fetch_sub(1, Ordering::Relaxed);
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

impl Lookout {
    pub(crate) fn new() -> Arc<Self> {
        let (news, _) = watch::channel(Arc::new(News::default()));
        Arc::new(Self { news, viewers: AtomicUsize::new(0), came: Notify::new() })
    }

    /// From now until what is returned is dropped, somebody looks.
    pub(crate) fn look(self: &Arc<Self>) -> Looking {
        if self.viewers.fetch_add(1, Ordering::Relaxed) == 0 {
            self.came.notify_one();
        }
        Looking(Arc::clone(self))
    }

    /// What is seen from here on.
    pub(crate) fn subscribe(&self) -> watch::Receiver<Arc<News>> {
        self.news.subscribe()
    }

    /// A look that is no older than a page may be; the last one where the actors take too long.
    pub(crate) async fn fresh(self: &Arc<Self>, now: Instant) -> Arc<News> {
        let mut seen = self.subscribe();
        let newest = Arc::clone(&seen.borrow_and_update());
        let age = (now - newest.at).to_std().unwrap_or_default();
        if newest.number > 0 && age < 2 * EVERY {
            return newest;
        }
        let _looking = self.look();
        let _ = tokio::time::timeout(FRESH_WITHIN, seen.changed()).await;
        Arc::clone(&seen.borrow())
    }

    /// Ends the streams of all viewers, so that they do not hold up the end of the service.
    pub(crate) fn stop(&self) {
        self.news.send_replace(Arc::new(News { is_over: true, ..News::default() }));
    }

    /// Looks, again and again, while somebody does, until [`Lookout::stop`].
    pub(crate) async fn run(self: Arc<Self>, parts: Parts) {
        let mut seen = Seen::default();
        for number in 1.. {
            while self.viewers.load(Ordering::Relaxed) == 0 {
                self.came.notified().await;
            }
            parts.look(&mut seen).await;
            let now = parts.clock.now();
            let regions = seen.regions(&Words::new(parts.zone, now), now);
            if self.news.borrow().is_over {
                return;
            }
            self.tell(number, now, regions);
            tokio::time::sleep(EVERY).await;
        }
    }

    fn tell(&self, number: u64, at: Instant, regions: Vec<Region>) {
        let before = Arc::clone(&self.news.borrow());
        let regions = regions
            .into_iter()
            .map(|region| {
                let same = before.regions.iter().find(|(_, old)| *old == region);
                (same.map_or(number, |(since, _)| *since), region)
            })
            .collect();
        self.news.send_replace(Arc::new(News { number, at, regions, is_over: false }));
    }
}

impl Parts {
    async fn look(&self, seen: &mut Seen) {
        self.vital.may_die_here();
        let now = self.clock.now();
        match self.ask(seen).await {
            Ok(()) => seen.silent = None,
            Err(error) => {
                let since = seen.silent.as_ref().map_or(now, |(since, _)| *since);
                seen.silent = Some((since, error.to_string()));
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
        seen.glance = self.recent.glance(SESSIONS_SHOWN, EXCEPTIONS_SHOWN);
    }

    async fn ask(&self, seen: &mut Seen) -> Result<(), AskError> {
        seen.status = Some(self.actors.status().await?);
        seen.longest = self.actors.longest(OPEN_SHOWN + 1).await?;
        Ok(())
    }
}
