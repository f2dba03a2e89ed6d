//! Whether the monitor can do its work, and a sign for when an actor has died that the others
//! cannot do without.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Mutex;

use tokio::sync::mpsc;

/// One thing the monitor depends on.
#[derive(Debug, Default)]
pub struct Part(Mutex<State>);

#[derive(Debug, Default, PartialEq)]
enum State {
    #[default]
    Unknown,
    Usable,
    Unusable(String),
}

impl Part {
    fn set(&self, state: State) -> bool {
        let mut now = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let is_news = std::mem::discriminant(&*now) != std::mem::discriminant(&state);
        *now = state;
        is_news
    }

    /// It works. Answers whether that is news.
    pub fn works(&self) -> bool {
        self.set(State::Usable)
    }

    /// It does not. Answers whether that is news.
    pub fn fails(&self, reason: &str) -> bool {
        self.set(State::Unusable(reason.to_owned()))
    }

    /// `ok`, or why not.
    pub fn text(&self) -> String {
        match &*self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner) {
            State::Unknown => "not known yet".to_owned(),
            State::Usable => "ok".to_owned(),
            State::Unusable(reason) => reason.clone(),
        }
    }
}

/// All of it.
#[derive(Debug, Default)]
pub struct Health {
    /// The queue of pings; usable where there is none.
    pub queue: Part,
    /// The store.
    pub store: Part,
}

impl Health {
    /// Name and state of each part.
    pub fn parts(&self) -> [(&'static str, String); 2] {
        [("vehicle_ping", self.queue.text()), ("vehicles_store", self.store.text())]
    }
}

/// Dropped without having been put at rest, it tells the wiring which actor has died.
#[derive(Debug)]
pub(crate) struct Vital {
    name: &'static str,
    died: mpsc::Sender<&'static str>,
    /// Set while stopping: then actors are meant to end.
    at_rest: Rc<Cell<bool>>,
}

impl Vital {
    pub(crate) fn new(
        name: &'static str,
        died: mpsc::Sender<&'static str>,
        at_rest: Rc<Cell<bool>>,
    ) -> Self {
        Self { name, died, at_rest }
    }
}

impl Drop for Vital {
    fn drop(&mut self) {
        if !self.at_rest.get() {
            // One name is enough.
            let _ = self.died.try_send(self.name);
        }
    }
}
