//! What lone reads wait for: how far the processors have read, and what waits for a place's past.

use super::{
    Behind, Change, Command, Committed, Direction, Observation, Plate, Policy, Reading, Record,
    Store, Watermarks, at, beat_of, clear_all, commit, observed, owner, place, plate, read, step,
};

/// What waits for the past of a place is due when the place is not behind, however much there is at
/// places that are.
pub(super) async fn what_waits_for_a_places_past_is_due_when_that_has_come(store: &dyn Store) {
    const AT_ONE: usize = 40;
    let (me, now) = (owner("past"), at(100_000));
    let before = store.counts().await.expect("counted");
    let marks = Watermarks { entries: Some(now + Policy::default().lateness), exits: None };
    let due = async |behind: &[&str], limit| {
        let behind: Behind = behind.iter().map(|name| place(name)).collect();
        let mut due = store.due(&marks, &behind, limit).await.expect("the store answers");
        due.retain(|plate| plate.as_str().starts_with("PAST"));
        due.sort();
        due
    };
    let mut records = Vec::new();
    for (name, count) in [("past one", AT_ONE), ("past two", 2)] {
        for n in 0..count {
            let plate = plate(&format!("{}{n}", name.to_uppercase()));
            let observation = observed(&plate, Direction::Exit, "past-x", at(0));
            let observation = Observation { place: place(name), ..observation };
            let watermarks = Watermarks::default();
            let command = Command::Observe { observation, watermarks, is_past: true, now };
            let (change, record) = step(&plate, &Record::default(), command);
            assert_eq!(commit(store, &me, vec![change]).await, [Committed::Stored]);
            records.push((plate, record));
        }
    }
    let waiting = store.counts().await.expect("counted").waiting - before.waiting;
    assert_eq!(waiting, records.len() as u64);
    let (one, two) = records.split_at(AT_ONE);
    let plates = |records: &[(Plate, Record)]| {
        let mut plates: Vec<Plate> = records.iter().map(|(plate, _)| plate.clone()).collect();
        plates.sort();
        plates
    };
    assert_eq!(due(&["past one", "past two"], 1_000).await, []);
    assert_eq!(due(&["past one"], 2).await, plates(two), "what waits on does not stand before it");
    assert_eq!(due(&["past two"], 1_000).await, plates(one));
    assert_eq!(due(&[], 1_000).await, plates(&records));
    assert_eq!(due(&[], 7).await.len(), 7);
    let everywhere = store.due(&marks, &Behind::everywhere(), 1_000).await.expect("answered");
    assert!(!everywhere.iter().any(|plate| plate.as_str().starts_with("PAST")), "{everywhere:?}");
    let early = Watermarks { entries: Some(now), exits: Some(at(1_000_000)) };
    let early = store.due(&early, &Behind::default(), 1_000).await.expect("answered");
    assert!(!early.iter().any(|plate| plate.as_str().starts_with("PAST")), "{early:?}");

    // One is settled, one has its entry after all, one is written anew as it has to be, the others
    // are erased: nothing of any of them is left.
    let (plate, record) = &records[0];
    let settle = Command::Settle { watermarks: marks, behind: Behind::default(), now };
    commit(store, &me, vec![step(plate, record, settle).0]).await;
    let (plate, record) = &records[1];
    commit(store, &me, vec![read(plate, record, Direction::Entry, "past-e", at(-60)).0]).await;
    assert_eq!(due(&[], 1_000).await, plates(&records[2..]));
    let (plate, record) = &records[2];
    let policy = Policy::default();
    commit(store, &me, vec![Change::reindexing(plate.clone(), record, &policy, &me)]).await;
    assert_eq!(due(&[], 1_000).await, plates(&records[2..]));
    for (plate, _) in &records {
        assert!(store.erase(plate).await.expect("erased"));
    }
    assert_eq!(due(&[], 1_000).await, []);
    // A record that went without the store's knowing: what stands of it is put right.
    let (plate, record) = &records[3];
    let (change, _) = step(plate, &Record::default(), {
        let observation = observed(plate, Direction::Exit, "past-x", at(0));
        let watermarks = Watermarks::default();
        Command::Observe { observation, watermarks, is_past: true, now }
    });
    assert_eq!(record.version, change.version);
    commit(store, &me, vec![change]).await;
    let gone = Change {
        past: Some(Vec::new()),
        ..Change::reindexing(plate.clone(), record, &policy, &me)
    };
    commit(store, &me, vec![gone]).await;
    assert_eq!(due(&[], 1_000).await, []);
    assert!(store.erase(plate).await.expect("erased"));
    assert_eq!(store.counts().await.expect("counted"), before);
    clear_all(store, &me).await;
}

pub(super) async fn what_is_in_hand_holds_back_and_ignorance_does_not(store: &dyn Store) {
    let marks = |entries: Option<i64>, exits: Option<i64>| Watermarks {
        entries: entries.map(at),
        exits: exits.map(at),
    };
    let beat = async |name: &str, read: Watermarks, holds: Watermarks| {
        let reading = Reading { read, holds, behind: Behind::default() };
        store.beat(&beat_of(&owner(name), reading)).await.expect("a beat")
    };
    let nothing = marks(None, None);
    beat("slow1", marks(Some(10), Some(30)), marks(Some(10), None)).await;
    let both = beat("slow2", marks(Some(20), Some(25)), marks(Some(21), None)).await;
    let agreed = marks(Some(10), Some(30));
    assert_eq!((both.watermarks, both.alive, both.rank), (agreed, 2, 1));
    let ignorant = beat("slow3", nothing, nothing).await;
    assert_eq!((ignorant.watermarks, ignorant.alive), (agreed, 3));
    let holding = beat("slow3", nothing, marks(None, Some(5))).await;
    assert_eq!(holding.watermarks, marks(Some(10), Some(5)));
    store.leave(&owner("slow3")).await.expect("goodbye");
    store.leave(&owner("slow1")).await.expect("goodbye");
    let alone = beat("slow2", marks(Some(22), Some(26)), marks(Some(21), None)).await;
    assert_eq!(alone.watermarks, marks(Some(21), Some(26)));
    assert_eq!((alone.alive, alone.rank), (1, 0));
    store.leave(&owner("slow2")).await.expect("goodbye");
}

pub(super) async fn places_behind_are_those_of_all_that_are_alive(store: &dyn Store) {
    let beat = async |name: &str, behind: &[&str]| {
        let behind: Behind = behind.iter().map(|name| place(name)).collect();
        let reading = Reading { behind, ..Reading::default() };
        let answer = store.beat(&beat_of(&owner(name), reading)).await.expect("a beat");
        answer.behind.places().expect("by name").map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(beat("behind1", &["P 1", "Köln"]).await, ["Köln", "P 1"]);
    assert_eq!(beat("behind2", &["P 2", "P 1"]).await, ["Köln", "P 1", "P 2"]);
    assert_eq!(beat("behind1", &[]).await, ["P 1", "P 2"]);
    store.leave(&owner("behind2")).await.expect("goodbye");
    assert_eq!(beat("behind1", &[]).await, [""; 0]);
    store.leave(&owner("behind1")).await.expect("goodbye");
}
