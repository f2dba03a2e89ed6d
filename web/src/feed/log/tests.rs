//! The log: what is durable stands once and in order, whatever fails between.

use std::path::Path;

use domain::Plate;
use proptest::prelude::*;
use serde_json::json;
use std::sync::atomic::{AtomicI64, Ordering};

use super::super::segment::list;
use super::*;
use crate::disk::RealDisk;
use crate::fact::{About, FactKind};
use crate::testing::{Faults, TestDisk, at};
use Saved::{Duplicate, Written};

/// A directory, a disk with faults to order, a clock.
struct Fixture {
    dir: tempfile::TempDir,
    disk: TestDisk,
    /// Seconds behind the beginning.
    seconds: Arc<AtomicI64>,
    file_bytes: u64,
}

impl Fixture {
    fn new() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
            disk: TestDisk::default(),
            seconds: Arc::default(),
            file_bytes: 1 << 20,
        }
    }

    fn with_files_of(file_bytes: u64) -> Self {
        Self { file_bytes, ..Self::new() }
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("data/feed")
    }

    fn open(&self) -> Log {
        let seconds = Arc::clone(&self.seconds);
        fs::create_dir_all(self.path()).unwrap();
        Log::open(LogSettings {
            dir: self.path(),
            file_bytes: self.file_bytes,
            index_events: 1_000,
            retention: TimeDelta::days(30),
            clock: Arc::new(move || {
                at("2026-11-20T12:00:00Z") + TimeDelta::seconds(seconds.load(Ordering::Relaxed))
            }),
            disk: Arc::new(self.disk.clone()),
            metrics: metrics(self.dir.path()),
        })
        .unwrap_or_else(|e| panic!("{e}"))
    }

    fn pass(&self, time: TimeDelta) {
        self.seconds.fetch_add(time.num_seconds(), Ordering::Relaxed);
    }

    /// Names and lengths of the files, in order.
    fn files(&self) -> Vec<(PathBuf, u64)> {
        let files = list(&self.path()).unwrap().into_iter();
        files.map(|(_, path)| (path.clone(), fs::metadata(path).unwrap().len())).collect()
    }
}

fn fact(n: usize) -> Fact {
    fact_of(n, &format!("ABC{n:03}"))
}

fn fact_of(n: usize, plate: &str) -> Fact {
    fact_by(n, plate, &format!("session-{n}"))
}

fn fact_by(n: usize, plate: &str, key: &str) -> Fact {
    let about = About {
        kind: if n.is_multiple_of(2) { FactKind::SessionOpened } else { FactKind::SessionClosed },
        key,
        at: at("2026-11-20T10:00:00Z"),
        place: if n.is_multiple_of(3) { "north" } else { "south" },
        subject: &format!("session-{n}"),
    };
    Fact::new(&about, &json!({"vehicle_plate": plate, "n": n}))
}

fn metrics(dir: &Path) -> Metrics {
    Metrics::register(&prometheus::Registry::new(), dir).unwrap()
}

fn facts(numbers: impl IntoIterator<Item = usize>) -> Vec<Fact> {
    numbers.into_iter().map(fact).collect()
}

/// Positions and numbers of all that can be read behind `after`, `limit` at a time.
fn read_from(view: &View, mut after: u64, limit: usize, filter: &Filter) -> Vec<(u64, u64)> {
    let mut read = Vec::new();
    loop {
        let page = view.read(after, limit, filter).unwrap();
        for told in &page.events {
            let event: serde_json::Value = serde_json::from_str(&told.event).unwrap();
            assert_eq!(event["position"], told.position);
            let n = event["data"]["n"].as_u64().unwrap();
            read.push((event["position"].as_u64().unwrap(), n));
        }
        if page.next == after {
            return read;
        }
        after = page.next;
    }
}

fn all(view: &View) -> Vec<(u64, u64)> {
    let first = view.shared.lock().first();
    read_from(view, first - 1, 7, &Filter::default())
}

fn numbered(numbers: impl IntoIterator<Item = u64>) -> Vec<(u64, u64)> {
    (1..).zip(numbers).collect()
}

