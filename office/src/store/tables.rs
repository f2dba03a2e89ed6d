//! Versions of rate tables: added, never changed.

use domain::Instant;
use rates::Format;
use sqlx::AnyPool;

use super::{SqlError, Work, put, unreadable};
use crate::tables::Put;

/// Those that were put since a version of the database, of each table in their order.
pub async fn since(pool: &AnyPool, version: i64) -> Result<Vec<Put>, SqlError> {
    let rows: Vec<(String, i64, String, i64)> = sqlx::query_as(
        "SELECT text, created_at, by, version FROM rate_tables WHERE version > $1 \
         ORDER BY id, number",
    )
    .bind(version)
    .fetch_all(pool)
    .await?;
    let read = |(text, at, by, version): (String, i64, String, i64)| {
        let table = rates::read(&text, Format::Json).map_err(|e| unreadable(&e))?;
        let at = Instant::from_timestamp_micros(at).unwrap_or_default();
        Ok(Put { table, by, at, version })
    };
    rows.into_iter().map(read).collect()
}

/// Adds versions.
pub async fn keep(work: &mut Work, tables: &[Put], version: i64) -> Result<(), SqlError> {
    let texts = tables.iter().map(|put| {
        let text = rates::write(&put.table, Format::Json).map_err(SqlError::new)?;
        Ok::<_, SqlError>((put, text))
    });
    let rows = texts.collect::<Result<Vec<_>, _>>()?;
    put(
        work,
        "INSERT INTO rate_tables (id, number, before, text, created_at, by, version) VALUES",
        7,
        "",
        &rows,
        |query, (put, text)| {
            let number = put.table.version;
            query
                .bind(put.table.id.as_str())
                .bind(i64::from(number))
                .bind((number > 1).then(|| i64::from(number) - 1))
                .bind(text.as_str())
                .bind(put.at.timestamp_micros())
                .bind(put.by.as_str())
                .bind(version)
        },
    )
    .await
}
