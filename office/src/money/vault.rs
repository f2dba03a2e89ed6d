//! The money half in SQL: loads and locks what a batch of requests is about, and writes what became of
//! it, in one transaction.
//!
//! Locks are taken in one order by everybody: bays by place and type, accounts by holder, rights by id,
//! the order of facts. So no two wait for each other. SQLite has one writer, and needs none of them.

mod audit;
mod erase;
mod load;
mod look;
mod people;
mod write;

use std::collections::BTreeSet;

use domain::{AdmissionId, HolderId, Instant, ObservationId, PlaceName, Plate};
use sqlx::{Any, Transaction};

use super::book::Book;
use super::holder::Credential;
use crate::store::{Sql, SqlError};

pub use erase::HeldOfPlate;
pub use look::{Line, Listed};
pub use people::Described;

/// What a batch is about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct About {
    /// Bays of these places, and their reservations.
    pub places: BTreeSet<PlaceName>,
    /// Whose these are, and by which of them somebody is inside.
    pub credentials: BTreeSet<Credential>,
    /// Holders by name.
    pub holders: BTreeSet<HolderId>,
    /// Admissions by name.
    pub admissions: BTreeSet<AdmissionId>,
    /// Admissions by the read that stands for their entry.
    pub entries: BTreeSet<ObservationId>,
    /// Admissions of these vehicles, whatever became of them, since then.
    pub plates: BTreeSet<Plate>,
    /// See `plates`.
    pub since: Option<Instant>,
    /// Admissions of who has left at these moments, which asks again.
    pub left_at: BTreeSet<Instant>,
    /// The bills of these sessions.
    pub sessions: BTreeSet<String>,
    /// Transfers that may be there.
    pub transfers: BTreeSet<String>,
}

impl About {
    /// And what another one is about.
    pub fn join(&mut self, other: Self) {
        self.places.extend(other.places);
        self.credentials.extend(other.credentials);
        self.holders.extend(other.holders);
        self.admissions.extend(other.admissions);
        self.entries.extend(other.entries);
        self.plates.extend(other.plates);
        self.left_at.extend(other.left_at);
        self.sessions.extend(other.sessions);
        self.transfers.extend(other.transfers);
        self.since = match (self.since, other.since) {
            (Some(one), Some(two)) => Some(one.min(two)),
            (one, two) => one.or(two),
        };
    }
}

/// A transaction, and what it knows.
pub struct Batch {
    work: Transaction<'static, Any>,
    /// What was loaded.
    pub book: Book,
}

/// See the module.
#[derive(Clone)]
pub struct Vault {
    sql: Sql,
}

impl Vault {
    /// In this database.
    pub fn new(sql: Sql) -> Self {
        Self { sql }
    }

    /// The database.
    pub fn sql(&self) -> &Sql {
        &self.sql
    }

    /// Begins a transaction, with what it is about loaded and locked.
    pub async fn open(&self, about: &About) -> Result<Batch, SqlError> {
        let mut about = about.clone();
        loop {
            let mut work = self.sql.begin().await?;
            if self.sql.locks_rows() {
                load::lock(&mut work, &about).await?;
            }
            let (book, holders, places) = load::book(&mut work, &about).await?;
            // Whose something is was not known before it was looked at: what it leads to is locked as
            // well, from the start.
            let is_locked = holders.is_subset(&about.holders) && places.is_subset(&about.places);
            if is_locked || !self.sql.locks_rows() {
                return Ok(Batch { work, book });
            }
            about.holders.extend(holders);
            about.places.extend(places);
            work.rollback().await?;
        }
    }
}

impl Batch {
    /// Writes what has become otherwise. When this returns, all of it is durable; on an error, nothing.
    pub async fn commit(mut self, sql: &Sql, now: Instant) -> Result<(), SqlError> {
        write::book(&mut self.work, sql, self.book, now).await?;
        Ok(self.work.commit().await?)
    }
}
