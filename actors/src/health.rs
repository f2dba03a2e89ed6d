//! Whether the actors can do their work: what `/readyz` and the operator's status page show.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU8, Ordering};

/// One thing the actors depend on.
#[derive(Debug, Default)]
pub struct Part {
    state: AtomicU8,
    reason: Mutex<String>,
}

/// Zero, the default, is "not known yet".
const USABLE: u8 = 1;
const UNUSABLE: u8 = 2;

impl Part {
    /// It works. Answers whether that is news.
    pub fn works(&self) -> bool {
        self.state.swap(USABLE, Ordering::Relaxed) != USABLE
    }

    /// It does not. Answers whether that is news.
    pub fn fails(&self, reason: &str) -> bool {
        let news = self.state.swap(UNUSABLE, Ordering::Relaxed) != UNUSABLE;
        if let Ok(mut text) = self.reason.lock() {
            reason.clone_into(&mut text);
        }
        news
    }

    /// Whether it was seen working last.
    pub fn is_usable(&self) -> bool {
        self.state.load(Ordering::Relaxed) == USABLE
    }

    /// `ok`, or why not.
    pub fn text(&self) -> String {
        match self.state.load(Ordering::Relaxed) {
            USABLE => "ok".to_owned(),
            UNUSABLE => self.reason.lock().map(|reason| reason.clone()).unwrap_or_default(),
            _ => "not known yet".to_owned(),
        }
    }
}

/// All of it.
#[derive(Debug, Default)]
pub struct Health {
    /// The queue of entries.
    pub entry_queue: Part,
    /// The queue of exits.
    pub exit_queue: Part,
    /// The store.
    pub store: Part,
    /// The web service that writes the rows.
    pub sink: Part,
}

impl Health {
    /// Name and state of each part.
    pub fn parts(&self) -> [(&'static str, &Part); 4] {
        [
            ("vehicle_entry", &self.entry_queue),
            ("vehicle_exit", &self.exit_queue),
            ("store", &self.store),
            ("sink", &self.sink),
        ]
    }

    /// Whether observations can be taken, stored and reported.
    pub fn is_ready(&self) -> bool {
        self.parts().iter().all(|(_, part)| part.is_usable())
    }
}
