//! What is counted: `vehicle_ping_*`. No vehicle is a label.

use platform::runtime::Register;
use prometheus::{IntCounter, IntCounterVec, IntGauge, Registry};

/// The fleet's counters; its clones count together.
#[derive(Clone)]
pub(super) struct Meters {
    /// Confirmed, failed (and tried again), refused.
    published: IntCounterVec,
    /// Turns in which a vehicle stayed silent on purpose.
    pub(super) silent: IntCounter,
    /// Turns left out because too many pings were under way.
    pub(super) skipped: IntCounter,
    /// Pings brought and not confirmed yet.
    pub(super) in_flight: IntGauge,
}

impl Meters {
    /// Makes and registers them.
    pub(super) fn new(registry: &Registry) -> prometheus::Result<Self> {
        let make = Register(registry);
        let meters = Self {
            published: make.counters(
                "vehicle_ping_published_total",
                "Pings of simulated vehicles, by outcome",
                &["outcome"],
            )?,
            silent: make.counter("vehicle_ping_silent_total", "Turns left out on purpose")?,
            skipped: make.counter(
                "vehicle_ping_turns_skipped_total",
                "Turns left out because too many pings were under way",
            )?,
            in_flight: make.gauge("vehicle_ping_in_flight", "Pings under way")?,
        };
        // A series that begins with its first event has no increase by it.
        for outcome in ["confirmed", "failed", "refused"] {
            meters.count(outcome);
        }
        Ok(meters)
    }

    /// One attempt ended so.
    pub(super) fn ended(&self, outcome: &str) {
        self.published.with_label_values(&[outcome]).inc();
    }

    /// How many ended so.
    pub(super) fn count(&self, outcome: &str) -> u64 {
        self.published.with_label_values(&[outcome]).get()
    }
}
