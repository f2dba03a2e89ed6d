//! What is counted, under which names: `vehicle_entry_*` and `vehicle_exit_*`. A plate is never a
//! label.

use std::time::Duration;

use domain::Direction;
use platform::runtime::Register;
use prometheus::{Histogram, IntCounter, IntCounterVec, IntGauge, Registry};
use serde::Serialize;

/// From 100 µs, a broker next door, to 10 s, the time-out of a confirmation.
const PUBLISH_SECONDS_BUCKETS: [f64; 14] =
    [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 2.5, 10.0];

/// Whose passage it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// An entry: a vehicle that was not there before.
    New,
    /// An exit of a vehicle whose entry was published.
    Matched,
    /// An exit of a vehicle that nobody saw enter.
    MadeUp,
}

/// Which message of a passage it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Read {
    /// The one that every passage has.
    First,
    /// The same message again.
    Duplicate,
    /// The same passage, read again.
    Again,
}

/// How sending it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The broker has it.
    Confirmed,
    /// This attempt failed; another follows.
    Failed,
    /// A stop came before the confirmation.
    GivenUp,
}

const READS: &[Read] = &[Read::First, Read::Duplicate, Read::Again];

impl Origin {
    fn label(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Matched => "matched",
            Self::MadeUp => "made_up",
        }
    }
}

impl Read {
    fn label(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Duplicate => "duplicate",
            Self::Again => "re_read",
        }
    }
}

impl Outcome {
    fn label(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Failed => "failed",
            Self::GivenUp => "given_up",
        }
    }
}

/// What is measured of one generator.
pub(crate) struct Meters {
    /// The origins that its passages have.
    origins: &'static [Origin],
    /// Messages by outcome, origin and read.
    published: IntCounterVec,
    /// From the hand-over of a message to its confirmation, of each attempt that had one.
    publish_seconds: Histogram,
    /// Vehicles in the store, looked up once per second.
    pub(crate) inside: IntGauge,
    /// Passages under way.
    pub(crate) in_flight: IntGauge,
    /// Turns that were left out because too many passages were under way.
    pub(crate) skipped: IntCounter,
    /// Passages whose plate was read wrong on purpose.
    pub(crate) misread: IntCounter,
    /// Passages whose message was held back on purpose.
    pub(crate) late: IntCounter,
    /// Vehicles that went back into the store because a stop came first.
    pub(crate) put_back: IntCounter,
}

/// What a generator has done so far, for the admin page and the line of progress.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Counts {
    /// Passages confirmed: entries, or matched and made up exits.
    pub confirmed: u64,
    /// Of these, exits whose entry was published.
    pub matched: u64,
    /// Of these, exits that nobody saw enter.
    pub made_up: u64,
    /// Messages confirmed once more with the same id.
    pub duplicates: u64,
    /// Second reads of a passage confirmed.
    pub re_reads: u64,
    /// Passages held back on purpose.
    pub late: u64,
    /// Passages read wrong on purpose.
    pub misread: u64,
    /// Attempts to publish that failed and were or will be repeated.
    pub failed: u64,
    /// Messages that a stop left unconfirmed.
    pub given_up: u64,
    /// Vehicles put back by a stop.
    pub put_back: u64,
    /// Turns left out because the broker was too slow.
    pub skipped: u64,
    /// Passages under way.
    pub in_flight: i64,
    /// Vehicles inside, looked up once per second.
    pub inside: i64,
}

impl Meters {
    /// Those of the generator of this kind, registered.
    pub(crate) fn register(kind: Direction, registry: &Registry) -> prometheus::Result<Self> {
        let (prefix, origins): (_, &[Origin]) = match kind {
            Direction::Entry => ("vehicle_entry", &[Origin::New]),
            Direction::Exit => ("vehicle_exit", &[Origin::Matched, Origin::MadeUp]),
        };
        let make = Register(registry);
        let counter = |name, help| make.counter(&format!("{prefix}_{name}"), help);
        let gauge = |name, help| make.gauge(&format!("{prefix}_{name}"), help);
        Ok(Self {
            origins,
            published: make.counters(
                &format!("{prefix}_published_total"),
                "Messages published by simulated cameras",
                &["outcome", "origin", "read"],
            )?,
            publish_seconds: make.histogram(
                &format!("{prefix}_publish_seconds"),
                "From hand-over to confirmation",
                &PUBLISH_SECONDS_BUCKETS,
            )?,
            inside: gauge("inside", "Simulated vehicles inside")?,
            in_flight: gauge("in_flight", "Passages under way")?,
            skipped: counter(
                "turns_skipped_total",
                "Turns left out because too many passages were under way",
            )?,
            misread: counter("misread_total", "Plates read wrong on purpose")?,
            late: counter("late_total", "Messages held back on purpose")?,
            put_back: counter("put_back_total", "Vehicles put back by a stop")?,
        })
    }

    /// One attempt, or one giving up.
    pub(crate) fn ended(&self, outcome: Outcome, origin: Origin, read: Read) {
        self.counter(outcome, origin, read).inc();
    }

    /// How long a confirmation took.
    pub(crate) fn took(&self, duration: Duration) {
        self.publish_seconds.observe(duration.as_secs_f64());
    }

    fn counter(&self, outcome: Outcome, origin: Origin, read: Read) -> IntCounter {
        self.published.with_label_values(&[outcome.label(), origin.label(), read.label()])
    }

    /// Messages that ended in `outcome`, of one origin or of any, of these reads.
    fn sum(&self, outcome: Outcome, of_origin: Option<Origin>, reads: &[Read]) -> u64 {
        let origins =
            self.origins.iter().filter(|origin| of_origin.is_none_or(|of| of == **origin));
        let of_each = |origin: &Origin| -> u64 {
            reads.iter().map(|read| self.counter(outcome, *origin, *read).get()).sum()
        };
        origins.map(of_each).sum()
    }

    /// The same numbers for people.
    pub(crate) fn counts(&self) -> Counts {
        let confirmed = |origin, read| self.sum(Outcome::Confirmed, origin, &[read]);
        Counts {
            confirmed: confirmed(None, Read::First),
            matched: confirmed(Some(Origin::Matched), Read::First),
            made_up: confirmed(Some(Origin::MadeUp), Read::First),
            duplicates: confirmed(None, Read::Duplicate),
            re_reads: confirmed(None, Read::Again),
            late: self.late.get(),
            misread: self.misread.get(),
            failed: self.sum(Outcome::Failed, None, READS),
            given_up: self.sum(Outcome::GivenUp, None, READS),
            put_back: self.put_back.get(),
            skipped: self.skipped.get(),
            in_flight: self.in_flight.get(),
            inside: self.inside.get(),
        }
    }
}
