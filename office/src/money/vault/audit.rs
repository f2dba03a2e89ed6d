//! Whether the books are right: each sum that is kept beside what it sums is reckoned again, in SQL, on
//! any number of rows.

use sqlx::{AssertSqlSafe, Row as _};

use super::Vault;
use crate::store::SqlError;

/// Something that is not as it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Which rule it breaks.
    pub rule: &'static str,
    /// Of what: an account, a bay, a bill.
    pub of: String,
    /// What is kept.
    pub kept: i64,
    /// What it should be.
    pub should_be: i64,
}

/// Each answers what breaks it: of what, what is kept, what it should be.
const RULES: [(&str, &str); 11] = [
    (
        "a balance is the sum of its transfers",
        "SELECT holder, balance, moved FROM (SELECT a.holder, a.balance, CAST( \
         (SELECT COALESCE(SUM(t.amount), 0) FROM transfers t WHERE t.credit = 'holder:' || a.holder) - \
         (SELECT COALESCE(SUM(t.amount), 0) FROM transfers t WHERE t.debit = 'holder:' || a.holder) \
         AS BIGINT) AS moved FROM accounts a) AS sums WHERE balance <> moved",
    ),
    (
        "what is held is the sum of the open holds",
        "SELECT holder, held, sum FROM (SELECT a.holder, a.held, CAST((SELECT COALESCE(SUM(h.amount), 0) \
         FROM holds h WHERE h.holder = a.holder AND h.ended IS NULL) AS BIGINT) AS sum FROM accounts a) \
         AS sums WHERE held <> sum",
    ),
    (
        "a group has what its members have",
        "SELECT id, kept, sum FROM (SELECT g.id, a.group_balance AS kept, CAST((SELECT SUM(m.balance) FROM \
         accounts m JOIN holders h ON h.id = m.holder WHERE h.id = g.id OR h.member_of = g.id) AS BIGINT) \
         AS sum FROM holders g JOIN accounts a ON a.holder = g.id WHERE g.member_of IS NULL) AS sums \
         WHERE kept <> sum",
    ),
    (
        "a group has set aside what its members have",
        "SELECT id, kept, sum FROM (SELECT g.id, a.group_held AS kept, CAST((SELECT SUM(m.held) FROM \
         accounts m JOIN holders h ON h.id = m.holder WHERE h.id = g.id OR h.member_of = g.id) AS BIGINT) \
         AS sum FROM holders g JOIN accounts a ON a.holder = g.id WHERE g.member_of IS NULL) AS sums \
         WHERE kept <> sum",
    ),
    (
        "a transfer is in the currency of its account",
        "SELECT t.key, t.amount, 0 FROM transfers t JOIN holders h ON t.debit = 'holder:' || h.id OR \
         t.credit = 'holder:' || h.id WHERE t.currency <> h.currency",
    ),
    (
        "bays are given away to who has not left",
        "SELECT spot, kept, sum FROM (SELECT b.place || ', ' || b.bay_type AS spot, b.admitted AS kept, \
         CAST((SELECT COUNT(*) FROM admissions a WHERE a.place = b.place AND a.bay_type = b.bay_type AND \
         a.state IN ('expected', 'inside')) AS BIGINT) AS sum FROM bays b) AS sums WHERE kept <> sum",
    ),
    (
        "who was read inside is inside",
        "SELECT spot, kept, sum FROM (SELECT b.place || ', ' || b.bay_type AS spot, b.entered AS kept, \
         CAST((SELECT COUNT(*) FROM admissions a WHERE a.place = b.place AND a.bay_type = b.bay_type AND \
         a.state = 'inside') AS BIGINT) AS sum FROM bays b) AS sums WHERE kept <> sum",
    ),
    (
        "a hold ends with its stay",
        "SELECT h.id, h.amount, 0 FROM holds h JOIN admissions a ON a.id = h.id WHERE h.ended IS NULL AND \
         a.state NOT IN ('expected', 'inside')",
    ),
    (
        "what a bill has taken was taken for it",
        "SELECT name, kept, sum FROM (SELECT b.session || ':' || b.revision AS name, CASE WHEN b.state = \
         'reversed' THEN 0 ELSE b.taken END AS kept, CAST( \
         (SELECT COALESCE(SUM(t.amount), 0) FROM transfers t WHERE t.key = b.session || ':' || b.revision \
         || ':charge') - \
         (SELECT COALESCE(SUM(t.amount), 0) FROM transfers t WHERE t.key IN (b.session || ':' || b.revision \
         || ':charge:back', b.session || ':' || b.revision || ':waiver:back')) AS BIGINT) AS sum \
         FROM bills b) AS sums WHERE kept <> sum",
    ),
    (
        "what a bill is owed was asked for it",
        "SELECT name, kept, sum FROM (SELECT b.session || ':' || b.revision AS name, CASE WHEN b.state = \
         'reversed' THEN 0 ELSE b.owed END AS kept, CAST( \
         (SELECT COALESCE(SUM(t.amount), 0) FROM transfers t WHERE t.key = b.session || ':' || b.revision \
         || ':due') - \
         (SELECT COALESCE(SUM(t.amount), 0) FROM transfers t WHERE t.key IN (b.session || ':' || b.revision \
         || ':due:back', b.session || ':' || b.revision || ':waiver')) AS BIGINT) AS sum \
         FROM bills b) AS sums WHERE kept <> sum",
    ),
    (
        "a bill is charged whole",
        "SELECT session || ':' || revision, taken + owed, total FROM bills WHERE state IN ('charged', \
         'due') AND taken + owed <> total",
    ),
];

impl Vault {
    /// What is not as it must be; nothing where all is right.
    pub async fn audit(&self) -> Result<Vec<Finding>, SqlError> {
        let mut findings = Vec::new();
        for (rule, text) in RULES {
            let rows = sqlx::query(AssertSqlSafe(text)).fetch_all(self.sql.pool()).await?;
            for row in rows {
                findings.push(Finding {
                    rule,
                    of: row.try_get(0)?,
                    kept: row.try_get(1)?,
                    should_be: row.try_get(2)?,
                });
            }
        }
        Ok(findings)
    }
}
