use std::cell::{Cell, RefCell};

use actix::{Message, Recipient};
use chrono::DateTime;
use domain::wire::parse_observation;
use domain::{Policy, Watermarks};
use platform::messaging::Tag;
use platform::runtime::Vitals;
use prometheus::Registry as MetricsRegistry;
use tokio::sync::mpsc;

use super::*;
use crate::committer::{Commit, Load};
use crate::receipt::{Arrival, Receipt, Returned};
use crate::store::{Committed, ProcessorId, StoreError};

/// Stands in for the committer: stores everything, and tells how often it was asked.
struct Storing {
    commits: Rc<RefCell<Vec<String>>>,
}

impl Actor for Storing {
    type Context = Context<Self>;
}

impl Handler<Commit> for Storing {
    type Result = ();

    fn handle(&mut self, Commit { change, answer }: Commit, _: &mut Self::Context) {
        self.commits.borrow_mut().push(change.plate.to_string());
        let _ = answer.send(Ok(Committed::Stored));
    }
}

impl Handler<Load> for Storing {
    type Result = Result<domain::Record, StoreError>;

    fn handle(&mut self, _: Load, _: &mut Self::Context) -> Self::Result {
        Ok(domain::Record::default())
    }
}

/// Makes a session's actor panic: a bug that one plate brings out.
#[derive(Message)]
#[rtype(result = "()")]
struct Explode;

impl Handler<Explode> for PlateActor {
    type Result = ();

    fn handle(&mut self, _: Explode, _: &mut Self::Context) {
        panic!("a bug that one plate brings out");
    }
}

/// Answers which actor a plate has.
#[derive(Message)]
#[rtype(result = "Option<Addr<PlateActor>>")]
struct WhoIs(&'static str);

impl Handler<WhoIs> for Registry {
    type Result = Option<Addr<PlateActor>>;

    fn handle(&mut self, WhoIs(plate): WhoIs, _: &mut Self::Context) -> Self::Result {
        let plate = Plate::parse(plate).unwrap();
        self.residents.get(&plate).map(|resident| resident.actor.clone())
    }
}

/// A registry over a stand-in committer, and the receipts that come back.
struct Lot {
    registry: Addr<Registry>,
    metrics: Arc<Metrics>,
    commits: Rc<RefCell<Vec<String>>>,
    receipts: mpsc::UnboundedSender<Returned>,
    returned: mpsc::UnboundedReceiver<Returned>,
    sent: u64,
}

impl Lot {
    fn open(limits: Limits) -> Self {
        let commits = Rc::default();
        let committer = Storing { commits: Rc::clone(&commits) }.start();
        let metrics = Arc::new(Metrics::new(&MetricsRegistry::new()).unwrap());
        let (commit, load): (Recipient<Commit>, Recipient<Load>) =
            (committer.clone().recipient(), committer.recipient());
        let shared = Shared {
            policy: Policy::default(),
            processor: ProcessorId("p1".into()),
            clock: Arc::new(|| DateTime::from_timestamp(1_800_000_000, 0).unwrap()),
            commit,
            load,
            watermarks: Rc::new(Cell::new(Watermarks::default())),
            behind: Rc::default(),
            metrics: Arc::clone(&metrics),
        };
        let vital = Vitals::default().of("registry");
        let registry = Registry::new(limits, shared, vital).start();
        let (receipts, returned) = mpsc::unbounded_channel();
        Self { registry, metrics, commits, receipts, returned, sent: 0 }
    }

    async fn read(&mut self, plate: &str) {
        let observed = self.observed(plate);
        self.registry.send(observed).await.unwrap();
    }

    fn observed(&mut self, plate: &str) -> Observed {
        self.sent += 1;
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let body = format!(
            r#"{{"id":"read-{}","vehicle_plate":"{plate}","entry_date_time":"2027-01-01T00:00:00Z"}}"#,
            self.sent
        );
        let observation = parse_observation(body.as_bytes(), now).unwrap();
        let receipt =
            Receipt::of_delivery(Tag { connection: 1, number: self.sent }, self.receipts.clone());
        let arrival = Arrival { received: Instant::now(), now, receipt };
        Observed { observation, arrival }
    }

    /// Whether the next receipt that comes back says "stored".
    async fn is_stored(&mut self) -> bool {
        self.returned.recv().await.unwrap().is_stored
    }

    async fn who_is(&self, plate: &'static str) -> Option<Addr<PlateActor>> {
        self.registry.send(WhoIs(plate)).await.unwrap()
    }
}

const PLENTY: Limits = Limits { idle_after: Duration::from_hours(1), residents_max: 1000 };

#[actix::test]
async fn a_plate_has_one_actor_for_as_long_as_it_is_busy() {
    let mut lot = Lot::open(PLENTY);
    lot.read("AA1").await;
    let first = lot.who_is("AA1").await.unwrap();
    lot.read("AA1").await;
    lot.read("BB2").await;
    assert_eq!(lot.who_is("AA1").await.unwrap(), first);
    assert_ne!(lot.who_is("BB2").await.unwrap(), first);
    for _ in 0..3 {
        assert!(lot.is_stored().await);
    }
}

#[actix::test]
async fn a_panic_harms_its_plate_alone_and_the_plate_gets_another_actor() {
    let mut lot = Lot::open(PLENTY);
    lot.read("AA1").await;
    lot.read("BB2").await;
    assert!(lot.is_stored().await && lot.is_stored().await);
    let (broken, neighbour) = (lot.who_is("AA1").await.unwrap(), lot.who_is("BB2").await.unwrap());

    // One read is behind the panic in the mailbox: it must come back as not stored.
    let exploded = broken.send(Explode);
    broken.try_send(lot.observed("AA1")).unwrap();
    assert!(exploded.await.is_err());
    assert!(!lot.is_stored().await, "the delivery goes back to its queue");

    lot.read("AA1").await;
    assert!(lot.is_stored().await, "its successor works");
    assert_ne!(lot.who_is("AA1").await.unwrap(), broken);
    assert_eq!(lot.who_is("BB2").await.unwrap(), neighbour, "the neighbour never noticed");
    assert_eq!(lot.metrics.respawned.get(), 1);
}

#[actix::test]
async fn with_room_for_one_actor_nothing_is_lost() {
    let mut lot = Lot::open(Limits { residents_max: 1, ..PLENTY });
    for round in 0..50 {
        for plate in ["AA1", "BB2", "CC3"] {
            lot.read(plate).await;
            if round % 2 == 0 {
                lot.read(plate).await;
            }
        }
    }
    for _ in 0..lot.sent {
        assert!(lot.is_stored().await);
    }
    assert_eq!(lot.commits.borrow().len() as u64, lot.sent);
    assert!(lot.metrics.passivated.get() >= 149, "{}", lot.metrics.passivated.get());
    assert_eq!(lot.metrics.respawned.get(), 0, "to be passivated is not to die");
}

#[actix::test]
async fn an_idle_actor_ends_and_a_busy_one_stays() {
    tokio::time::pause();
    let idle_after = Duration::from_secs(10);
    let mut lot = Lot::open(Limits { idle_after, ..PLENTY });
    lot.read("AA1").await;
    lot.read("BB2").await;
    for _ in 0..4 {
        tokio::time::advance(Duration::from_secs(4)).await;
        lot.read("BB2").await;
        tokio::task::yield_now().await;
    }
    assert!(lot.who_is("AA1").await.is_none());
    assert!(lot.who_is("BB2").await.is_some());
}
