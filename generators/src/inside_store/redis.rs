//! The vehicles that are inside, in Redis: shared by any number of generators. The only file of
//! this crate that knows Redis.
//!
//! Keys: `carpark:generators:inside`, a sorted set of plates by the time they leave in ms, and
//! `carpark:generators:unconfirmed`, a hash from plate to the exit that a stop left unconfirmed.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use chrono::DateTime;
use deadpool_redis::redis::io::tcp::TcpSettings;
use deadpool_redis::redis::{
    AsyncConnectionConfig, IntoConnectionInfo as _, RedisError, Script, ScriptInvocation, cmd, pipe,
};
use deadpool_redis::{Connection, Manager, Pool, PoolError, Runtime};
use domain::{Instant, wire};
use platform::storage::{RedisSettings, Unreached};

use super::{Inside, InsideStore, PlateText, StoreError};

const INSIDE_KEY: &str = "carpark:generators:inside";
const UNCONFIRMED_KEY: &str = "carpark:generators:unconfirmed";
/// Connections for puts at most. One serves a thousand vehicles per second.
const PUT_CONNECTIONS_MAX: usize = 16;
/// The same for looks, of which one is under way at a time: they do not queue behind the puts.
const TAKE_CONNECTIONS_MAX: usize = 2;
/// For each of: waiting for a free connection, making one, checking one, an answer.
const TIME_OUT: Duration = Duration::from_secs(2);

/// See the module.
pub struct RedisStore {
    /// The URL without its password.
    shown: String,
    puts: Pool,
    takes: Pool,
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
            shown: platform::address::masked(url),
            puts: pool(url, PUT_CONNECTIONS_MAX)?,
            takes: pool(url, TAKE_CONNECTIONS_MAX)?,
            put: Script::new(include_str!("put.lua")),
            take_due: Script::new(include_str!("take_due.lua")),
            away: AtomicBool::new(false),
        })
    }

    /// One log line for each change between reachable and not.
    fn noted<T>(&self, result: Result<T, Failure>) -> Result<T, StoreError> {
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
                Err(StoreError(failure.to_string()))
            }
        }
    }

    async fn try_put(&self, vehicle: &Inside) -> Result<(), Failure> {
        let exit = vehicle.exit.as_deref().map(wire::observation_to_json).unwrap_or_default();
        with_keys(&self.put)
            .arg(vehicle.plate.as_str())
            .arg(vehicle.leaves_at.timestamp_millis())
            .arg(exit)
            .invoke_async::<()>(&mut connection(&self.puts).await?)
            .await?;
        Ok(())
    }

    async fn try_take_due(&self, now: Instant, count: usize) -> Result<Vec<Inside>, Failure> {
        let taken = with_keys(&self.take_due)
            .arg(now.timestamp_millis())
            .arg(count)
            .invoke_async::<Vec<(String, f64, String)>>(&mut connection(&self.takes).await?)
            .await?;
        Ok(taken.into_iter().filter_map(|entry| readable(entry, now)).collect())
    }

    async fn try_count(&self) -> Result<u64, Failure> {
        let mut connection = connection(&self.takes).await?;
        Ok(cmd("ZCARD").arg(INSIDE_KEY).query_async(&mut connection).await?)
    }

    async fn try_settings(&self) -> Result<RedisSettings, Failure> {
        let mut connection = connection(&self.takes).await?;
        let info: String = match cmd("INFO").query_async(&mut connection).await {
            Ok(info) => info,
            Err(e) if e.is_timeout() || e.is_connection_dropped() || e.is_io_error() => {
                return Err(e.into());
            }
            // Forbidden to this user: then nothing is known.
            Err(_) => String::new(),
        };
        let sync = cmd("CONFIG").arg("GET").arg("appendfsync").query_async(&mut connection).await;
        let sync: Option<(String, String)> = sync.ok();
        Ok(RedisSettings::from_info(&info, sync.map(|(_, value)| value)))
    }
}

#[async_trait]
impl InsideStore for RedisStore {
    async fn reach(&self) -> Result<(), Unreached> {
        let asked = async {
            let mut link = connection(&self.takes).await?;
            let mut pipeline = pipe();
            pipeline.cmd("ZCARD").arg(INSIDE_KEY).cmd("EVAL").arg("return 1").arg(0);
            Ok::<_, Failure>(pipeline.query_async::<(u64, u64)>(&mut link).await?)
        };
        asked.await.map(|_| ()).map_err(|e| match e {
            Failure::Redis(e) | Failure::Pool(PoolError::Backend(e)) => {
                Unreached::of_redis(&self.shown, e.code(), &e.to_string())
            }
            Failure::Pool(e) => Unreached::Away(format!("Redis at {}: {e}", self.shown)),
        })
    }

    async fn put(&self, vehicle: Inside) -> Result<(), StoreError> {
        self.noted(self.try_put(&vehicle).await)
    }

    async fn take_due(&self, now: Instant, count: usize) -> Result<Vec<Inside>, StoreError> {
        self.noted(self.try_take_due(now, count).await)
    }

    async fn count(&self) -> Result<u64, StoreError> {
        self.noted(self.try_count().await)
    }

    async fn settings(&self) -> Result<Option<RedisSettings>, StoreError> {
        self.noted(self.try_settings().await).map(Some)
    }
}

fn pool(url: &str, connections_max: usize) -> Result<Pool, StoreError> {
    let settings = TcpSettings::default().set_nodelay(true);
    let server = url.into_connection_info().map_err(|e| StoreError(e.to_string()))?;
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(TIME_OUT))
        .set_response_timeout(Some(TIME_OUT));
    let manager = Manager::new_with_config(server.set_tcp_settings(settings), config)
        .map_err(|e| StoreError(e.to_string()))?;
    Pool::builder(manager)
        .max_size(connections_max)
        .wait_timeout(Some(TIME_OUT))
        .create_timeout(Some(TIME_OUT))
        .recycle_timeout(Some(TIME_OUT))
        .runtime(Runtime::Tokio1)
        .build()
        .map_err(|e| StoreError(e.to_string()))
}

async fn connection(pool: &Pool) -> Result<Connection, Failure> {
    Ok(pool.get().await?)
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

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("{0}")]
    Pool(#[from] deadpool_redis::PoolError),
    #[error("{0}")]
    Redis(#[from] RedisError),
}
