//! Erased for good: Redis keeps each command in its append-only file, with what was erased since, until
//! it rewrites it, which may take months. So after an erasure it is asked to, at most daily.
//!
//! Who erases sets [`ErasedKeys::erased`] in the same transaction; it goes when the rewriting begins.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use deadpool_redis::Pool;
use deadpool_redis::redis::{RedisError, cmd};
use tracing::{info, warn};

/// Erasures within this time have one rewriting.
const GATHERED_FOR: Duration = Duration::from_secs(2);
/// Between two looks whether one is due.
const LOOK_EVERY: Duration = Duration::from_mins(10);
/// Rewriting copies all there is: not more often than this.
const REWRITTEN_EVERY_SECONDS: u64 = 24 * 60 * 60;

/// Two keys of the database.
#[derive(Debug, Clone, Copy)]
pub struct ErasedKeys {
    /// Is there while something erased may stand in the file.
    pub erased: &'static str,
    /// Is there for a day after the file was rewritten.
    pub rewritten: &'static str,
}

/// See the module.
pub struct ErasedLog {
    pool: Pool,
    /// The URL without its password.
    shown: String,
    keys: ErasedKeys,
    looked_at: Mutex<Option<Instant>>,
    is_told: AtomicBool,
}

impl ErasedLog {
    /// Of the server behind `pool`, which is `shown` so.
    pub fn new(pool: Pool, shown: String, keys: ErasedKeys) -> Arc<Self> {
        let (looked_at, is_told) = (Mutex::default(), AtomicBool::default());
        Arc::new(Self { pool, shown, keys, looked_at, is_told })
    }

    /// Looks soon, on the current runtime: something was erased.
    pub fn look_soon(self: &Arc<Self>) {
        self.note_look();
        let this = Arc::clone(self);
        tokio::spawn(async move {
            tokio::time::sleep(GATHERED_FOR).await;
            this.look().await;
        });
    }

    /// Looks where that was not done for a while: what was erased by a process that is gone, or within
    /// a day after the last rewriting, still waits.
    pub fn look_now_and_then(self: &Arc<Self>) {
        let looked_at = *self.looked_at.lock().unwrap_or_else(PoisonError::into_inner);
        if looked_at.is_none_or(|at| at.elapsed() >= LOOK_EVERY) {
            self.look_soon();
        }
    }

    fn note_look(&self) {
        let mut looked_at = self.looked_at.lock().unwrap_or_else(PoisonError::into_inner);
        *looked_at = Some(Instant::now());
    }

    async fn look(&self) {
        match self.rewrite_if_due().await {
            Ok(true) => info!(redis = self.shown, "rewriting Redis' file, for what was erased"),
            Ok(false) => {}
            // Once: it may be meant so, for a user with few permissions.
            Err(error) if !self.is_told.swap(true, Ordering::Relaxed) => warn!(
                redis = self.shown,
                %error,
                "what was erased stays in Redis' append-only file until that is rewritten: let the user \
                 run INFO and BGREWRITEAOF, or run BGREWRITEAOF yourself"
            ),
            Err(_) => {}
        }
    }

    async fn rewrite_if_due(&self) -> Result<bool, Failure> {
        let mut link = self.pool.get().await?;
        let is_erased: bool = cmd("EXISTS").arg(self.keys.erased).query_async(&mut link).await?;
        if !is_erased {
            return Ok(false);
        }
        let state: String = cmd("INFO").arg("persistence").query_async(&mut link).await?;
        let has = |line: &str| state.lines().any(|found| found.trim() == line);
        if has("aof_enabled:0") {
            // There is no such file.
            cmd("DEL").arg(self.keys.erased).query_async::<()>(&mut link).await?;
            return Ok(false);
        }
        if !has("aof_rewrite_in_progress:0") || has("aof_rewrite_scheduled:1") {
            return Ok(false);
        }
        let is_first: Option<String> = cmd("SET")
            .arg(self.keys.rewritten)
            .arg(1)
            .arg("NX")
            .arg("EX")
            .arg(REWRITTEN_EVERY_SECONDS)
            .query_async(&mut link)
            .await?;
        if is_first.is_none() {
            return Ok(false);
        }
        // Before and not after: what is erased meanwhile waits for the next one.
        cmd("DEL").arg(self.keys.erased).query_async::<()>(&mut link).await?;
        let begun: Result<String, RedisError> = cmd("BGREWRITEAOF").query_async(&mut link).await;
        if let Err(error) = begun {
            cmd("SET").arg(self.keys.erased).arg(1).query_async::<()>(&mut link).await?;
            cmd("DEL").arg(self.keys.rewritten).query_async::<()>(&mut link).await?;
            return Err(error.into());
        }
        Ok(true)
    }
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("{0}")]
    Pool(#[from] deadpool_redis::PoolError),
    #[error("{0}")]
    Redis(#[from] RedisError),
}
