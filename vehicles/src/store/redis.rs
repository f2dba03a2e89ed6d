//! The store in Redis (or Valkey), in a database of its own. The one place of the vehicle monitor
//! that knows Redis.
//!
//! | key | type | what |
//! |---|---|---|
//! | `customers` | hash | customer's id → JSON |
//! | `vehicles` | hash | vehicle's id → JSON |
//! | `vehicle_seen` | hash | vehicle's id → its newest period, `from/to` in ms |
//! | `vehicle_past` | hash | vehicle's id → the periods before |
//! | `vehicle_erased`, `vehicle_rewritten` | strings | something was removed since the append-only file was rewritten; it was rewritten today |
//! | `vehicle_writer` | string | the process that may write; expires |

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use deadpool_redis::redis::aio::MultiplexedConnection;
use deadpool_redis::redis::{
    AsyncConnectionConfig, Cmd, FromRedisValue, IntoConnectionInfo, Pipeline, RedisError, Script,
    cmd, pipe,
};
use deadpool_redis::{Manager, Pool, PoolError, Runtime, Timeouts};
use domain::{Customer, Vehicle};
use platform::storage::{ErasedKeys, ErasedLog, RedisSettings, Unreached};
use std::collections::HashMap;
use tokio::sync::Mutex;

use super::{Change, Kept, Store, StoreError, periods_from_text, periods_to_text, split};

const CUSTOMERS: &str = "customers";
const VEHICLES: &str = "vehicles";
const NEWEST: &str = "vehicle_seen";
const EARLIER: &str = "vehicle_past";
const WRITER: &str = "vehicle_writer";
const ERASED: ErasedKeys = ErasedKeys { erased: "vehicle_erased", rewritten: "vehicle_rewritten" };

/// Longest wait for a connection and for an answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// A writer that says nothing for this long has gone.
const HELD_FOR: Duration = Duration::from_secs(6);
/// Fields read in one round trip.
const SCANNED_AT_ONCE: usize = 5_000;

/// Takes or keeps the right to write, unless another has it.
const HOLD: &str = "local holder = redis.call('GET', KEYS[1]) \
if holder and holder ~= ARGV[1] then return 0 end \
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) return 1";
/// Gives it back, where it is one's own.
const LET_GO: &str =
    "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0";

/// See the module.
pub struct RedisStore {
    /// The URL without its password, for errors.
    shown: String,
    /// Names this process.
    writer: String,
    pool: Pool,
    /// The connection in use, kept until it fails; requests share it.
    link: Mutex<Option<deadpool_redis::Connection>>,
    hold: Script,
    let_go: Script,
    /// What was removed goes from the disk as well (G8).
    erased: Arc<ErasedLog>,
}

impl RedisStore {
    /// Checks the URL; connects on first use. `writer` names this process.
    pub fn new(url: &str, writer: &str) -> Result<Self, StoreError> {
        let wrong = |e: &dyn std::fmt::Display| StoreError(format!("bad Redis URL: {e}"));
        let info = url.into_connection_info().map_err(|e| wrong(&e))?;
        let tcp = info.tcp_settings().clone().set_nodelay(true);
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(PATIENCE));
        let manager =
            Manager::new_with_config(info.set_tcp_settings(tcp), config).map_err(|e| wrong(&e))?;
        let pool = Pool::builder(manager)
            .max_size(2)
            .runtime(Runtime::Tokio1)
            .timeouts(Timeouts {
                wait: Some(PATIENCE),
                create: Some(PATIENCE),
                recycle: Some(PATIENCE),
            })
            .build()
            .map_err(|e| wrong(&e))?;
        let shown = platform::address::masked(url);
        Ok(Self {
            erased: ErasedLog::new(pool.clone(), shown.clone(), ERASED),
            shown,
            writer: writer.to_owned(),
            pool,
            link: Mutex::new(None),
            hold: Script::new(HOLD),
            let_go: Script::new(LET_GO),
        })
    }

    async fn connection(&self) -> Result<MultiplexedConnection, StoreError> {
        let mut link = self.link.lock().await;
        if link.is_none() {
            *link = Some(self.pool.get().await.map_err(|e| self.error(&e))?);
        }
        match &*link {
            Some(connection) => Ok((**connection).clone()),
            None => Err(StoreError("no connection".to_owned())),
        }
    }

    /// Gives the connection up after an error that is the connection's, and says what happened.
    async fn failed(&self, error: RedisError) -> StoreError {
        let is_links = error.is_timeout() || error.is_connection_dropped() || error.is_io_error();
        if is_links && let Some(connection) = self.link.lock().await.take() {
            drop(deadpool_redis::Connection::take(connection));
        }
        self.error(&error)
    }

    fn error(&self, error: &dyn std::fmt::Display) -> StoreError {
        StoreError(format!("Redis at {}: {error}", self.shown))
    }

    async fn ask<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, StoreError> {
        let mut connection = self.connection().await?;
        match command.query_async(&mut connection).await {
            Ok(answer) => Ok(answer),
            Err(e) => Err(self.failed(e).await),
        }
    }

    async fn all(&self, key: &str) -> Result<HashMap<String, String>, StoreError> {
        let mut all = HashMap::new();
        let mut cursor = "0".to_owned();
        loop {
            let mut scan = cmd("HSCAN");
            scan.arg(key).arg(&cursor).arg("COUNT").arg(SCANNED_AT_ONCE);
            let (next, fields): (String, Vec<(String, String)>) = self.ask(&scan).await?;
            all.extend(fields);
            if next == "0" {
                return Ok(all);
            }
            cursor = next;
        }
    }
}