#[test]
fn what_is_told_stands_once_and_in_order_and_costs_one_sync() {
    let fixture = Fixture::new();
    let mut log = fixture.open();
    let syncs = fixture.disk.faults().syncs;
    assert_eq!(log.append(&facts([0, 1, 0])), Ok(vec![Written, Written, Duplicate]));
    assert_eq!(log.append(&facts([1, 2])), Ok(vec![Duplicate, Written]));
    assert_eq!(fixture.disk.faults().syncs, syncs + 2);
    assert_eq!(log.append(&facts([2])), Ok(vec![Duplicate]));
    assert_eq!(fixture.disk.faults().syncs, syncs + 2, "nothing new, nothing to sync");
    assert_eq!(all(&log.view()), numbered([0, 1, 2]));
    drop(log);

    let mut log = fixture.open();
    assert_eq!(log.append(&facts([2, 3, 0])), Ok(vec![Duplicate, Written, Duplicate]));
    assert_eq!(all(&log.view()), numbered([0, 1, 2, 3]));
}

#[test]
fn an_event_is_one_of_cloud_events_and_its_id_shows_no_plate() {
    let fixture = Fixture::new();
    let mut log = fixture.open();
    let told = fact_by(1, "ABC123", "unmatched_exit:7:ABC123:x1");
    log.append(&[told]).unwrap();
    let page = log.view().read(0, 10, &Filter::default()).unwrap();
    let event: serde_json::Value = serde_json::from_str(&page.events[0].event).unwrap();
    for (name, value) in [
        ("specversion", json!("1.0")),
        ("type", json!("session.closed")),
        ("source", json!("/carpark")),
        ("time", json!("2026-11-20T10:00:00Z")),
        ("recordedat", json!("2026-11-20T12:00:00Z")),
        ("subject", json!("session-1")),
        ("datacontenttype", json!("application/json")),
        ("position", json!(1)),
        ("place", json!("south")),
        ("data", json!({"vehicle_plate": "ABC123", "n": 1})),
    ] {
        assert_eq!(event[name], value, "{name}");
    }
    assert_eq!(page.events[0].event.matches("ABC123").count(), 1);
    assert!(uuid::Uuid::parse_str(event["id"].as_str().unwrap()).is_ok());
}

#[test]
fn wherever_a_crash_cuts_whole_events_stand_and_the_rest_comes_again() {
    let fixture = Fixture::new();
    let mut log = fixture.open();
    log.append(&facts(0..2)).unwrap();
    let durable = fixture.files()[0].1;
    log.append(&facts(2..4)).unwrap();
    drop(log);
    let (path, length) = fixture.files().remove(0);
    let whole = fs::read(&path).unwrap();
    let third = durable
        + whole[usize::try_from(durable).unwrap()..].iter().position(|b| *b == b'\n').unwrap()
            as u64;
    for cut in durable..=length {
        // As a disk leaves it that was asked to grow, and got no further.
        for filling in [None, Some(0)] {
            let mut torn = whole[..usize::try_from(cut).unwrap()].to_vec();
            if let Some(filling) = filling {
                torn.resize(whole.len() + 10, filling);
            }
            fs::write(&path, &torn).unwrap();
            let mut log = fixture.open();
            let stands = 2 + u64::from(cut > third) + u64::from(cut == length);
            assert_eq!(all(&log.view()), numbered(0..stands), "cut at {cut}");
            log.append(&facts(0..5)).unwrap();
            assert_eq!(all(&log.view()), numbered(0..5), "cut at {cut}");
        }
    }
}

type Fault = fn(&mut Faults);

#[test]
fn an_append_that_fails_leaves_nothing_to_read() {
    let fixture = Fixture::new();
    let mut log = fixture.open();
    log.append(&facts([0])).unwrap();
    let faults: [Fault; 4] = [
        |faults| faults.syncs_to_fail = 1,
        |faults| faults.syncs_to_fail = 2,
        |faults| faults.room = Some(20),
        |faults| (faults.cuts_fail, faults.syncs_to_fail) = (true, 1),
    ];
    for fault in faults {
        fault(&mut fixture.disk.faults());
        assert!(log.append(&facts([1, 2])).is_err());
        assert_eq!(all(&log.view()), numbered([0]));
        *fixture.disk.faults() = Faults::default();
    }
    assert_eq!(log.append(&facts([1, 0])), Ok(vec![Written, Duplicate]));
    assert_eq!(all(&log.view()), numbered([0, 1]));
    drop(log);
    assert_eq!(all(&fixture.open().view()), numbered([0, 1]));
}

