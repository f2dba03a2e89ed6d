//! Delivers: new events in the order of the feed, and those again that a webhook did not take.
//!
//! Owns: nothing; what has come of an event is in the store before the next is looked at for long.
//! Never: goes past an event that is neither delivered nor among the retries.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::TimeDelta;
use futures_util::future::join_all;
use platform::feed::{Event, Reader, Source, Unread};
use platform::runtime::{Backoff, Vital, failpoint};
use platform::storage::StoreError;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};
use tracing::{error, info, warn};

use super::Hook;
use super::pauses::pause;
use super::sender::{Answered, Outcome, Sender};
use super::store::{Delivery, News, Retry, Standing};
use crate::feed::LocalFeed;

/// Most events that wait to be sent again; with so many a webhook stands still (G6).
pub(super) const RETRIES_MAX: usize = 1000;
/// What was delivered is kept after this time at the latest: so much is sent once more by a process that was killed.
const KEPT_WITHIN: Duration = Duration::from_millis(250);
/// How long a delivery that is under way has when the process ends.
const STOPS_WITHIN: Duration = Duration::from_secs(2);
/// A receiver that asks to be left alone is, for so long; an event may wait for longer.
const SILENT_MAX: Duration = Duration::from_mins(5);
/// How soon the list of retries is looked at again: the clock may have been set.
const LOOKED_AT_EVERY: Duration = Duration::from_secs(30);

/// Why there was no delivery, nor a failed one.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotNow {
    #[error("carpark is stopping")]
    Stopping,
    #[error(
        "{RETRIES_MAX} events wait to be sent again; nothing new is sent before one of them is taken"
    )]
    Full,
    #[error("what was delivered cannot be kept: {0}")]
    Store(#[from] StoreError),
    #[error(transparent)]
    Feed(#[from] Unread),
}

/// What both tasks of a webhook share.
#[derive(Clone)]
pub(super) struct Delivering {
    sender: Rc<Sender>,
    hook: Arc<Hook>,
    ends: watch::Receiver<bool>,
    /// The receiver has asked to be left alone until then.
    silent_until: Rc<Cell<Option<Instant>>>,
}

/// Where an event is, and what it is called.
#[derive(Clone, Copy)]
struct About<'a> {
    position: u64,
    id: &'a str,
    kind: &'a str,
    /// Attempts before.
    failed: u32,
}

impl Delivering {
    pub(super) fn new(sender: Sender, hook: Arc<Hook>, ends: watch::Receiver<bool>) -> Self {
        Self { sender: Rc::new(sender), hook, ends, silent_until: Rc::default() }
    }

    async fn over(&self) {
        let mut ends = self.ends.clone();
        let _ended_or_dropped = ends.wait_for(|is_over| *is_over).await;
    }

    /// Waits until the receiver wants to be asked again.
    async fn silence(&self) -> Result<(), NotNow> {
        while let Some(until) = self.silent_until.get().filter(|until| *until > Instant::now()) {
            tokio::select! {
                () = sleep_until(until) => {}
                () = self.over() => return Err(NotNow::Stopping),
            }
        }
        Ok(())
    }

    /// Sends an event once.
    async fn send(&self, id: &str, body: &str) -> Result<Answered, NotNow> {
        self.silence().await?;
        failpoint::die_at!("webhook_taken");
        let late = async {
            self.over().await;
            sleep(STOPS_WITHIN).await;
        };
        let answered = tokio::select! {
            answered = self.sender.send(id, body) => answered,
            () = late => return Err(NotNow::Stopping),
        };
        failpoint::die_at!("webhook_sent");
        self.hook.meters.delivered(answered.outcome);
        if let (Outcome::Failed, Some(asked)) = (answered.outcome, answered.retry_after) {
            self.silent_until.set(Some(Instant::now() + asked.min(SILENT_MAX)));
        }
        Ok(answered)
    }

