//! The vehicles that are inside, in Redis: shared by any number of generators. The only file of
//! this crate that knows Redis.
//!
//! Keys: `carpark:generators:inside`, a sorted set of plates by the time they leave in ms, and
//! `carpark:generators:unconfirmed`, a hash from plate to the exit that a stop left unconfirmed.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use chrono::DateTime;
use deadpool_redis::redis::{Script, ScriptInvocation, cmd, pipe};
use domain::{Instant, wire};
use platform::storage::{RedisLink, RedisSettings, Unreached};

use super::{Inside, InsideStore, PlateText, StoreError};

const INSIDE_KEY: &str = "carpark:generators:inside";
const UNCONFIRMED_KEY: &str = "carpark:generators:unconfirmed";
/// For each of: waiting for a connection, an answer.
const TIME_OUT: Duration = Duration::from_secs(2);

/// Shared by any number of processes; says in the log when its server goes and when it is back.
pub struct RedisStore {
    redis: RedisLink,
    put: Script,
    take_due: Script,
    /// Whether the last call failed: what is logged is the change.
    away: AtomicBool,
}

impl RedisStore {
    /// A store at `url`, `redis://host:port/database`. Connects when it is first needed; fails only
    /// for a URL that is none. The URL is never logged: it may hold a password.
    pub fn new(url: &str) -> Result<Self, StoreError> {
        Ok(Self {
            redis: RedisLink::new(url, TIME_OUT)?,
            put: Script::new(include_str!("put.lua")),
            take_due: Script::new(include_str!("take_due.lua")),
            away: AtomicBool::new(false),
        })
    }

    /// One log line for each change between reachable and not.
    fn noted<T>(&self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        match result {
            Ok(value) => {
                if self.away.swap(false, Ordering::Relaxed) {
                    tracing::info!("the store of the generators is back");
                }
                Ok(value)
            }
            Err(failure) => {
                if !self.away.swap(true, Ordering::Relaxed) {
                    tracing::warn!(error = %failure, "the store of the generators is away");
                }
                Err(failure)
            }
        }
    }
}

#[async_trait]
impl InsideStore for RedisStore {
    async fn reach(&self) -> Result<(), Unreached> {
        let mut needed = pipe();
        needed.cmd("ZCARD").arg(INSIDE_KEY).cmd("EVAL").arg("return 1").arg(0);
        self.redis.reach(&needed).await
    }

    async fn put(&self, vehicle: Inside) -> Result<(), StoreError> {
        let exit = vehicle.exit.as_deref().map(wire::observation_to_json).unwrap_or_default();
        let mut call = with_keys(&self.put);
        call.arg(vehicle.plate.as_str()).arg(vehicle.leaves_at.timestamp_millis()).arg(exit);
        self.noted(self.redis.call(&call).await)
    }

    async fn take_due(&self, now: Instant, count: usize) -> Result<Vec<Inside>, StoreError> {
        let mut call = with_keys(&self.take_due);
        call.arg(now.timestamp_millis()).arg(count);
        let taken: Vec<(String, f64, String)> = self.noted(self.redis.call(&call).await)?;
        Ok(taken.into_iter().filter_map(|entry| readable(entry, now)).collect())
    }

    async fn count(&self) -> Result<u64, StoreError> {
        self.noted(self.redis.ask(cmd("ZCARD").arg(INSIDE_KEY)).await)
    }

    async fn settings(&self) -> Result<Option<RedisSettings>, StoreError> {
        self.noted(self.redis.settings().await).map(Some)
    }
}

/// A vehicle as it was put. What somebody else wrote under our keys is dropped.
fn readable((plate, leaves_at, exit): (String, f64, String), now: Instant) -> Option<Inside> {
    let plate = PlateText::parse(&plate).ok();
    #[expect(clippy::cast_possible_truncation, reason = "milliseconds since 1970 fit")]
    let leaves_at = DateTime::from_timestamp_millis(leaves_at as i64);
    let exit = match exit.as_str() {
        "" => Some(None),
        json => wire::parse_observation(json.as_bytes(), now).ok().map(|exit| Some(Box::new(exit))),
    };
    let (Some(plate), Some(leaves_at), Some(exit)) = (plate, leaves_at, exit) else {
        tracing::warn!("dropped an entry of the store that no generator wrote");
        return None;
    };
    Some(Inside { plate, leaves_at, exit })
}

fn with_keys(script: &Script) -> ScriptInvocation<'_> {
    let mut invocation = script.prepare_invoke();
    invocation.key(INSIDE_KEY).key(UNCONFIRMED_KEY);
    invocation
}