#[test]
fn files_are_closed_at_a_size_and_read_through() {
    let fixture = Fixture::with_files_of(2_000);
    let mut log = fixture.open();
    for n in 0..50 {
        log.append(&facts([n])).unwrap();
    }
    assert!(fixture.files().len() > 5, "{:?}", fixture.files());
    assert_eq!(all(&log.view()), numbered(0..50));
    drop(log);
    let log = fixture.open();
    assert_eq!(all(&log.view()), numbered(0..50));
    for after in 0..=50 {
        let read = read_from(&log.view(), after, 3, &Filter::default());
        assert_eq!(read, numbered(0..50)[usize::try_from(after).unwrap()..], "after {after}");
    }
}

#[test]
fn a_reader_filters_by_type_and_place_and_keeps_its_position() {
    let fixture = Fixture::with_files_of(2_000);
    let mut log = fixture.open();
    log.append(&facts(0..40)).unwrap();
    let filter =
        Filter { types: vec!["session.closed".to_owned()], places: vec!["north".to_owned()] };
    let read = read_from(&log.view(), 0, 2, &filter);
    assert_eq!(read, [(4, 3), (10, 9), (16, 15), (22, 21), (28, 27), (34, 33), (40, 39)]);
    let none = Filter { types: vec!["payment.failed".to_owned()], ..Filter::default() };
    let page = log.view().read(0, 10, &none).unwrap();
    assert_eq!((page.events.len(), page.next, page.has_more), (0, 40, false));
}

#[test]
fn what_is_past_its_retention_is_gone_and_no_position_is_given_twice() {
    let fixture = Fixture::new();
    let mut log = fixture.open();
    log.append(&facts(0..3)).unwrap();
    fixture.pass(TimeDelta::days(1));
    log.append(&facts(3..5)).unwrap();
    fixture.pass(TimeDelta::days(31));
    assert_eq!(all(&log.view()).len(), 5, "not before something comes, or at a start");
    log.append(&facts(5..6)).unwrap();
    assert_eq!(all(&log.view()), [(6, 5)]);
    for (asked, is_there) in [(0, false), (4, false), (5, true), (6, true), (7, false)] {
        match log.view().read(asked, 1, &Filter::default()) {
            Ok(_) => assert!(is_there, "{asked}"),
            Err(Gone::Position { before_first: 5, last: 6, .. }) => assert!(!is_there, "{asked}"),
            Err(other) => panic!("{other}"),
        }
    }
    fixture.pass(TimeDelta::days(60));
    log.append(&facts([6])).unwrap();
    fixture.pass(TimeDelta::days(60));
    log.append(&facts([7])).unwrap();
    drop(log);
    fixture.pass(TimeDelta::days(60));
    let mut log = fixture.open();
    log.append(&facts([8])).unwrap();
    assert_eq!(all(&log.view()), [(9, 8)]);
}

#[test]
fn a_damaged_event_is_passed_over_and_the_others_stand() {
    let fixture = Fixture::with_files_of(2_000);
    let mut log = fixture.open();
    for n in 0..20 {
        log.append(&facts([n])).unwrap();
    }
    drop(log);
    for (path, _) in [fixture.files().remove(0), fixture.files().pop().unwrap()] {
        let mut bytes = fs::read(&path).unwrap();
        let at = bytes.iter().position(|byte| *byte == b'{').unwrap() + 20;
        bytes[at] ^= 1;
        fs::write(&path, bytes).unwrap();
    }
    let read = all(&fixture.open().view());
    assert_eq!(read.len(), 18);
    assert!(read.iter().all(|(position, n)| *position == n + 1), "{read:?}");
    assert!(!read.contains(&(1, 0)));
}

