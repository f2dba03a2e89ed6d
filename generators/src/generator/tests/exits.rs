use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use domain::{Direction, Plate};
use platform::settings::Value as _;

use crate::inside_store::{Inside, PlateText};
use crate::rig::{BOTH, ENTRIES, EXITS, Rig, faults, options};
use crate::{Dwell, Faults, InsideStore as _, Options, PlaceNames};

/// Of the exits of a run, the share that was matched, by what was published.
fn matched_share(rig: &Rig) -> f64 {
    let entered = rig.plates(Direction::Entry);
    let exits = rig.confirmed(Direction::Exit);
    let matched = exits.iter().filter(|exit| entered.contains(&exit.plate)).count();
    matched as f64 / exits.len() as f64
}

#[actix::test]
async fn of_many_exits_the_share_that_was_asked_for_is_matched() {
    tokio::time::pause();
    for share in [0.0, 0.2, 0.8, 1.0] {
        let rig =
            Rig::start_again(Options { rate: 20.0, matched_share: share, ..options() }, BOTH).await;
        rig.pass(100).await;
        let exits = rig.exits();
        assert!(exits.confirmed > 1000, "{} exits at {share}", exits.confirmed);
        let published = matched_share(&rig);
        assert!((published - share).abs() < 0.025, "{published} instead of {share}");
        let counted = exits.matched as f64 / exits.confirmed as f64;
        assert!((counted - published).abs() < f64::EPSILON, "{counted} counted");
    }
}

#[actix::test]
async fn the_share_comes_out_where_exits_wait_for_vehicles_and_where_vehicles_wait_for_exits() {
    // Three vehicles per second, and many more turns for exits than vehicles to leave.
    let rare = Options { rate: 3.0, ..options() };
    let rig = Rig::start(rare, ENTRIES).await;
    let eager = Options { rate: 500.0, seed: Some(8), ..options() };
    let exits =
        Rig::beside(eager, EXITS, rig.clock.clone(), rig.broker.clone(), rig.store.clone()).await;
    exits.pass(500).await;
    assert!(rig.inside().await < 60, "vehicles leave when their time has come");
    assert!((matched_share(&rig) - 0.8).abs() < 0.025, "{}", matched_share(&rig));

    // Many have been waiting to leave.
    let rig = Rig::start_again(Options { rate: 10.0, ..options() }, ENTRIES).await;
    rig.pass(400).await;
    let late = Options { rate: 2.0, seed: Some(8), ..options() };
    let exits =
        Rig::beside(late, EXITS, rig.clock.clone(), rig.broker.clone(), rig.store.clone()).await;
    exits.pass(800).await;
    assert!(rig.inside().await > 500);
    assert!((matched_share(&rig) - 0.8).abs() < 0.02, "{}", matched_share(&rig));
}

#[actix::test]
async fn a_vehicle_leaves_once_after_it_has_stayed_its_time() {
    let dwell = Dwell { min_seconds: 2.0, median_seconds: 4.0, max_seconds: 10.0 };
    let rig = Rig::start(Options { rate: 20.0, dwell, ..options() }, BOTH).await;
    rig.pass(120).await;
    let entered: HashMap<Plate, _> =
        rig.confirmed(Direction::Entry).into_iter().map(|entry| (entry.plate, entry.at)).collect();
    let mut left = HashSet::new();
    for exit in rig.confirmed(Direction::Exit) {
        let Some(entered_at) = entered.get(&exit.plate) else { continue };
        assert!(left.insert(exit.plate), "it left before");
        let stay = exit.at - *entered_at;
        let allowed = TimeDelta::milliseconds(2000)..TimeDelta::milliseconds(12_000);
        assert!(allowed.contains(&stay), "{stay}");
    }
    assert!(left.len() > 2000);
}

#[actix::test]
async fn a_vehicle_leaves_where_it_came_misread_or_not_and_each_place_has_its_share() {
    let places = PlaceNames::parse("north,south,west").unwrap();
    let faults = Faults { misread_share: 0.5, ..Faults::default() };
    let rig =
        Rig::start(Options { places, faults, matched_share: 1.0, rate: 20.0, ..options() }, BOTH)
            .await;
    rig.pass(100).await;
    let of = |direction| {
        let mut counts = BTreeMap::new();
        for read in rig.confirmed(direction) {
            *counts.entry(read.place.to_string()).or_insert(0_u64) += 1;
        }
        counts
    };
    let (entries, exits) = (of(Direction::Entry), of(Direction::Exit));
    assert_eq!(entries.len(), 3);
    for (place, came) in &entries {
        assert!((500..=850).contains(came), "{came} of 2000 at {place}");
        // Ten seconds' entries stand there at most.
        let left = exits.get(place).copied().unwrap_or(0);
        assert!(left <= *came && left + 100 > *came, "{left} of {came} left {place}");
    }
    let entered = rig.confirmed(Direction::Entry);
    for exit in rig.confirmed(Direction::Exit) {
        let of_it = entered.iter().find(|entry| distance(&entry.plate, &exit.plate) <= 1);
        assert_eq!(of_it.unwrap().place, exit.place);
    }
}

