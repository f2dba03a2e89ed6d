//! Whether the actors can do their work: what `/readyz` and the operator's status page show.

use service::Part;

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
