//! What every store has to do, as checks that panic where one does not: run against the embedded
//! store here, against real Redis in the `tests` crate. Each check uses plates and processors of
//! its own, so that they can share a store.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta};
use domain::record::LastReport;
use domain::watermark::agreed;
use domain::{
    Behind, Command, Decision, Direction, Instant, Observation, ObservationId, PlaceName, Plate,
    Policy, Reading, Record, Watermarks, decide,
};

use super::{Beat, Change, Committed, OutboxEntry, ProcessorId, Scope, Store};
use crate::flow::{Passed, minute_of};

mod waiting;

/// Event time zero of the checks: long ago, so that nothing depends on the present.
fn epoch() -> Instant {
    DateTime::from_timestamp(1_700_000_000, 0).expect("a valid time")
}

fn at(seconds: i64) -> Instant {
    epoch() + TimeDelta::seconds(seconds)
}

fn plate(text: &str) -> Plate {
    Plate::parse(text).expect("a valid plate")
}

fn owner(name: &str) -> ProcessorId {
    ProcessorId(name.into())
}

fn place(name: &str) -> PlaceName {
    PlaceName::parse(name).expect("a valid name")
}

fn observed(plate: &Plate, direction: Direction, id: &str, when: Instant) -> Observation {
    Observation {
        id: ObservationId::parse(id).expect("a valid id"),
        plate: plate.clone(),
        plate_as_read: None,
        direction,
        at: when,
        place: PlaceName::default(),
        lane: None,
        camera: None,
        confidence: None,
        method: domain::Method::Camera,
    }
}

/// The change that one more read of `plate` makes to `before`, and the record after it.
fn read(
    plate: &Plate,
    before: &Record,
    direction: Direction,
    id: &str,
    when: Instant,
) -> (Change, Record) {
    let observation = observed(plate, direction, id, when);
    let watermarks = Watermarks::default();
    step(plate, before, Command::Observe { observation, watermarks, is_past: false, now: when })
}

fn step(plate: &Plate, before: &Record, command: Command) -> (Change, Record) {
    let policy = Policy::default();
    match decide(plate, before, command, &policy) {
        Decision::Changed { mut record, effects } => {
            let owner = ProcessorId("p1".into());
            let change = Change::new(plate.clone(), before, &mut record, &effects, &policy, &owner);
            (change, record)
        }
        Decision::Unchanged => panic!("the step was to change the record"),
    }
}

async fn commit(store: &dyn Store, owner: &ProcessorId, changes: Vec<Change>) -> Vec<Committed> {
    store.commit(owner, changes.into()).await.expect("the store answers")
}

async fn standing(store: &dyn Store, plate: &Plate) -> Record {
    let mut records = store.load(std::slice::from_ref(plate)).await.expect("the store answers");
    records.remove(0).expect("a readable record")
}

/// The report as what comes after it names it.
fn told(entry: &OutboxEntry) -> LastReport {
    LastReport::new("p1", &entry.key)
}

async fn whole_outbox(store: &dyn Store, owner: &ProcessorId, page: usize) -> Vec<OutboxEntry> {
    let mut all = Vec::new();
    let mut cursor = None;
    loop {
        let (entries, next) = store.outbox(owner, cursor, page).await.expect("the store answers");
        all.extend(entries);
        cursor = next;
        if cursor.is_none() {
            all.sort_by(|a, b| a.key.cmp(&b.key));
            all.dedup();
            return all;
        }
    }
}

/// Leaves the outbox empty for the next check: an embedded store has one for all.
async fn clear_all(store: &dyn Store, owner: &ProcessorId) {
    let keys: Vec<String> =
        whole_outbox(store, owner, 100).await.into_iter().map(|entry| entry.key).collect();
    store.clear(owner, &keys).await.expect("cleared");
}

