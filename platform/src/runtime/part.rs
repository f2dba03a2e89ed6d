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

/// One thing that a role depends on: a queue, a store, a service. What failed to keep something is
/// not usable until it has kept something: that it still answers questions says nothing.
#[derive(Debug, Default)]
pub struct Part(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    answers: Answers,
    /// Why the last write failed.
    write_failed: Option<String>,
    /// Usable, and limited in a way that people should know.
    remark: Option<String>,
}

#[derive(Debug, Default)]
enum Answers {
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
        match self.answers {
            Answers::Usable(seen) => Some(seen.elapsed()).filter(|age| *age > FRESH_FOR),
            _ => None,
        }
    }

    fn is_usable(&self) -> bool {
        matches!(self.answers, Answers::Usable(_) | Answers::Always)
            && self.stale_for().is_none()
            && self.write_failed.is_none()
    }

    fn is_known_unusable(&self) -> bool {
        matches!(self.answers, Answers::Unusable(_)) || self.write_failed.is_some()
    }
}

impl Part {
    /// It works, as far as it was asked to. Answers whether it is usable since now.
    pub fn works(&self) -> bool {
        self.becomes_usable(|state| state.answers = Answers::Usable(Instant::now()))
    }

    /// It works, and there is nothing that could be asked whether it still does.
    pub fn works_always(&self) {
        self.state().answers = Answers::Always;
    }

    /// It has kept something. Answers whether it is usable since now.
    pub fn keeps(&self) -> bool {
        self.becomes_usable(|state| {
            state.answers = Answers::Usable(Instant::now());
            state.write_failed = None;
        })
    }

    /// It does not work. Answers whether that is news.
    pub fn fails(&self, reason: &str) -> bool {
        self.becomes_unusable(|state| state.answers = Answers::Unusable(reason.to_owned()))
    }

    /// It could not keep something. Answers whether that is news.
    pub fn fails_to_keep(&self, reason: &str) -> bool {
        self.becomes_unusable(|state| state.write_failed = Some(reason.to_owned()))
    }

    /// It does not answer. Where a reason is known already, that one says more. Answers whether it
    /// is news.
    pub fn does_not_answer(&self, reason: &str) -> bool {
        let is_known = self.state().is_known_unusable();
        !is_known && self.fails(reason)
    }

    /// Something to know of it although it works; `None`: no longer. Answers whether that is news.
    pub fn remark(&self, remark: Option<&str>) -> bool {
        let mut state = self.state();
        let is_news = state.remark.as_deref() != remark;
        state.remark = remark.map(str::to_owned);
        is_news
    }

    /// See [`Part::remark`].
    pub fn remarked(&self) -> Option<String> {
        self.state().remark.clone()
    }

    /// Whether it works, as far as is known at this moment.
    pub fn is_usable(&self) -> bool {
        self.state().is_usable()
    }

    /// `ok`, or why not.
    pub fn text(&self) -> String {
        let state = self.state();
        match (&state.write_failed, &state.answers, state.stale_for()) {
            (Some(reason), _, _) | (None, Answers::Unusable(reason), _) => reason.clone(),
            (None, _, Some(age)) => format!("no answer for {} s", age.as_secs()),
            (None, Answers::Unknown, None) => "not known yet".to_owned(),
            (None, Answers::Usable(_) | Answers::Always, None) => "ok".to_owned(),
        }
    }

    fn becomes_usable(&self, change: impl FnOnce(&mut State)) -> bool {
        let mut state = self.state();
        let before = state.is_usable();
        change(&mut state);
        !before && state.is_usable()
    }

    fn becomes_unusable(&self, change: impl FnOnce(&mut State)) -> bool {
        let mut state = self.state();
        let before = state.is_known_unusable();
        change(&mut state);
        !before
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Name and state of each, for people.
pub fn texts(parts: Vec<(&'static str, &Part)>) -> Vec<(String, String)> {
    parts.into_iter().map(|(name, part)| (name.to_owned(), part.text())).collect()
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

    #[test]
    fn what_could_not_keep_something_is_not_usable_until_it_has_kept_something() {
        let part = Part::default();
        assert!(part.works());
        assert!(part.fails_to_keep("no space left"));
        assert!(!part.works(), "that it answers is no news");
        assert!(!part.fails("no answer"));
        assert!(!part.works());
        assert_eq!((part.is_usable(), part.text().as_str()), (false, "no space left"));
        assert!(part.keeps());
        assert_eq!((part.is_usable(), part.text().as_str()), (true, "ok"));
    }
}
