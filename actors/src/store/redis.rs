//! The store in Redis (or Valkey): hashes under the plates, as the contract names them, and lower
//! case keys for all else. The one place of the actors that knows Redis.
//!
//! | key | type | what |
//! |---|---|---|
//! | `<PLATE>` | hash | `version`, `record`, and for people `entry_time`, `parking_enter_data`, `parking_exit_data` |
//! | `entry_plates` | set | plates inside |
//! | `carpark:due:entries`, `carpark:due:exits` | sorted sets | plates that wait for that watermark, by event time in ms |
//! | `carpark:past` | hash | of each plate that waits for a place's past, for which and how long |
//! | `carpark:past:places` | set | those places |
//! | `carpark:past:entries:<place>`, `carpark:past:exits:<place>` | sorted sets | what waits there, as in `carpark:due` |
//! | `carpark:outbox:<processor>` | hash | reports that the sink has not confirmed |
//! | `carpark:processors` | hash | last sign of life and watermarks of each processor |
//! | `carpark:readings` | hash | how far each processor has read, what it holds back, which places are behind |
//! | `carpark:erased`, `carpark:rewritten` | strings | something was erased since the append-only file was rewritten; it was rewritten today |
//! | `carpark:spelling` | string | how the plates are spelled under which the records stand, and since when (ms) |
//! | `carpark:passed:<hour>` | hash | vehicles that passed, by minute of event time, `e` and `x` |

mod beating;
mod committing;
mod past;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta};
use deadpool_redis::redis::{RedisError, Script, Value, cmd, pipe};
use domain::record::LastReport;
use domain::watermark::agreed;
use domain::{Behind, Instant, Plate, Record, Watermarks};
use platform::storage::{ErasedKeys, ErasedLog, RedisLink, RedisSettings, Unreached};

use super::change::{Change, OutboxEntry};
use super::{
    Beat, Committed, Counters, Counts, Held, Outboxes, Peers, Plates, ProcessorId, Processors,
    Records, Scope, Spelling, Store, StoreError, is_misspelled, without_repeats,
};
use crate::flow::{MINUTES_KEPT, Passed};
use beating::millis;
use committing::{CommitScript, read_answer};
use past::{LEAVE_PAST, PAST};

const OPEN: &str = "entry_plates";
const DUE_ENTRIES: &str = "carpark:due:entries";
const DUE_EXITS: &str = "carpark:due:exits";
const PROCESSORS: &str = "carpark:processors";
const READINGS: &str = "carpark:readings";
const SPELLING_KEY: &str = "carpark:spelling";
const PASSED: &str = "carpark:passed";
const ERASED: ErasedKeys = ErasedKeys { erased: "carpark:erased", rewritten: "carpark:rewritten" };

/// Takes a record away if it has the version, with its place in every index.
const REMOVE_MISSPELLED: &str = concat!(
    include_str!("past.lua"),
    "
if redis.call('HGET', KEYS[1], 'version') ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
redis.call('SREM', 'entry_plates', KEYS[1])
redis.call('ZREM', 'carpark:due:entries', KEYS[1])
redis.call('ZREM', 'carpark:due:exits', KEYS[1])
wait_for_past(KEYS[1], '')
return 1"
);

/// Entries of an outbox looked at in one round trip.
const SCANNED_AT_ONCE: usize = 1_000;

/// How to reach Redis and how long to wait for it.
#[derive(Debug, Clone)]
pub struct RedisOptions {
    /// `redis://…/0` or `rediss://…/0`, with password if any.
    pub url: String,
    /// A plate with nothing open expires this long after its last change.
    pub retention: TimeDelta,
    /// Longest wait for a connection and for an answer. Past it the outcome is unknown and the
    /// commit is repeated.
    pub patience: Duration,
    /// After this long without a sign of life a processor holds no watermark back: `lateness`, as for
    /// everything that is waited for, but no less than a busy one may take for a step.
    pub silent_after: Duration,
    /// After this long its outbox is taken over. Two that post the same entry do no harm.
    pub adopt_after: Duration,
}

impl RedisOptions {
    /// The defaults, for the server at `url`.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            retention: TimeDelta::days(30),
            patience: Duration::from_secs(2),
            silent_after: Duration::from_secs(5),
            adopt_after: Duration::from_secs(5),
        }
    }

    /// See [`RedisOptions::silent_after`], by the rules' `lateness`.
    pub fn silent_after(lateness: TimeDelta) -> Duration {
        lateness.to_std().unwrap_or_default().max(Duration::from_secs(3))
    }
}

/// See the module.
pub struct RedisStore {
    options: RedisOptions,
    redis: RedisLink,
    commit: CommitScript,
    beat: Script,
    /// What was erased goes from the disk as well (G8).
    erased: Arc<ErasedLog>,
}

