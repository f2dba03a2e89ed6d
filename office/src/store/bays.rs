//! How many bays there are to give away: rows that whoever lets somebody in locks. They follow the
//! descriptions, in the same transaction.

use std::collections::HashMap;

use domain::occupancy::Spot;
use domain::{Instant, PlaceName};
use sqlx::Row as _;

use super::rows::{bay_type, number, put, read, text};
use super::{Described, Sql, SqlError, Work};
use crate::supply::Supply;

/// The bays of these places are as they are described now; of a place that is not, there are none.
pub async fn keep(
    work: &mut Work,
    places: &[(PlaceName, Option<Described>)],
) -> Result<(), SqlError> {
    for (id, described) in places {
        // Who is inside stays inside, whatever the bays are called from now on.
        sqlx::query("UPDATE bays SET spaces = 0 WHERE place = $1")
            .bind(id.as_str())
            .execute(&mut **work)
            .await?;
        let Some(Described { place, at, .. }) = described else { continue };
        add(work, id, place, *at).await?;
    }
    Ok(())
}

async fn add(
    work: &mut Work,
    id: &PlaceName,
    place: &domain::place::Place,
    at: Instant,
) -> Result<(), SqlError> {
    let rows: Vec<_> = place.bays.iter().collect();
    put(
        work,
        "INSERT INTO bays (place, bay_type, spaces, admitted, entered, changed_at) VALUES",
        6,
        " ON CONFLICT (place, bay_type) DO UPDATE SET spaces = excluded.spaces, \
         changed_at = excluded.changed_at",
        &rows,
        |query, (bay_type, bays)| {
            query
                .bind(id.as_str())
                .bind(bay_type.as_str())
                .bind(i64::from(bays.spaces))
                .bind(0_i64)
                .bind(0_i64)
                .bind(at.timestamp_micros())
        },
    )
    .await
}

/// Places that were described by an earlier program have no rows of bays yet.
pub async fn complete(sql: &Sql) -> Result<(), SqlError> {
    let mut work = sql.begin().await?;
    let rows = sqlx::query(
        "SELECT id, description, described_at FROM places WHERE description IS NOT NULL \
         AND id NOT IN (SELECT place FROM bays)",
    )
    .fetch_all(&mut *work)
    .await?;
    for row in rows {
        let place = read(&row.try_get::<String, _>(1)?)?;
        let at = Instant::from_timestamp_micros(row.try_get(2)?).unwrap_or_default();
        add(&mut work, &text(&row, 0)?, &place, at).await?;
    }
    Ok(work.commit().await?)
}

/// How many bays were given away, or are kept for reservations at that time, wherever any are.
pub async fn given(sql: &Sql, now: Instant) -> Result<HashMap<Spot, Supply>, SqlError> {
    let mut given: HashMap<Spot, Supply> = HashMap::new();
    let rows =
        sqlx::query("SELECT place, bay_type, admitted, entered FROM bays WHERE admitted > 0");
    for row in rows.fetch_all(sql.pool()).await? {
        let count =
            |column| Ok::<_, SqlError>(u32::try_from(number(&row, column)?).unwrap_or(u32::MAX));
        let supply = given.entry((text(&row, 0)?, bay_type(&row, 1)?)).or_default();
        (supply.admitted, supply.entered) = (count(2)?, count(3)?);
    }
    let rows = sqlx::query(
        "SELECT place, bay_type, COUNT(*) FROM rights r WHERE kept_from <= $1 AND kept_until > $1 \
         AND is_gone = 0 AND NOT EXISTS (SELECT 1 FROM admissions a WHERE a.right_id = r.id \
         AND a.state IN ('expected', 'inside')) GROUP BY place, bay_type",
    )
    .bind(now.timestamp_micros());
    for row in rows.fetch_all(sql.pool()).await? {
        let supply = given.entry((text(&row, 0)?, bay_type(&row, 1)?)).or_default();
        supply.reserved = u32::try_from(number(&row, 2)?).unwrap_or(u32::MAX);
    }
    Ok(given)
}
