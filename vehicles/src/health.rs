//! Whether the monitor can do its work.

use service::Part;

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
