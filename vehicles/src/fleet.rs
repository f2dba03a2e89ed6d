//! All vehicles and customers, in memory: what the registry knows. No IO and no clock; what has to
//! be kept of a change is answered as a list of [`Change`]s for the store.

pub mod import;
pub mod listing;
mod timeline;

use std::collections::{BTreeMap, HashMap};

use domain::presence::{Heard, Period, Status};
use domain::wire::ping::{Ping, PingRejection};
use domain::{Customer, CustomerId, Instant, Plate, Presence, Silence, Vehicle, VehicleId};

use crate::shapes::StatusCounts;
use crate::store::{Change, Kept};
use timeline::Timeline;

/// A vehicle and what was heard of it.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) plate: Plate,
    pub(crate) customer: CustomerId,
    pub(crate) presence: Presence,
    /// As it was noticed last; [`Fleet::notice`] brings it up to date.
    pub(crate) status: Status,
}

/// A customer and how many vehicles they have.
#[derive(Debug)]
pub(crate) struct Owning {
    pub(crate) customer: Customer,
    /// For the search: lower case.
    pub(crate) name_folded: String,
    pub(crate) vehicles: usize,
}

/// A vehicle's status has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Turned {
    pub(crate) vehicle: VehicleId,
    pub(crate) from: Status,
    pub(crate) to: Status,
    /// When it changed, in event time.
    pub(crate) at: Instant,
    pub(crate) counts: StatusCounts,
}

/// What came of a ping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pinged {
    pub(crate) status: Status,
    pub(crate) last_seen: Option<Instant>,
    pub(crate) heard: Heard,
}

/// Why master data was not changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Nobody of that id.
    #[error("no customer `{0}` is registered: register it with PUT /admin/customers/{0}")]
    NoCustomer(String),
    /// No vehicle of that id.
    #[error("no vehicle `{0}` is registered")]
    NoVehicle(String),
    /// Another vehicle has the plate.
    #[error("the plate is that of vehicle `{0}`")]
    PlateTaken(String),
    /// They still have vehicles.
    #[error("the customer has {0} vehicles: remove them first, or ask with `?with_vehicles=true`")]
    HasVehicles(usize),
}

/// All vehicles that are registered, indexed for the questions that people ask.
pub(crate) struct Fleet {
    pub(crate) silence: Silence,
    pub(crate) vehicles: BTreeMap<VehicleId, Known>,
    pub(crate) customers: BTreeMap<CustomerId, Owning>,
    plates: HashMap<Plate, VehicleId>,
    timeline: Timeline,
    pub(crate) counts: StatusCounts,
}

impl StatusCounts {
    pub(crate) fn of(&mut self, status: Status) -> &mut usize {
        match status {
            Status::Connected => &mut self.connected,
            Status::Disconnected => &mut self.disconnected,
            Status::NeverSeen => &mut self.never_seen,
        }
    }
}

impl Fleet {
    /// What the store kept, as it is at `now`.
    pub(crate) fn new(silence: Silence, kept: Kept, now: Instant) -> Self {
        let mut fleet = Self {
            silence,
            vehicles: BTreeMap::new(),
            customers: BTreeMap::new(),
            plates: HashMap::new(),
            timeline: Timeline::default(),
            counts: StatusCounts::default(),
        };
        for customer in kept.customers {
            fleet.keep_customer(customer);
        }
        for (vehicle, periods) in kept.vehicles {
            fleet.keep_vehicle(vehicle, Presence::from_periods(periods, &silence), now);
        }
        fleet
    }

    fn keep_customer(&mut self, customer: Customer) {
        let vehicles = self.customers.get(&customer.id).map_or(0, |owning| owning.vehicles);
        let name_folded = customer.name.to_lowercase();
        let owning = Owning { customer, name_folded, vehicles };
        self.customers.insert(owning.customer.id.clone(), owning);
    }

    fn keep_vehicle(&mut self, vehicle: Vehicle, presence: Presence, now: Instant) {
        let status = presence.status(now, &self.silence);
        if status == Status::Connected
            && let Some(at) = presence.silent_from(&self.silence)
        {
            self.timeline.put(at, vehicle.id.clone());
        }
        *self.counts.of(status) += 1;
        if let Some(owning) = self.customers.get_mut(&vehicle.customer) {
            owning.vehicles += 1;
        }
        self.plates.insert(vehicle.plate.clone(), vehicle.id.clone());
        let known = Known { plate: vehicle.plate, customer: vehicle.customer, presence, status };
        self.vehicles.insert(vehicle.id, known);
    }

