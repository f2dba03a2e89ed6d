//! What the office keeps, in SQL. A [`Change`] is one transaction: what was made of the feed stands
//! with the position that it was made of, and what is to be told of it with both.

mod bays;
pub mod rows;
mod sql;
mod tables;

use std::collections::HashMap;

use domain::occupancy::{Count, Spot, Stay};
use domain::place::Place;
use domain::{Instant, ObservationId, PlaceName, Plate};
use sqlx::any::AnyRow;
use sqlx::{Any, AssertSqlSafe, Row as _, Transaction};

pub use sql::{Sql, SqlError};

use rows::{
    ROWS_AT_ONCE, bay_type, number, numbered, put, read, signed, text, unreadable, written,
};

use crate::supply::Supply;
use crate::tables::Put;

/// A place as somebody has described it.
#[derive(Debug, Clone, PartialEq)]
pub struct Described {
    /// The description.
    pub place: Place,
    /// Version of the database that brought it: grows with each description.
    pub version: i64,
    /// When that was.
    pub at: Instant,
}

/// What has become otherwise: all of it is kept, or nothing.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Change {
    /// The feed has been read to here.
    pub position: Option<u64>,
    /// Descriptions; `None`: there is none any more.
    pub places: Vec<(PlaceName, Option<Described>)>,
    /// Versions of rate tables.
    pub tables: Vec<Put>,
    /// Counts.
    pub counts: Vec<(Spot, Count)>,
    /// Stays that stand open; `None`: no more.
    pub stays: Vec<(Plate, Option<Stay>)>,
    /// What was told of a place, and the how manieth time that was.
    pub told: Vec<(PlaceName, String, u64)>,
    /// What is to be told in the feed, each as JSON, in this order.
    pub facts: Vec<String>,
}

impl Change {
    /// Whether there is nothing to keep.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What became of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Committed {
    /// It is durable, and this is the version now.
    Done(i64),
    /// Another process was quicker: look at what it did, and decide again.
    Conflict,
}

/// What has become otherwise since a version.
#[derive(Debug, Default)]
pub struct News {
    /// The version that this is about.
    pub version: i64,
    /// How far the feed has been read.
    pub position: u64,
    /// Descriptions; `None`: there is none any more.
    pub places: Vec<(PlaceName, Option<Described>)>,
    /// Versions of rate tables, of each in their order.
    pub tables: Vec<Put>,
    /// Counts.
    pub counts: Vec<(Spot, Count)>,
    /// What was last told of a place, and the how manieth time that was.
    pub told: Vec<(PlaceName, String, u64)>,
}

/// The database.
#[derive(Clone)]
pub struct Store {
    sql: Sql,
}

type Work = Transaction<'static, Any>;

impl Store {
    /// Of this database.
    pub fn new(sql: Sql) -> Self {
        Self { sql }
    }

    /// The database.
    pub fn sql(&self) -> &Sql {
        &self.sql
    }

    /// Makes the tables, where they are not there yet.
    pub async fn prepare(&self) -> Result<(), SqlError> {
        self.sql.migrate().await?;
        bays::complete(&self.sql).await
    }

    /// What has become otherwise since `version`; of 0, everything.
    pub async fn since(&self, version: i64) -> Result<News, SqlError> {
        // Not one look at all: what another changes meanwhile is of a later version, so that a change
        // on top of this one is refused.
        let pool = self.sql.pool();
        let row = sqlx::query("SELECT version, position FROM office").fetch_one(pool).await?;
        let mut news =
            News { version: row.try_get(0)?, position: number(&row, 1)?, ..News::default() };
        if news.version == version {
            return Ok(news);
        }
        let places = sqlx::query(
            "SELECT id, description, described_at, version FROM places WHERE version > $1",
        )
        .bind(version)
        .fetch_all(pool)
        .await?;
        for row in &places {
            let (json, at): (Option<String>, Option<i64>) = (row.try_get(1)?, row.try_get(2)?);
            let at = at.and_then(Instant::from_timestamp_micros);
            let described = json.zip(at).map(|(json, at)| {
                let (place, version) = (read(&json)?, row.try_get(3)?);
                Ok::<_, SqlError>(Described { place, version, at })
            });
            news.places.push((text(row, 0)?, described.transpose()?));
        }
        let counts = sqlx::query(
            "SELECT place, bay_type, open_stays, correction, entries, exits, as_of, verified \
             FROM counts WHERE version > $1",
        )
        .bind(version)
        .fetch_all(pool)
        .await?;
        for row in &counts {
            let (as_of, verified): (Option<i64>, Option<String>) =
                (row.try_get(6)?, row.try_get(7)?);
            let count = Count {
                open: u32::try_from(number(row, 2)?).unwrap_or(u32::MAX),
                correction: row.try_get(3)?,
                entries: number(row, 4)?,
                exits: number(row, 5)?,
                verified: verified.map(|json| read(&json)).transpose()?,
                as_of: as_of.and_then(Instant::from_timestamp_micros),
            };
            news.counts.push(((text(row, 0)?, bay_type(row, 1)?), count));
        }
        news.tables = tables::since(pool, version).await?;
        let told = sqlx::query("SELECT place, state, number FROM told WHERE version > $1")
            .bind(version)
            .fetch_all(pool)
            .await?;
        let told = told
            .iter()
            .map(|row| Ok::<_, SqlError>((text(row, 0)?, row.try_get(1)?, number(row, 2)?)));
        news.told = told.collect::<Result<_, _>>()?;
        Ok(news)
    }

