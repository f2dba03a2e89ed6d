//! Every metric of the service: names, and the events that move them. A plate is never a label.

use std::path::{Path, PathBuf};
use std::time::Duration;

use platform::runtime::Register;
use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{Histogram, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Registry};

use crate::fact::FactKind;
use crate::table::Table;

const ROWS: &str = "web_backend_rows_total";
const WRITE_FAILURES: &str = "web_backend_write_failures_total";
const BATCH_ROWS: &str = "web_backend_batch_rows";
const WRITE_SECONDS: &str = "web_backend_write_seconds";
const INDEX_ROWS: &str = "web_backend_index_rows";
const FILE_BYTES: &str = "web_backend_file_bytes";
const DISK_FREE_BYTES: &str = "web_backend_disk_free_bytes";
const FEED_POSITION: &str = "carpark_feed_position";
const FEED_FIRST_POSITION: &str = "carpark_feed_first_position";
const FEED_EVENTS: &str = "carpark_feed_events_total";
const FEED_BYTES: &str = "carpark_feed_bytes";
const FEED_READERS: &str = "carpark_feed_readers";

/// From a cached write to a disk that is about to give up.
const WRITE_SECONDS_BUCKETS: [f64; 16] = [
    0.0001, 0.000_25, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
    5.0, 10.0,
];
const BATCH_ROWS_BUCKETS: [f64; 14] =
    [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1e3, 2e3, 5e3, 1e4, 1e5];

/// What became of the rows of one batch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Rows that are in the file now.
    pub(crate) written: u64,
    /// Rows that were in it before.
    pub(crate) duplicate: u64,
}

/// Handles to the metrics, cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Metrics {
    rows: IntCounterVec,
    write_failures: IntCounter,
    batch_rows: Histogram,
    write_seconds: Histogram,
    index_rows: IntGaugeVec,
    file_bytes: IntGaugeVec,
    feed_position: IntGauge,
    feed_first_position: IntGauge,
    feed_events: IntCounterVec,
    feed_bytes: IntGauge,
    feed_readers: IntGauge,
}

impl Metrics {
    /// Registers all of them; an error where one is registered already.
    pub(crate) fn register(
        registry: &Registry,
        data_dir: &Path,
    ) -> Result<Self, prometheus::Error> {
        let make = Register(registry);
        let metrics = Self {
            rows: make.counters(
                ROWS,
                "Rows that were sent, by file and what became of them.",
                &["file", "status"],
            )?,
            write_failures: make.counter(
                WRITE_FAILURES,
                "Batches that could not be written; their senders were told.",
            )?,
            batch_rows: make.histogram(BATCH_ROWS, "Rows per batch.", &BATCH_ROWS_BUCKETS)?,
            write_seconds: make.histogram(
                WRITE_SECONDS,
                "Time to append a batch and sync it to disk.",
                &WRITE_SECONDS_BUCKETS,
            )?,
            index_rows: make.gauges(
                INDEX_ROWS,
                "Rows that would be recognised if they came again.",
                &["file"],
            )?,
            file_bytes: make.gauges(
                FILE_BYTES,
                "Size of the file that is written to.",
                &["file"],
            )?,
            feed_position: make
                .gauge(FEED_POSITION, "Position of the newest event of the feed.")?,
            feed_first_position: make
                .gauge(FEED_FIRST_POSITION, "First position of the feed that can be read.")?,
            feed_events: make.counters(
                FEED_EVENTS,
                "Events that were told by the feed since the start, by their type.",
                &["type"],
            )?,
            feed_bytes: make.gauge(FEED_BYTES, "Size of the feed on the disk.")?,
            feed_readers: make
                .gauge(FEED_READERS, "Readers of the feed that are served or wait for news.")?,
        };
        registry.register(Box::new(DiskFree::of(data_dir)?))?;
        for table in Table::ALL {
            for status in ["written", "duplicate", "failed"] {
                // A series that exists at 0 can be alerted on.
                metrics.rows.with_label_values(&[table.name(), status]);
            }
        }
        for kind in FactKind::ALL {
            metrics.feed_events.with_label_values(&[kind.as_str()]);
        }
        Ok(metrics)
    }

    /// A batch is durable, or held duplicates alone.
    pub(crate) fn batch_saved(&self, table: Table, tally: Tally, took: Duration) {
        let count =
            |status, rows| self.rows.with_label_values(&[table.name(), status]).inc_by(rows);
        count("written", tally.written);
        count("duplicate", tally.duplicate);
        self.batch_rows.observe((tally.written + tally.duplicate) as f64);
        if tally.written > 0 {
            self.write_seconds.observe(took.as_secs_f64());
        }
    }

    /// A batch could not be written.
    pub(crate) fn batch_failed(&self, table: Table, rows: u64) {
        self.rows.with_label_values(&[table.name(), "failed"]).inc_by(rows);
        self.write_failures.inc();
    }

    /// The feed has told one more.
    pub(crate) fn told(&self, kind: FactKind) {
        self.feed_events.with_label_values(&[kind.as_str()]).inc();
    }

    /// What the feed holds now.
    pub(crate) fn feed_is(&self, first: u64, last: u64, bytes: u64) {
        self.feed_first_position.set(gauge(first));
        self.feed_position.set(gauge(last));
        self.feed_bytes.set(gauge(bytes));
    }

    /// A reader is there, until the answer is dropped.
    pub(crate) fn reader(&self) -> Reader {
        self.feed_readers.inc();
        Reader(self.feed_readers.clone())
    }

    /// How large a file and its index are now.
    pub(crate) fn file_is(&self, table: Table, bytes: u64, index_rows: usize) {
        self.file_bytes.with_label_values(&[table.name()]).set(gauge(bytes));
        self.index_rows.with_label_values(&[table.name()]).set(gauge(index_rows as u64));
    }
}

fn gauge(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// See [`Metrics::reader`].
pub(crate) struct Reader(IntGauge);

impl Drop for Reader {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// Room on the disk, looked up when somebody asks: others fill a disk as well, while no row comes.
struct DiskFree {
    data_dir: PathBuf,
    gauge: IntGauge,
}

impl DiskFree {
    fn of(data_dir: &Path) -> Result<Self, prometheus::Error> {
        let help = "Room on the disk of the data directory for a user without privileges.";
        Ok(Self { data_dir: data_dir.to_owned(), gauge: IntGauge::new(DISK_FREE_BYTES, help)? })
    }
}

impl Collector for DiskFree {
    fn desc(&self) -> Vec<&Desc> {
        self.gauge.desc()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        if let Ok(disk) = rustix::fs::statvfs(&self.data_dir) {
            let bytes = disk.f_bavail.saturating_mul(disk.f_frsize);
            self.gauge.set(i64::try_from(bytes).unwrap_or(i64::MAX));
        }
        self.gauge.collect()
    }
}
