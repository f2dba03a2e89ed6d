//! What every store must do, as one test body.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta};
use domain::presence::Period;
use domain::{Customer, CustomerId, Plate, Vehicle, VehicleId};

use super::{Change, Store};

fn vehicle(id: &str, plate: &str, customer: &Customer) -> Option<Vehicle> {
    let id = VehicleId::parse(id).ok()?;
    Some(Vehicle { id, plate: Plate::parse(plate).ok()?, customer: customer.id.clone() })
}

/// Checks an empty store; answers what it does otherwise.
pub async fn check(store: &dyn Store) -> Result<(), String> {
    let said = |e: super::StoreError| e.to_string();
    let make = || {
        let id = CustomerId::parse("c1").ok()?;
        let customer = Customer::new(id, "<b>Ann</b> \u{1F697}", "Street 1").ok()?;
        let one = vehicle("v1", "AB 1", &customer)?;
        let other = vehicle("v2", "AB 2", &customer)?;
        Some((customer, one, other, DateTime::from_timestamp_millis(1_800_000_000_123)?))
    };
    let (customer, one, other, at) = make().ok_or("the test's own data")?;
    let period = |from: i64, to: i64| Period {
        from: at + TimeDelta::seconds(from),
        to: at + TimeDelta::seconds(to),
    };

    if !store.hold().await.map_err(said)? || !store.hold().await.map_err(said)? {
        return Err("the writer does not keep its right".to_owned());
    }
    let all = vec![
        Change::PutCustomer(customer.clone()),
        Change::PutVehicle(one.clone()),
        Change::PutVehicle(other.clone()),
        Change::Periods(one.id.clone(), vec![period(0, 10), period(200, 200)]),
        Change::Newest(one.id.clone(), period(200, 260)),
        Change::Newest(other.id.clone(), period(5, 6)),
    ];
    for _ in 0..2 {
        // Repeated it is the same.
        store.commit(Arc::from(all.clone())).await.map_err(said)?;
        let mut kept = store.load().await.map_err(said)?;
        kept.vehicles.sort_by(|a, b| a.0.id.cmp(&b.0.id));
        let expected = vec![
            (one.clone(), vec![period(0, 10), period(200, 260)]),
            (other.clone(), vec![period(5, 6)]),
        ];
        if kept.customers != [customer.clone()] || kept.vehicles != expected {
            return Err(format!("it keeps something else: {kept:?}"));
        }
    }
    let gone = vec![Change::RemoveVehicle(one.id.clone()), Change::PutVehicle(one.clone())];
    store.commit(Arc::from(gone)).await.map_err(said)?;
    let kept = store.load().await.map_err(said)?;
    if !kept.vehicles.contains(&(one.clone(), Vec::new())) {
        return Err("a vehicle that comes back brings its past".to_owned());
    }
    let gone = vec![
        Change::RemoveVehicle(one.id),
        Change::RemoveVehicle(other.id),
        Change::RemoveCustomer(customer.id),
    ];
    store.commit(Arc::from(gone)).await.map_err(said)?;
    let kept = store.load().await.map_err(said)?;
    if !kept.customers.is_empty() || !kept.vehicles.is_empty() {
        return Err("what was removed is there".to_owned());
    }
    store.let_go().await.map_err(said)
}
