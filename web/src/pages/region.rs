//! A part of a page that follows what another role answers: asked for every [`EVERY`], told where it is
//! otherwise. That role answers from memory, so each viewer's own filter is asked for as it is.

use std::collections::BTreeMap;
use std::time::Duration;

use actix_web::web::Data;
use platform::http::{Principal, Telling, event};
use tokio::time::{Instant, sleep_until};

use super::Pages;
use super::event_stream::Event;
use super::words::Words;

/// Between two looks of a viewer.
const EVERY: Duration = Duration::from_secs(1);

/// What is shown, and how it is asked for.
pub(super) trait Region {
    /// Its id in the page.
    const NAME: &'static str;
    /// Whether it is shown to whoever may see everything, and to nobody else.
    const IS_PRIVATE: bool;
    /// As it is now, in HTML.
    async fn html(&self, words: &Words) -> String;
}

/// A viewer of a [`Region`].
pub(super) struct Watching<R> {
    pages: Data<Pages>,
    viewer: Principal,
    region: R,
    told: String,
    next_look: Instant,
}

impl<R: Region> Watching<R> {
    pub(super) fn new(pages: Data<Pages>, viewer: Principal, region: R) -> Self {
        Self { pages, viewer, region, told: String::new(), next_look: Instant::now() }
    }
}

impl<R: Region> Telling for Watching<R> {
    /// The next event; `None` where the service ends, or the viewer's sign-in.
    async fn next(&mut self) -> Option<String> {
        let mut news = self.pages.lookout.subscribe();
        let ended = news.wait_for(|news| news.is_over);
        tokio::select! {
            () = sleep_until(self.next_look) => {}
            _ = ended => return None,
        }
        let may_see = self.viewer.may_see();
        if R::IS_PRIVATE && !may_see {
            return None;
        }
        self.next_look = Instant::now() + EVERY;
        let html = self.region.html(&self.pages.words()).await;
        let now = self.pages.clock.now().timestamp_millis();
        let is_news = html != self.told;
        self.told = html;
        let regions: BTreeMap<&str, &str> =
            is_news.then_some((R::NAME, self.told.as_str())).into_iter().collect();
        let data = serde_json::to_string(&Event { now, may_see, regions }).ok()?;
        Some(event(None, "news", &data))
    }
}
