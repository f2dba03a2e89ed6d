//! Knows every vehicle.
//!
//! Owns: the fleet in memory, and the timeline of who will have been silent for too long.
//! Hears: [`Pings`] from the consumer and the routes, what people ask and change, [`Notice`].
//! Tells: the keeper ([`Keep`]), and all who listen to the live events.
//! Never: answers a ping or a change before the keeper has it; looks at all vehicles because time
//! has passed.

use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, Addr, AsyncContext, Context, Handler, Message, MessageResult, ResponseFuture};
use domain::presence::{Heard, Status};
use domain::wire::format_time;
use domain::wire::ping::{Ping, PingRejection};
use domain::{Customer, CustomerId, Instant, Plate, SharedClock, Vehicle, VehicleId};
use platform::runtime::Vital;
use tracing::info;

use crate::fleet::import::Row;
use crate::fleet::listing::Filter;
use crate::fleet::{Fleet, Known, Pinged, Refused, Turned};
use crate::live::Live;
use crate::metrics::Metrics;
use crate::shapes::{
    CustomerItem, HistoryItem, Owner, Refusal, StatusEvent, VehicleDetail, VehicleItem,
    VehiclePage, VehicleRecord, since, time,
};
use crate::store::Change;
use crate::store::keeper::{Keep, Keeper};

/// Messages that wait for the registry.
const MAILBOX: usize = 1_024;
/// Vehicles whose silence is noticed in one turn; the rest has the next.
const NOTICED_AT_ONCE: usize = 5_000;
/// Between two looks at the timeline at least.
const LOOK_AGAIN_MIN: Duration = Duration::from_millis(20);
/// And at most: the clock may have been set.
const LOOK_AGAIN_MAX: Duration = Duration::from_secs(1);

/// Pings that were heard; the answers stand in their order, and come when they are kept.
#[derive(Debug, Message)]
#[rtype(result = "Vec<Result<Accepted, PingRejection>>")]
pub(crate) struct Pings(pub(crate) Vec<Ping>);

/// A ping that is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Accepted {
    pub(crate) status: Status,
    pub(crate) last_seen: Option<Instant>,
}

/// Who has fallen silent?
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct Notice;

/// A page of the list.
#[derive(Debug, Message)]
#[rtype(result = "VehiclePage")]
pub(crate) struct List(pub(crate) Filter);

/// All about a vehicle.
#[derive(Debug, Message)]
#[rtype(result = "Option<VehicleDetail>")]
pub(crate) struct Find(pub(crate) VehicleId);

/// How a vehicle is registered.
#[derive(Debug, Message)]
#[rtype(result = "Option<VehicleRecord>")]
pub(crate) struct FindRecord(pub(crate) VehicleId);

/// Customers behind an id, in the order of their ids.
#[derive(Debug, Message)]
#[rtype(result = "Vec<CustomerItem>")]
pub(crate) struct Customers {
    pub(crate) after: Option<CustomerId>,
    pub(crate) limit: usize,
}

/// Asks for the customer of that id.
#[derive(Debug, Message)]
#[rtype(result = "Option<CustomerItem>")]
pub(crate) struct FindCustomer(pub(crate) CustomerId);

/// A change of the master data; answered when it is kept, with the vehicles it removed.
#[derive(Debug, Message)]
#[rtype(result = "Result<usize, Refused>")]
pub(crate) enum Edit {
    PutCustomer(Customer),
    RemoveCustomer {
        id: CustomerId,
        with_vehicles: bool,
    },
    PutVehicle(Vehicle),
    RemoveVehicle(VehicleId),
    /// The vehicle that has the plate, if one has it.
    RemovePlate(Plate),
}

/// The vehicle that has a plate.
#[derive(Debug, Message)]
#[rtype(result = "Option<VehicleId>")]
pub(crate) struct FindPlate(pub(crate) Plate);

/// Rows of a file; answered when they are kept.
#[derive(Debug, Message)]
#[rtype(result = "Imported")]
pub(crate) struct Import(pub(crate) Vec<Row>);

/// What came of them.
#[derive(Debug, Default)]
pub(crate) struct Imported {
    pub(crate) customers_added: usize,
    pub(crate) vehicles_added: usize,
    pub(crate) refusals: Vec<Refusal>,
}

/// The one owner of the fleet: all questions and all changes come by it.
pub(crate) struct Registry {
    fleet: Fleet,
    keeper: Addr<Keeper>,
    live: Arc<Live>,
    clock: SharedClock,
    metrics: Arc<Metrics>,
    vital: Vital,
}

impl Registry {
    pub(crate) fn new(
        fleet: Fleet,
        keeper: Addr<Keeper>,
        live: Arc<Live>,
        clock: SharedClock,
        metrics: Arc<Metrics>,
        vital: Vital,
    ) -> Self {
        metrics.count(fleet.counts);
        Self { fleet, keeper, live, clock, metrics, vital }
    }