#[actix::test]
async fn several_exit_generators_never_take_the_same_vehicle() {
    let rig = Rig::start(Options { rate: 50.0, ..options() }, ENTRIES).await;
    let mut others = Vec::new();
    for seed in 1..=4 {
        let options = Options { seed: Some(seed), rate: 50.0, ..options() };
        let (clock, broker, store) = (rig.clock.clone(), rig.broker.clone(), rig.store.clone());
        // Out of step: who looks first finds the most.
        tokio::time::sleep(Duration::from_millis(13)).await;
        others.push(Rig::beside(options, EXITS, clock, broker, store).await);
    }
    rig.pass(60).await;
    let exits = rig.confirmed(Direction::Exit);
    assert!(exits.len() > 2500);
    assert_eq!(rig.plates(Direction::Exit).len(), exits.len());
    assert!(others.iter().all(|other| other.exits().matched > 250), "all take their part");
}

#[actix::test]
async fn an_exit_that_fails_is_sent_again_with_the_same_id_until_it_is_confirmed() {
    let rig = Rig::start(Options { rate: 5.0, matched_share: 1.0, ..options() }, ENTRIES).await;
    rig.pass(60).await;
    rig.broker.set_away(true);
    let before = rig.broker.attempted().len();
    let options = Options { rate: 5.0, matched_share: 1.0, seed: Some(8), ..options() };
    let (clock, broker, store) = (rig.clock.clone(), rig.broker.clone(), rig.store.clone());
    rig.stop().await;
    let exits = Rig::beside(options, EXITS, clock, broker, store).await;
    exits.pass(30).await;
    let taken = exits.exits().in_flight;
    assert!(taken > 50, "{taken}");
    let attempted: HashSet<_> = exits.broker.attempted()[before..]
        .iter()
        .filter(|b| b.contains("exit_"))
        .cloned()
        .collect();
    exits.broker.set_away(false);
    exits.pass(30).await;
    assert!(exits.exits().failed > 100);
    assert_eq!(exits.inside().await, 0, "all have left");
    let confirmed: HashSet<_> = exits.broker.confirmed(Direction::Exit).into_iter().collect();
    assert!(attempted.iter().all(|body| confirmed.contains(body)), "none was changed or lost");
    assert_eq!(exits.plates(Direction::Exit).len(), confirmed.len(), "none left twice");
}

#[actix::test]
async fn an_exit_that_a_stop_left_unconfirmed_is_put_back_and_sent_again_as_it_was() {
    let rig = Rig::start(Options { rate: 10.0, matched_share: 1.0, ..options() }, BOTH).await;
    rig.pass(60).await;
    rig.broker.set_away(true);
    rig.pass(10).await;
    let (clock, broker, store) = (rig.clock.clone(), rig.broker.clone(), rig.store.clone());
    let entered = rig.entries().confirmed;
    let stopped = rig.stop().await;
    let (entries, exits) = (stopped.entries.unwrap(), stopped.exits.unwrap());
    assert!(exits.put_back > 30, "{}", exits.put_back);
    assert_eq!(exits.put_back, exits.given_up, "every vehicle whose exit was given up");
    assert_eq!((exits.in_flight, entries.in_flight), (0, 0));
    let left = broker.confirmed(Direction::Exit).len() as u64;
    assert_eq!(store.count().await, Ok(entered - left), "nobody is lost");
    let unconfirmed: HashSet<_> =
        broker.attempted().into_iter().filter(|body| body.contains("exit_")).collect();

    broker.set_away(false);
    let options = Options { rate: 10.0, matched_share: 1.0, seed: Some(9), ..options() };
    let rig = Rig::beside(options, EXITS, clock, broker, store).await;
    rig.pass(60).await;
    let confirmed = rig.broker.confirmed(Direction::Exit);
    assert_eq!(confirmed.len() as u64, entered, "all have left");
    assert_eq!(rig.plates(Direction::Exit).len(), confirmed.len(), "each once");
    let confirmed: HashSet<_> = confirmed.into_iter().collect();
    assert!(unconfirmed.is_subset(&confirmed), "with the messages that were tried before");
}

