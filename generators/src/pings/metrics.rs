//! What is counted: `vehicle_ping_*`. No vehicle is a label.

use prometheus::{IntCounter, IntCounterVec, IntGauge, Opts, Registry};

/// See the module.
#[derive(Clone)]
pub(super) struct Meters {
    /// Confirmed, failed (and tried again), refused, given up.
    pub(super) published: IntCounterVec,
    /// Turns in which a vehicle stayed silent on purpose.
    pub(super) silent: IntCounter,
    /// Turns left out because too many pings were under way.
    pub(super) skipped: IntCounter,
    pub(super) in_flight: IntGauge,
}

impl Meters {
    pub(super) fn new(registry: &Registry) -> Result<Self, prometheus::Error> {
        let meters = Self {
            published: IntCounterVec::new(
                Opts::new(
                    "vehicle_ping_published_total",
                    "Pings of simulated vehicles, by outcome",
                ),
                &["outcome"],
            )?,
            silent: IntCounter::new("vehicle_ping_silent_total", "Turns left out on purpose")?,
            skipped: IntCounter::new(
                "vehicle_ping_turns_skipped_total",
                "Turns left out because too many pings were under way",
            )?,
            in_flight: IntGauge::new("vehicle_ping_in_flight", "Pings under way")?,
        };
        for outcome in ["confirmed", "failed", "refused"] {
            meters.published.with_label_values(&[outcome]);
        }
        registry.register(Box::new(meters.published.clone()))?;
        registry.register(Box::new(meters.silent.clone()))?;
        registry.register(Box::new(meters.skipped.clone()))?;
        registry.register(Box::new(meters.in_flight.clone()))?;
        Ok(meters)
    }

    pub(super) fn ended(&self, outcome: &str) {
        self.published.with_label_values(&[outcome]).inc();
    }
}
