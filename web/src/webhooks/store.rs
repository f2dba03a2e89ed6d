//! What is kept of the webhooks, in a file of its own: how far each has come, what it has to be sent again, and the
//! latest attempts. Of an event nothing but position, id and type.

use std::path::Path;
use std::sync::Arc;

use domain::Instant;
use platform::storage::{DatabaseFile, DatabaseOptions, Failure, StoreError};
use redb::{ReadableDatabase, ReadableTable, Table, TableDefinition};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::start_error::StartError;

/// By name.
const STANDINGS: TableDefinition<'_, &str, &str> = TableDefinition::new("standings");
/// By name and position.
const RETRIES: TableDefinition<'_, (&str, u64), &str> = TableDefinition::new("retries");
/// By name and a number that grows.
const ATTEMPTS: TableDefinition<'_, (&str, u64), &str> = TableDefinition::new("attempts");

/// Attempts that are kept of a webhook.
pub(super) const ATTEMPTS_MAX: u64 = 1000;
const CACHE_BYTES: usize = 4 << 20;

/// How a webhook stands.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Standing {
    /// Every event up to here was sent, or waits among the retries; `None`: nothing was asked of it yet.
    pub(super) position: Option<u64>,
    /// Since when it wants nothing more.
    pub(super) disabled: Option<Instant>,
    /// When an event was delivered last.
    pub(super) last_success: Option<Instant>,
    /// When an attempt failed last.
    pub(super) last_failure: Option<Instant>,
    /// How it was configured when it was disabled.
    configured: String,
}

/// An event that is sent again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Retry {
    /// Where it is in the feed.
    pub(super) position: u64,
    /// Its id.
    pub(super) id: String,
    /// Its type.
    pub(super) kind: String,
    /// Attempts that failed.
    pub(super) failed: u32,
    /// When it is sent again.
    pub(super) due: Instant,
}

/// One attempt to deliver an event.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct Delivery {
    /// The event's.
    pub(crate) id: String,
    /// The event's.
    pub(crate) position: u64,
    /// The event's.
    pub(crate) r#type: String,
    /// When it ended.
    #[schema(value_type = String)]
    pub(crate) at: Instant,
    /// Which attempt it was, from 1.
    pub(crate) attempt: u32,
    /// `delivered`, `failed`, `ended` (410), or `expired`: the event was in the feed no more.
    pub(crate) outcome: String,
    /// The status of the answer.
    pub(crate) status: Option<u16>,
    /// Why it failed.
    pub(crate) why: Option<String>,
    /// How long it took.
    pub(crate) milliseconds: u64,
}

/// What has happened, to be kept in one step.
#[derive(Debug, Default)]
pub(super) struct News {
    /// It has come so far.
    pub(super) position: Option<u64>,
    /// It wants nothing more, since then.
    pub(super) ended: Option<Instant>,
    /// These are sent again, or later than planned.
    pub(super) retries: Vec<Retry>,
    /// These are not sent again.
    pub(super) settled: Vec<u64>,
    /// What was tried.
    pub(super) attempts: Vec<Delivery>,
}

/// What is kept of one webhook.
pub(crate) struct Store {
    file: Arc<DatabaseFile>,
    name: String,
}

impl Store {
    /// Opens or creates the file.
    pub(super) fn open(path: &Path) -> Result<Arc<DatabaseFile>, StartError> {
        let options = DatabaseOptions {
            path: path.to_owned(),
            cache_bytes: CACHE_BYTES,
            prepare: |write| {
                write.open_table(STANDINGS)?;
                write.open_table(RETRIES)?;
                write.open_table(ATTEMPTS)?;
                Ok(())
            },
            holds: "what webhooks were told, and what they have to be told again",
        };
        DatabaseFile::open(options)
            .map_err(|error| StartError::Webhooks(StoreError(error.to_string())))
    }

    pub(super) fn of(file: &Arc<DatabaseFile>, name: &str) -> Self {
        Self { file: Arc::clone(file), name: name.to_owned() }
    }

    pub(super) async fn standing(&self) -> Result<Standing, StoreError> {
        let name = self.name.clone();
        let read = self.file.read(move |database| {
            let read = database.begin_read()?;
            standing(&read.open_table(STANDINGS)?, &name)
        });
        Ok(read.await?)
    }

    /// What waits to be sent again, what is due first before all.
    pub(super) async fn retries(&self) -> Result<Vec<Retry>, StoreError> {
        let name = self.name.clone();
        let read = self.file.read(move |database| {
            let table = database.begin_read()?.open_table(RETRIES)?;
            let mut retries: Vec<Retry> = all_of(&table, &name)?;
            retries.sort_by_key(|retry| (retry.due, retry.position));
            Ok(retries)
        });
        Ok(read.await?)
    }

    /// The latest attempts, the newest first.
    pub(super) async fn attempts(&self) -> Result<Vec<Delivery>, StoreError> {
        let name = self.name.clone();
        let read = self.file.read(move |database| {
            let table = database.begin_read()?.open_table(ATTEMPTS)?;
            let mut attempts: Vec<Delivery> = all_of(&table, &name)?;
            attempts.reverse();
            Ok(attempts)
        });
        Ok(read.await?)
    }