/// Whether the server answered, and will not do what it was asked.
fn is_refusal(error: &RedisError) -> bool {
    !(error.is_timeout() || error.is_connection_dropped() || error.is_io_error())
}

fn put(pipeline: &mut Pipeline, change: &Change) -> Result<(), StoreError> {
    let json = |e: serde_json::Error| StoreError(e.to_string());
    match change {
        Change::PutCustomer(customer) => {
            let text = serde_json::to_string(customer).map_err(json)?;
            pipeline.hset(CUSTOMERS, customer.id.as_str(), text).ignore();
        }
        Change::RemoveCustomer(id) => {
            pipeline.hdel(CUSTOMERS, id.as_str()).ignore();
        }
        Change::PutVehicle(vehicle) => {
            let text = serde_json::to_string(vehicle).map_err(json)?;
            pipeline.hset(VEHICLES, vehicle.id.as_str(), text).ignore();
        }
        Change::RemoveVehicle(id) => {
            for key in [VEHICLES, NEWEST, EARLIER] {
                pipeline.hdel(key, id.as_str()).ignore();
            }
        }
        Change::Newest(id, period) => {
            pipeline.hset(NEWEST, id.as_str(), periods_to_text(&[*period])).ignore();
        }
        Change::Periods(id, periods) => {
            let (newest, earlier) = split(periods);
            pipeline.hset(NEWEST, id.as_str(), newest).ignore();
            pipeline.hset(EARLIER, id.as_str(), earlier).ignore();
        }
    }
    Ok(())
}

#[async_trait]
impl Store for RedisStore {
    async fn reach(&self) -> Result<(), Unreached> {
        let sorted = |e: &RedisError| Unreached::of_redis(&self.shown, e.code(), &e.to_string());
        let mut link = self.pool.get().await.map_err(|e| match e {
            PoolError::Backend(e) => sorted(&e),
            other => Unreached::Away(format!("Redis at {}: {other}", self.shown)),
        })?;
        let mut pipeline = pipe();
        pipeline.cmd("HLEN").arg(CUSTOMERS).cmd("HLEN").arg(VEHICLES);
        pipeline.cmd("EVAL").arg("return 1").arg(0);
        let asked: Result<(u64, u64, u64), RedisError> = pipeline.query_async(&mut link).await;
        asked.map(|_| ()).map_err(|e| sorted(&e))
    }

    async fn hold(&self) -> Result<bool, StoreError> {
        self.erased.look_now_and_then();
        let mut connection = self.connection().await?;
        let held_for = u64::try_from(HELD_FOR.as_millis()).unwrap_or(u64::MAX);
        let mut call = self.hold.key(WRITER);
        let held: Result<i64, RedisError> =
            call.arg(&self.writer).arg(held_for).invoke_async(&mut connection).await;
        match held {
            Ok(held) => Ok(held == 1),
            Err(e) => Err(self.failed(e).await),
        }
    }

    async fn let_go(&self) -> Result<(), StoreError> {
        let mut connection = self.connection().await?;
        let mut call = self.let_go.key(WRITER);
        let gone: Result<i64, RedisError> =
            call.arg(&self.writer).invoke_async(&mut connection).await;
        match gone {
            Ok(_) => Ok(()),
            Err(e) => Err(self.failed(e).await),
        }
    }

    async fn load(&self) -> Result<Kept, StoreError> {
        let json = |e: serde_json::Error| StoreError(e.to_string());
        let mut kept = Kept::default();
        for text in self.all(CUSTOMERS).await?.into_values() {
            kept.customers.push(serde_json::from_str::<Customer>(&text).map_err(json)?);
        }
        let mut newest = self.all(NEWEST).await?;
        let mut earlier = self.all(EARLIER).await?;
        for (id, text) in self.all(VEHICLES).await? {
            let vehicle: Vehicle = serde_json::from_str(&text).map_err(json)?;
            let mut periods = periods_from_text(&earlier.remove(&id).unwrap_or_default())?;
            periods.extend(periods_from_text(&newest.remove(&id).unwrap_or_default())?);
            kept.vehicles.push((vehicle, periods));
        }
        Ok(kept)
    }

    async fn settings(&self) -> Result<Option<RedisSettings>, StoreError> {
        let mut connection = self.connection().await?;
        let info: String = match cmd("INFO").query_async(&mut connection).await {
            Ok(info) => info,
            // Forbidden to this user: then nothing is known.
            Err(e) if is_refusal(&e) => String::new(),
            Err(e) => return Err(self.failed(e).await),
        };
        let sync = cmd("CONFIG").arg("GET").arg("appendfsync").query_async(&mut connection).await;
        let sync: Option<(String, String)> = sync.ok();
        Ok(Some(RedisSettings::from_info(&info, sync.map(|(_, value)| value))))
    }

    async fn commit(&self, changes: Arc<[Change]>) -> Result<(), StoreError> {
        let mut pipeline = pipe();
        pipeline.atomic();
        for change in changes.iter() {
            put(&mut pipeline, change)?;
        }
        let removes = changes.iter().any(Change::removes);
        if removes {
            pipeline.set(ERASED.erased, 1).ignore();
        }
        let mut connection = self.connection().await?;
        match pipeline.query_async::<()>(&mut connection).await {
            Ok(()) => {
                if removes {
                    self.erased.look_soon();
                }
                Ok(())
            }
            Err(e) => Err(self.failed(e).await),
        }
    }
}
