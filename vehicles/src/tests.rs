//! The wired actors, under paused time, on a store in memory and a queue of the test's own.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, TimeDelta};
use domain::wire::ping::{Ping, ping_to_json};
use domain::{Customer, CustomerId, Instant, Plate, Vehicle, VehicleId};
use futures_util::StreamExt;
use futures_util::stream;
use platform::messaging::{BrokerError, Delivery, Event, Tag};
use prometheus::Registry as Meters;
use tokio::sync::mpsc;

use super::*;
use crate::live::Told;
use crate::registry::{Edit, Find};
use crate::store::Change;

/// A store in memory; it can be away.
#[derive(Default)]
struct Memory {
    kept: Mutex<Vec<Change>>,
    is_away: AtomicBool,
    /// Another process has the right to write.
    is_anothers: AtomicBool,
}

#[async_trait]
impl Store for Memory {
    async fn hold(&self) -> Result<bool, StoreError> {
        Ok(!self.is_anothers.load(Ordering::Relaxed))
    }

    async fn let_go(&self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn load(&self) -> Result<Kept, StoreError> {
        Ok(Kept::default())
    }

    async fn commit(&self, changes: Arc<[Change]>) -> Result<(), StoreError> {
        if self.is_away.load(Ordering::Relaxed) {
            return Err(StoreError("away".to_owned()));
        }
        self.kept.lock().unwrap().extend(changes.iter().cloned());
        Ok(())
    }
}

/// What a queue was told.
#[derive(Default)]
struct Heard {
    /// Connection and number.
    acknowledged: RefCell<Vec<(u32, u64)>>,
    dead: RefCell<Vec<String>>,
    /// Nothing is confirmed among the dead letters.
    is_full: Cell<bool>,
}

struct TestQueue(Rc<Heard>);

#[async_trait(?Send)]
impl Queue for TestQueue {
    async fn acknowledge(&self, up_to: Tag) {
        self.0.acknowledged.borrow_mut().push((up_to.connection, up_to.number));
    }

    async fn give_back(&self, _: Tag) {}

    fn ask_depth(&self, _: Instant) {}

    async fn dead_letter(&self, _: &[u8], reason: &str) -> Result<(), BrokerError> {
        if self.0.is_full.get() {
            return Err(BrokerError::NotConnected);
        }
        self.0.dead.borrow_mut().push(reason.to_owned());
        Ok(())
    }

    async fn cancel(&self) {}