    /// Keeps changes; what comes of them is told when they are kept.
    fn keep(&self, changes: Vec<Change>) -> impl Future<Output = ()> + use<> {
        let keeper = self.keeper.clone();
        async move {
            if changes.is_empty() {
                return;
            }
            if keeper.send(Keep(changes)).await.is_err() {
                // The keeper is gone and the process ends: nobody may take this for kept.
                std::future::pending::<()>().await;
            }
        }
    }

    /// An event in the log, the counters, the gauges and the stream.
    fn tell(&self, turned: &[Turned]) {
        for turned in turned {
            info!(
                vehicle.id = turned.vehicle.as_str(),
                vehicle.status = turned.to.as_str(),
                vehicle.status_before = turned.from.as_str(),
                vehicle.since = %format_time(turned.at),
                "vehicle changed its status"
            );
            self.metrics.changes.with_label_values(&[turned.to.as_str()]).inc();
            if let Some(known) = self.fleet.vehicles.get(&turned.vehicle) {
                let event = StatusEvent {
                    vehicle_id: turned.vehicle.as_str().to_owned(),
                    plate: known.plate.as_str().to_owned(),
                    customer: self.owner(known),
                    status: turned.to.as_str(),
                    at: format_time(turned.at),
                    last_seen: time(known.presence.last_seen()),
                    counts: turned.counts,
                };
                self.live.tell(&serde_json::to_string(&event).unwrap_or_default());
            }
        }
        self.metrics.count(self.fleet.counts);
    }

    fn look_again(&self, is_done: bool, context: &mut Context<Self>) {
        let due = self.fleet.next_due().and_then(|due| (due - self.clock.now()).to_std().ok());
        let wait = match is_done {
            true => due.unwrap_or(LOOK_AGAIN_MAX).clamp(LOOK_AGAIN_MIN, LOOK_AGAIN_MAX),
            false => Duration::from_millis(1),
        };
        context.run_later(wait, Self::notice);
    }

    fn notice(&mut self, context: &mut Context<Self>) {
        let is_done = self.notice_once();
        self.look_again(is_done, context);
    }

    fn notice_once(&mut self) -> bool {
        let mut turned = Vec::new();
        let is_done = self.fleet.notice(self.clock.now(), NOTICED_AT_ONCE, &mut turned);
        self.tell(&turned);
        is_done
    }

    fn owner(&self, known: &Known) -> Owner {
        let owning = self.fleet.customers.get(&known.customer);
        owning.map_or_else(
            || Owner { id: known.customer.as_str().to_owned(), name: String::new() },
            |owning| Owner::from(&owning.customer),
        )
    }

    fn item(&self, id: &VehicleId, known: &Known) -> VehicleItem {
        let limit = self.fleet.silence.limit();
        VehicleItem {
            vehicle_id: id.as_str().to_owned(),
            plate: known.plate.as_str().to_owned(),
            customer: self.owner(known),
            status: known.status.as_str(),
            last_seen: time(known.presence.last_seen()),
            since: time(since(known.status, Fleet::newest(known), limit)),
            inside: None,
        }
    }

    fn customer(&self, id: &CustomerId) -> Option<CustomerItem> {
        let owning = self.fleet.customers.get(id)?;
        let Customer { id, name, address } = &owning.customer;
        Some(CustomerItem {
            id: id.as_str().to_owned(),
            name: name.clone(),
            address: address.clone(),
            vehicles: owning.vehicles,
        })
    }
}

impl Actor for Registry {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        context.set_mailbox_capacity(MAILBOX);
        self.look_again(true, context);
    }
}

impl Handler<Pings> for Registry {
    type Result = ResponseFuture<Vec<Result<Accepted, PingRejection>>>;

    fn handle(&mut self, Pings(pings): Pings, _: &mut Self::Context) -> Self::Result {
        self.vital.may_die_here();
        let now = self.clock.now();
        let (mut changes, mut turned) = (Vec::new(), Vec::new());
        let mut answers = Vec::with_capacity(pings.len());
        for ping in &pings {
            let answer = self.fleet.ping(ping, now, &mut changes, &mut turned);
            if let Ok(Pinged { heard, .. }) = answer {
                let outcome = match heard {
                    Heard::Newest => "newest",
                    Heard::Earlier => "earlier",
                    Heard::Nothing => "known",
                };
                self.metrics.pings.with_label_values(&[outcome]).inc();
            }
            answers.push(
                answer.map(|Pinged { status, last_seen, .. }| Accepted { status, last_seen }),
            );
        }
        self.tell(&turned);
        let kept = self.keep(changes);
        Box::pin(async move {
            kept.await;
            answers
        })
    }
}

impl Handler<Notice> for Registry {
    type Result = ();

    fn handle(&mut self, _: Notice, _: &mut Self::Context) {
        while !self.notice_once() {}
    }
}