    /// All stays that stand open.
    pub async fn stays(&self) -> Result<Vec<(Plate, Stay)>, SqlError> {
        let rows = sqlx::query("SELECT plate, entry_id, place, bay_type FROM stays")
            .fetch_all(self.sql.pool())
            .await?;
        let stay = |row: &AnyRow| {
            let plate: String = row.try_get(0)?;
            let plate = Plate::parse(&plate).map_err(|e| unreadable(&e))?;
            let entry: ObservationId = text(row, 1)?;
            Ok((plate, Stay { entry, place: text(row, 2)?, bay_type: bay_type(row, 3)? }))
        };
        rows.iter().map(stay).collect()
    }

    /// Keeps `change` if nobody has changed anything since `version`.
    pub async fn commit(&self, version: i64, change: &Change) -> Result<Committed, SqlError> {
        let mut work = self.sql.begin().await?;
        let taken = sqlx::query("UPDATE office SET version = version + 1 WHERE version = $1")
            .bind(version)
            .execute(&mut *work)
            .await?;
        if taken.rows_affected() == 0 {
            return Ok(Committed::Conflict);
        }
        let next = version + 1;
        if let Some(position) = change.position {
            sqlx::query("UPDATE office SET position = $1")
                .bind(signed(position))
                .execute(&mut *work)
                .await?;
        }
        keep_places(&mut work, &change.places, next).await?;
        bays::keep(&mut work, &change.places).await?;
        tables::keep(&mut work, &change.tables, next).await?;
        keep_counts(&mut work, &change.counts, next).await?;
        keep_stays(&mut work, &change.stays).await?;
        put(
            &mut work,
            "INSERT INTO told (place, state, number, version) VALUES",
            4,
            " ON CONFLICT (place) DO UPDATE SET state = excluded.state, number = excluded.number, \
             version = excluded.version",
            &change.told,
            |query, (place, state, number)| {
                let query = query.bind(place.as_str()).bind(state.as_str());
                query.bind(signed(*number)).bind(next)
            },
        )
        .await?;
        let facts = &change.facts;
        if !facts.is_empty() {
            self.sql.order_facts(&mut work).await?;
        }
        put(&mut work, "INSERT INTO facts (fact) VALUES", 1, "", facts, |query, fact| {
            query.bind(fact.as_str())
        })
        .await?;
        work.commit().await?;
        Ok(Committed::Done(next))
    }

    /// How many bays were given away, or are kept for reservations at that time, wherever any are.
    pub async fn given(&self, now: Instant) -> Result<HashMap<Spot, Supply>, SqlError> {
        bays::given(&self.sql, now).await
    }

    /// Says that `reader` reads the feed until then; false where another has said so and still does.
    pub async fn hold(&self, reader: &str, now: Instant, until: Instant) -> Result<bool, SqlError> {
        let held = sqlx::query(
            "UPDATE office SET reader = $1, reader_until = $2 WHERE reader = $1 OR reader_until < $3",
        )
        .bind(reader)
        .bind(until.timestamp_micros())
        .bind(now.timestamp_micros())
        .execute(self.sql.pool())
        .await?;
        Ok(held.rows_affected() > 0)
    }

    /// Gives that up.
    pub async fn let_go(&self, reader: &str) -> Result<(), SqlError> {
        sqlx::query("UPDATE office SET reader_until = 0 WHERE reader = $1")
            .bind(reader)
            .execute(self.sql.pool())
            .await?;
        Ok(())
    }