    async fn close(&self) {}
}

struct Rig {
    monitor: Vehicles,
    vitals: Vitals,
    store: Arc<Memory>,
    events: mpsc::UnboundedSender<Event>,
    told: Rc<Heard>,
    begun: tokio::time::Instant,
    delivered: Cell<u64>,
}

fn epoch() -> Instant {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

impl Rig {
    async fn new() -> Self {
        tokio::time::pause();
        let begun = tokio::time::Instant::now();
        let clock = move || epoch() + TimeDelta::from_std(begun.elapsed()).unwrap();
        let store = Arc::new(Memory::default());
        let told = Rc::new(Heard::default());
        let (events, heard) = mpsc::unbounded_channel();
        let stream =
            stream::unfold(heard, |mut heard| async { Some((heard.recv().await?, heard)) });
        let queue: Rc<dyn Queue> = Rc::new(TestQueue(Rc::clone(&told)));
        let vitals = Vitals::default();
        let monitor = Vehicles::start(Parts {
            options: Options::default(),
            queue: Some((stream.boxed_local(), queue)),
            store: Arc::clone(&store) as Arc<dyn Store>,
            inside: None,
            clock: Arc::new(clock),
            metrics: Arc::new(Metrics::new(&Meters::new()).unwrap()),
            vitals: vitals.clone(),
        })
        .await
        .unwrap();
        let rig = Self { monitor, vitals, store, events, told, begun, delivered: 0.into() };
        let owner = CustomerId::parse("c1").unwrap();
        let customer = Customer::new(owner.clone(), "Ann", "").unwrap();
        let vehicle = Vehicle { id: id(), plate: Plate::parse("AB1").unwrap(), customer: owner };
        for edit in [Edit::PutCustomer(customer), Edit::PutVehicle(vehicle)] {
            rig.monitor.desk.registry.send(edit).await.unwrap().unwrap();
        }
        rig
    }

    fn deliver(&self, body: impl Into<Bytes>) {
        self.delivered.set(self.delivered.get() + 1);
        self.deliver_on(1, self.delivered.get(), body);
    }

    fn deliver_on(&self, connection: u32, number: u64, body: impl Into<Bytes>) {
        let tag = Tag { connection, number };
        let event = Event::Delivered(Delivery { tag, body: body.into(), redelivered: false });
        self.events.send(event).unwrap();
    }

    fn ping(&self) -> String {
        let at = epoch() + TimeDelta::from_std(self.begun.elapsed()).unwrap();
        ping_to_json("p", &Ping { vehicle: id(), at })
    }

    async fn status(&self) -> &'static str {
        let found = self.monitor.desk.registry.send(Find(id())).await.unwrap();
        found.unwrap().vehicle.status
    }

    /// Lets everything that is due happen.
    async fn pass(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}

fn id() -> VehicleId {
    VehicleId::parse("V1").unwrap()
}

#[actix::test]
async fn a_vehicle_that_falls_silent_is_told_of_when_the_limit_has_passed_and_not_before() {
    let rig = Rig::new().await;
    for _ in 0..10 {
        rig.deliver(rig.ping());
        rig.pass(Duration::from_mins(1)).await;
        assert_eq!(rig.status().await, "connected");
    }
    rig.pass(Duration::from_secs(9)).await;
    assert_eq!(rig.status().await, "connected");
    rig.pass(Duration::from_secs(3)).await;
    assert_eq!(rig.status().await, "disconnected");
    rig.deliver(rig.ping());
    rig.pass(Duration::from_secs(1)).await;
    let Told::Events(1, events) = rig.monitor.desk.live.next(0).await else { panic!("no events") };
    let said: Vec<bool> = events.iter().map(|data| data.contains("\"connected\"")).collect();
    assert_eq!(events.len(), 3, "no flapping: {said:?}");
    assert!(events[1].contains("\"status\":\"disconnected\""), "{}", events[1]);
}

#[actix::test]
async fn nothing_is_acknowledged_before_it_is_kept_and_what_waits_is_one_batch() {
    let rig = Rig::new().await;
    rig.store.is_away.store(true, Ordering::Relaxed);
    for _ in 0..5 {
        rig.deliver(rig.ping());
        rig.pass(Duration::from_millis(100)).await;
    }
    rig.pass(Duration::from_secs(30)).await;
    assert_eq!(*rig.told.acknowledged.borrow(), [], "the store is away");
    rig.store.is_away.store(false, Ordering::Relaxed);
    rig.pass(Duration::from_secs(5)).await;
    assert_eq!(*rig.told.acknowledged.borrow(), [(1, 1), (1, 5)]);
    assert!(matches!(rig.store.kept.lock().unwrap().last(), Some(Change::Newest(..))));
}

#[actix::test]
async fn poison_goes_to_the_dead_letters_and_the_rest_of_its_batch_is_kept() {
    let rig = Rig::new().await;
    rig.deliver("nonsense");
    rig.deliver(rig.ping());
    rig.deliver(rig.ping().replace("V1", "V2"));
    rig.pass(Duration::from_secs(1)).await;
    let codes: Vec<String> = rig.told.dead.borrow().iter().map(|r| r[..9].to_owned()).collect();
    assert_eq!(codes, ["malformed", "unknown_v"]);
    assert_eq!(*rig.told.acknowledged.borrow(), [(1, 3)]);
    assert_eq!(rig.status().await, "connected");
}

#[actix::test]
async fn poison_is_acknowledged_when_it_is_among_the_dead_letters_and_not_before() {
    let rig = Rig::new().await;
    rig.told.is_full.set(true);
    rig.deliver("nonsense");
    rig.pass(Duration::from_secs(10)).await;
    assert_eq!(*rig.told.acknowledged.borrow(), []);
    rig.told.is_full.set(false);
    // The longest pause between two attempts.
    rig.pass(Duration::from_secs(5)).await;
    assert_eq!(rig.told.dead.borrow().len(), 1);
    assert_eq!(*rig.told.acknowledged.borrow(), [(1, 1)]);
}

#[actix::test]
async fn what_came_on_a_lost_connection_is_not_acknowledged_on_the_next() {
    let rig = Rig::new().await;
    rig.deliver_on(1, 1, rig.ping());
    rig.events.send(Event::Disconnected("gone".to_owned())).unwrap();
    rig.events.send(Event::Connected).unwrap();
    rig.deliver_on(2, 1, rig.ping());
    rig.pass(Duration::from_secs(1)).await;
    assert_eq!(*rig.told.acknowledged.borrow(), [(1, 1), (2, 1)]);
}

#[actix::test]
async fn who_has_lost_the_right_to_write_ends() {
    let rig = Rig::new().await;
    rig.pass(Duration::from_secs(10)).await;
    rig.store.is_anothers.store(true, Ordering::Relaxed);
    let died = tokio::time::timeout(Duration::from_secs(5), rig.vitals.died()).await;
    assert!(died.is_ok(), "it goes on, and writes over the other's");
}

#[actix::test]
async fn the_embedded_store_keeps_the_contract() {
    let directory = tempfile::tempdir().unwrap();
    let store = store::EmbeddedStore::open(&directory.path().join("v.redb")).unwrap();
    store::check_contract(&store).await.unwrap();
}

#[actix::test]
async fn who_was_away_for_too_long_is_told_and_a_restart_is_no_continuation() {
    let live = Live::new(7);
    for n in 0..live::RING + 10 {
        live.tell(&n.to_string());
    }
    let newest = live.newest();
    assert_eq!(live.next(3).await, Told::Missed(newest));
    assert_eq!(
        live.next(newest - 1).await,
        Told::Events(newest, vec![(newest - 1).to_string().into()])
    );
    assert_eq!(live.resume(live.id(newest)), Some(newest));
    assert_eq!(live.resume(live.id(newest + 1)), None);
    assert_eq!(live.resume(live::EventId { run: 6, number: 1 }), None);
    live.close();
    assert_eq!(live.next(newest).await, Told::Over);
}
