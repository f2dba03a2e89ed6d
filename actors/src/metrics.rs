//! Every metric of the actors, by name. A plate is never a label (G8).

use domain::judgement::ObservationOutcome;
use domain::wire::{ENTRY_QUEUE, EXIT_QUEUE, Rejection, queue_of};
use domain::{Direction, ExceptionKind};
use platform::runtime::Register;
use prometheus::{Gauge, Histogram, IntCounter, IntCounterVec, IntGauge, Registry};

use crate::flow::Flow;

/// Seconds, 100 µs to 10 s.
const LATENCY_BUCKETS: &[f64] = &[
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
    5.0, 10.0,
];
/// Seconds, from a moment to three days.
const STAY_BUCKETS: &[f64] = &[
    5.0, 15.0, 60.0, 300.0, 600.0, 1_200.0, 1_800.0, 3_600.0, 7_200.0, 14_400.0, 28_800.0,
    43_200.0, 86_400.0, 259_200.0,
];
/// Buckets of the histograms of batch sizes, items.
const BATCH_BUCKETS: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0];

/// See the module.
#[derive(Debug)]
pub struct Metrics {
    /// Vehicles that passed, until the store has it.
    pub flow: Flow,
    observations: [[IntCounter; OUTCOMES.len()]; 2],
    /// Sessions reported.
    pub matched: IntCounter,
    /// Unmatched exits reported.
    pub unmatched: IntCounter,
    /// How long the reported stays were.
    pub stays: Histogram,
    /// Rows of `exceptions.csv`, by kind.
    pub exceptions: IntCounterVec,
    /// From delivery to the turn of the plate's actor.
    pub queueing: Histogram,
    /// Time taken to decide on an observation, seconds.
    pub processing: Histogram,
    /// From the decision until it is durable.
    pub storage: Histogram,
    /// From there until the sink has confirmed.
    pub summary: Histogram,
    /// Reports that the sink has not confirmed.
    pub outbox_pending: IntGauge,
    /// How many plates are inside.
    pub sessions_open: IntGauge,
    watermark_lag: [Gauge; 2],
    /// How many places' history is coming in.
    pub places_behind: IntGauge,
    /// Median of received minus captured.
    pub clock_offset: Gauge,
    /// Commits that found another version (G4).
    pub conflicts: IntCounter,
    redelivered: [IntCounter; 2],
    /// Messages that became dead letters, by reason.
    pub dead_letters: IntCounterVec,
    /// Messages that lie among the dead letters.
    pub dead_letters_waiting: IntGauge,
    /// Actors of plates at this moment.
    pub residents: IntGauge,
    /// Actors that ended for want of work.
    pub passivated: IntCounter,
    /// Plates whose actor had panicked and was made anew (G7).
    pub respawned: IntCounter,
    /// How many changes went into each commit.
    pub commit_batch: Histogram,
    /// How many entries went into each post.
    pub post_batch: Histogram,
    /// Failed attempts, by part.
    pub failures: IntCounterVec,
    queue_depth: [IntGauge; 2],
    /// How many processors are alive.
    pub processors: IntGauge,
}

/// Every outcome an observation can have.
const OUTCOMES: [ObservationOutcome; 5] = [
    ObservationOutcome::Duplicate,
    ObservationOutcome::ReRead,
    ObservationOutcome::Matched,
    ObservationOutcome::Opened,
    ObservationOutcome::Waiting,
];
const DIRECTIONS: [Direction; 2] = [Direction::Entry, Direction::Exit];

