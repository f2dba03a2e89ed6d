//! Between rows and values.

use std::fmt::Write as _;

use domain::Instant;
use domain::place::BayType;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::any::{AnyArguments, AnyRow};
use sqlx::query::Query;
use sqlx::{Any, AssertSqlSafe, Row as _, Transaction};

use super::SqlError;

/// Rows of one statement: fewer round trips, and a text that does not grow without bound.
pub const ROWS_AT_ONCE: usize = 64;

type Work = Transaction<'static, Any>;

/// Writes rows of so many columns, some of them with each statement.
pub async fn put<'r, R>(
    work: &mut Work,
    head: &str,
    columns: usize,
    tail: &str,
    rows: &'r [R],
    bind: impl Fn(Query<'r, Any, AnyArguments>, &'r R) -> Query<'r, Any, AnyArguments>,
) -> Result<(), SqlError> {
    for rows in rows.chunks(ROWS_AT_ONCE) {
        let mut text = head.to_owned();
        for row in 0..rows.len() {
            let comma = if row == 0 { "" } else { "," };
            let _ = write!(text, "{comma} ({})", numbered(1 + row * columns, columns));
        }
        text.push_str(tail);
        let query = rows.iter().fold(sqlx::query(AssertSqlSafe(text)), &bind);
        query.execute(&mut **work).await?;
    }
    Ok(())
}

/// `$3, $4`.
pub fn numbered(from: usize, count: usize) -> String {
    let all: Vec<String> = (from..from + count).map(|number| format!("${number}")).collect();
    all.join(", ")
}

pub fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub fn number(row: &AnyRow, column: usize) -> Result<u64, SqlError> {
    Ok(u64::try_from(row.try_get::<i64, _>(column)?).unwrap_or(0))
}

pub fn text<T: std::str::FromStr>(row: &AnyRow, column: usize) -> Result<T, SqlError>
where
    T::Err: std::fmt::Display,
{
    row.try_get::<String, _>(column)?.parse().map_err(|e| unreadable(&e))
}

pub fn bay_type(row: &AnyRow, column: usize) -> Result<BayType, SqlError> {
    BayType::parse(&row.try_get::<String, _>(column)?).map_err(|e| unreadable(&e))
}

pub fn read<T: DeserializeOwned>(json: &str) -> Result<T, SqlError> {
    serde_json::from_str(json).map_err(|e| unreadable(&e))
}

pub fn written(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("texts and numbers can be said in JSON")
}

pub fn unreadable(error: &dyn std::fmt::Display) -> SqlError {
    SqlError::new(format!("a row of it cannot be read: {error}"))
}

/// Microseconds since 1970.
pub fn instant(row: &AnyRow, column: usize) -> Result<Instant, SqlError> {
    let micros: i64 = row.try_get(column)?;
    Instant::from_timestamp_micros(micros).ok_or_else(|| unreadable(&micros))
}