#[test]
fn an_erased_plate_is_nowhere_and_its_events_keep_their_places() {
    let fixture = Fixture::with_files_of(2_000);
    let mut log = fixture.open();
    for n in 0..30 {
        let plate = if n % 4 == 0 { "GONE1" } else { "STAYS1" };
        log.append(&[fact_of(n, plate)]).unwrap();
    }
    let early_reader = log.view();
    let plate = Plate::parse("GONE1").unwrap();
    assert_eq!(log.erase(&plate), Ok(8));
    assert_eq!(log.erase(&plate), Ok(0));
    for view in [early_reader, log.view()] {
        assert_eq!(all(&view), numbered(0..30));
    }
    let content = |fixture: &Fixture| {
        let files = fixture.files().into_iter();
        files.map(|(path, _)| fs::read_to_string(path).unwrap()).collect::<String>()
    };
    assert!(!content(&fixture).contains("GONE1"));
    assert_eq!(content(&fixture).matches("STAYS1").count(), 22);
    drop(log);
    let mut log = fixture.open();
    assert_eq!(log.append(&[fact_of(4, "GONE1")]), Ok(vec![Duplicate]), "it is known by its id");
    assert_eq!(log.append(&facts([30])), Ok(vec![Written]));
    assert_eq!(all(&log.view()), numbered(0..31));
}

#[actix_rt::test]
async fn a_reader_is_woken_by_news_and_sees_only_what_is_durable() {
    let fixture = Fixture::new();
    let mut log = fixture.open();
    let mut view = log.view();
    let waiting = actix_rt::spawn(async move {
        view.news(0).await.unwrap();
        all(&view)
    });
    log.append(&facts(0..3)).unwrap();
    assert_eq!(waiting.await.unwrap(), numbered(0..3));
}

#[test]
fn readers_beside_the_writer_read_each_event_once_and_in_order() {
    let fixture = Fixture::with_files_of(10_000);
    let mut log = fixture.open();
    std::thread::scope(|scope| {
        for _ in 0..3 {
            let view = log.view();
            scope.spawn(move || {
                let (mut after, mut read) = (0, Vec::new());
                while read.len() < 600 {
                    let page = view.read(after, 11, &Filter::default()).unwrap();
                    read.extend(page.events.iter().map(|told| told.position));
                    after = page.next;
                }
                assert_eq!(read, (1..=600).collect::<Vec<_>>());
            });
        }
        for n in 0..300 {
            log.append(&facts([2 * n, 2 * n + 1])).unwrap();
        }
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// Appends that fail or succeed, starts and closed files in any order: what was answered as told
    /// stands once, in the order of the answers, and nothing else.
    #[test]
    fn whatever_happens_between_what_was_answered_is_what_stands(
        steps in prop::collection::vec((0_usize..40, 1_usize..6, 0_u8..10), 1..40)
    ) {
        let fixture = Fixture::with_files_of(1_500);
        let mut log = fixture.open();
        let mut told: Vec<u64> = Vec::new();
        for (first, count, event) in steps {
            match event {
                0 => { drop(log); log = fixture.open(); }
                1 => fixture.disk.faults().syncs_to_fail = 1,
                _ => {}
            }
            let answer = log.append(&facts(first..first + count));
            *fixture.disk.faults() = Faults::default();
            if let Ok(saved) = answer {
                for (n, saved) in (first as u64..).zip(saved) {
                    prop_assert_eq!(saved == Duplicate, told.contains(&n));
                    if saved == Written { told.push(n); }
                }
            }
            prop_assert_eq!(all(&log.view()), numbered(told.iter().copied()));
        }
    }
}

#[test]
fn the_real_disk_takes_it() {
    let dir = tempfile::tempdir().unwrap();
    let settings = || LogSettings {
        dir: dir.path().join("feed"),
        file_bytes: 5_000,
        index_events: 100,
        retention: TimeDelta::days(30),
        clock: Arc::new(|| at("2026-11-20T12:00:00Z")),
        disk: Arc::new(RealDisk),
        metrics: metrics(dir.path()),
    };
    for n in 0..40 {
        let mut log = Log::open(settings()).unwrap();
        log.append(&facts([n])).unwrap();
    }
    assert_eq!(all(&Log::open(settings()).unwrap().view()), numbered(0..40));
}
