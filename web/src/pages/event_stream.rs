//! `/events`: what has changed, as server-sent events, until the viewer or the service goes.
//!
//! Each event carries the number of its look. A page that was cut off names the last one it had,
//! and gets the regions that changed since. Numbers begin anew with the process, so they are told
//! with its name; of another process's numbers nothing is concluded.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::PlaceName;
use platform::http::{Principal, Telling, event};
use serde::Serialize;
use tokio::sync::watch;

use super::chosen::Chosen;
use super::lookout::{Looking, Lookout, News};

/// What one event says.
#[derive(Serialize)]
pub(super) struct Event<'a> {
    /// The service's clock, milliseconds since 1970: what counts up on the page goes by it.
    pub(super) now: i64,
    /// Whether plates are shown: a page that was made for another viewer loads itself again.
    pub(super) may_see: bool,
    /// By id, as HTML.
    pub(super) regions: BTreeMap<&'a str, &'a str>,
}

pub(super) struct Watching {
    news: watch::Receiver<Arc<News>>,
    /// The last look that was told.
    told: u64,
    viewer: Principal,
    place: Option<PlaceName>,
    could_see: bool,
    process: Arc<str>,
    is_first: bool,
    _looking: Looking,
}

impl Watching {
    /// For a viewer. `last` is the id of the last event that it had.
    pub(super) fn new(
        lookout: &Arc<Lookout>,
        process: &Arc<str>,
        viewer: Principal,
        chosen: &Chosen,
        last: Option<&str>,
    ) -> Self {
        let told = last
            .and_then(|last| last.rsplit_once('-'))
            .filter(|(of, _)| **of == **process)
            .and_then(|(_, number)| number.parse().ok())
            .unwrap_or(0);
        Self {
            news: lookout.subscribe(),
            told,
            could_see: viewer.may_see(),
            viewer,
            process: Arc::clone(process),
            is_first: true,
            place: chosen.place().cloned(),
            _looking: lookout.look(chosen.place()),
        }
    }
}

impl Telling for Watching {
    /// The next event; `None` where the service ends, or the viewer's sign-in: the page asks again
    /// and is told what it may see.
    async fn next(&mut self) -> Option<String> {
        // What was seen before this viewer came is told at once, if there is something.
        if !self.is_first {
            self.news.changed().await.ok()?;
        }
        let place = self.place.as_ref();
        self.news.wait_for(|news| news.is_over || news.of(place).is_some()).await.ok()?;
        self.is_first = false;
        if self.viewer.may_see() != self.could_see {
            return None;
        }
        let news = Arc::clone(&self.news.borrow_and_update());
        if news.is_over {
            return None;
        }
        let regions = news.of(self.place.as_ref()).unwrap_or_default();
        let changed = regions.iter().filter(|(since, _)| *since > self.told);
        let html = |(_, region): &'_ (u64, super::board::Region)| match self.could_see {
            true => region.whole.clone(),
            false => region.without_plates.clone(),
        };
        let htmls: Vec<(&str, String)> = changed.map(|item| (item.1.id, html(item))).collect();
        let regions = htmls.iter().map(|(id, html)| (*id, html.as_str())).collect();
        let said = Event { now: news.at.timestamp_millis(), may_see: self.could_see, regions };
        self.told = news.number;
        let id = format!("{}-{}", self.process, news.number);
        Some(event(Some(&id), "news", &serde_json::to_string(&said).ok()?))
    }
}
