//! What every store of the generators must do. Panics where one does not.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta};
use domain::{Direction, Instant, Observation, ObservationId, PlaceName};

use crate::inside_store::{Inside, InsideStore, PlateText};

/// Holds `store`, which must be empty, to the whole contract, and leaves it empty.
pub async fn check(store: Arc<dyn InsideStore>) {
    a_vehicle_is_taken_when_its_time_has_come_and_not_before(&*store).await;
    those_who_leave_first_are_taken_first(&*store).await;
    a_vehicle_is_inside_once_and_leaves_at_the_time_put_last(&*store).await;
    an_unconfirmed_exit_comes_back_with_its_vehicle_and_once(&*store).await;
    of_many_takers_one_gets_a_vehicle(store).await;
}

async fn a_vehicle_is_taken_when_its_time_has_come_and_not_before(store: &dyn InsideStore) {
    assert_eq!(store.take_due(at(1_000_000), 1).await, Ok(vec![]), "the store was not empty");
    let parked = vehicle("ABC-123", 1000);
    put(store, &parked).await;
    assert_eq!(store.count().await, Ok(1));
    assert_eq!(store.take_due(at(999), 5).await, Ok(vec![]), "it stays until its time has come");
    assert_eq!(store.count().await, Ok(1));
    assert_eq!(store.take_due(at(1000), 5).await, Ok(vec![parked]), "it leaves at its time");
    assert_eq!(store.take_due(at(1000), 5).await, Ok(vec![]), "it left before");
    assert_eq!(store.count().await, Ok(0));
}

async fn those_who_leave_first_are_taken_first(store: &dyn InsideStore) {
    let (last, first, second) = (vehicle("ÄÖ 3", 3000), vehicle("A-1", 1000), vehicle("B.2", 2000));
    for parked in [&last, &first, &second] {
        put(store, parked).await;
    }
    assert_eq!(store.take_due(at(5000), 0).await, Ok(vec![]));
    assert_eq!(store.take_due(at(2000), 1).await, Ok(vec![first]), "no more than asked for");
    assert_eq!(store.take_due(at(5000), 5).await, Ok(vec![second, last]));
}

async fn a_vehicle_is_inside_once_and_leaves_at_the_time_put_last(store: &dyn InsideStore) {
    for leaves_at in [1000, 3000, 2000, 2000] {
        put(store, &vehicle("ABC-123", leaves_at)).await;
    }
    assert_eq!(store.count().await, Ok(1));
    assert_eq!(store.take_due(at(1999), 5).await, Ok(vec![]), "an earlier time was put over");
    assert_eq!(store.take_due(at(2000), 5).await, Ok(vec![vehicle("ABC-123", 2000)]));
    assert_eq!(store.take_due(at(9000), 5).await, Ok(vec![]), "a later time was put over");
}

async fn an_unconfirmed_exit_comes_back_with_its_vehicle_and_once(store: &dyn InsideStore) {
    let plain = vehicle("ABC-123", 1000);
    let with_exit = Inside { exit: Some(Box::new(exit(&plain))), ..plain.clone() };
    put(store, &with_exit).await;
    assert_eq!(store.take_due(at(1000), 5).await, Ok(vec![with_exit.clone()]));
    put(store, &plain).await;
    assert_eq!(store.take_due(at(1000), 5).await, Ok(vec![plain.clone()]), "the exit was taken");
    put(store, &with_exit).await;
    put(store, &plain).await;
    assert_eq!(store.take_due(at(1000), 5).await, Ok(vec![plain]), "the exit was put over");
}

async fn of_many_takers_one_gets_a_vehicle(store: Arc<dyn InsideStore>) {
    const VEHICLES: usize = 100;
    for number in 0..VEHICLES {
        put(&*store, &vehicle(&format!("P-{number}"), 1000)).await;
    }
    let take_all = || {
        let store = Arc::clone(&store);
        async move {
            let mut taken = Vec::new();
            loop {
                let some = store.take_due(at(1000), 3).await.expect("the store is there");
                if some.is_empty() {
                    return taken;
                }
                taken.extend(some.into_iter().map(|vehicle| vehicle.plate));
                tokio::task::yield_now().await;
            }
        }
    };
    let takers = futures_util::future::join_all((0..8).map(|_| tokio::spawn(take_all()))).await;
    let mut taken: Vec<_> =
        takers.into_iter().flat_map(|taker| taker.expect("a taker panicked")).collect();
    assert_eq!(taken.len(), VEHICLES, "each is taken");
    taken.sort();
    taken.dedup();
    assert_eq!(taken.len(), VEHICLES, "each is taken once");
}

async fn put(store: &dyn InsideStore, vehicle: &Inside) {
    store.put(vehicle.clone()).await.expect("the store is there");
}

fn at(millis: i64) -> Instant {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::milliseconds(millis)
}

fn vehicle(plate: &str, leaves_at: i64) -> Inside {
    let plate = PlateText::parse(plate).expect("a plate");
    Inside { plate, leaves_at: at(leaves_at), exit: None }
}

fn exit(vehicle: &Inside) -> Observation {
    Observation {
        id: ObservationId::parse("exit-1").expect("an id"),
        plate: vehicle.plate.plate(),
        plate_as_read: None,
        direction: Direction::Exit,
        at: vehicle.leaves_at,
        place: PlaceName::default(),
        lane: None,
        camera: None,
        confidence: None,
        method: domain::Method::Camera,
    }
}
