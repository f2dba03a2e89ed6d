//! What is held of a plate, shown and erased (G8). Money stays: it is about a holder, not about a plate.

use domain::{Instant, Plate};
use serde::Serialize;
use sqlx::{Any, AssertSqlSafe, Row as _, Transaction};
use utoipa::ToSchema;

use super::Vault;
use crate::money::holder::Holder;
use crate::money::right::Right;
use crate::shapes::time;
use crate::store::SqlError;
use crate::store::rows::{read, written};

type Work = Transaction<'static, Any>;

/// Something that is held of a plate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(untagged)]
pub enum HeldOfPlate {
    /// Whose it is, or was.
    Holder {
        /// Which.
        holder: String,
        /// Since when, RFC 3339.
        since: String,
    },
    /// It was shown at a gate.
    Admission {
        /// Which admission.
        admission: String,
        /// Where.
        place: String,
        /// When, RFC 3339.
        at: String,
    },
    /// A right names it.
    Right {
        /// Which.
        right: String,
    },
}

impl Vault {
    /// What is held of it.
    pub async fn held(&self, plate: &Plate) -> Result<Vec<HeldOfPlate>, SqlError> {
        let mut held = Vec::new();
        let at = |micros: i64| time(Instant::from_timestamp_micros(micros).unwrap_or_default());
        let rows = self.rows("SELECT holder, since FROM credentials WHERE kind = 'plate' AND value = $1 ORDER BY since", plate);
        for row in rows.await? {
            held.push(HeldOfPlate::Holder { holder: row.try_get(0)?, since: at(row.try_get(1)?) });
        }
        let rows =
            self.rows("SELECT id, place, at FROM admissions WHERE plate = $1 ORDER BY at", plate);
        for row in rows.await? {
            held.push(HeldOfPlate::Admission {
                admission: row.try_get(0)?,
                place: row.try_get(1)?,
                at: at(row.try_get(2)?),
            });
        }
        let rows = self
            .rows("SELECT right_id FROM right_plates WHERE plate = $1 ORDER BY right_id", plate);
        for row in rows.await? {
            held.push(HeldOfPlate::Right { right: row.try_get(0)? });
        }
        Ok(held)
    }

    async fn rows(&self, text: &str, plate: &Plate) -> Result<Vec<sqlx::any::AnyRow>, SqlError> {
        let query = sqlx::query(AssertSqlSafe(text.to_owned())).bind(plate.as_str().to_owned());
        Ok(query.fetch_all(self.sql.pool()).await?)
    }

    /// Erases it: from holders and rights, and from what gates have asked. Answers of how many things.
    pub async fn erase(&self, plate: &Plate) -> Result<usize, SqlError> {
        let mut work = self.sql.begin().await?;
        let mut erased = 0;
        let of_holders = "SELECT id, description FROM holders WHERE id IN (SELECT holder FROM credentials \
                          WHERE kind = 'plate' AND value = $1)";
        for (id, json) in described(&mut work, of_holders, plate).await? {
            let mut holder: Holder = read(&json)?;
            holder.plates.remove(plate);
            describe(&mut work, "holders", &id, written(&holder)).await?;
        }
        let of_rights = "SELECT id, description FROM rights WHERE id IN (SELECT right_id FROM right_plates \
                         WHERE plate = $1)";
        for (id, json) in described(&mut work, of_rights, plate).await? {
            let mut right: Right = read(&json)?;
            right.plates.remove(plate);
            describe(&mut work, "rights", &id, written(&right)).await?;
        }
        for text in [
            "DELETE FROM credentials WHERE kind = 'plate' AND value = $1",
            "DELETE FROM right_plates WHERE plate = $1",
            // Who is inside stays inside, under the name of its admission.
            "UPDATE admissions SET plate = NULL, value = CASE WHEN kind = 'plate' THEN 'erased:' || id \
             ELSE value END WHERE plate = $1",
        ] {
            erased += run(&mut work, text, plate).await?;
        }
        work.commit().await?;
        Ok(erased)
    }
}

async fn run(work: &mut Work, text: &str, plate: &Plate) -> Result<usize, SqlError> {
    let query = sqlx::query(AssertSqlSafe(text.to_owned())).bind(plate.as_str().to_owned());
    Ok(usize::try_from(query.execute(&mut **work).await?.rows_affected()).unwrap_or(usize::MAX))
}

async fn described(
    work: &mut Work,
    text: &'static str,
    plate: &Plate,
) -> Result<Vec<(String, String)>, SqlError> {
    let rows = sqlx::query_as(text).bind(plate.as_str().to_owned()).fetch_all(&mut **work);
    Ok(rows.await?)
}

async fn describe(
    work: &mut Work,
    table: &'static str,
    id: &str,
    description: String,
) -> Result<(), SqlError> {
    let text = format!("UPDATE {table} SET description = $1 WHERE id = $2");
    let update = sqlx::query(AssertSqlSafe(text)).bind(description).bind(id.to_owned());
    update.execute(&mut **work).await?;
    Ok(())
}