impl Handler<List> for Registry {
    type Result = MessageResult<List>;

    fn handle(&mut self, List(filter): List, _: &mut Self::Context) -> Self::Result {
        let timer = self.metrics.list_seconds.start_timer();
        let page = self.fleet.list(&filter);
        let vehicles = page.vehicles.iter().map(|(id, known)| self.item(id, known)).collect();
        timer.observe_duration();
        MessageResult(VehiclePage {
            vehicles,
            counts: page.counts,
            matching: page.matching,
            next: page.next.map(|cursor| cursor.to_text()),
            as_of: format_time(self.clock.now()),
        })
    }
}

impl Handler<Find> for Registry {
    type Result = MessageResult<Find>;

    fn handle(&mut self, Find(id): Find, _: &mut Self::Context) -> Self::Result {
        MessageResult(self.fleet.vehicles.get(&id).map(|known| {
            let history = known.presence.history(self.clock.now(), &self.fleet.silence);
            let customer = self.fleet.customers.get(&known.customer);
            VehicleDetail {
                vehicle: self.item(&id, known),
                address: customer.map(|c| c.customer.address.clone()).unwrap_or_default(),
                history: history
                    .iter()
                    .map(|change| HistoryItem {
                        status: change.status.as_str(),
                        at: format_time(change.at),
                    })
                    .collect(),
            }
        }))
    }
}

impl Handler<FindPlate> for Registry {
    type Result = MessageResult<FindPlate>;

    fn handle(&mut self, FindPlate(plate): FindPlate, _: &mut Self::Context) -> Self::Result {
        MessageResult(self.fleet.has_plate(&plate).cloned())
    }
}

impl Handler<FindRecord> for Registry {
    type Result = MessageResult<FindRecord>;

    fn handle(&mut self, FindRecord(id): FindRecord, _: &mut Self::Context) -> Self::Result {
        MessageResult(self.fleet.vehicles.get(&id).map(|known| VehicleRecord {
            vehicle_id: id.as_str().to_owned(),
            plate: known.plate.as_str().to_owned(),
            customer: known.customer.as_str().to_owned(),
        }))
    }
}

impl Handler<Customers> for Registry {
    type Result = MessageResult<Customers>;

    fn handle(&mut self, asked: Customers, _: &mut Self::Context) -> Self::Result {
        use std::ops::Bound::{Excluded, Unbounded};
        let from = asked.after.as_ref().map_or(Unbounded, Excluded);
        let ids = self.fleet.customers.range::<CustomerId, _>((from, Unbounded));
        MessageResult(ids.filter_map(|(id, _)| self.customer(id)).take(asked.limit).collect())
    }
}

impl Handler<FindCustomer> for Registry {
    type Result = MessageResult<FindCustomer>;

    fn handle(&mut self, FindCustomer(id): FindCustomer, _: &mut Self::Context) -> Self::Result {
        MessageResult(self.customer(&id))
    }
}

impl Handler<Edit> for Registry {
    type Result = ResponseFuture<Result<usize, Refused>>;

    fn handle(&mut self, edit: Edit, _: &mut Self::Context) -> Self::Result {
        let now = self.clock.now();
        let changes = match edit {
            Edit::PutCustomer(customer) => Ok(self.fleet.put_customer(&customer)),
            Edit::RemoveCustomer { id, with_vehicles } => {
                self.fleet.remove_customer(&id, with_vehicles)
            }
            Edit::PutVehicle(vehicle) => self.fleet.put_vehicle(&vehicle, now),
            Edit::RemoveVehicle(id) => self.fleet.remove_vehicle(&id),
            Edit::RemovePlate(plate) => match self.fleet.has_plate(&plate).cloned() {
                Some(id) => self.fleet.remove_vehicle(&id),
                None => Ok(Vec::new()),
            },
        };
        self.metrics.count(self.fleet.counts);
        match changes {
            Err(refused) => Box::pin(std::future::ready(Err(refused))),
            Ok(changes) => {
                let is_removal = |change: &&Change| matches!(change, Change::RemoveVehicle(_));
                let removed = changes.iter().filter(is_removal).count();
                let kept = self.keep(changes);
                Box::pin(async move {
                    kept.await;
                    Ok(removed)
                })
            }
        }
    }
}

impl Handler<Import> for Registry {
    type Result = ResponseFuture<Imported>;

    fn handle(&mut self, Import(rows): Import, _: &mut Self::Context) -> Self::Result {
        let taken = self.fleet.import(&rows, self.clock.now());
        self.metrics.count(self.fleet.counts);
        let kept = self.keep(taken.changes);
        let imported = Imported {
            customers_added: taken.customers_added,
            vehicles_added: taken.vehicles_added,
            refusals: taken.refusals,
        };
        Box::pin(async move {
            kept.await;
            imported
        })
    }
}
