//! What is counted, under which names: `vehicles_backend_*`. No vehicle and no plate is a label.

use domain::presence::Status;
use domain::wire::ping::PingRejection;
use platform::runtime::Register;
use prometheus::{Histogram, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Registry};

use crate::shapes::StatusCounts;

const BATCHES: &[f64] = &[1.0, 4.0, 16.0, 64.0, 256.0, 1_024.0, 4_096.0];
const SECONDS: &[f64] =
    &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];

/// Shared by the registry, the keeper, the consumer and the routes.
pub struct Metrics {
    /// By what they were: `newest`, `earlier`, `known`.
    pub(crate) pings: IntCounterVec,
    pub(crate) dead_letters: IntCounterVec,
    pub(crate) redelivered: IntCounter,
    pub(crate) changes: IntCounterVec,
    pub(crate) failures: IntCounterVec,
    pub(crate) commit_batch: Histogram,
    pub(crate) list_seconds: Histogram,
    pub(crate) streams: IntGauge,
    vehicles: IntGaugeVec,
}

impl Metrics {
    /// Makes the counters and registers them.
    pub fn new(registry: &Registry) -> Result<Self, prometheus::Error> {
        let make = Register(registry);
        let metrics = Self {
            pings: make.counters(
                "vehicles_backend_pings_total",
                "Pings stored, by what they were: newest, earlier (they changed what was known of \
                 the past), known (they changed nothing).",
                &["outcome"],
            )?,
            dead_letters: make.counters(
                "vehicles_backend_dead_letters_total",
                "Pings sent to the dead letters, by reason.",
                &["reason"],
            )?,
            redelivered: make.counter(
                "vehicles_backend_redeliveries_total",
                "Pings that the broker had delivered before.",
            )?,
            changes: make.counters(
                "vehicles_backend_status_changes_total",
                "Vehicles that became connected or disconnected.",
                &["status"],
            )?,
            failures: make.counters(
                "vehicles_backend_failures_total",
                "Failed attempts at what the vehicle monitor depends on.",
                &["part"],
            )?,
            commit_batch: make.histogram(
                "vehicles_backend_commit_batch_size",
                "Changes per commit of the store.",
                BATCHES,
            )?,
            list_seconds: make.histogram(
                "vehicles_backend_list_seconds",
                "Time to filter, sort and cut the list of vehicles.",
                SECONDS,
            )?,
            streams: make.gauge(
                "vehicles_backend_event_streams",
                "Clients that listen to the live events.",
            )?,
            vehicles: make.gauges(
                "vehicles_backend_vehicles",
                "Vehicles by their status.",
                &["status"],
            )?,
        };
        // A series that begins with its first event has no increase by it.
        for outcome in ["newest", "earlier", "known"] {
            metrics.pings.with_label_values(&[outcome]);
        }
        for code in PingRejection::CODES {
            metrics.dead_letters.with_label_values(&[code]);
        }
        for status in [Status::Connected, Status::Disconnected] {
            metrics.changes.with_label_values(&[status.as_str()]);
        }
        for part in ["store", "queue", "inside"] {
            metrics.failures.with_label_values(&[part]);
        }
        metrics.count(StatusCounts::default());
        Ok(metrics)
    }

    /// How many vehicles are in which state.
    pub(crate) fn count(&self, mut counts: StatusCounts) {
        for status in Status::ALL {
            let count = i64::try_from(*counts.of(status)).unwrap_or(i64::MAX);
            self.vehicles.with_label_values(&[status.as_str()]).set(count);
        }
    }
}