impl RedisStore {
    /// Checks the URL; connects on first use.
    pub fn new(options: RedisOptions) -> Result<Self, StoreError> {
        let redis = RedisLink::new(&options.url, options.patience)?;
        Ok(Self {
            erased: redis.erased_log(ERASED),
            options,
            redis,
            commit: CommitScript::new(),
            beat: Script::new(include_str!("beat.lua")),
        })
    }

    async fn due_in(
        &self,
        key: &str,
        watermark: Option<domain::Instant>,
        limit: usize,
    ) -> Result<Vec<Plate>, StoreError> {
        let Some(watermark) = watermark else {
            return Ok(Vec::new());
        };
        let mut command = cmd("ZRANGEBYSCORE");
        command.arg(key).arg("-inf").arg(watermark.timestamp_millis());
        command.arg("LIMIT").arg(0).arg(limit);
        let plates: Vec<String> = self.redis.ask(&command).await?;
        Ok(plates.iter().filter_map(|plate| Plate::parse(plate).ok()).collect())
    }
}

/// Before the processor, the key of its outbox.
const OUTBOX: &str = "carpark:outbox:";

fn outbox_key(owner: &ProcessorId) -> String {
    format!("{OUTBOX}{owner}")
}

/// Where the counts of a minute are.
fn passed_key(minute: i64) -> String {
    format!("{PASSED}:{}", minute.div_euclid(60))
}

#[async_trait]
impl Records for RedisStore {
    async fn commit(
        &self,
        owner: &ProcessorId,
        batch: Arc<[Change]>,
    ) -> Result<Vec<Committed>, StoreError> {
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        let call = self.commit.call(owner, self.options.retention, &batch);
        let answers: Vec<Value> =
            self.redis.with(async |link| self.commit.evaluated(&call, link).await).await?;
        if answers.len() != batch.len() {
            return Err(StoreError("the commit script answered for another batch".to_owned()));
        }
        Ok(answers.iter().map(read_answer).collect())
    }

    async fn load(&self, plates: &[Plate]) -> Result<Vec<Result<Record, String>>, StoreError> {
        if plates.is_empty() {
            return Ok(Vec::new());
        }
        let mut pipeline = pipe();
        pipeline.ignore_errors();
        for plate in plates {
            pipeline.hget(plate.as_str(), "record");
        }
        let answers: Vec<Result<Option<Vec<u8>>, RedisError>> =
            self.redis.ask_all(&pipeline).await?;
        Ok(answers
            .into_iter()
            .map(|answer| match answer {
                Ok(None) => Ok(Record::default()),
                Ok(Some(json)) => Record::from_json(&json).map_err(|e| e.to_string()),
                Err(e) => Err(e.to_string()),
            })
            .collect())
    }

    async fn due(
        &self,
        watermarks: &Watermarks,
        behind: &Behind,
        limit: usize,
    ) -> Result<Vec<Plate>, StoreError> {
        let mut plates = self.due_in(DUE_ENTRIES, watermarks.entries, limit).await?;
        let exits = self.due_in(DUE_EXITS, watermarks.exits, limit).await?;
        plates.extend(exits);
        let mut plates = without_repeats(plates, limit);
        plates.extend(self.due_of_past(watermarks, behind, limit).await?);
        Ok(plates)
    }
}

#[async_trait]
impl Outboxes for RedisStore {
    async fn outbox(
        &self,
        owner: &ProcessorId,
        cursor: Option<String>,
        limit: usize,
    ) -> Result<(Vec<OutboxEntry>, Option<String>), StoreError> {
        let mut command = cmd("HSCAN");
        command.arg(outbox_key(owner)).arg(cursor.as_deref().unwrap_or("0"));
        command.arg("COUNT").arg(limit);
        let (next, fields): (String, Vec<(String, String)>) = self.redis.ask(&command).await?;
        let entries = fields
            .into_iter()
            .filter_map(|(key, stored)| OutboxEntry::from_stored(key, &stored))
            .collect();
        Ok((entries, (next != "0").then_some(next)))
    }

    async fn are_waiting(&self, reports: &[LastReport]) -> Result<Vec<bool>, StoreError> {
        if reports.is_empty() {
            return Ok(Vec::new());
        }
        let mut pipeline = pipe();
        for report in reports {
            pipeline.hexists(format!("{OUTBOX}{}", report.by), report.key.as_str());
        }
        self.redis.ask_all(&pipeline).await
    }

    async fn clear(&self, owner: &ProcessorId, keys: &[String]) -> Result<(), StoreError> {
        if keys.is_empty() {
            return Ok(());
        }
        self.redis.ask(cmd("HDEL").arg(outbox_key(owner)).arg(keys)).await
    }
}

