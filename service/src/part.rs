//! What a role depends on, for `/readyz` and for people.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// One thing that a role depends on: a queue, a store, a service. What failed to keep something is
/// not usable until it has kept something: that it still answers questions says nothing.
#[derive(Debug, Default)]
pub struct Part(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    answers: Answers,
    /// Why the last write failed.
    write_failed: Option<String>,
}

#[derive(Debug, Default)]
enum Answers {
    #[default]
    Unknown,
    Usable,
    Unusable(String),
}

impl State {
    fn is_usable(&self) -> bool {
        matches!(self.answers, Answers::Usable) && self.write_failed.is_none()
    }

    fn is_known_unusable(&self) -> bool {
        matches!(self.answers, Answers::Unusable(_)) || self.write_failed.is_some()
    }
}

impl Part {
    /// It works, as far as it was asked to. Answers whether it is usable since now.
    pub fn works(&self) -> bool {
        self.becomes_usable(|state| state.answers = Answers::Usable)
    }

    /// It has kept something. Answers whether it is usable since now.
    pub fn keeps(&self) -> bool {
        self.becomes_usable(|state| {
            *state = State { answers: Answers::Usable, write_failed: None };
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

    /// Whether it was seen working last.
    pub fn is_usable(&self) -> bool {
        self.state().is_usable()
    }

    /// `ok`, or why not.
    pub fn text(&self) -> String {
        let state = self.state();
        match (&state.write_failed, &state.answers) {
            (Some(reason), _) | (None, Answers::Unusable(reason)) => reason.clone(),
            (None, Answers::Unknown) => "not known yet".to_owned(),
            (None, Answers::Usable) => "ok".to_owned(),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn news_is_told_once_and_the_last_reason_counts() {
        let part = Part::default();
        assert_eq!((part.is_usable(), part.text().as_str()), (false, "not known yet"));
        assert!(part.fails("no answer"), "from not known to broken");
        assert!(!part.fails("refused"));
        assert_eq!((part.is_usable(), part.text().as_str()), (false, "refused"));
        assert!(part.works());
        assert!(!part.works());
        assert_eq!((part.is_usable(), part.text().as_str()), (true, "ok"));
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
