//! What a role depends on, for `/readyz` and for people.
//!
//! What is shown is how it is now, not how it was when it was last needed: whoever owns a part asks
//! it again and again ([`keep_asking`], or a beat of its own), and what has not been seen working
//! for [`FRESH_FOR`] counts as not usable, whatever was said of it last. So a server that is frozen,
//! a connection that is dead and not closed, and an asker that hangs itself all show.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

/// How often a part is asked.
pub const ASK_EVERY: Duration = Duration::from_secs(2);
/// Longest wait for its answer.
pub const ASK_WITHIN: Duration = Duration::from_secs(3);
/// After this long without a sign that it works, it counts as not working.
pub const FRESH_FOR: Duration = Duration::from_secs(10);

/// One thing that a role depends on: a queue, a store, a service.
#[derive(Debug, Default)]
pub struct Part(Mutex<Seen>);

#[derive(Debug, Default)]
struct Seen {
    state: State,
    /// Usable, and limited in a way that people should know.
    remark: Option<String>,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Unknown,
    /// Seen working then.
    Usable(Instant),
    /// Nothing that could fail: a queue that is not there, a store in memory.
    Always,
    Unusable(String),
}

impl State {
    /// How long ago it was last seen working, where that is too long ago.
    fn stale_for(&self) -> Option<Duration> {
        match self {
            Self::Usable(seen) => Some(seen.elapsed()).filter(|age| *age > FRESH_FOR),
            _ => None,
        }
    }
}

impl Part {
    /// It works. Answers whether that is news.
    pub fn works(&self) -> bool {
        let mut seen = self.seen();
        let was_usable = matches!(seen.state, State::Usable(_)) && seen.state.stale_for().is_none();
        seen.state = State::Usable(Instant::now());
        !was_usable
    }

    /// It works, and there is nothing that could be asked whether it still does.
    pub fn works_always(&self) {
        self.seen().state = State::Always;
    }

    /// It does not. Answers whether that is news.
    pub fn fails(&self, reason: &str) -> bool {
        let mut seen = self.seen();
        let before = std::mem::replace(&mut seen.state, State::Unusable(reason.to_owned()));
        !matches!(before, State::Unusable(_))
    }

    /// It does not answer. Where a reason is known already, that one says more. Answers whether it
    /// is news.
    pub fn does_not_answer(&self, reason: &str) -> bool {
        let is_known = matches!(self.seen().state, State::Unusable(_));
        !is_known && self.fails(reason)
    }

    /// Something to know of it although it works; `None`: no longer. Answers whether that is news.
    pub fn remark(&self, remark: Option<&str>) -> bool {
        let mut seen = self.seen();
        let is_news = seen.remark.as_deref() != remark;
        seen.remark = remark.map(str::to_owned);
        is_news
    }

    /// See [`Part::remark`].
    pub fn remarked(&self) -> Option<String> {
        self.seen().remark.clone()
    }

    /// Whether it works, as far as is known at this moment.
    pub fn is_usable(&self) -> bool {
        let seen = self.seen();
        matches!(seen.state, State::Usable(_) | State::Always) && seen.state.stale_for().is_none()
    }

    /// `ok`, or why not.
    pub fn text(&self) -> String {
        let seen = self.seen();
        match (&seen.state, seen.state.stale_for()) {
            (_, Some(age)) => format!("no answer for {} s", age.as_secs()),
            (State::Unknown, _) => "not known yet".to_owned(),
            (State::Usable(_) | State::Always, _) => "ok".to_owned(),
            (State::Unusable(reason), _) => reason.clone(),
        }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Asks a part how it is, on this thread, until it is dropped.
#[derive(Debug)]
pub struct Asking(tokio::task::JoinHandle<()>);

impl Drop for Asking {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Before the first question: who was just started is still connecting.
const FIRST_AFTER: Duration = Duration::from_millis(500);

/// Asks every [`ASK_EVERY`], waits [`ASK_WITHIN`] for each answer, and hands it to `told`.
pub fn keep_asking(
    ask: impl AsyncFn() -> Result<(), String> + 'static,
    told: impl Fn(Result<(), &str>) + 'static,
) -> Asking {
    Asking(tokio::task::spawn_local(async move {
        sleep(FIRST_AFTER).await;
        loop {
            let answer = timeout(ASK_WITHIN, ask()).await;
            match answer {
                Ok(Ok(())) => told(Ok(())),
                Ok(Err(reason)) => told(Err(&reason)),
                Err(_) => told(Err(&format!("no answer within {} s", ASK_WITHIN.as_secs()))),
            }
            sleep(ASK_EVERY).await;
        }
    }))
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::future::pending;
    use std::rc::Rc;

    use tokio::time::advance;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn news_is_told_once_and_the_last_reason_counts() {
        let part = Part::default();
        assert_eq!((part.is_usable(), part.text().as_str()), (false, "not known yet"));
        assert!(part.fails("no answer"), "from not known to broken");
        assert!(!part.fails("refused"));
        assert_eq!((part.is_usable(), part.text().as_str()), (false, "refused"));
        assert!(!part.does_not_answer("not connected"));
        assert_eq!(part.text(), "refused", "which says more");
        assert!(part.works());
        assert!(!part.works());
        assert_eq!((part.is_usable(), part.text().as_str()), (true, "ok"));
        assert!(part.does_not_answer("no answer within 3 s"));
        assert_eq!(part.text(), "no answer within 3 s");
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_not_seen_working_lately_is_not_usable_whatever_was_said_last() {
        let part = Part::default();
        part.works();
        advance(FRESH_FOR).await;
        assert!(part.is_usable());
        advance(Duration::from_secs(2)).await;
        assert_eq!((part.is_usable(), part.text().as_str()), (false, "no answer for 12 s"));
        assert!(part.works(), "that is news");
        assert!(part.is_usable());
        part.works_always();
        advance(FRESH_FOR * 9).await;
        assert_eq!((part.is_usable(), part.text().as_str()), (true, "ok"));
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_does_not_come_is_one() {
        let answers = Rc::new(RefCell::new(Vec::new()));
        let local = tokio::task::LocalSet::new();
        let _guard = local.enter();
        let told = Rc::clone(&answers);
        let asked = RefCell::new(0);
        let asking = keep_asking(
            async move || {
                let times = {
                    *asked.borrow_mut() += 1;
                    *asked.borrow()
                };
                match times {
                    1 => Ok(()),
                    2 => Err("gone".to_owned()),
                    _ => pending().await,
                }
            },
            move |answer| told.borrow_mut().push(answer.err().unwrap_or("ok").to_owned()),
        );
        local
            .run_until(sleep(FIRST_AFTER + 2 * ASK_EVERY + ASK_WITHIN + Duration::from_millis(1)))
            .await;
        assert_eq!(*answers.borrow(), ["ok", "gone", "no answer within 3 s"]);
        drop(asking);
        local.run_until(sleep(FRESH_FOR)).await;
        assert_eq!(answers.borrow().len(), 3, "nobody asks any more");
    }
}
