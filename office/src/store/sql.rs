//! The link to the database: SQLite or PostgreSQL, the same statements on both.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sqlx::any::{AnyConnectOptions, AnyPoolOptions, install_default_drivers};
use sqlx::{Any, AnyPool, AssertSqlSafe, Executor as _, Transaction};

/// Numbers of transactions at a time. Of SQLite one writes, the others wait for it.
const CONNECTIONS: u32 = 4;
/// How long a connection is waited for.
const CONNECTED_WITHIN: Duration = Duration::from_secs(5);
/// Names this program's migrations to PostgreSQL: two processes that start together take turns.
const MIGRATION_LOCK: i64 = 0x0063_6172_7061_726b;

/// Names the order of facts to PostgreSQL.
const FACTS_LOCK: i64 = 0x0063_6172_6661_6374;

/// Forward only: a number of these have been applied, the rest follow at the start.
const MIGRATIONS: [&str; 3] = [
    include_str!("../../migrations/0001_places.sql"),
    include_str!("../../migrations/0002_rate_tables.sql"),
    include_str!("../../migrations/0003_money.sql"),
];

/// `{only_added TABLE}` in a migration: its rows are never changed or removed, whoever tries.
const ONLY_ADDED: &str = "{only_added ";

/// Which database it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Sqlite,
    Postgres,
}

/// Why a statement was not done.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the office's database: {why}")]
pub struct SqlError {
    why: String,
    /// Whether waiting may help.
    pub is_passing: bool,
    /// Whether another transaction was in its way: done again, it may succeed.
    pub is_undone: bool,
    /// Whether it is against a rule of the database: never will it be taken as it is.
    pub is_refused: bool,
}

impl SqlError {
    /// Waiting may help.
    pub fn new(why: impl Into<String>) -> Self {
        Self { why: why.into(), is_passing: true, is_undone: false, is_refused: false }
    }

    /// Somebody has to change something first.
    pub fn lasting(why: impl Into<String>) -> Self {
        Self { why: why.into(), is_passing: false, is_undone: false, is_refused: false }
    }
}

impl From<sqlx::Error> for SqlError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::PoolTimedOut => {
                Self::new("no connection within 5 s: is it running, and is the URL right?")
            }
            // A password that is not right, a database that is not there, and whatever else
            // PostgreSQL says no to before the first statement.
            sqlx::Error::Database(refused)
                if refused.code().is_some_and(|code| code.starts_with("28") || code == "3D000") =>
            {
                Self::lasting(error.to_string())
            }
            // A deadlock, a serialisation failure, a row that another one has written first.
            sqlx::Error::Database(undone)
                if undone.is_unique_violation()
                    || undone.code().is_some_and(|code| code == "40001" || code == "40P01") =>
            {
                Self { is_undone: true, ..Self::new(error.to_string()) }
            }
            sqlx::Error::Database(refused)
                if refused.is_check_violation() || refused.is_foreign_key_violation() =>
            {
                Self { is_refused: true, ..Self::new(error.to_string()) }
            }
            _ => Self::new(error.to_string()),
        }
    }
}

/// See the module.
#[derive(Clone)]
pub struct Sql {
    pool: AnyPool,
    kind: Kind,
    /// Set where no transaction could begin: a connection that a full disk has left in the middle of
    /// one is never right again, and all are made anew.
    is_broken: Arc<AtomicBool>,
}

impl Sql {
    /// Connects with the first statement: nothing is asked of the server here.
    pub fn new(url: &str) -> Result<Self, SqlError> {
        install_default_drivers();
        let kind = if url.starts_with("sqlite:") { Kind::Sqlite } else { Kind::Postgres };
        let is_broken = Arc::new(AtomicBool::new(false));
        let broken = Arc::clone(&is_broken);
        let options = AnyPoolOptions::new()
            .before_acquire(move |_, _| {
                let is_usable = !broken.load(Ordering::Relaxed);
                Box::pin(async move { Ok(is_usable) })
            })
            .max_connections(CONNECTIONS)
            .acquire_timeout(CONNECTED_WITHIN)
            .after_connect(move |connection, _| {
                Box::pin(async move {
                    if kind == Kind::Sqlite {
                        // What is committed outlives a cut of the power.
                        for pragma in ["PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL"] {
                            connection.execute(pragma).await?;
                        }
                    }
                    Ok(())
                })
            });
        let address: AnyConnectOptions =
            url.parse().map_err(|e: sqlx::Error| SqlError::lasting(e.to_string()))?;
        Ok(Self { pool: options.connect_lazy_with(address), kind, is_broken })
    }

    /// A file, created where it is missing.
    pub fn file(path: &Path) -> Result<Self, SqlError> {
        let path = path.to_string_lossy();
        let escaped = path.replace('%', "%25").replace('?', "%3F").replace('#', "%23");
        Self::new(&format!("sqlite:{escaped}?mode=rwc"))
    }