#[async_trait]
impl Processors for RedisStore {
    async fn beat(&self, beat: &Beat) -> Result<Peers, StoreError> {
        self.erased.look_now_and_then();
        let mut call = self.beat.prepare_invoke();
        call.arg(&*beat.processor.0)
            .arg(millis(beat.watermarks.entries))
            .arg(millis(beat.watermarks.exits))
            .arg(u64::try_from(self.options.silent_after.as_millis()).unwrap_or(u64::MAX))
            .arg(u64::try_from(self.options.adopt_after.as_millis()).unwrap_or(u64::MAX))
            .arg(beating::to_text(&beat.reading));
        let (alive, rank, gone, said): (usize, usize, Vec<String>, Vec<(String, String, String)>) =
            self.redis.call(&call).await?;
        let readings = said.iter().map(|(entries, exits, all)| beating::read(entries, exits, all));
        let (watermarks, behind) = agreed(readings);
        Ok(Peers {
            watermarks,
            behind,
            alive,
            rank,
            gone: gone.into_iter().map(|id| ProcessorId(id.into())).collect(),
        })
    }

    async fn leave(&self, processor: &ProcessorId) -> Result<(), StoreError> {
        // With its outbox empty nothing is left to be found; else it counts as long gone, so that
        // the next one takes the outbox over at once.
        let mut pipeline = pipe();
        pipeline.cmd("HSET").arg(PROCESSORS).arg(&*processor.0).arg("0  ").ignore();
        pipeline.cmd("HDEL").arg(READINGS).arg(&*processor.0).ignore();
        self.redis.ask_all(&pipeline).await
    }
}

#[async_trait]
impl Plates for RedisStore {
    async fn plates(
        &self,
        scope: Scope,
        cursor: Option<String>,
        limit: usize,
    ) -> Result<(Vec<Plate>, Option<String>), StoreError> {
        let cursor = cursor.as_deref().unwrap_or("0");
        let command = match scope {
            Scope::Open => cmd("SSCAN").arg(OPEN).arg(cursor).arg("COUNT").arg(limit).clone(),
            Scope::All => {
                cmd("SCAN").arg(cursor).arg("COUNT").arg(limit).arg("TYPE").arg("hash").clone()
            }
        };
        let (next, keys): (String, Vec<String>) = self.redis.ask(&command).await?;
        // What is no plate is a key of ours: those are in lower case.
        let is_plate = |key: &String| Plate::parse(key).ok().filter(|plate| plate.as_str() == key);
        let plates = keys.iter().filter_map(is_plate).collect();
        Ok((plates, (next != "0").then_some(next)))
    }

    async fn open_among(&self, plates: &[Plate]) -> Result<Vec<bool>, StoreError> {
        if plates.is_empty() {
            return Ok(Vec::new());
        }
        let plates: Vec<&str> = plates.iter().map(Plate::as_str).collect();
        self.redis.ask(cmd("SMISMEMBER").arg(OPEN).arg(plates)).await
    }

    async fn held(&self, plate: &Plate) -> Result<Held, StoreError> {
        let record = self.redis.ask(cmd("HGET").arg(plate.as_str()).arg("record")).await?;
        let owners: Vec<String> = self.redis.ask(cmd("HKEYS").arg(PROCESSORS)).await?;
        let mut reports = Vec::new();
        for owner in owners {
            let owner = ProcessorId(owner.into());
            let mut cursor = None;
            loop {
                let (entries, next) = self.outbox(&owner, cursor, SCANNED_AT_ONCE).await?;
                reports.extend(entries.into_iter().filter(|entry| entry.plate == *plate));
                cursor = next;
                if cursor.is_none() {
                    break;
                }
            }
        }
        Ok(Held { record, reports })
    }

    async fn erase(&self, plate: &Plate) -> Result<bool, StoreError> {
        let plate = plate.as_str();
        let mut pipeline = pipe();
        pipeline.atomic().cmd("DEL").arg(plate);
        pipeline.cmd("SREM").arg(OPEN).arg(plate).ignore();
        pipeline.cmd("ZREM").arg(DUE_ENTRIES).arg(plate).ignore();
        pipeline.cmd("ZREM").arg(DUE_EXITS).arg(plate).ignore();
        pipeline.cmd("EVAL").arg(LEAVE_PAST).arg(1).arg(plate).ignore();
        pipeline.cmd("SET").arg(ERASED.erased).arg(1).ignore();
        let (deleted,): (u64,) = self.redis.ask_all(&pipeline).await?;
        self.erased.look_soon();
        Ok(deleted > 0)
    }
}

