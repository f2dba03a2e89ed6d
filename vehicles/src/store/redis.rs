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

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use deadpool_redis::redis::{Pipeline, Script, cmd, pipe};
use domain::{Customer, Vehicle};
use platform::storage::{ErasedKeys, ErasedLog, RedisLink, RedisSettings, Unreached};

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

/// Outlives this machine; of several processes one has the right to write.
pub struct RedisStore {
    redis: RedisLink,
    /// Names this process to others that would write.
    writer: String,
    hold: Script,
    let_go: Script,
    /// What was removed goes from the disk as well (G8).
    erased: Arc<ErasedLog>,
}

impl RedisStore {
    /// Checks the URL; connects on first use. `writer` names this process.
    pub fn new(url: &str, writer: &str) -> Result<Self, StoreError> {
        let redis = RedisLink::new(url, PATIENCE)?;
        Ok(Self {
            erased: redis.erased_log(ERASED),
            redis,
            writer: writer.to_owned(),
            hold: Script::new(HOLD),
            let_go: Script::new(LET_GO),
        })
    }

    async fn all(&self, key: &str) -> Result<HashMap<String, String>, StoreError> {
        let mut all = HashMap::new();
        let mut cursor = "0".to_owned();
        loop {
            let mut scan = cmd("HSCAN");
            scan.arg(key).arg(&cursor).arg("COUNT").arg(SCANNED_AT_ONCE);
            let (next, fields): (String, Vec<(String, String)>) = self.redis.ask(&scan).await?;
            all.extend(fields);
            if next == "0" {
                return Ok(all);
            }
            cursor = next;
        }
    }
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
        let mut needed = pipe();
        needed.cmd("HLEN").arg(CUSTOMERS).cmd("HLEN").arg(VEHICLES);
        needed.cmd("EVAL").arg("return 1").arg(0);
        self.redis.reach(&needed).await
    }

    async fn hold(&self) -> Result<bool, StoreError> {
        self.erased.look_now_and_then();
        let held_for = u64::try_from(HELD_FOR.as_millis()).unwrap_or(u64::MAX);
        let mut call = self.hold.key(WRITER);
        let held: i64 = self.redis.call(call.arg(&self.writer).arg(held_for)).await?;
        Ok(held == 1)
    }

    async fn let_go(&self) -> Result<(), StoreError> {
        let mut call = self.let_go.key(WRITER);
        self.redis.call::<i64>(call.arg(&self.writer)).await.map(drop)
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
        self.redis.settings().await.map(Some)
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
        self.redis.ask_all::<()>(&pipeline).await?;
        if removes {
            self.erased.look_soon();
        }
        Ok(())
    }
}