impl Metrics {
    /// Registers all of them.
    pub fn new(registry: &Registry) -> prometheus::Result<Self> {
        let make = Register(registry);
        let counter = |name, help| make.counter(name, help);
        let gauge = |name, help| make.gauge(name, help);
        let sizes = |name, help| make.histogram(name, help, BATCH_BUCKETS);
        let observations = make.counters(
            "backend_observations_total",
            "Observations stored, by kind and by what they turned out to be.",
            &["kind", "outcome"],
        )?;
        let latency = make.histograms(
            "backend_event_processing_latency_seconds",
            "Time an observation spends in each stage: queueing (delivery to its plate's turn), \
             processing (deciding), storage (until durable), summary (until the sink confirmed).",
            LATENCY_BUCKETS,
            &["stage"],
        )?;
        let lag = make.levels(
            "backend_watermark_lag_seconds",
            "How far behind the present a queue has been read completely, history aside.",
            &["queue"],
        )?;
        let redelivered = make.counters(
            "backend_redeliveries_total",
            "Deliveries that the broker had delivered before.",
            &["queue"],
        )?;
        let depth =
            make.gauges("backend_queue_depth", "Messages that wait in the queue.", &["queue"])?;
        let metrics = Self {
            flow: Flow::default(),
            observations: DIRECTIONS.map(|direction| {
                OUTCOMES.map(|outcome| {
                    observations.with_label_values(&[direction.as_str(), outcome.as_str()])
                })
            }),
            matched: counter("backend_matched_events_total", "Sessions reported.")?,
            unmatched: counter("backend_unmatched_events_total", "Unmatched exits reported.")?,
            stays: make.histogram(
                "backend_stay_duration_seconds",
                "How long the reported stays were.",
                STAY_BUCKETS,
            )?,
            exceptions: make.counters(
                "backend_exceptions_total",
                "Exceptions reported, by kind.",
                &["kind"],
            )?,
            queueing: latency.with_label_values(&["queueing"]),
            processing: latency.with_label_values(&["processing"]),
            storage: latency.with_label_values(&["storage"]),
            summary: latency.with_label_values(&["summary"]),
            outbox_pending: gauge(
                "backend_outbox_pending",
                "Reports that are stored and that the sink has not confirmed.",
            )?,
            sessions_open: gauge("backend_sessions_open", "Plates inside.")?,
            watermark_lag: DIRECTIONS.map(|kind| lag.with_label_values(&[queue_of(kind)])),
            places_behind: gauge("backend_places_behind", "Places whose history is coming in.")?,
            clock_offset: make.level(
                "backend_clock_offset_seconds",
                "Median of received minus captured time of recent observations; negative where \
                 camera clocks are ahead.",
            )?,
            conflicts: counter(
                "backend_commit_conflicts_total",
                "Commits that found another version of the plate's record.",
            )?,
            redelivered: DIRECTIONS
                .map(|direction| redelivered.with_label_values(&[queue_of(direction)])),
            dead_letters: make.counters(
                "backend_dead_letters_total",
                "Messages sent to the dead letters, by reason.",
                &["reason"],
            )?,
            dead_letters_waiting: gauge(
                "backend_dead_letters_waiting",
                "Messages that could not be processed and wait for a person, in whatever broker.",
            )?,
            residents: gauge("backend_session_actors", "Actors of plates at this moment.")?,
            passivated: counter(
                "backend_sessions_passivated_total",
                "Actors of plates that ended for want of work.",
            )?,
            respawned: counter(
                "backend_sessions_respawned_total",
                "Actors of plates that had died and were made anew from the store.",
            )?,
            commit_batch: sizes("backend_commit_batch_size", "Changes per commit of the store.")?,
            post_batch: sizes("backend_post_batch_size", "Entries per post to the sink.")?,
            failures: make.counters(
                "backend_failures_total",
                "Failed attempts at what the actors depend on.",
                &["part"],
            )?,
            queue_depth: DIRECTIONS
                .map(|direction| depth.with_label_values(&[queue_of(direction)])),
            processors: gauge("backend_processors", "Processors alive that share the store.")?,
        };
        metrics.begin_at_zero();
        Ok(metrics)
    }

    /// A series that begins with its first event has no increase by it: an alert would miss it.
    fn begin_at_zero(&self) {
        for reason in Rejection::CODES {
            self.dead_letters.with_label_values(&[reason]);
        }
        for kind in ExceptionKind::ALL {
            self.exceptions.with_label_values(&[kind.as_str()]);
        }
        for part in ["store", "sink", "refused", ENTRY_QUEUE, EXIT_QUEUE] {
            self.failures.with_label_values(&[part]);
        }
    }

    /// An observation is stored.
    pub fn observed(&self, direction: Direction, outcome: ObservationOutcome) {
        if let Some(at) = OUTCOMES.iter().position(|known| *known == outcome) {
            self.observations[index(direction)][at].inc();
        }
    }

    /// How many observations turned out so, of both directions.
    pub fn times_observed(&self, outcome: ObservationOutcome) -> u64 {
        let at = OUTCOMES.iter().position(|known| *known == outcome);
        at.map_or(0, |at| self.observations.iter().map(|counters| counters[at].get()).sum())
    }

    /// How many observations of that direction are stored.
    pub fn observations(&self, direction: Direction) -> u64 {
        self.observations[index(direction)].iter().map(IntCounter::get).sum()
    }

    /// The gauge of that queue's watermark lag.
    pub fn watermark_lag(&self, direction: Direction) -> &Gauge {
        &self.watermark_lag[index(direction)]
    }

    /// The counter of that queue's redeliveries.
    pub fn redelivered(&self, direction: Direction) -> &IntCounter {
        &self.redelivered[index(direction)]
    }

    /// The gauge of that queue's depth.
    pub fn queue_depth(&self, direction: Direction) -> &IntGauge {
        &self.queue_depth[index(direction)]
    }
}

fn index(direction: Direction) -> usize {
    match direction {
        Direction::Entry => 0,
        Direction::Exit => 1,
    }
}
