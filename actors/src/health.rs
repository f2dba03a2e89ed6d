//! Whether the actors can do their work: what `/readyz` and the operator's status page show.

use std::sync::{Arc, OnceLock};

use domain::Direction;
use platform::runtime::Part;

/// Whether the parts that the actors need are usable.
#[derive(Debug, Default)]
pub struct Health {
    /// The queue of entries.
    pub entry_queue: Part,
    /// The queue of exits.
    pub exit_queue: Part,
    /// Whether the store answers.
    pub store: Part,
    /// The web service that writes the rows.
    pub sink: Part,
    /// Whether the store is set so that it keeps what it is given; empty where that is its nature.
    pub store_settings: OnceLock<Arc<Part>>,
}

impl Health {
    /// Name and state of each part.
    pub fn parts(&self) -> Vec<(&'static str, &Part)> {
        let mut parts = vec![
            ("vehicle_entry", &self.entry_queue),
            ("vehicle_exit", &self.exit_queue),
            ("store", &self.store),
            ("sink", &self.sink),
        ];
        parts.extend(self.store_settings.get().map(|part| ("store_settings", &**part)));
        parts
    }

    /// The queue of that kind.
    pub fn queue(&self, direction: Direction) -> &Part {
        match direction {
            Direction::Entry => &self.entry_queue,
            Direction::Exit => &self.exit_queue,
        }
    }

    /// Whether observations can be taken, stored and reported.
    pub fn is_ready(&self) -> bool {
        self.parts().iter().all(|(_, part)| part.is_usable())
    }
}