fn beat_of(processor: &ProcessorId, reading: Reading) -> Beat {
    let watermarks = agreed([reading.clone()]).0;
    Beat { processor: processor.clone(), reading, watermarks }
}

/// Runs every check. `is_shared`: whether several processors can use the store at a time.
pub async fn check(store: Arc<dyn Store>, is_shared: bool) {
    // First, while nobody else has been heard of.
    a_lone_processor_counts_alone(&*store).await;
    what_passed_is_counted_by_the_minute(&*store).await;
    if is_shared {
        waiting::what_is_in_hand_holds_back_and_ignorance_does_not(&*store).await;
        waiting::places_behind_are_those_of_all_that_are_alive(&*store).await;
        a_gone_processor_leaves_its_outbox(&*store).await;
        a_processor_is_known_from_its_first_commit(&*store).await;
    }
    a_commit_can_be_read_back(&*store).await;
    a_commit_on_another_version_is_refused_with_what_stands(&*store).await;
    a_repeated_commit_is_recognised(&*store).await;
    a_batch_answers_each_change_for_itself(&*store).await;
    open_plates_are_counted(&*store).await;
    a_plate_is_due_when_its_watermark_has_come(&*store).await;
    waiting::what_waits_for_a_places_past_is_due_when_that_has_come(&*store).await;
    an_outbox_is_read_in_pages_and_cleared(&*store).await;
    plates_are_listed_in_pages(&*store).await;
    what_is_held_of_a_plate_is_shown_and_erased(&*store).await;
    of_many_writers_at_once_one_wins_each_version(store.clone()).await;
}

async fn plates_are_listed_in_pages(store: &dyn Store) {
    let me = owner("lister");
    let plates: Vec<Plate> = (0..25).map(|n| plate(&format!("LISTED{n:02}"))).collect();
    let mut changes = Vec::new();
    for (n, plate) in plates.iter().enumerate() {
        let (entry, record) = read(plate, &Record::default(), Direction::Entry, "listed-e", at(0));
        changes.push(entry);
        if n % 2 == 0 {
            changes.push(read(plate, &record, Direction::Exit, "listed-x", at(60)).0);
        }
    }
    assert!(commit(store, &me, changes).await.iter().all(|c| *c == Committed::Stored));
    for (scope, is_there) in [(Scope::All, [true, true]), (Scope::Open, [false, true])] {
        let mut listed = BTreeSet::new();
        let mut cursor = None;
        loop {
            let (page, next) = store.plates(scope, cursor, 4).await.expect("listed");
            listed.extend(page);
            cursor = next;
            if cursor.is_none() {
                break;
            }
        }
        for (n, plate) in plates.iter().enumerate() {
            assert_eq!(listed.contains(plate), is_there[n % 2], "{scope:?} {n}");
        }
    }
    for plate in &plates {
        assert!(store.erase(plate).await.expect("erased"));
    }
    clear_all(store, &me).await;
}