    /// A ping was heard: the latest `at` wins, in whatever order they come.
    pub(crate) fn ping(
        &mut self,
        ping: &Ping,
        now: Instant,
        changes: &mut Vec<Change>,
        turned: &mut Vec<Turned>,
    ) -> Result<Pinged, PingRejection> {
        let known = self.vehicles.get_mut(&ping.vehicle).ok_or(PingRejection::UnknownVehicle)?;
        let heard = known.presence.hear(ping.at, &self.silence);
        match (heard, known.presence.periods()) {
            (Heard::Newest, [.., newest]) => {
                changes.push(Change::Newest(ping.vehicle.clone(), *newest));
            }
            (Heard::Earlier, periods) => {
                changes.push(Change::Periods(ping.vehicle.clone(), periods.to_vec()));
            }
            _ => {}
        }
        let status = known.presence.status(now, &self.silence);
        let pinged = Pinged { status, last_seen: known.presence.last_seen(), heard };
        if status == Status::Connected
            && known.status != Status::Connected
            && let Some(at) = known.presence.silent_from(&self.silence)
        {
            self.timeline.put(at, ping.vehicle.clone());
        }
        // One that is still counted as connected and is not leaves by the timeline, once.
        if !(known.status == Status::Connected && status == Status::Disconnected) {
            self.turn(&ping.vehicle, status, turned);
        }
        Ok(pinged)
    }

    fn turn(&mut self, id: &VehicleId, to: Status, turned: &mut Vec<Turned>) {
        let Some(known) = self.vehicles.get_mut(id).filter(|known| known.status != to) else {
            return;
        };
        let from = std::mem::replace(&mut known.status, to);
        *self.counts.of(from) -= 1;
        *self.counts.of(to) += 1;
        let newest = known.presence.periods().last().copied();
        if let Some(at) = crate::shapes::since(to, newest, self.silence.limit()) {
            let counts = self.counts;
            turned.push(Turned { vehicle: id.clone(), from, to, at, counts });
        }
    }

    /// Notices who has fallen silent by `now`, at most `limit` of them; answers whether that was
    /// all.
    pub(crate) fn notice(&mut self, now: Instant, limit: usize, turned: &mut Vec<Turned>) -> bool {
        for _ in 0..limit {
            let Some(id) = self.timeline.take_due(now) else { return true };
            let Some(known) = self.vehicles.get(&id) else { continue };
            match known.presence.status(now, &self.silence) {
                // It was heard in the meantime: its turn comes later.
                Status::Connected => {
                    if let Some(at) = known.presence.silent_from(&self.silence) {
                        self.timeline.put(at, id);
                    }
                }
                status => self.turn(&id, status, turned),
            }
        }
        false
    }

    /// When the next look at the timeline is due.
    pub(crate) fn next_due(&self) -> Option<Instant> {
        self.timeline.next_due()
    }

    pub(crate) fn put_customer(&mut self, customer: &Customer) -> Vec<Change> {
        self.keep_customer(customer.clone());
        vec![Change::PutCustomer(customer.clone())]
    }

    /// Removes a customer; with vehicles only where that is said.
    pub(crate) fn remove_customer(
        &mut self,
        id: &CustomerId,
        with_vehicles: bool,
    ) -> Result<Vec<Change>, Refused> {
        let no_customer = || Refused::NoCustomer(id.as_str().to_owned());
        let owning = self.customers.get(id).ok_or_else(no_customer)?;
        if owning.vehicles > 0 && !with_vehicles {
            return Err(Refused::HasVehicles(owning.vehicles));
        }
        let theirs = self.vehicles.iter().filter(|(_, known)| known.customer == *id);
        let theirs: Vec<VehicleId> = theirs.map(|(id, _)| id.clone()).collect();
        let mut changes = Vec::with_capacity(theirs.len() + 1);
        for vehicle in theirs {
            changes.extend(self.remove_vehicle(&vehicle)?);
        }
        self.customers.remove(id);
        changes.push(Change::RemoveCustomer(id.clone()));
        Ok(changes)
    }

    /// Registers a vehicle or changes its plate or owner. What was heard of it stays.
    pub(crate) fn put_vehicle(
        &mut self,
        vehicle: &Vehicle,
        now: Instant,
    ) -> Result<Vec<Change>, Refused> {
        if !self.customers.contains_key(&vehicle.customer) {
            return Err(Refused::NoCustomer(vehicle.customer.as_str().to_owned()));
        }
        if let Some(other) = self.plates.get(&vehicle.plate).filter(|id| **id != vehicle.id) {
            return Err(Refused::PlateTaken(other.as_str().to_owned()));
        }
        let presence = self.forget(&vehicle.id).map(|known| known.presence).unwrap_or_default();
        self.keep_vehicle(vehicle.clone(), presence, now);
        Ok(vec![Change::PutVehicle(vehicle.clone())])
    }

    pub(crate) fn remove_vehicle(&mut self, id: &VehicleId) -> Result<Vec<Change>, Refused> {
        self.forget(id).ok_or_else(|| Refused::NoVehicle(id.as_str().to_owned()))?;
        Ok(vec![Change::RemoveVehicle(id.clone())])
    }

    fn forget(&mut self, id: &VehicleId) -> Option<Known> {
        let known = self.vehicles.remove(id)?;
        *self.counts.of(known.status) -= 1;
        self.plates.remove(&known.plate);
        if let Some(owning) = self.customers.get_mut(&known.customer) {
            owning.vehicles -= 1;
        }
        Some(known)
    }

    /// Whether another vehicle has the plate.
    pub(crate) fn has_plate(&self, plate: &Plate) -> Option<&VehicleId> {
        self.plates.get(plate)
    }

    /// Newest period of a vehicle.
    pub(crate) fn newest(known: &Known) -> Option<Period> {
        known.presence.periods().last().copied()
    }
}

#[cfg(test)]
mod tests;
