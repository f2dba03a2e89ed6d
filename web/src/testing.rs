//! What the tests of this crate share: a clock and a disk that do as they are told, and rows.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::wire::{ExceptionMessage, Saved, SummaryMessage, format_time};
use domain::{ExceptionKind, ExceptionRow, Instant, Summary};
use prometheus::Registry;
use tempfile::TempDir;

use crate::csv_writer::{CHECKPOINT_EVERY, Journal, Settings, watch_of};
use crate::disk::{Disk, LogFile};
use crate::metrics::Metrics;
use crate::row::Lines;
use crate::start_error::StartError;

/// How long a test waits for what must happen at once.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// An instant from RFC 3339.
pub(crate) fn at(text: &str) -> Instant {
    domain::wire::parse_time(text).unwrap()
}

/// The summary of the `n`th stay, one of many that differ in all that matters.
pub(crate) fn summary_message(n: u32) -> SummaryMessage {
    let entry = at("2026-11-20T10:00:00Z") + chrono::TimeDelta::minutes(i64::from(n));
    SummaryMessage {
        vehicle_plate: format!("ABC{n:04}"),
        entry_date_time: format_time(entry),
        exit_date_time: format_time(entry + chrono::TimeDelta::minutes(90)),
        duration_seconds: None,
        session_id: Some(format!("session-{n}")),
        place: None,
        repaired: false,
        origin: None,
    }
}

/// The row of [`summary_message`]`(n)`.
pub(crate) fn summary(n: u32) -> Summary {
    Summary::try_from(&summary_message(n)).unwrap()
}

/// The lines of these stays.
pub(crate) fn lines(numbers: impl IntoIterator<Item = u32>) -> Lines {
    Lines::of(&numbers.into_iter().map(summary).collect::<Vec<_>>())
}

/// The lines of exceptions of these observations.
pub(crate) fn exception_lines<const N: usize>(observation_ids: [&str; N]) -> Lines {
    let row = |id: &str| {
        let message = ExceptionMessage {
            kind: ExceptionKind::UnmatchedExit,
            vehicle_plate: "ABC123".to_owned(),
            entry_date_time: None,
            exit_date_time: Some("2026-11-20T10:00:00Z".to_owned()),
            observation_id: Some(id.to_owned()),
            session_id: None,
            place: None,
            revision: 1,
            recorded_at: "2026-11-20T10:00:05Z".to_owned(),
            reason: "no entry was read".to_owned(),
        };
        ExceptionRow::try_from(&message).unwrap()
    };
    Lines::of(&observation_ids.map(row))
}

/// A data directory, and what a journal in it is kept by.
pub(crate) struct Bench {
    pub(crate) dir: TempDir,
    pub(crate) disk: TestDisk,
    pub(crate) now: Arc<Mutex<Instant>>,
    pub(crate) index_rows: usize,
    pub(crate) rotate_daily: bool,
    pub(crate) checkpoint_every: Duration,
    pub(crate) registry: Registry,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
            disk: TestDisk::default(),
            now: Arc::new(Mutex::new(at("2026-11-20T12:00:00Z"))),
            index_rows: 1000,
            rotate_daily: false,
            checkpoint_every: CHECKPOINT_EVERY,
            registry: Registry::new(),
        }
    }

    pub(crate) fn settings(&self) -> Arc<Settings> {
        let now = Arc::clone(&self.now);
        Arc::new(Settings {
            data_dir: self.dir.path().join("data"),
            index_rows: self.index_rows,
            rotate_daily: self.rotate_daily,
            feed_retention: chrono::TimeDelta::days(30),
            checkpoint_every: self.checkpoint_every,
            clock: Arc::new(move || *now.lock().unwrap()),
            disk: Arc::new(self.disk.clone()),
            watch: watch_of(&self.dir.path().join("data")),
            metrics: Metrics::register(&self.registry, self.dir.path())
                .unwrap_or_else(|_| Metrics::register(&Registry::new(), self.dir.path()).unwrap()),
        })
    }

    pub(crate) fn open(&self) -> Journal {
        self.try_open().unwrap_or_else(|e| panic!("{e}"))
    }

    pub(crate) fn try_open(&self) -> Result<Journal, StartError> {
        Journal::open(self.settings())
    }

    pub(crate) fn set_now(&self, text: &str) {
        *self.now.lock().unwrap() = at(text);
    }

    pub(crate) fn path(&self, name: &str) -> std::path::PathBuf {
        self.dir.path().join("data").join(name)
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    pub(crate) fn put(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::create_dir_all(self.path("")).unwrap();
        std::fs::write(self.path(name), content).unwrap();
    }

    /// All that the feed's files hold, whole or not.
    pub(crate) fn feed(&self) -> String {
        let files =
            std::fs::read_dir(self.path("feed")).unwrap().map(|entry| entry.unwrap().path());
        let mut logs: Vec<_> =
            files.filter(|path| path.extension().is_some_and(|ending| ending == "log")).collect();
        logs.sort();
        logs.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect()
    }

    /// The subjects of the events of the feed, in order.
    pub(crate) fn told_ids(&self) -> Vec<String> {
        let subject = |line: &str| {
            let event: serde_json::Value =
                serde_json::from_str(line.splitn(3, ' ').nth(2).unwrap()).unwrap();
            event["subject"].as_str().unwrap().to_owned()
        };
        self.feed().lines().map(subject).collect()
    }

    /// The session ids in a file, without the header.
    pub(crate) fn ids(&self, name: &str) -> Vec<String> {
        let mut reader = csv::Reader::from_path(self.path(name)).unwrap();
        reader.records().map(|row| row.unwrap()[4].to_owned()).collect()
    }
}

