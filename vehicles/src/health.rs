//! Whether the monitor can do its work.

use std::sync::{Arc, OnceLock};

use platform::runtime::Part;

/// Whether the parts that the monitor needs are usable.
#[derive(Debug, Default)]
pub struct Health {
    /// The queue of pings; usable where there is none.
    pub queue: Part,
    /// Whether the store answers.
    pub store: Part,
    /// Whether the store is set so that it keeps what it is given; empty where that is its nature.
    pub store_settings: OnceLock<Arc<Part>>,
}

impl Health {
    /// Name and state of each part.
    pub fn parts(&self) -> Vec<(&'static str, &Part)> {
        let mut parts = vec![("vehicle_ping", &self.queue), ("vehicles_store", &self.store)];
        parts.extend(self.store_settings.get().map(|part| ("vehicles_store_settings", &**part)));
        parts
    }
}