async fn what_is_held_of_a_plate_is_shown_and_erased(store: &dyn Store) {
    let (me, plate, other) = (owner("holder"), plate("HELD1"), plate("HELD2"));
    let marks = Watermarks { entries: Some(at(1_000_000)), exits: Some(at(1_000_000)) };
    assert_eq!(store.load(&[]).await.expect("of nothing, nothing").len(), 0);
    let before = store.counts().await.expect("counted");
    for plate in [&plate, &other] {
        // A stay, and an entry that is open: a report, a place in every index.
        let (entry, record) = read(plate, &Record::default(), Direction::Entry, "held-e", at(0));
        let (exit, record) = read(plate, &record, Direction::Exit, "held-x", at(60));
        let (again, record) = read(plate, &record, Direction::Entry, "held-e2", at(600));
        let (lone, _) = read(plate, &record, Direction::Exit, "held-x0", at(-60));
        let all = commit(store, &me, vec![entry, exit, again, lone]).await;
        assert_eq!(all, vec![Committed::Stored; 4]);
    }
    // Hears of itself, as a processor that holds an outbox does.
    store.beat(&beat_of(&me, Reading::default())).await.expect("a sign of life");
    let held = store.held(&plate).await.expect("shown");
    let record = Record::from_json(held.record.expect("a record").as_bytes()).expect("readable");
    assert_eq!(record, standing(store, &plate).await);
    assert_eq!(held.reports.len(), 3);
    assert!(held.reports.iter().all(|report| report.body.contains("HELD1")));

    assert!(store.erase(&plate).await.expect("erased"));
    assert!(!store.erase(&plate).await.expect("erased"), "there is nothing left");
    assert_eq!(standing(store, &plate).await, Record::default());
    assert_eq!(store.held(&plate).await.expect("shown").record, None);
    let due = store.due(&marks, &Behind::default(), 1_000).await.expect("answered");
    assert!(due.contains(&other) && !due.contains(&plate), "{due:?}");
    assert_eq!(store.counts().await.expect("counted").open, before.open + 1);
    // Who still has a copy of the record learns that there is none.
    let (late, _) = read(&plate, &record, Direction::Exit, "held-late", at(700));
    let answer = commit(store, &me, vec![late]).await;
    assert_eq!(answer, [Committed::Conflict(Record::default())]);

    assert!(store.erase(&other).await.expect("erased"));
    assert_eq!(store.counts().await.expect("counted"), before);
    clear_all(store, &me).await;
}

async fn a_commit_can_be_read_back(store: &dyn Store) {
    let (me, plate) = (owner("reader"), plate("京A12345"));
    assert_eq!(standing(store, &plate).await, Record::default(), "an unknown plate");
    let (change, record) = read(&plate, &Record::default(), Direction::Entry, "back-e", at(0));
    assert_eq!(commit(store, &me, vec![change]).await, [Committed::Stored]);
    assert_eq!(standing(store, &plate).await, record);
    let (change, record) = read(&plate, &record, Direction::Exit, "back-x", at(60));
    assert_eq!(commit(store, &me, vec![change.clone()]).await, [Committed::Stored]);
    assert_eq!(standing(store, &plate).await, record);
    clear_all(store, &me).await;
}

async fn a_commit_on_another_version_is_refused_with_what_stands(store: &dyn Store) {
    let (me, plate) = (owner("refused"), plate("REFUSED1"));
    let (change, stands) = read(&plate, &Record::default(), Direction::Entry, "ref-e", at(0));
    let reported = change.outbox.clone();
    commit(store, &me, vec![change]).await;
    // Who thinks that nothing stands there.
    let (blind, _) = read(&plate, &Record::default(), Direction::Exit, "ref-x", at(60));
    assert_eq!(commit(store, &me, vec![blind]).await, [Committed::Conflict(stands.clone())]);
    assert_eq!(standing(store, &plate).await, stands);
    assert_eq!(whole_outbox(store, &me, 10).await, reported, "a refused commit reports nothing");
    clear_all(store, &me).await;
    // Who thinks that something stands where nothing does.
    let nowhere = self::plate("REFUSED2");
    let (ahead, _) = read(&nowhere, &stands, Direction::Exit, "ref-y", at(60));
    assert_eq!(
        commit(store, &me, vec![ahead]).await,
        [Committed::Conflict(Record::default())],
        "an expired record is an empty one"
    );
}