    /// Notes what has come of an attempt.
    fn note(&self, about: About<'_>, answered: &Answered, news: &mut News) {
        let About { position, id, kind, failed } = about;
        let now = self.hook.clock.now();
        news.attempts.push(Delivery {
            id: id.to_owned(),
            position,
            r#type: kind.to_owned(),
            at: now,
            attempt: failed + 1,
            outcome: answered.outcome.as_str().to_owned(),
            status: answered.status,
            why: answered.why.clone(),
            milliseconds: u64::try_from(answered.took.as_millis()).unwrap_or(u64::MAX),
        });
        let retry = |due| Retry {
            position,
            id: id.to_owned(),
            kind: kind.to_owned(),
            failed: failed + 1,
            due,
        };
        match answered.outcome {
            Outcome::Delivered | Outcome::Expired => news.settled.push(position),
            Outcome::Failed => {
                let pause = TimeDelta::from_std(pause(failed + 1, answered.retry_after));
                news.retries.push(retry(now + pause.unwrap_or(TimeDelta::MAX)));
            }
            Outcome::Ended => {
                news.ended = Some(now);
                news.retries.push(retry(now));
            }
        }
    }

    async fn keep(&self, news: News) -> Result<(), NotNow> {
        let webhook = self.hook.name();
        let is_ended = news.ended.is_some();
        for attempt in &news.attempts {
            let (status, why) = (attempt.status, attempt.why.as_deref());
            match &*attempt.outcome {
                "delivered" => tracing::debug!(webhook, event.id = attempt.id, "event delivered"),
                outcome => warn!(
                    webhook,
                    event.id = attempt.id,
                    attempt = attempt.attempt,
                    status,
                    why,
                    "event {outcome}",
                ),
            }
        }
        self.hook.store.keep(news).await?;
        failpoint::die_at!("webhook_kept");
        if is_ended {
            error!(
                webhook,
                "the webhook answered 410: it wants nothing more and is disabled; POST \
                 /admin/webhooks/{webhook}/enable, or another configuration, begins again",
            );
        }
        self.hook.is_changed();
        Ok(())
    }
}

/// Takes new events, as a reader of the feed.
pub(super) struct Taking {
    pub(super) delivering: Delivering,
    /// To see where it ends.
    pub(super) feed: Arc<LocalFeed>,
}

impl Taking {
    /// Returns when it may be delivered, with how many failures there is room for.
    async fn room(&self) -> Result<usize, NotNow> {
        let Delivering { hook, .. } = &self.delivering;
        let mut changed = hook.changed.subscribe();
        while hook.store.standing().await?.disabled.is_some() {
            tokio::select! {
                _ = changed.changed() => {}
                () = self.delivering.over() => return Err(NotNow::Stopping),
            }
        }
        let waiting = hook.store.retries().await?.len();
        match RETRIES_MAX.saturating_sub(waiting) {
            0 => Err(NotNow::Full),
            room => Ok(room),
        }
    }
}

#[async_trait(?Send)]
impl Reader for Taking {
    type Error = NotNow;

    /// One that nothing was asked of yet begins with what comes from now on.
    async fn position(&mut self) -> Result<Option<u64>, NotNow> {
        let store = &self.delivering.hook.store;
        if let Some(position) = store.standing().await?.position {
            return Ok(Some(position));
        }
        let last = self.feed.read(None, 1, Duration::ZERO).await?.last;
        store.keep(News { position: Some(last), ..News::default() }).await?;
        info!(webhook = self.delivering.hook.name(), feed.position = last, "a webhook begins");
        Ok(Some(last))
    }

    async fn take(&mut self, events: &[Event], next: u64) -> Result<(), NotNow> {
        let delivering = &self.delivering;
        let mut news = News::default();
        let mut kept_at = Instant::now();
        let mut room = if events.is_empty() { 0 } else { self.room().await? };
        for events in events.chunks(delivering.hook.configured.concurrency) {
            if *delivering.ends.borrow() || room < events.len() || news.ended.is_some() {
                delivering.keep(std::mem::take(&mut news)).await?;
                if *delivering.ends.borrow() {
                    return Err(NotNow::Stopping);
                }
                room = self.room().await?;
                kept_at = Instant::now();
            }
            let sent = join_all(events.iter().map(|event| delivering.send(&event.id, &event.text)));
            for (event, answered) in events.iter().zip(sent.await) {
                let answered = match answered {
                    Ok(answered) => answered,
                    Err(not_now) => {
                        delivering.keep(news).await?;
                        return Err(not_now);
                    }
                };
                let Event { position, id, kind, .. } = event;
                let about = About { position: *position, id, kind, failed: 0 };
                delivering.note(about, &answered, &mut news);
                news.position = Some(*position);
            }
            room = room.saturating_sub(news.retries.len());
            if kept_at.elapsed() >= KEPT_WITHIN {
                delivering.keep(std::mem::take(&mut news)).await?;
                kept_at = Instant::now();
            }
        }
        news.position = Some(next);
        delivering.keep(news).await
    }

