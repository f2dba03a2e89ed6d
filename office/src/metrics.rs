//! What is counted, under which names: `office_*`. A place is a label only where people count there.

use domain::place::Openness;
use platform::runtime::Register;
use prometheus::{GaugeVec, Histogram, IntCounter, IntCounterVec, IntGaugeVec, Registry};

use crate::board::Board;
use crate::money::{BillState, Reason};
use crate::picture::Picture;

/// Shared by the keeper and whoever tells.
pub struct Metrics {
    pub(crate) failures: IntCounterVec,
    pub(crate) conflicts: IntCounter,
    pub(crate) told: IntCounter,
    /// What gates were answered.
    pub(crate) gates: IntCounterVec,
    /// What became of bills.
    pub(crate) bills: IntCounterVec,
    pub(crate) transactions: Histogram,
    pub(crate) orders: IntCounter,
    places: IntGaugeVec,
    drift: GaugeVec,
    counted_at: GaugeVec,
}

impl Metrics {
    /// Makes the counters and registers them.
    pub fn new(registry: &Registry) -> Result<Self, prometheus::Error> {
        let make = Register(registry);
        let metrics = Self {
            failures: make.counters(
                "office_failures_total",
                "Failed attempts at what the office depends on.",
                &["part"],
            )?,
            conflicts: make.counter(
                "office_conflicts_total",
                "Changes that were made again, since another process was quicker.",
            )?,
            told: make.counter("office_facts_total", "Facts that were told in the feed.")?,
            gates: make.counters(
                "office_gate_answers_total",
                "Answers to gates: admitted, or why not.",
                &["answer"],
            )?,
            bills: make.counters(
                "office_bills_total",
                "Bills by what became of them: charged, due, review, unpriced, reversed.",
                &["state"],
            )?,
            transactions: make.histogram(
                "office_transaction_seconds",
                "From the begin of a transaction of the money half until it is durable.",
                &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0],
            )?,
            orders: make
                .counter("office_orders_total", "Requests that were done in those transactions.")?,
            places: make.gauges(
                "office_places",
                "Places by whether there is room: open, full, closed.",
                &["state"],
            )?,
            drift: make.levels(
                "office_drift_per_1000",
                "Vehicles that the reads had too many at the last count by people, per 1,000 \
                         entries and exits since the one before.",
                &["place", "bay_type"],
            )?,
            counted_at: make.levels(
                "office_counted_timestamp_seconds",
                "When people last counted, seconds since 1970.",
                &["place", "bay_type"],
            )?,
        };
        for part in ["database", "feed"] {
            metrics.failures.with_label_values(&[part]);
        }
        metrics.gates.with_label_values(&["admitted"]);
        for reason in Reason::ALL {
            metrics.gates.with_label_values(&[reason.as_str()]);
        }
        for state in BillState::ALL {
            metrics.bills.with_label_values(&[state.as_str()]);
        }
        for state in Openness::ALL {
            metrics.places.with_label_values(&[state.as_str()]);
        }
        Ok(metrics)
    }

    /// What is shown of all places together, and of those that people have counted.
    pub(crate) fn show(&self, picture: &Picture, board: &Board) {
        for (state, count) in board.counts() {
            let count = i64::try_from(count).unwrap_or(i64::MAX);
            self.places.with_label_values(&[state.as_str()]).set(count);
        }
        for drift in picture.drifts() {
            let (place, bay_type) = &drift.spot;
            let labels = [place.as_str(), bay_type.as_str()];
            if let Some(per_1000) = drift.per_1000 {
                self.drift.with_label_values(&labels).set(per_1000);
            }
            let at = drift.at.timestamp_millis() as f64 / 1_000.0;
            self.counted_at.with_label_values(&labels).set(at);
        }
    }
}