async fn a_repeated_commit_is_recognised(store: &dyn Store) {
    let (me, plate) = (owner("again"), plate("AGAIN1"));
    let (entry, record) = read(&plate, &Record::default(), Direction::Entry, "again-e", at(0));
    let (exit, record) = read(&plate, &record, Direction::Exit, "again-x", at(60));
    for _ in 0..2 {
        assert_eq!(commit(store, &me, vec![entry.clone()]).await, [Committed::Stored]);
    }
    for _ in 0..3 {
        assert_eq!(commit(store, &me, vec![exit.clone()]).await, [Committed::Stored]);
    }
    assert_eq!(standing(store, &plate).await, record);
    let mut reported = [entry.outbox.clone(), exit.outbox.clone()].concat();
    reported.sort_by(|a, b| a.key.cmp(&b.key));
    assert_eq!(whole_outbox(store, &me, 10).await, reported);
    assert_eq!(exit.outbox[0].after, Some(told(&entry.outbox[0])), "the one after the other");
    // Long after: another version stands, and what was cleared must not come back.
    clear_all(store, &me).await;
    assert_eq!(commit(store, &me, vec![exit]).await, [Committed::Stored]);
    assert_eq!(whole_outbox(store, &me, 10).await, [], "a recognised commit reports nothing anew");
}

async fn a_batch_answers_each_change_for_itself(store: &dyn Store) {
    let me = owner("batch");
    let plates: Vec<Plate> = (0..300).map(|n| plate(&format!("BATCH{n}"))).collect();
    let changes: Vec<Change> = plates
        .iter()
        .map(|plate| read(plate, &Record::default(), Direction::Entry, plate.as_str(), at(0)).0)
        .collect();
    let answers = commit(store, &me, changes).await;
    assert_eq!(answers, vec![Committed::Stored; 300]);

    let stands = standing(store, &plates[1]).await;
    let (good, after) = read(&plates[1], &stands, Direction::Exit, "batch-x1", at(60));
    let (bad, _) = read(&plates[2], &Record::default(), Direction::Exit, "batch-x2", at(60));
    let (twice, _) = read(&plates[1], &stands, Direction::Exit, "batch-x3", at(90));
    let answers = commit(store, &me, vec![bad, good, twice]).await;
    assert!(matches!(answers[0], Committed::Conflict(_)), "{answers:?}");
    assert_eq!(answers[1], Committed::Stored);
    assert_eq!(answers[2], Committed::Conflict(after), "the later sees the earlier");
    clear_all(store, &me).await;
}

async fn open_plates_are_counted(store: &dyn Store) {
    let (me, plate) = (owner("count"), plate("COUNT1"));
    let before = store.counts().await.expect("counts").open;
    let (entry, record) = read(&plate, &Record::default(), Direction::Entry, "count-e", at(0));
    commit(store, &me, vec![entry]).await;
    assert_eq!(store.counts().await.expect("counts").open, before + 1);
    let asked = [self::plate("COUNT2"), plate.clone(), self::plate("COUNT3")];
    assert_eq!(store.open_among(&asked).await.expect("told"), [false, true, false]);
    assert_eq!(store.open_among(&[]).await.expect("told"), [false; 0]);
    let (exit, _) = read(&plate, &record, Direction::Exit, "count-x", at(60));
    commit(store, &me, vec![exit]).await;
    assert_eq!(store.counts().await.expect("counts").open, before);
    assert_eq!(store.open_among(&asked).await.expect("told"), [false; 3]);
    clear_all(store, &me).await;
}

async fn a_plate_is_due_when_its_watermark_has_come(store: &dyn Store) {
    let me = owner("due");
    let lateness = Policy::default().lateness;
    // Earlier than all other checks, so that a limit of one finds it.
    let (plate, when) = (plate("DUE1"), at(-1_000_000));
    let (change, record) = read(&plate, &Record::default(), Direction::Exit, "due-x", when);
    commit(store, &me, vec![change]).await;

    let entries = |to: Instant| Watermarks { entries: Some(to), exits: None };
    let due = |watermarks: Watermarks| async move {
        store.due(&watermarks, &Behind::default(), 1).await.expect("the store answers")
    };
    let just_before = when + lateness - TimeDelta::milliseconds(1);
    assert_eq!(due(entries(just_before)).await, []);
    assert_eq!(due(entries(when + lateness)).await, std::slice::from_ref(&plate));
    assert_eq!(due(Watermarks { entries: None, exits: Some(at(0)) }).await, [], "the other stream");

    let settle = Command::Settle {
        watermarks: entries(when + lateness),
        behind: domain::Behind::default(),
        now: at(0),
    };
    let (settled, record) = step(&plate, &record, settle);
    commit(store, &me, vec![settled]).await;
    clear_all(store, &me).await;
    assert_eq!(due(entries(when + lateness)).await, [], "what is settled is not due");

    // A long stay waits for the exits.
    let (entry, _) = read(&plate, &record, Direction::Entry, "due-e", when + TimeDelta::hours(1));
    commit(store, &me, vec![entry]).await;
    let long = when + TimeDelta::hours(1) + Policy::default().max_stay + lateness;
    assert_eq!(due(Watermarks { entries: None, exits: Some(long) }).await, [plate]);
    clear_all(store, &me).await;
}

