//! The actor: batches, answers, bounds, and the end.

use actix::Addr;
use platform::runtime::Vitals;
use tokio::task::{JoinHandle, yield_now};
use tokio::time::timeout;

use super::*;
use crate::testing::{Bench, PATIENCE, TestDisk, exception_lines, lines};

use Saved::{Duplicate, Written};

struct Fixture {
    bench: Bench,
    writer: Addr<CsvWriter>,
    is_writable: Arc<AtomicBool>,
    vitals: Vitals,
}

type Answer = Result<Vec<Saved>, AppendError>;

impl Fixture {
    fn new() -> Self {
        Self::with_room_for(usize::MAX)
    }

    fn with_room_for(waiting_bytes_max: usize) -> Self {
        let bench = Bench::new();
        let is_writable = Arc::default();
        let settings = bench.settings();
        let journal = Journal::open(Arc::clone(&settings)).unwrap();
        let vitals = Vitals::default();
        let vital = vitals.of("writer");
        let writer_is = Arc::clone(&is_writable);
        let readers = Readers::new(journal.view(), settings.metrics.clone());
        let writer =
            CsvWriter::new(settings, journal, waiting_bytes_max, writer_is, readers, vital).start();
        Self { bench, writer, is_writable, vitals }
    }

    fn disk(&self) -> &TestDisk {
        &self.bench.disk
    }

    async fn append(&self, request: Lines) -> Answer {
        timeout(PATIENCE, self.writer.send(Append(request))).await.expect("an answer").unwrap()
    }

    /// Sends a request and returns when the actor has taken it.
    async fn append_later(&self, request: Lines) -> JoinHandle<Answer> {
        let answer = actix_rt::spawn(self.writer.send(Append(request)));
        yield_now().await;
        self.snapshot_bytes(Table::Summaries).await;
        actix_rt::spawn(async {
            timeout(PATIENCE, answer).await.expect("an answer").unwrap().unwrap()
        })
    }

    /// Begins a write that stays where it is until the disk is released.
    async fn append_and_hold(&self, request: Lines) -> JoinHandle<Answer> {
        self.disk().faults().syncs_wait = true;
        let answer = self.append_later(request).await;
        self.disk().sync_is_waiting().await;
        answer
    }

    async fn snapshot_bytes(&self, table: Table) -> u64 {
        self.writer.send(GetSnapshot(table)).await.unwrap().bytes
    }

    fn is_writable(&self) -> bool {
        self.is_writable.load(Ordering::Relaxed)
    }
}

impl Drop for Fixture {
    /// A test that failed shall end, not wait for a disk that waits for it.
    fn drop(&mut self) {
        self.bench.disk.release();
    }
}

#[actix_rt::test]
async fn a_lone_request_is_written_at_once() {
    let fixture = Fixture::new();
    let syncs_before = fixture.disk().faults().syncs;
    assert_eq!(fixture.append(lines(0..2)).await, Ok(vec![Written; 2]));
    assert_eq!(fixture.append(lines(1..3)).await, Ok(vec![Duplicate, Written]));
    assert_eq!(fixture.disk().faults().syncs, syncs_before + 2);
    assert_eq!(fixture.bench.ids("summaries.csv"), ["session-0", "session-1", "session-2"]);
}

#[actix_rt::test]
async fn what_gathers_during_a_write_is_one_batch() {
    let fixture = Fixture::new();
    let syncs_before = fixture.disk().faults().syncs;
    let first = fixture.append_and_hold(lines(0..1)).await;
    let mut others = Vec::new();
    for n in 0..20 {
        others.push(fixture.append_later(lines([n, n + 1])).await);
    }
    let exception = fixture.append_later(exception_lines(["o1"])).await;
    fixture.disk().release();

    assert_eq!(first.await.unwrap(), Ok(vec![Written]));
    for other in others {
        assert_eq!(other.await.unwrap(), Ok(vec![Duplicate, Written]));
    }
    assert_eq!(exception.await.unwrap(), Ok(vec![Written]));
    let syncs = fixture.disk().faults().syncs - syncs_before;
    assert_eq!(syncs, 2, "the first, and the rest of both files");
    assert_eq!(fixture.bench.ids("summaries.csv").len(), 21);
}