#[async_trait]
impl Counters for RedisStore {
    async fn counts(&self) -> Result<Counts, StoreError> {
        let mut pipeline = pipe();
        pipeline.cmd("SCARD").arg(OPEN);
        pipeline.cmd("ZCARD").arg(DUE_ENTRIES).cmd("ZCARD").arg(DUE_EXITS).cmd("HLEN").arg(PAST);
        let (open, due_entries, due_exits, past): (u64, u64, u64, u64) =
            self.redis.ask_all(&pipeline).await?;
        Ok(Counts { open, waiting: due_entries + due_exits + past })
    }

    async fn count_passed(&self, passed: &[Passed]) -> Result<(), StoreError> {
        let mut pipeline = pipe();
        for passed in passed {
            let key = passed_key(passed.minute);
            for (kind, count) in [("e", passed.entries), ("x", passed.exits)] {
                if count > 0 {
                    let field = format!("{}{kind}", passed.minute);
                    pipeline.cmd("HINCRBY").arg(&key).arg(field).arg(count).ignore();
                }
            }
            pipeline.cmd("EXPIRE").arg(&key).arg((MINUTES_KEPT + 60) * 60).ignore();
        }
        self.redis.ask_all(&pipeline).await
    }

    async fn passed(&self, since_minute: i64) -> Result<Vec<Passed>, StoreError> {
        let since_hour = since_minute.div_euclid(60);
        let mut pipeline = pipe();
        for hour in since_hour..=since_hour + MINUTES_KEPT.div_euclid(60) {
            pipeline.cmd("HGETALL").arg(passed_key(hour * 60));
        }
        let hours: Vec<Vec<(String, u64)>> = self.redis.ask_all(&pipeline).await?;
        let mut minutes = BTreeMap::<i64, Passed>::new();
        for (field, count) in hours.into_iter().flatten() {
            let Some((at, kind)) = field.split_at_checked(field.len().saturating_sub(1)) else {
                continue;
            };
            let Some(minute) = at.parse().ok().filter(|minute| *minute >= since_minute) else {
                continue;
            };
            let passed = minutes.entry(minute).or_insert(Passed { minute, ..Passed::default() });
            match kind {
                "e" => passed.entries = count,
                "x" => passed.exits = count,
                _ => {}
            }
        }
        Ok(minutes.into_values().collect())
    }
}

#[async_trait]
impl Spelling for RedisStore {
    async fn spelling(&self) -> Result<Option<(u32, Instant)>, StoreError> {
        let noted: Option<String> = self.redis.ask(cmd("GET").arg(SPELLING_KEY)).await?;
        Ok(noted.and_then(|noted| {
            let (spelling, since) = noted.split_once(' ')?;
            let since = DateTime::from_timestamp_millis(since.parse().ok()?)?;
            Some((spelling.parse().ok()?, since))
        }))
    }

    async fn note_spelling(&self, spelling: u32, since: Instant) -> Result<(), StoreError> {
        if self.spelling().await?.is_some_and(|(noted, _)| noted >= spelling) {
            return Ok(());
        }
        let note = format!("{spelling} {}", since.timestamp_millis());
        self.redis.ask(cmd("SET").arg(SPELLING_KEY).arg(note)).await
    }

    async fn misspelled(
        &self,
        cursor: Option<String>,
        limit: usize,
    ) -> Result<(Vec<String>, Option<String>), StoreError> {
        let mut command = cmd("SCAN");
        command.arg(cursor.as_deref().unwrap_or("0")).arg("COUNT").arg(limit);
        command.arg("TYPE").arg("hash");
        let (next, keys): (String, Vec<Vec<u8>>) = self.redis.ask(&command).await?;
        let keys = keys.into_iter().filter_map(|key| String::from_utf8(key).ok());
        let keys = keys.filter(|key| is_misspelled(key)).collect();
        Ok((keys, (next != "0").then_some(next)))
    }

    async fn kept_under(&self, key: &str) -> Result<Option<String>, StoreError> {
        self.redis.ask(cmd("HGET").arg(key).arg("record")).await
    }

    async fn remove_misspelled(&self, key: &str, version: u64) -> Result<bool, StoreError> {
        let remove_misspelled: u64 =
            self.redis.ask(cmd("EVAL").arg(REMOVE_MISSPELLED).arg(1).arg(key).arg(version)).await?;
        Ok(remove_misspelled == 1)
    }
}

#[async_trait]
impl Store for RedisStore {
    async fn reach(&self) -> Result<(), Unreached> {
        // What every commit needs: the keys, and to run a script.
        let mut needed = pipe();
        needed.cmd("SCARD").arg(OPEN).cmd("ZCARD").arg(DUE_ENTRIES).cmd("ZCARD").arg(DUE_EXITS);
        needed.cmd("EVAL").arg("return 1").arg(0);
        self.redis.reach(&needed).await
    }

    async fn settings(&self) -> Result<Option<RedisSettings>, StoreError> {
        self.redis.settings().await.map(Some)
    }
}
