use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::DateTime;
use domain::Reading;

use super::*;
use crate::store::change::IndexChange;
use crate::store::contract;

fn open(dir: &Path, clock: SharedClock) -> EmbeddedStore {
    EmbeddedStore::open(&dir.join("store.redb"), TimeDelta::days(30), clock).unwrap()
}

fn fixed_clock(millis: &Arc<AtomicI64>) -> SharedClock {
    let millis = Arc::clone(millis);
    Arc::new(move || DateTime::from_timestamp_millis(millis.load(Ordering::Relaxed)).unwrap())
}

#[actix::test]
async fn the_embedded_store_keeps_the_contract() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), fixed_clock(&Arc::new(AtomicI64::new(0))));
    contract::check(Arc::new(store), false).await;
}

#[actix::test]
async fn what_is_committed_is_there_after_the_store_is_opened_again() {
    let dir = tempfile::tempdir().unwrap();
    let clock = fixed_clock(&Arc::new(AtomicI64::new(0)));
    let owner = ProcessorId("embedded".into());
    let change = closed_stay("AB1");
    {
        let store = open(dir.path(), Arc::clone(&clock));
        store.commit(&owner, Arc::new([change.clone()])).await.unwrap();
    }
    let store = open(dir.path(), clock);
    let (entries, _) = store.outbox(&owner, None, 10).await.unwrap();
    assert_eq!(entries, change.outbox);
    let record = store.load(&[change.plate]).await.unwrap().remove(0).unwrap();
    assert_eq!(record.version, change.version);
}

#[actix::test]
async fn a_closed_plate_is_forgotten_after_the_retention_and_an_open_one_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let now = Arc::new(AtomicI64::new(0));
    let store = open(dir.path(), fixed_clock(&now));
    let owner = ProcessorId("embedded".into());
    let mut open_stay = closed_stay("OPEN1");
    open_stay.may_expire = false;
    let batch = [closed_stay("CLOSED1"), open_stay];
    store.commit(&owner, Arc::new(batch.clone())).await.unwrap();
    let versions = async || {
        let plates = batch.clone().map(|change| change.plate);
        let records = store.load(&plates).await.unwrap();
        records.into_iter().map(|record| record.unwrap().version).collect::<Vec<_>>()
    };
    let beat = Beat {
        processor: owner.clone(),
        reading: Reading::default(),
        watermarks: Watermarks::default(),
    };
    now.store(TimeDelta::days(30).num_milliseconds(), Ordering::Relaxed);
    store.beat(&beat).await.unwrap();
    assert_eq!(versions().await, [1, 1]);
    now.store(TimeDelta::days(30).num_milliseconds() + 1, Ordering::Relaxed);
    store.beat(&beat).await.unwrap();
    assert_eq!(versions().await, [0, 1]);
}

#[test]
fn a_second_process_is_told_that_the_file_is_in_use() {
    let dir = tempfile::tempdir().unwrap();
    let clock = fixed_clock(&Arc::new(AtomicI64::new(0)));
    let _first = open(dir.path(), Arc::clone(&clock));
    let path = dir.path().join("store.redb");
    let second = EmbeddedStore::open(&path, TimeDelta::days(30), clock).err().unwrap();
    assert!(second.to_string().contains("store.redb"), "{second}");
}

/// A change that needs nothing before it; its record is as good as any.
fn closed_stay(plate: &str) -> Change {
    Change {
        plate: Plate::parse(plate).unwrap(),
        expected: 0,
        version: 1,
        record: r#"{"f":1,"v":1,"n":0,"o":[]}"#.to_owned(),
        shown_entry: crate::store::ShownChange::Keep,
        shown_exit: crate::store::ShownChange::Keep,
        is_open: false,
        was_open: false,
        due_on_entries: IndexChange::Keep,
        due_on_exits: IndexChange::Keep,
        past: None,
        may_expire: true,
        could_expire: false,
        outbox: vec![OutboxEntry {
            key: plate.to_owned(),
            kind: crate::store::OutboxKind::Summary,
            plate: Plate::parse(plate).unwrap(),
            order: (1, 0),
            after: None,
            body: format!(r#"{{"vehicle_plate":"{plate}"}}"#),
        }],
    }
}

#[actix::test]
async fn an_open_stay_under_an_earlier_spelling_comes_under_todays() {
    use domain::{Command, Direction, Observation, ObservationId, PlaceName, Policy, decide};

    let dir = tempfile::tempdir().unwrap();
    let clock = fixed_clock(&Arc::new(AtomicI64::new(1_800_000_000_000)));
    let owner = ProcessorId("embedded".into());
    let store = open(dir.path(), Arc::clone(&clock));
    let (plate, policy) = (Plate::parse("KB4417HC").unwrap(), Policy::default());
    let observation = Observation {
        id: ObservationId::parse("e1").unwrap(),
        plate: plate.clone(),
        plate_as_read: None,
        direction: Direction::Entry,
        at: clock.now(),
        place: PlaceName::default(),
        lane: None,
        camera: None,
        confidence: None,
        method: domain::Method::Camera,
    };
    let command = Command::Observe {
        observation,
        watermarks: Watermarks::default(),
        is_past: false,
        now: clock.now(),
    };
    let domain::Decision::Changed { mut record, effects } =
        decide(&plate, &Record::default(), command, &policy)
    else {
        panic!("a new read changes the record")
    };
    let change =
        Change::new(plate.clone(), &Record::default(), &mut record, &effects, &policy, &owner);
    store.commit(&owner, Arc::new([change])).await.unwrap();
    // As the earlier version left it: the same row, under the Cyrillic letters that were read.
    let former = "КВ4417НС";
    let key = plate.clone();
    let file = store.file();
    let earlier = file.write(move |database| {
        let write = database.begin_write().unwrap();
        {
            let mut records = write.open_table(RECORDS).unwrap();
            let (version, expires, entries, exits, json) = {
                let row = records.remove(key.as_str()).unwrap().unwrap();
                let (version, expires, entries, exits, json) = row.value();
                (version, expires, entries, exits, json.to_vec())
            };
            records.insert(former, (version, expires, entries, exits, json.as_slice())).unwrap();
            let mut open = write.open_table(OPEN).unwrap();
            open.remove(key.as_str()).unwrap();
            open.insert(former, ()).unwrap();
            let mut due = write.open_table(DUE_EXITS).unwrap();
            due.remove((exits.unwrap(), key.as_str())).unwrap();
            due.insert((exits.unwrap(), former), ()).unwrap();
        }
        write.commit().unwrap();
        Ok(())
    });
    earlier.await.unwrap();
    assert_eq!(
        store.load(std::slice::from_ref(&plate)).await.unwrap()[0].as_ref().unwrap().version,
        0
    );

    let respell = async || crate::store::respell(&store, &owner, &policy, &clock).await.unwrap();
    assert_eq!(respell().await, 1);
    let moved = store.load(std::slice::from_ref(&plate)).await.unwrap().remove(0).unwrap();
    assert!(moved.open_entry().is_some());
    assert_eq!(store.open_among(&[plate]).await.unwrap(), [true]);
    assert_eq!(store.counts().await.unwrap(), Counts { open: 1, waiting: 1 });
    assert_eq!(store.kept_under(former).await.unwrap(), None);
    assert_eq!(respell().await, 0, "and it is noted that it was done");
    store.note_spelling(0, clock.now()).await.unwrap();
    assert_eq!(respell().await, 0, "nor is there anything left to do");
}
