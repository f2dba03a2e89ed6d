//! What people look at: balances, statements, bills. Read without locks.

use domain::{AdmissionId, HolderId, Instant};
use sqlx::{AssertSqlSafe, Row as _};

use super::Vault;
use super::load::{TRANSFERS, billed, transfer};
use crate::money::charge::{BillState, Billed};
use crate::money::holder::Holder;
use crate::money::ledger::{Funds, Transfer};
use crate::store::SqlError;
use crate::store::rows::{read, text};

/// A line of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Grows with each transfer.
    pub number: i64,
    /// What moved.
    pub transfer: Transfer,
}

/// A holder in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Which.
    pub id: HolderId,
    /// How it is described.
    pub holder: Holder,
    /// ISO 4217 of its account.
    pub currency: String,
    /// What it has.
    pub own: Funds,
    /// What it has together with its members.
    pub together: Funds,
}

const HOLDERS: &str = "SELECT h.id, h.description, h.currency, a.balance, a.held, a.group_balance, \
                       a.group_held FROM holders h JOIN accounts a ON a.holder = h.id WHERE";

impl Vault {
    /// Holders in the order of their ids, behind one; `part` is a part of an id, a name, a plate or
    /// whatever else stands in the description.
    pub async fn holders(
        &self,
        after: &str,
        part: &str,
        limit: usize,
    ) -> Result<Vec<Listed>, SqlError> {
        let text_of = format!(
            "{HOLDERS} h.id > $1 AND ($2 = '' OR LOWER(h.id || ' ' || h.description) LIKE $3) \
             ORDER BY h.id LIMIT $4"
        );
        let rows = sqlx::query(AssertSqlSafe(text_of))
            .bind(after)
            .bind(part)
            .bind(format!("%{}%", part.to_lowercase().replace(['%', '_'], "")))
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .fetch_all(self.sql.pool())
            .await?;
        rows.iter().map(listed).collect()
    }

    /// One holder.
    pub async fn account(&self, id: &HolderId) -> Result<Option<Listed>, SqlError> {
        let row = sqlx::query(AssertSqlSafe(format!("{HOLDERS} h.id = $1")))
            .bind(id.as_str())
            .fetch_optional(self.sql.pool())
            .await?;
        row.as_ref().map(listed).transpose()
    }

    /// Transfers of an account, the newest first, before one of that number.
    pub async fn statement(
        &self,
        account: &str,
        before: i64,
        limit: usize,
    ) -> Result<Vec<Line>, SqlError> {
        let text_of = format!(
            "{TRANSFERS} (debit = $1 OR credit = $1) AND number < $2 ORDER BY number DESC LIMIT $3"
        );
        let rows = sqlx::query(AssertSqlSafe(text_of))
            .bind(account)
            .bind(before)
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .fetch_all(self.sql.pool())
            .await?;
        rows.iter()
            .map(|row| Ok(Line { number: row.try_get(10)?, transfer: transfer(row)? }))
            .collect()
    }

    /// Bills in a state, the oldest exit first.
    pub async fn bills(
        &self,
        state: Option<BillState>,
        holder: Option<&HolderId>,
        after: (i64, &str),
        limit: usize,
    ) -> Result<Vec<Billed>, SqlError> {
        let rows = sqlx::query(
            "SELECT session, revision, admission, holder, place, bay_type, entry_at, exit_at, state, \
             currency, total, taken, owed, paid, bill, why FROM bills \
             WHERE ($1 = '' OR state = $1) AND ($2 = '' OR holder = $2) \
             AND (exit_at > $3 OR exit_at = $3 AND session > $4) ORDER BY exit_at, session LIMIT $5",
        )
        .bind(state.map_or("", BillState::as_str))
        .bind(holder.map_or("", HolderId::as_str))
        .bind(after.0)
        .bind(after.1)
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .fetch_all(self.sql.pool())
        .await?;
        rows.iter().map(billed).collect()
    }

    /// The bills of a session, all revisions.
    pub async fn bills_of(&self, session: &str) -> Result<Vec<Billed>, SqlError> {
        let rows = sqlx::query(
            "SELECT session, revision, admission, holder, place, bay_type, entry_at, exit_at, state, \
             currency, total, taken, owed, paid, bill, why FROM bills WHERE session = $1 ORDER BY revision",
        )
        .bind(session)
        .fetch_all(self.sql.pool())
        .await?;
        rows.iter().map(billed).collect()
    }

    /// Who was let in before then and is still expected.
    pub async fn expected_since(&self, before: Instant) -> Result<Vec<AdmissionId>, SqlError> {
        let rows = sqlx::query(
            "SELECT id FROM admissions WHERE state = 'expected' AND at <= $1 ORDER BY at LIMIT 500",
        )
        .bind(before.timestamp_micros())
        .fetch_all(self.sql.pool())
        .await?;
        rows.iter().map(|row| text(row, 0)).collect()
    }
}

fn listed(row: &sqlx::any::AnyRow) -> Result<Listed, SqlError> {
    let holder: Holder = read(&row.try_get::<String, _>(1)?)?;
    let floor = holder.floor;
    let own = Funds { balance: row.try_get(3)?, held: row.try_get(4)?, floor };
    let together = Funds { balance: row.try_get(5)?, held: row.try_get(6)?, floor };
    Ok(Listed { id: text(row, 0)?, holder, currency: row.try_get(2)?, own, together })
}
