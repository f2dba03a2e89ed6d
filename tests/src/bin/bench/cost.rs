//! What a run costs: processor time by process, per message.

use std::time::Duration;

use serde_json::{Value, json};
use tests::process::Running;
use tests::{Site, usage};

/// The columns that [`Cpu::per_message_since`] fills.
pub const COLUMNS: [&str; 4] = ["CPU µs per message: broker", "store", "processors", "web"];

/// Processor time that everybody has used, at one moment.
#[derive(Clone, Copy)]
pub struct Cpu([Duration; 4]);

impl Cpu {
    /// Now; a processor that does not run yet has used none.
    pub fn now(site: &Site, processors: &[&Running], web: &Running) -> Self {
        Self([
            usage::cpu(site.broker.server().pid()),
            usage::cpu(site.redis.pid()),
            processors.iter().map(|processor| usage::cpu(processor.pid())).sum(),
            usage::cpu(web.pid()),
        ])
    }

    /// Microseconds per message since `before`: broker, store, processors, web.
    pub fn per_message_since(self, before: Self, messages: usize) -> [Value; 4] {
        let mut used = self.0.into_iter().zip(before.0);
        std::array::from_fn(|_| {
            let (after, before) = used.next().unwrap_or_default();
            json!(after.saturating_sub(before).as_secs_f64() * 1e6 / messages as f64)
        })
    }
}
