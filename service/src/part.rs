//! What a role depends on, for `/readyz` and for people.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// One thing that a role depends on: a queue, a store, a service.
#[derive(Debug, Default)]
pub struct Part(Mutex<State>);

#[derive(Debug, Default)]
enum State {
    #[default]
    Unknown,
    Usable,
    Unusable(String),
}

impl Part {
    /// It works. Answers whether that is news.
    pub fn works(&self) -> bool {
        let mut state = self.state();
        !matches!(std::mem::replace(&mut *state, State::Usable), State::Usable)
    }

    /// It does not. Answers whether that is news.
    pub fn fails(&self, reason: &str) -> bool {
        let mut state = self.state();
        let before = std::mem::replace(&mut *state, State::Unusable(reason.to_owned()));
        !matches!(before, State::Unusable(_))
    }

    /// Whether it was seen working last.
    pub fn is_usable(&self) -> bool {
        matches!(*self.state(), State::Usable)
    }

    /// `ok`, or why not.
    pub fn text(&self) -> String {
        match &*self.state() {
            State::Unknown => "not known yet".to_owned(),
            State::Usable => "ok".to_owned(),
            State::Unusable(reason) => reason.clone(),
        }
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
}