async fn an_outbox_is_read_in_pages_and_cleared(store: &dyn Store) {
    let me = owner("pages");
    let mut expected = BTreeSet::new();
    let mut changes = Vec::new();
    for n in 0..250 {
        let plate = plate(&format!("PAGE{n}"));
        let (entry, record) =
            read(&plate, &Record::default(), Direction::Entry, &format!("page-e{n}"), at(0));
        let (exit, _) = read(&plate, &record, Direction::Exit, &format!("page-x{n}"), at(60));
        expected
            .extend([&entry.outbox[..], &exit.outbox[..]].concat().into_iter().map(|one| one.key));
        changes.extend([entry, exit]);
    }
    commit(store, &me, changes).await;
    let found = whole_outbox(store, &me, 100).await;
    assert_eq!(found.iter().map(|entry| entry.key.clone()).collect::<BTreeSet<_>>(), expected);

    let (done, left): (Vec<_>, Vec<_>) =
        expected.into_iter().enumerate().partition(|(n, _)| n % 2 == 0);
    let mut keys: Vec<String> = done.into_iter().map(|(_, key)| key).collect();
    keys.push("never-heard-of".to_owned());
    store.clear(&me, &keys).await.expect("cleared");
    let found = whole_outbox(store, &me, 7).await;
    let left: BTreeSet<String> = left.into_iter().map(|(_, key)| key).collect();
    assert_eq!(found.into_iter().map(|entry| entry.key).collect::<BTreeSet<_>>(), left);
    store.clear(&me, &left.into_iter().collect::<Vec<_>>()).await.expect("cleared");
    assert_eq!(whole_outbox(store, &me, 100).await, []);
}