/// Opens the journal, writes one request and closes it well.
pub(crate) fn write_and_close(bench: &Bench, request: Lines) {
    let mut journal = bench.open();
    write(&mut journal, request);
    journal.close();
}

/// Writes one request and expects it to succeed.
pub(crate) fn write(journal: &mut Journal, request: Lines) -> Vec<Saved> {
    journal.write(&[request]).remove(0).unwrap_or_else(|e| panic!("{e}"))
}

/// The real disk, with faults to order. Clones are one disk.
#[derive(Clone, Default)]
pub(crate) struct TestDisk {
    faults: Arc<Mutex<Faults>>,
    gate: Arc<Condvar>,
}

/// What shall fail, and what has been done.
#[derive(Default)]
pub(crate) struct Faults {
    /// Bytes that still fit; `None` is a disk without end. A write takes what fits, then fails.
    pub(crate) room: Option<usize>,
    /// After so many syncs that succeed all fail; none do where nothing is said.
    pub(crate) syncs_to_succeed: Option<usize>,
    /// How many syncs fail from now on.
    pub(crate) syncs_to_fail: usize,
    /// Files cannot be shortened.
    pub(crate) cuts_fail: bool,
    /// The next write panics.
    pub(crate) write_panics: bool,
    /// Syncs wait until this is false again.
    pub(crate) syncs_wait: bool,
    /// Syncs that are waiting now.
    pub(crate) waiting: usize,
    /// Syncs that have succeeded.
    pub(crate) syncs: usize,
    /// Descriptors that were opened.
    pub(crate) opened: usize,
}

impl TestDisk {
    pub(crate) fn faults(&self) -> MutexGuard<'_, Faults> {
        // A test that fails with this in hand shall not take the others' words away.
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets the syncs go that [`Faults::syncs_wait`] held.
    pub(crate) fn release(&self) {
        self.faults().syncs_wait = false;
        self.gate.notify_all();
    }

    /// Returns once a sync is waiting.
    pub(crate) async fn sync_is_waiting(&self) {
        let began = std::time::Instant::now();
        while self.faults().waiting == 0 {
            assert!(began.elapsed() < PATIENCE, "nothing was synced");
            tokio::task::yield_now().await;
        }
    }
}

impl Disk for TestDisk {
    fn open(&self, path: &Path) -> io::Result<Box<dyn LogFile>> {
        self.faults().opened += 1;
        let file = File::options().append(true).create(true).open(path)?;
        Ok(Box::new(TestFile { file, disk: self.clone() }))
    }
}

struct TestFile {
    file: File,
    disk: TestDisk,
}

fn disk_full() -> io::Error {
    io::Error::from(io::ErrorKind::StorageFull)
}

impl Write for TestFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut faults = self.disk.faults();
        if std::mem::take(&mut faults.write_panics) {
            drop(faults);
            panic!("a bug, for the test");
        }
        let Some(room) = faults.room.as_mut() else {
            return self.file.write(bytes);
        };
        let fits = bytes.len().min(*room);
        if fits == 0 {
            return Err(disk_full());
        }
        *room -= fits;
        self.file.write(&bytes[..fits])
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl LogFile for TestFile {
    /// Does not reach for the platter: tests look at what was asked, and power does not fail.
    fn sync(&mut self) -> io::Result<()> {
        let mut faults = self.disk.faults();
        faults.waiting += 1;
        faults = self
            .disk
            .gate
            .wait_while(faults, |faults| faults.syncs_wait)
            .unwrap_or_else(PoisonError::into_inner);
        faults.waiting -= 1;
        if faults.syncs_to_fail > 0 {
            faults.syncs_to_fail -= 1;
            return Err(io::Error::other("the disk is gone"));
        }
        match &mut faults.syncs_to_succeed {
            Some(0) => return Err(io::Error::other("the disk is gone")),
            Some(left) => *left -= 1,
            None => {}
        }
        faults.syncs += 1;
        Ok(())
    }

    fn cut(&mut self, bytes: u64) -> io::Result<()> {
        if self.disk.faults().cuts_fail {
            return Err(io::Error::other("the disk is gone"));
        }
        self.file.set_len(bytes)
    }
}
