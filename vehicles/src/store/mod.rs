//! Where customers, vehicles and what was heard of them live: one seam, two implementations, Redis
//! ([`redis`]) and a file of its own ([`embedded`]). One process at a time writes; who that is, the
//! store knows ([`Store::hold`]).

#[cfg(any(test, feature = "testkit"))]
pub(crate) mod contract;
mod embedded;
pub(crate) mod keeper;
mod redis;

use std::sync::Arc;

use async_trait::async_trait;
use chrono::DateTime;
use domain::presence::Period;
use domain::{Customer, CustomerId, Vehicle, VehicleId};
use platform::storage::{RedisSettings, Unreached};

#[cfg(feature = "testkit")]
pub use contract::check as check_contract;
pub use embedded::EmbeddedStore;
pub use redis::RedisStore;

/// A change that the store is to keep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A customer, new or changed.
    PutCustomer(Customer),
    /// A customer is gone.
    RemoveCustomer(CustomerId),
    /// A vehicle, new or changed; what was heard of it stays.
    PutVehicle(Vehicle),
    /// A vehicle is gone, with all that was heard of it.
    RemoveVehicle(VehicleId),
    /// The newest period of a vehicle; the earlier ones stay.
    Newest(VehicleId, Period),
    /// All periods of a vehicle, in the order of time.
    Periods(VehicleId, Vec<Period>),
}

impl Change {
    /// Whether something is to be gone after it.
    fn removes(&self) -> bool {
        matches!(self, Self::RemoveCustomer(_) | Self::RemoveVehicle(_))
    }
}

/// All that is kept.
#[derive(Debug, Default)]
pub struct Kept {
    /// All customers, in no order.
    pub customers: Vec<Customer>,
    /// With what was heard of each.
    pub vehicles: Vec<(Vehicle, Vec<Period>)>,
}

pub use platform::storage::StoreError;

/// What the keeper asks of a store. What is asked twice is the same as once.
#[async_trait]
pub trait Store: Send + Sync {
    /// One attempt to use it, for the start, when a person still looks: sorts why not.
    async fn reach(&self) -> Result<(), Unreached> {
        Ok(())
    }

    /// Takes or keeps the right to write. `false`: another process has it.
    async fn hold(&self) -> Result<bool, StoreError>;

    /// Gives it back.
    async fn let_go(&self) -> Result<(), StoreError>;

    /// All that is kept.
    async fn load(&self) -> Result<Kept, StoreError>;

    /// Keeps all of it or none, in that order; durable when it answers.
    async fn commit(&self, changes: Arc<[Change]>) -> Result<(), StoreError>;

    /// How its server is set, where it has one whose settings decide whether it keeps what it is
    /// given.
    async fn settings(&self) -> Result<Option<RedisSettings>, StoreError> {
        Ok(None)
    }
}

/// Periods as text: `from-to`, in milliseconds, with blanks in between.
fn periods_to_text(periods: &[Period]) -> String {
    let one = |period: &Period| {
        format!("{}/{}", period.from.timestamp_millis(), period.to.timestamp_millis())
    };
    periods.iter().map(one).collect::<Vec<_>>().join(" ")
}

fn periods_from_text(text: &str) -> Result<Vec<Period>, StoreError> {
    let instant = |text: &str| text.parse().ok().and_then(DateTime::from_timestamp_millis);
    let one = |text: &str| {
        let (from, to) = text.split_once('/')?;
        Some(Period { from: instant(from)?, to: instant(to)? })
    };
    let periods = text.split_whitespace().map(one).collect::<Option<Vec<_>>>();
    periods.ok_or_else(|| StoreError("the store has a period that is none".to_owned()))
}

/// The last period stands by itself: it is the one that each ping changes.
fn split(periods: &[Period]) -> (String, String) {
    let (newest, earlier) = periods.split_last().map_or((None, periods), |(n, e)| (Some(*n), e));
    (newest.map(|newest| periods_to_text(&[newest])).unwrap_or_default(), periods_to_text(earlier))
}