    async fn gone(&mut self, after: u64) -> Result<(), NotNow> {
        let hook = &self.delivering.hook;
        let position = hook.store.standing().await?.position;
        error!(
            webhook = hook.name(),
            feed.position = position,
            feed.after = after,
            "what follows the webhook's position is not in the feed: it goes on with the oldest event that is",
        );
        hook.store.keep(News { position: Some(after), ..News::default() }).await?;
        Ok(())
    }
}

/// Sends again what failed, when it is due.
pub(super) struct Retrying {
    pub(super) delivering: Delivering,
    pub(super) feed: Arc<LocalFeed>,
}

impl Retrying {
    /// Until the process ends.
    pub(super) async fn run(self, vital: Vital) {
        let delivering = &self.delivering;
        let mut changed = delivering.hook.changed.subscribe();
        let mut backoff = Backoff::default();
        while !*delivering.ends.borrow() {
            vital.may_die_here();
            changed.mark_unchanged();
            let wait = match self.step().await {
                Ok(wait) => {
                    backoff.reset();
                    wait
                }
                Err(NotNow::Stopping) => return,
                Err(not_now) => {
                    warn!(webhook = delivering.hook.name(), error = %not_now, "what failed cannot be sent again yet");
                    backoff.next_delay()
                }
            };
            tokio::select! {
                () = sleep(wait) => {}
                _ = changed.changed() => {}
                () = delivering.over() => return,
            }
        }
    }

    /// Sends what is due first, if it is; answers when to look again.
    async fn step(&self) -> Result<Duration, NotNow> {
        let hook = &self.delivering.hook;
        let Standing { disabled, .. } = hook.store.standing().await?;
        let retries = hook.store.retries().await?;
        hook.meters.stands(retries.len(), disabled.is_some());
        let first = retries.into_iter().next().filter(|_| disabled.is_none());
        let Some(retry) = first else { return Ok(LOOKED_AT_EVERY) };
        let early = (retry.due - hook.clock.now()).to_std().unwrap_or_default();
        if !early.is_zero() {
            return Ok(early.min(LOOKED_AT_EVERY));
        }
        let answered = if let Some(event) = self.event(&retry).await? {
            self.delivering.send(&event.id, &event.text).await?
        } else {
            hook.meters.delivered(Outcome::Expired);
            expired()
        };
        let Retry { position, id, kind, failed, .. } = &retry;
        let about = About { position: *position, id, kind, failed: *failed };
        let mut news = News::default();
        self.delivering.note(about, &answered, &mut news);
        self.delivering.keep(news).await?;
        Ok(Duration::ZERO)
    }

    /// The event, as the feed has it now; `None`: it is there no more, or, after a restore, another is in its place.
    async fn event(&self, retry: &Retry) -> Result<Option<Event>, NotNow> {
        let before = retry.position.saturating_sub(1);
        match self.feed.read(Some(before), 1, Duration::ZERO).await {
            Ok(page) => Ok(page.events.into_iter().next().filter(|event| event.id == retry.id)),
            Err(Unread::Gone { .. }) => Ok(None),
            Err(failed) => Err(failed.into()),
        }
    }
}

fn expired() -> Answered {
    Answered {
        outcome: Outcome::Expired,
        status: None,
        why: Some("the event is in the feed no more".to_owned()),
        took: Duration::ZERO,
        retry_after: None,
        said: String::new(),
    }
}