#[actix::test]
async fn a_vehicle_that_was_taken_as_the_stop_came_goes_back() {
    tokio::time::pause();
    let slow = Arc::new(SlowStore::default());
    let clock = crate::rig::paused_clock();
    let plate = PlateText::parse("ABC-123").unwrap();
    let vehicle = Inside { plate, leaves_at: clock.now(), exit: None };
    slow.inner.put(vehicle.clone()).await.unwrap();
    let generators = crate::start(
        Options { matched_share: 1.0, ..options() },
        EXITS,
        Arc::new(crate::testing::RecordingPublisher::new()),
        slow.clone(),
        clock.clone(),
        &prometheus::Registry::new(),
        &platform::runtime::Vitals::default(),
    )
    .await
    .unwrap();
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(slow.inner.count().await, Ok(0), "it is taken, and the answer is on its way");
    let stopped = generators.finish().await.exits.unwrap();
    assert_eq!((stopped.confirmed, stopped.in_flight), (0, 0));
    assert_eq!(slow.inner.take_due(clock.now(), 2).await, Ok(vec![vehicle]));
}

/// Answers a second after it has taken.
#[derive(Default)]
struct SlowStore {
    inner: crate::MemoryStore,
}

#[async_trait::async_trait]
impl crate::InsideStore for SlowStore {
    async fn put(&self, vehicle: Inside) -> Result<(), crate::inside_store::StoreError> {
        self.inner.put(vehicle).await
    }

    async fn take_due(
        &self,
        now: domain::Instant,
        count: usize,
    ) -> Result<Vec<Inside>, crate::inside_store::StoreError> {
        let taken = self.inner.take_due(now, count).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        taken
    }

    async fn count(&self) -> Result<u64, crate::inside_store::StoreError> {
        self.inner.count().await
    }
}

#[actix::test]
async fn exits_go_on_when_a_store_that_was_away_comes_back() {
    let rig = Rig::start(Options { rate: 20.0, ..options() }, BOTH).await;
    rig.pass(30).await;
    rig.store.set_away(true);
    rig.pass(60).await;
    let before = rig.exits().confirmed;
    rig.store.set_away(false);
    rig.pass(60).await;
    let went_on = rig.exits().confirmed - before;
    assert!(went_on > 1000, "{went_on}");
    assert!((matched_share(&rig) - 0.8).abs() < 0.03, "{}", matched_share(&rig));
}

#[actix::test]
async fn misread_exits_come_in_their_share_and_differ_in_one_character() {
    let misread = Faults { misread_share: 0.25, ..Faults::default() };
    let weak = Options { rate: 20.0, matched_share: 1.0, ..faults(misread) };
    let rig = Rig::start(weak, BOTH).await;
    rig.pass(100).await;
    let entered = rig.plates(Direction::Entry);
    let exits = rig.confirmed(Direction::Exit);
    let unknown: Vec<_> = exits.iter().filter(|exit| !entered.contains(&exit.plate)).collect();
    let share = unknown.len() as f64 / exits.len() as f64;
    assert!((share - 0.25).abs() < 0.03, "{share}");
    assert_eq!(rig.exits().misread, unknown.len() as u64);
    for exit in unknown.iter().take(100) {
        let nearest = entered.iter().map(|plate| distance(plate, &exit.plate)).min();
        assert_eq!(nearest, Some(1));
    }
}

fn distance(left: &Plate, right: &Plate) -> usize {
    left.as_str().chars().zip(right.as_str().chars()).filter(|(l, r)| l != r).count()
}

#[actix::test]
async fn no_event_is_ahead_of_the_clock_and_each_reads_as_the_contract_says() {
    let everything = Faults {
        duplicate_share: 0.2,
        re_read_share: 0.5,
        re_read_gap_seconds_max: 19.0,
        late_share: 0.2,
        misread_share: 0.2,
        ..Faults::default()
    };
    let campus = crate::Profile::Campus;
    let options = Options { profile: campus, speed: 600.0, ..faults(everything) };
    let rig = Rig::start(options, BOTH).await;
    for _ in 0..8 {
        rig.pass(5).await;
        let now = rig.clock.now();
        for kind in [Direction::Entry, Direction::Exit] {
            assert!(
                rig.confirmed(kind).iter().all(|read| read.at <= now && read.direction == kind)
            );
        }
    }
    assert!(rig.exits().confirmed > 200 && rig.entries().re_reads > 200);
}