#[actix_rt::test]
async fn nobody_is_answered_and_nothing_shown_before_the_sync() {
    let fixture = Fixture::new();
    let bytes_before = fixture.snapshot_bytes(Table::Summaries).await;
    let answer = fixture.append_and_hold(lines(0..1)).await;
    let same_row = fixture.append_later(lines(0..1)).await;
    for _ in 0..100 {
        yield_now().await;
    }
    assert!(!answer.is_finished() && !same_row.is_finished());
    assert!(fixture.bench.feed().contains("session-0"), "written, and not durable");
    assert!(fixture.bench.ids("summaries.csv").is_empty(), "no file has what is not durable");
    assert_eq!(fixture.snapshot_bytes(Table::Summaries).await, bytes_before);

    fixture.disk().release();
    assert_eq!(answer.await.unwrap(), Ok(vec![Written]));
    assert_eq!(same_row.await.unwrap(), Ok(vec![Duplicate]));
    assert!(fixture.snapshot_bytes(Table::Summaries).await > bytes_before);
}

#[actix_rt::test]
async fn a_row_is_no_duplicate_of_one_that_did_not_become_durable() {
    let fixture = Fixture::new();
    let first = fixture.append_and_hold(lines(0..1)).await;
    let second = fixture.append_later(lines(0..1)).await;
    fixture.disk().faults().syncs_to_fail = 1;
    fixture.disk().release();

    assert!(matches!(first.await.unwrap(), Err(AppendError::Failed(_))));
    assert_eq!(second.await.unwrap(), Ok(vec![Written]));
    assert_eq!(fixture.bench.ids("summaries.csv"), ["session-0"]);
}

#[actix_rt::test]
async fn a_failed_write_is_an_error_for_all_who_waited_and_a_retry_writes_once() {
    let fixture = Fixture::new();
    let first = fixture.append_and_hold(lines(0..1)).await;
    let second = fixture.append_later(lines(1..2)).await;
    let third = fixture.append_later(lines(1..3)).await;
    fixture.disk().faults().room = Some(lines(1..2).bytes() + 10);
    fixture.disk().release();

    assert_eq!(first.await.unwrap(), Ok(vec![Written]));
    for answer in [second, third] {
        let error = answer.await.unwrap().unwrap_err();
        assert!(matches!(error, AppendError::Failed(failure) if failure.is_disk_full));
    }
    assert!(!fixture.is_writable());
    fixture.disk().faults().room = None;
    assert_eq!(fixture.append(lines(0..3)).await, Ok(vec![Duplicate, Written, Written]));
    assert!(fixture.is_writable());
    assert_eq!(fixture.bench.ids("summaries.csv").len(), 3);
}

#[actix_rt::test]
async fn what_waits_is_bounded() {
    let fixture = Fixture::with_room_for(lines(1..3).bytes());
    let held = fixture.append_and_hold(lines(0..1)).await;
    let second = fixture.append_later(lines(1..2)).await;
    let third = fixture.append_later(lines(2..3)).await;
    assert_eq!(fixture.append(lines(3..4)).await, Err(AppendError::Busy));
    fixture.disk().release();
    for answer in [held, second, third] {
        assert_eq!(answer.await.unwrap(), Ok(vec![Written]));
    }
    assert_eq!(fixture.append(lines(3..4)).await, Ok(vec![Written]));
}

#[actix_rt::test]
async fn a_request_larger_than_all_that_may_wait_is_taken_alone() {
    let fixture = Fixture::with_room_for(1);
    let held = fixture.append_and_hold(lines(0..1)).await;
    let large = fixture.append_later(lines(1..10)).await;
    assert_eq!(fixture.append(lines(10..11)).await, Err(AppendError::Busy));
    fixture.disk().release();
    assert_eq!(held.await.unwrap(), Ok(vec![Written]));
    assert_eq!(large.await.unwrap(), Ok(vec![Written; 9]));
}