    /// Keeps what has happened, in one step.
    pub(super) async fn keep(&self, news: News) -> Result<(), StoreError> {
        let name = self.name.clone();
        let written = self.file.write(move |database| {
            let write = database.begin_write()?;
            apply_retries(&mut write.open_table(RETRIES)?, &name, &news)?;
            append(&mut write.open_table(ATTEMPTS)?, &name, &news.attempts)?;
            change(&mut write.open_table(STANDINGS)?, &name, |standing| {
                standing.position = news.position.or(standing.position);
                standing.disabled = standing.disabled.or(news.ended);
                for attempt in &news.attempts {
                    let last = match attempt.outcome == "delivered" {
                        true => &mut standing.last_success,
                        false => &mut standing.last_failure,
                    };
                    *last = Some(attempt.at);
                }
            })?;
            write.commit()?;
            Ok(())
        });
        Ok(written.await?)
    }

    /// It is to be told again, and what waits is due at once.
    pub(super) async fn enable(&self, now: Instant) -> Result<(), StoreError> {
        self.enable_if(now, |_| true).await
    }

    /// One that is configured otherwise than when it was disabled is told again.
    pub(super) async fn is_configured_as(&self, fingerprint: &str) -> Result<(), StoreError> {
        let now = Instant::default();
        let other = fingerprint.to_owned();
        self.enable_if(now, move |standing| standing.configured != other).await?;
        let (name, fingerprint) = (self.name.clone(), fingerprint.to_owned());
        let written = self.file.write(move |database| {
            let write = database.begin_write()?;
            change(&mut write.open_table(STANDINGS)?, &name, |standing| {
                standing.configured = fingerprint;
            })?;
            write.commit()?;
            Ok(())
        });
        Ok(written.await?)
    }

    async fn enable_if(
        &self,
        now: Instant,
        is_due: impl Fn(&Standing) -> bool + Send + 'static,
    ) -> Result<(), StoreError> {
        let name = self.name.clone();
        let written = self.file.write(move |database| {
            let write = database.begin_write()?;
            {
                let mut standings = write.open_table(STANDINGS)?;
                if is_due(&standing(&standings, &name)?) {
                    change(&mut standings, &name, |standing| standing.disabled = None)?;
                    let mut table = write.open_table(RETRIES)?;
                    let mut retries: Vec<Retry> = all_of(&table, &name)?;
                    for retry in &mut retries {
                        retry.due = now;
                    }
                    apply_retries(&mut table, &name, &News { retries, ..News::default() })?;
                }
            }
            write.commit()?;
            Ok(())
        });
        Ok(written.await?)
    }
}

fn text(value: &impl Serialize) -> Result<String, Failure> {
    serde_json::to_string(value).map_err(Failure::content)
}

fn standing(
    table: &impl ReadableTable<&'static str, &'static str>,
    name: &str,
) -> Result<Standing, Failure> {
    let kept = table.get(name)?;
    kept.map_or(Ok(Standing::default()), |kept| {
        serde_json::from_str(kept.value()).map_err(Failure::content)
    })
}

fn change(
    table: &mut Table<'_, &'static str, &'static str>,
    name: &str,
    change: impl FnOnce(&mut Standing),
) -> Result<(), Failure> {
    let mut standing = standing(&*table, name)?;
    change(&mut standing);
    table.insert(name, text(&standing)?.as_str())?;
    Ok(())
}

fn all_of<T: DeserializeOwned>(
    table: &impl ReadableTable<(&'static str, u64), &'static str>,
    name: &str,
) -> Result<Vec<T>, Failure> {
    let entries = table.range((name, 0)..=(name, u64::MAX))?;
    entries.map(|entry| serde_json::from_str(entry?.1.value()).map_err(Failure::content)).collect()
}

fn apply_retries(
    table: &mut Table<'_, (&'static str, u64), &'static str>,
    name: &str,
    news: &News,
) -> Result<(), Failure> {
    for position in &news.settled {
        table.remove((name, *position))?;
    }
    for retry in &news.retries {
        table.insert((name, retry.position), text(retry)?.as_str())?;
    }
    Ok(())
}

/// Appends to the attempts; the oldest go.
fn append(
    table: &mut Table<'_, (&'static str, u64), &'static str>,
    name: &str,
    attempts: &[Delivery],
) -> Result<(), Failure> {
    let of_name = || (name, 0)..=(name, u64::MAX);
    let last = table.range(of_name())?.next_back().transpose()?.map(|entry| entry.0.value().1);
    let mut next = last.map_or(0, |last| last + 1);
    for attempt in attempts {
        table.insert((name, next), text(attempt)?.as_str())?;
        next += 1;
    }
    let kept_from = next.saturating_sub(ATTEMPTS_MAX);
    table.retain_in((name, 0)..(name, kept_from), |_, _| false)?;
    Ok(())
}