    /// Applies what is missing of the migrations; a database of a newer program is refused.
    pub async fn migrate(&self) -> Result<(), SqlError> {
        let mut work = self.begin().await?;
        if self.kind == Kind::Postgres {
            sqlx::query("SELECT pg_advisory_xact_lock($1)")
                .bind(MIGRATION_LOCK)
                .execute(&mut *work)
                .await?;
        }
        let table = self.said(
            "CREATE TABLE IF NOT EXISTS migrations (number {int} PRIMARY KEY, text TEXT NOT NULL) {strict}",
        );
        (&mut *work).execute(AssertSqlSafe(table)).await?;
        let applied: Vec<(i64, String)> =
            sqlx::query_as("SELECT number, text FROM migrations ORDER BY number")
                .fetch_all(&mut *work)
                .await?;
        if applied.len() > MIGRATIONS.len() {
            let (has, knows) = (applied.len(), MIGRATIONS.len());
            return Err(SqlError::lasting(format!(
                "it was written by a newer carpark ({has} migrations, this one knows {knows}): use \
                 that one, or another CARPARK_OFFICE_URL"
            )));
        }
        for (number, migration) in (1_i64..).zip(MIGRATIONS) {
            let known = usize::try_from(number - 1).ok().and_then(|index| applied.get(index));
            match known {
                Some((_, text)) if text == migration => {}
                Some(_) => {
                    return Err(SqlError::lasting(format!(
                        "migration {number} was applied with another text: it is not carpark's \
                         own, use another CARPARK_OFFICE_URL"
                    )));
                }
                None => {
                    (&mut *work).execute(AssertSqlSafe(self.said(migration))).await?;
                    sqlx::query("INSERT INTO migrations (number, text) VALUES ($1, $2)")
                        .bind(number)
                        .bind(migration)
                        .execute(&mut *work)
                        .await?;
                }
            }
        }
        Ok(work.commit().await?)
    }

    /// A statement about tables, as this database says it.
    fn said(&self, text: &str) -> String {
        let (int, serial, strict) = match self.kind {
            Kind::Sqlite => ("INTEGER", "INTEGER PRIMARY KEY AUTOINCREMENT", "STRICT"),
            Kind::Postgres => ("BIGINT", "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY", ""),
        };
        let text = text.replace("{int}", int).replace("{serial}", serial);
        let mut text = text.replace("{strict}", strict);
        while let Some((before, rest)) = text.split_once(ONLY_ADDED)
            && let Some((table, after)) = rest.split_once('}')
        {
            text = format!("{before}{}{after}", self.only_added(table));
        }
        text
    }

    /// Rows of this table are added, and never changed or removed.
    fn only_added(&self, table: &str) -> String {
        match self.kind {
            Kind::Sqlite => ["UPDATE", "DELETE"]
                .map(|act| {
                    format!(
                        "CREATE TRIGGER {table}_no_{act} BEFORE {act} ON {table} BEGIN SELECT \
                         RAISE(ABORT, 'rows of {table} are only added'); END;\n"
                    )
                })
                .concat(),
            Kind::Postgres => format!(
                "CREATE OR REPLACE FUNCTION only_added() RETURNS trigger LANGUAGE plpgsql AS $$ \
                 BEGIN RAISE EXCEPTION 'rows of % are only added', TG_TABLE_NAME; END $$;\n\
                 CREATE TRIGGER {table}_only_added BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} \
                 FOR EACH STATEMENT EXECUTE FUNCTION only_added();\n"
            ),
        }
    }

    /// A transaction that is going to write.
    pub async fn begin(&self) -> Result<Transaction<'static, Any>, SqlError> {
        // A read that turns into a write would be refused by SQLite where another wrote meanwhile.
        let begin = match self.kind {
            Kind::Sqlite => "BEGIN IMMEDIATE",
            Kind::Postgres => "BEGIN",
        };
        let work = self.pool.begin_with(begin).await;
        self.is_broken.store(work.is_err(), Ordering::Relaxed);
        Ok(work?)
    }

    /// Whether rows have to be locked, since several transactions write at a time.
    pub fn locks_rows(&self) -> bool {
        self.kind == Kind::Postgres
    }

    /// From here to its end, no other transaction tells facts: their numbers are in the order in which
    /// they become true for others, so that whoever takes the first ones has missed none.
    pub async fn order_facts(&self, work: &mut Transaction<'static, Any>) -> Result<(), SqlError> {
        if self.kind == Kind::Postgres {
            sqlx::query("SELECT pg_advisory_xact_lock($1)")
                .bind(FACTS_LOCK)
                .execute(&mut **work)
                .await?;
        }
        Ok(())
    }

    /// For statements that only read.
    pub fn pool(&self) -> &AnyPool {
        &self.pool
    }

    /// Closes all connections.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}