    /// The first facts that are to be told, with their numbers.
    pub async fn facts(&self, limit: u32) -> Result<Vec<(i64, String)>, SqlError> {
        let rows = sqlx::query_as("SELECT number, fact FROM facts ORDER BY number LIMIT $1")
            .bind(i64::from(limit))
            .fetch_all(self.sql.pool())
            .await?;
        Ok(rows)
    }

    /// They are told, up to that number.
    pub async fn forget_facts(&self, up_to: i64) -> Result<(), SqlError> {
        sqlx::query("DELETE FROM facts WHERE number <= $1")
            .bind(up_to)
            .execute(self.sql.pool())
            .await?;
        Ok(())
    }

    /// Rows of a table.
    pub async fn count(&self, table: &'static str) -> Result<u64, SqlError> {
        let text = format!("SELECT COUNT(*) FROM {table}");
        number(&sqlx::query(AssertSqlSafe(text)).fetch_one(self.sql.pool()).await?, 0)
    }

    /// Closes the connections.
    pub async fn close(&self) {
        self.sql.close().await;
    }
}

async fn keep_places(
    work: &mut Work,
    places: &[(PlaceName, Option<Described>)],
    version: i64,
) -> Result<(), SqlError> {
    let row = |(id, described): &'_ (PlaceName, Option<Described>)| {
        let json = described.as_ref().map(|described| written(&described.place));
        (id.to_string(), json, described.as_ref().map(|described| described.at.timestamp_micros()))
    };
    let rows: Vec<(String, Option<String>, Option<i64>)> = places.iter().map(row).collect();
    put(
        work,
        "INSERT INTO places (id, description, described_at, version) VALUES",
        4,
        " ON CONFLICT (id) DO UPDATE SET description = excluded.description, \
         described_at = excluded.described_at, version = excluded.version",
        &rows,
        |query, (id, place, at)| {
            query.bind(id.as_str()).bind(place.as_deref()).bind(*at).bind(version)
        },
    )
    .await
}

async fn keep_counts(
    work: &mut Work,
    counts: &[(Spot, Count)],
    version: i64,
) -> Result<(), SqlError> {
    let rows: Vec<(&Spot, &Count, Option<String>)> = counts
        .iter()
        .map(|(spot, count)| (spot, count, count.verified.as_ref().map(written)))
        .collect();
    put(
        work,
        "INSERT INTO counts (place, bay_type, open_stays, correction, entries, exits, as_of, \
         verified, version) VALUES",
        9,
        " ON CONFLICT (place, bay_type) DO UPDATE SET open_stays = excluded.open_stays, \
         correction = excluded.correction, entries = excluded.entries, exits = excluded.exits, \
         as_of = excluded.as_of, verified = excluded.verified, version = excluded.version",
        &rows,
        |query, ((place, bay_type), count, verified)| {
            query
                .bind(place.as_str())
                .bind(bay_type.as_str())
                .bind(i64::from(count.open))
                .bind(count.correction)
                .bind(signed(count.entries))
                .bind(signed(count.exits))
                .bind(count.as_of.map(|at| at.timestamp_micros()))
                .bind(verified.as_deref())
                .bind(version)
        },
    )
    .await
}

async fn keep_stays(work: &mut Work, stays: &[(Plate, Option<Stay>)]) -> Result<(), SqlError> {
    let over: Vec<&Plate> =
        stays.iter().filter(|(_, stay)| stay.is_none()).map(|(plate, _)| plate).collect();
    for plates in over.chunks(ROWS_AT_ONCE) {
        let text = format!("DELETE FROM stays WHERE plate IN ({})", numbered(1, plates.len()));
        let query = sqlx::query(AssertSqlSafe(text));
        let query = plates.iter().fold(query, |query, plate| query.bind(plate.as_str()));
        query.execute(&mut **work).await?;
    }
    let open: Vec<(&Plate, &Stay)> =
        stays.iter().filter_map(|(plate, stay)| Some((plate, stay.as_ref()?))).collect();
    put(
        work,
        "INSERT INTO stays (plate, entry_id, place, bay_type) VALUES",
        4,
        " ON CONFLICT (plate) DO UPDATE SET entry_id = excluded.entry_id, \
         place = excluded.place, bay_type = excluded.bay_type",
        &open,
        |query, (plate, stay)| {
            query
                .bind(plate.as_str())
                .bind(stay.entry.as_str())
                .bind(stay.place.as_str())
                .bind(stay.bay_type.as_str())
        },
    )
    .await
}

#[cfg(test)]
mod tests;
