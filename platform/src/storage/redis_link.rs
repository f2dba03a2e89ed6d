//! The one way to a Redis: a connection that is kept until it fails, and whose failures are sorted.

use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use deadpool_redis::redis::aio::MultiplexedConnection;
use deadpool_redis::redis::{
    AsyncConnectionConfig, Cmd, FromRedisValue, IntoConnectionInfo, Pipeline, RedisError,
    ScriptInvocation, cmd,
};
use deadpool_redis::{Manager, Pool, PoolError, Runtime, Timeouts};
use tokio::sync::Mutex;

use super::{ErasedKeys, ErasedLog, RedisSettings, StoreError, Unreached};
use crate::address::masked;

/// See the module.
pub struct RedisLink {
    /// The URL without its password, for errors.
    shown: String,
    pool: Pool,
    /// The connection in use. Checking out of the pool costs a round trip, so it is kept until it
    /// fails; many requests share it.
    link: Mutex<Option<deadpool_redis::Connection>>,
}

impl RedisLink {
    /// Checks the URL (`redis://…/0`, `rediss://…/0`); connects on first use. `patience` is the
    /// longest wait for a connection and for an answer: past it the outcome is unknown.
    pub fn new(url: &str, patience: Duration) -> Result<Self, StoreError> {
        let wrong = |e: &dyn Display| StoreError(format!("bad Redis URL: {e}"));
        let info = url.into_connection_info().map_err(|e| wrong(&e))?;
        let tcp = info.tcp_settings().clone().set_nodelay(true);
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(patience))
            .set_response_timeout(Some(patience));
        let manager =
            Manager::new_with_config(info.set_tcp_settings(tcp), config).map_err(|e| wrong(&e))?;
        let pool = Pool::builder(manager)
            .max_size(2)
            .runtime(Runtime::Tokio1)
            .timeouts(Timeouts {
                wait: Some(patience),
                create: Some(patience),
                recycle: Some(patience),
            })
            .build()
            .map_err(|e| wrong(&e))?;
        Ok(Self { shown: masked(url), pool, link: Mutex::new(None) })
    }

    /// Sees to it that what is erased goes from the disk as well.
    pub fn erased_log(&self, keys: ErasedKeys) -> Arc<ErasedLog> {
        ErasedLog::new(self.pool.clone(), self.shown.clone(), keys)
    }

    /// The answer to a command.
    pub async fn ask<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, StoreError> {
        self.with(async |link| command.query_async(link).await).await
    }

    /// The answers to several.
    pub async fn ask_all<T: FromRedisValue>(&self, commands: &Pipeline) -> Result<T, StoreError> {
        self.with(async |link| commands.query_async(link).await).await
    }

    /// The answer of a script.
    pub async fn call<T: FromRedisValue>(
        &self,
        script: &ScriptInvocation<'_>,
    ) -> Result<T, StoreError> {
        self.with(async |link| script.invoke_async(link).await).await
    }

    /// Whatever needs a connection. One that has failed is given up; the next call makes another.
    pub async fn with<T>(
        &self,
        asked: impl AsyncFnOnce(&mut MultiplexedConnection) -> Result<T, RedisError>,
    ) -> Result<T, StoreError> {
        let mut connection = self.connection().await?;
        match asked(&mut connection).await {
            Ok(answer) => Ok(answer),
            Err(e) => Err(self.failed(e).await),
        }
    }

    /// Whether it lets us in and does all of `needed`; else whether to wait or to change something.
    pub async fn reach(&self, needed: &Pipeline) -> Result<(), Unreached> {
        let sorted = |e: &RedisError| Unreached::of_redis(&self.shown, e.code(), &e.to_string());
        let mut link = self.pool.get().await.map_err(|e| match e {
            PoolError::Backend(e) => sorted(&e),
            other => Unreached::Away(format!("Redis at {}: {other}", self.shown)),
        })?;
        needed.query_async::<()>(&mut link).await.map_err(|e| sorted(&e))
    }

    /// How it is set, as far as this user may know.
    pub async fn settings(&self) -> Result<RedisSettings, StoreError> {
        let (info, sync) = self
            .with(async |link| {
                let info: String = match cmd("INFO").query_async(link).await {
                    Ok(info) => info,
                    Err(e) if is_links(&e) => return Err(e),
                    // Forbidden: then nothing is known.
                    Err(_) => String::new(),
                };
                let sync = cmd("CONFIG").arg("GET").arg("appendfsync").query_async(link).await;
                let sync: Option<(String, String)> = sync.ok();
                Ok((info, sync))
            })
            .await?;
        Ok(RedisSettings::from_info(&info, sync.map(|(_, value)| value)))
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
        if is_links(&error)
            && let Some(connection) = self.link.lock().await.take()
        {
            // Not back into the pool: a request may still be under way on it.
            drop(deadpool_redis::Connection::take(connection));
        }
        self.error(&error)
    }

    fn error(&self, error: &dyn Display) -> StoreError {
        StoreError(format!("Redis at {}: {error}", self.shown))
    }
}

/// Whether the connection failed, and not what was asked over it.
fn is_links(error: &RedisError) -> bool {
    error.is_timeout() || error.is_connection_dropped() || error.is_io_error()
}
