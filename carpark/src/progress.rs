//! A line every few seconds for who watches: rates, inside now, matched, unmatched, pending.

use std::sync::Arc;
use std::time::Duration;

use actors::{Gate, Metrics};
use domain::{Direction, SharedClock};
use platform::component::Component;

use crate::say;

/// Prints progress until dropped.
pub struct Progress {
    task: actix_rt::task::JoinHandle<()>,
}

impl Progress {
    /// Prints a line `every` so often; never where that is zero.
    pub fn start(
        every: Duration,
        metrics: Arc<Metrics>,
        gate: Arc<Gate>,
        clock: SharedClock,
    ) -> Option<Self> {
        if every.is_zero() {
            return None;
        }
        let task = actix_rt::spawn(async move {
            let mut before = [0, 0];
            let mut ticks = actix_rt::time::interval(every);
            ticks.tick().await;
            loop {
                ticks.tick().await;
                let now =
                    [metrics.observations(Direction::Entry), metrics.observations(Direction::Exit)];
                let rate = |of: usize| (now[of] - before[of]) as f64 / every.as_secs_f64();
                say::line(format_args!(
                    "{}  entries {:.1}/s  exits {:.1}/s  inside {}  matched {}  unmatched {}  pending {}",
                    clock.now().format("%H:%M:%S"),
                    rate(0),
                    rate(1),
                    metrics.sessions_open.get(),
                    metrics.matched.get(),
                    metrics.unmatched.get(),
                    gate.pending(),
                ));
                before = now;
            }
        });
        Some(Self { task })
    }
}

impl Component for Progress {}

impl Drop for Progress {
    fn drop(&mut self) {
        self.task.abort();
    }
}