#[actix_rt::test]
async fn stopping_finishes_what_waits_and_releases_the_directory() {
    let fixture = Fixture::new();
    let first = fixture.append_and_hold(lines(0..1)).await;
    let second = fixture.append_later(lines(1..2)).await;
    let stopped = actix_rt::spawn(fixture.writer.send(Stop));
    yield_now().await;
    assert_eq!(fixture.append(lines(2..3)).await, Err(AppendError::Stopping));
    assert!(!stopped.is_finished());

    fixture.disk().release();
    stopped.await.unwrap().unwrap();
    assert_eq!(first.await.unwrap(), Ok(vec![Written]));
    assert_eq!(second.await.unwrap(), Ok(vec![Written]));
    assert!(!fixture.is_writable());
    fixture.bench.open();
    assert_eq!(fixture.bench.ids("summaries.csv").len(), 2);
}

#[actix_rt::test]
async fn a_writer_at_rest_stops_at_once_and_takes_no_more() {
    let fixture = Fixture::new();
    fixture.writer.send(Stop).await.unwrap();
    fixture.bench.open();
    let refused = fixture.writer.send(Append(lines(0..1))).await;
    assert!(matches!(refused, Err(_) | Ok(Err(AppendError::Stopping))));
}

#[actix_rt::test]
async fn a_write_that_panics_is_an_error_and_the_next_one_begins_afresh() {
    let fixture = Fixture::new();
    fixture.append(lines(0..1)).await.unwrap();
    fixture.disk().faults().write_panics = true;
    assert!(matches!(fixture.append(lines(1..2)).await, Err(AppendError::Failed(_))));
    assert!(!fixture.is_writable());
    assert_eq!(fixture.append(lines(0..2)).await, Ok(vec![Duplicate, Written]));
    assert!(fixture.is_writable());
}

#[actix_rt::test]
async fn the_disk_is_probed_until_it_takes_rows_again() {
    tokio::time::pause();
    let fixture = Fixture::new();
    fixture.disk().faults().room = Some(0);
    assert!(fixture.append(lines(0..1)).await.is_err());
    tokio::time::sleep(PROBE_DELAY * 3).await;
    assert!(!fixture.is_writable());

    fixture.disk().faults().room = None;
    tokio::time::sleep(PROBE_DELAY * 3).await;
    assert!(fixture.is_writable());
    assert!(fixture.bench.ids("summaries.csv").is_empty());
}

/// Has the actor panic, as a bug would.
struct Panic;

impl Message for Panic {
    type Result = ();
}

impl Handler<Panic> for CsvWriter {
    type Result = ();

    fn handle(&mut self, Panic: Panic, _: &mut Self::Context) {
        panic!("as a bug would");
    }
}

#[actix_rt::test]
async fn that_the_writer_has_died_is_told() {
    let fixture = Fixture::new();
    assert!(fixture.writer.send(Panic).await.is_err());
    assert_eq!(timeout(PATIENCE, fixture.vitals.died()).await.unwrap(), "writer");
}

#[actix_rt::test]
async fn in_a_directory_that_is_gone_no_row_is_said_to_be_written() {
    let fixture = Fixture::new();
    fixture.append(lines(0..1)).await.unwrap();
    let data = fixture.bench.settings().data_dir.clone();
    let away = data.with_extension("away");
    std::fs::rename(&data, &away).unwrap();
    // What is there now is not what was opened.
    std::fs::create_dir(&data).unwrap();
    let Err(AppendError::Failed(failure)) = fixture.append(lines(1..2)).await else {
        panic!("a row was written into nowhere");
    };
    assert!(failure.reason.contains("gone"), "{}", failure.reason);
    assert_eq!(std::fs::read_dir(&data).unwrap().count(), 0, "nothing is begun there");

    std::fs::remove_dir(&data).unwrap();
    std::fs::rename(&away, &data).unwrap();
    assert_eq!(fixture.append(lines(0..2)).await, Ok(vec![Duplicate, Written]));
}