async fn of_many_writers_at_once_one_wins_each_version(store: Arc<dyn Store>) {
    const WRITERS: usize = 16;
    const EACH: usize = 5;
    let plate = plate("CROWD1");
    let mut tasks = tokio::task::JoinSet::new();
    for writer in 0..WRITERS {
        let (store, plate) = (store.clone(), plate.clone());
        tasks.spawn(async move {
            let me = owner("crowd");
            let mut record = Record::default();
            for n in 0..EACH {
                loop {
                    let id = format!("crowd-{writer}-{n}");
                    let when = at(i64::try_from(writer * 1000 + n * 100).unwrap_or(0));
                    let (change, next) = read(&plate, &record, Direction::Entry, &id, when);
                    match commit(&*store, &me, vec![change]).await.remove(0) {
                        Committed::Stored => {
                            record = next;
                            break;
                        }
                        Committed::Conflict(standing) => record = standing,
                        Committed::Refused(reason) => panic!("{reason}"),
                    }
                }
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.expect("a writer ends well");
    }
    let record = standing(&*store, &plate).await;
    assert_eq!(record.version, (WRITERS * EACH) as u64);
    assert_eq!(record.observations().len(), WRITERS * EACH, "no update is lost");
}

async fn a_lone_processor_counts_alone(store: &dyn Store) {
    let me = owner("alone");
    let watermarks = Watermarks { entries: Some(at(5)), exits: None };
    let reading = Reading { read: watermarks, ..Reading::default() };
    let peers = store.beat(&beat_of(&me, reading)).await.expect("a beat");
    assert_eq!(peers.watermarks, watermarks);
    assert_eq!((peers.alive, peers.rank), (1, 0));
    store.leave(&me).await.expect("goodbye");
}

async fn a_gone_processor_leaves_its_outbox(store: &dyn Store) {
    let (gone, heir, plate) = (owner("gone"), owner("heir"), plate("GONE1"));
    let (entry, record) = read(&plate, &Record::default(), Direction::Entry, "gone-e", at(0));
    let (exit, _) = read(&plate, &record, Direction::Exit, "gone-x", at(60));
    let (opened, closed) = (entry.outbox[0].clone(), exit.outbox[0].clone());
    let mut left = vec![opened.clone(), closed.clone()];
    left.sort_by(|a, b| a.key.cmp(&b.key));
    commit(store, &gone, vec![entry, exit]).await;
    let silence = Reading::default();
    store.beat(&beat_of(&gone, silence.clone())).await.expect("a beat");
    let beat = beat_of(&heir, silence);
    assert_eq!(store.beat(&beat).await.expect("a beat").gone, [], "it is alive");
    store.leave(&gone).await.expect("goodbye");
    let found = store.beat(&beat).await.expect("a beat").gone;
    assert_eq!(found, std::slice::from_ref(&gone));
    assert_eq!(whole_outbox(store, &gone, 10).await, left);
    assert_eq!(whole_outbox(store, &heir, 10).await, [], "each has an outbox of its own");
    let reports = [&opened, &closed].map(|entry| LastReport::new(&gone.0, &entry.key));
    assert_eq!(store.are_waiting(&reports).await.expect("told"), [true, true]);
    store.clear(&gone, &[opened.key]).await.expect("cleared");
    assert_eq!(store.are_waiting(&reports).await.expect("told"), [false, true]);
    store.clear(&gone, &[closed.key]).await.expect("cleared");
    assert_eq!(store.beat(&beat).await.expect("a beat").gone, [], "nothing is left of it");
    store.leave(&heir).await.expect("goodbye");
}

async fn a_processor_is_known_from_its_first_commit(store: &dyn Store) {
    let (mayfly, heir) = (owner("mayfly"), owner("mayflyheir"));
    let (change, _) =
        read(&plate("MAYFLY1"), &Record::default(), Direction::Entry, "mayfly-e", at(0));
    commit(store, &mayfly, vec![change]).await;
    let read = Watermarks { entries: Some(at(0)), exits: Some(at(0)) };
    let reading = Reading { read, ..Reading::default() };
    let peers = store.beat(&beat_of(&heir, reading)).await.expect("a beat");
    assert_eq!(peers.alive, 2, "it has given no sign of life but a commit");
    assert_eq!(peers.watermarks, Watermarks::default(), "nobody knows how far it has read");
    store.leave(&mayfly).await.expect("goodbye");
    store.leave(&heir).await.expect("goodbye");
}

async fn what_passed_is_counted_by_the_minute(store: &dyn Store) {
    // Far ahead, so that no clock finds it old.
    let minute = minute_of(epoch()) + 10_000_000;
    let passed = |minute, entries, exits| Passed { minute, entries, exits };
    store.count_passed(&[passed(minute, 2, 1), passed(minute + 61, 0, 3)]).await.expect("counted");
    store.count_passed(&[passed(minute, 1, 0)]).await.expect("counted");
    let all = store.passed(minute).await.expect("read");
    assert_eq!(all, [passed(minute, 3, 1), passed(minute + 61, 0, 3)]);
    let later = store.passed(minute + 1).await.expect("read");
    assert_eq!(later, [passed(minute + 61, 0, 3)]);
}
