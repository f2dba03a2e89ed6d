//! Who describes holders and rights, each in a transaction of its own.

use std::collections::{BTreeMap, BTreeSet};

use domain::{HolderId, Instant, RightId};
use serde_json::json;
use sqlx::{Any, Row as _, Transaction};

use super::Vault;
use super::load::{self, lock_accounts};
use crate::facts::fact_of;
use crate::money::holder::{Credential, Holder};
use crate::money::right::{Right, RightKind};
use crate::store::SqlError;
use crate::store::rows::{read, text, written};

type Work = Transaction<'static, Any>;

/// Why a description is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{field}` {why}")]
pub struct NotTaken {
    /// Its field.
    pub field: &'static str,
    /// What is wrong.
    pub why: String,
}

/// Whether somebody was there before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Described {
    /// New.
    Added,
    /// Otherwise now.
    Changed,
    /// As it was.
    Same,
}

impl Vault {
    /// Describes a holder, or describes it anew. A plate or pass that is another holder's is refused;
    /// those that it has no more stay with it for the past.
    pub async fn put_holder(
        &self,
        id: &HolderId,
        holder: &Holder,
        currency: &str,
        now: Instant,
    ) -> Result<Result<Described, NotTaken>, SqlError> {
        let before = self.holder(id).await?;
        if before.as_ref() == Some(holder) {
            return Ok(Ok(Described::Same));
        }
        let mut work = self.sql.begin().await?;
        let groups = [before.as_ref().and_then(|h| h.member_of.clone()), holder.member_of.clone()];
        if self.sql.locks_rows() {
            let ids: BTreeSet<&HolderId> = groups.iter().flatten().chain([id]).collect();
            lock_accounts(&mut work, ids.into_iter()).await?;
        }
        if let Err(why) =
            self.check_holder(&mut work, id, holder, before.as_ref(), currency).await?
        {
            return Ok(Err(why));
        }
        let said = holder.currency.as_deref().unwrap_or(currency);
        sqlx::query(
            "INSERT INTO holders (id, description, member_of, floor, currency, changed_at) \
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO UPDATE SET \
             description = excluded.description, member_of = excluded.member_of, \
             floor = excluded.floor, changed_at = excluded.changed_at",
        )
        .bind(id.as_str())
        .bind(written(holder))
        .bind(holder.member_of.as_ref().map(HolderId::as_str))
        .bind(holder.floor)
        .bind(said)
        .bind(now.timestamp_micros())
        .execute(&mut *work)
        .await?;
        sqlx::query(
            "INSERT INTO accounts (holder, balance, held, group_balance, group_held) \
             VALUES ($1, 0, 0, 0, 0) ON CONFLICT (holder) DO NOTHING",
        )
        .bind(id.as_str())
        .execute(&mut *work)
        .await?;
        let [from, to] = groups.map(|group| group.unwrap_or_else(|| id.clone()));
        if before.is_some() && from != to {
            change_group(&mut work, id, &from, &to).await?;
        }
        keep_credentials(&mut work, id, before.as_ref(), holder, now).await?;
        work.commit().await?;
        Ok(Ok(if before.is_some() { Described::Changed } else { Described::Added }))
    }

    async fn check_holder(
        &self,
        work: &mut Work,
        id: &HolderId,
        holder: &Holder,
        before: Option<&Holder>,
        currency: &str,
    ) -> Result<Result<(), NotTaken>, SqlError> {
        let no = |field, why| Ok(Err(NotTaken { field, why }));
        let has = sqlx::query("SELECT currency FROM holders WHERE id = $1")
            .bind(id.as_str())
            .fetch_optional(&mut **work)
            .await?;
        let has: Option<String> = has.map(|row| row.try_get(0)).transpose()?;
        let wanted = holder.currency.as_deref().unwrap_or(currency);
        if let Some(has) = has.filter(|has| has != wanted) {
            let why = format!("is {wanted}, and the account is in {has}: use another holder");
            return no("currency", why);
        }
        if let Some(group) = &holder.member_of {
            let of: Option<(Option<String>, String)> =
                sqlx::query_as("SELECT member_of, currency FROM holders WHERE id = $1")
                    .bind(group.as_str())
                    .fetch_optional(&mut **work)
                    .await?;
            match of {
                None => return no("member_of", format!("is `{group}`, which is no holder")),
                Some((Some(_), _)) => {
                    return no("member_of", format!("is `{group}`, which is a member itself"));
                }
                Some((None, has)) if has != wanted => {
                    return no("member_of", format!("is `{group}`, whose account is in {has}"));
                }
                Some(_) => {}
            }
            let members = sqlx::query("SELECT 1 FROM holders WHERE member_of = $1 LIMIT 1");
            let is_group = members.bind(id.as_str()).fetch_optional(&mut **work).await?;
            if is_group.is_some() {
                return no("member_of", "is set, and the holder is a group itself".to_owned());
            }
        }
        let known = before.map(Holder::credentials).unwrap_or_default();
        let new: BTreeSet<Credential> = holder.credentials().difference(&known).cloned().collect();
        for (credential, tenures) in load::history(work, &new).await? {
            let now = tenures.iter().find(|tenure| tenure.until.is_none() && tenure.holder != *id);
            if let Some(tenure) = now {
                let field = if credential.as_plate().is_some() { "plates" } else { "passes" };
                let why =
                    format!("has one that is `{}`'s: take it away there first", tenure.holder);
                return no(field, why);
            }
        }
        Ok(Ok(()))
    }

    /// How a holder is described.
    pub async fn holder(&self, id: &HolderId) -> Result<Option<Holder>, SqlError> {
        let row = sqlx::query("SELECT description FROM holders WHERE id = $1")
            .bind(id.as_str())
            .fetch_optional(self.sql.pool())
            .await?;
        row.map(|row| read(&row.try_get::<String, _>(0)?)).transpose()
    }

    /// Gives a right, or changes it; `None` takes it away.
    pub async fn put_right(
        &self,
        id: &RightId,
        right: Option<&Right>,
        by: &str,
        now: Instant,
    ) -> Result<Result<Described, NotTaken>, SqlError> {
        let mut work = self.sql.begin().await?;
        let row = sqlx::query("SELECT description, is_gone FROM rights WHERE id = $1")
            .bind(id.as_str())
            .fetch_optional(&mut *work)
            .await?;
        let before: Option<Right> = match row {
            Some(row) if row.try_get::<i64, _>(1)? == 0 => {
                Some(read(&row.try_get::<String, _>(0)?)?)
            }
            _ => None,
        };
        if before.as_ref() == right {
            return Ok(Ok(Described::Same));
        }
        if let Some(right) = right {
            if let Err(why) = self.check_right(&mut work, id, right).await? {
                return Ok(Err(why));
            }
            keep_right(&mut work, id, right, now).await?;
        } else {
            sqlx::query("UPDATE rights SET is_gone = 1, changed_at = $2 WHERE id = $1")
                .bind(id.as_str())
                .bind(now.timestamp_micros())
                .execute(&mut *work)
                .await?;
        }
        self.sql.order_facts(&mut work).await?;
        let said = |right: Option<&Right>| {
            // No plate stands in what is told: that is not what erasing takes away.
            right.map(|right| Right { plates: BTreeSet::new(), ..right.clone() })
        };
        let data =
            json!({ "right": id, "by": by, "before": said(before.as_ref()), "after": said(right) });
        let place = right.or(before.as_ref()).and_then(|right| right.places.first());
        let place = place.map_or_else(String::new, ToString::to_string);
        let key = format!("{id}:{}", now.timestamp_micros());
        let fact = fact_of("right.changed", key, &place, id.as_str(), data, now);
        sqlx::query("INSERT INTO facts (fact) VALUES ($1)").bind(fact).execute(&mut *work).await?;
        work.commit().await?;
        Ok(Ok(if before.is_some() { Described::Changed } else { Described::Added }))
    }

    async fn check_right(
        &self,
        work: &mut Work,
        id: &RightId,
        right: &Right,
    ) -> Result<Result<(), NotTaken>, SqlError> {
        let no = |field, why| Ok(Err(NotTaken { field, why }));
        if let Some(holder) = &right.holder {
            let known = sqlx::query("SELECT 1 FROM holders WHERE id = $1").bind(holder.as_str());
            if known.fetch_optional(&mut **work).await?.is_none() {
                return no("holder", format!("is `{holder}`, which is no holder"));
            }
        }
        let (Some((from, until)), Some(place), Some(bay_type)) =
            (right.kept(), right.places.first(), &right.bay_type)
        else {
            return Ok(Ok(()));
        };
        // No more are promised for any moment than there are.
        let lock = if self.sql.locks_rows() { " FOR UPDATE" } else { "" };
        let text = format!("SELECT spaces FROM bays WHERE place = $1 AND bay_type = $2{lock}");
        let spaces = sqlx::query(sqlx::AssertSqlSafe(text))
            .bind(place.as_str())
            .bind(bay_type.as_str())
            .fetch_optional(&mut **work)
            .await?;
        let spaces: i64 = spaces.map(|row| row.try_get(0)).transpose()?.unwrap_or(0);
        let others: Vec<(i64, i64)> = sqlx::query_as(
            "SELECT kept_from, kept_until FROM rights WHERE place = $1 AND bay_type = $2 \
             AND is_gone = 0 AND id <> $3 AND kept_from < $4 AND kept_until > $5",
        )
        .bind(place.as_str())
        .bind(bay_type.as_str())
        .bind(id.as_str())
        .bind(until.timestamp_micros())
        .bind(from.timestamp_micros())
        .fetch_all(&mut **work)
        .await?;
        let mut steps: BTreeMap<i64, i64> = BTreeMap::new();
        for (from, until) in others {
            *steps.entry(from).or_default() += 1;
            *steps.entry(until).or_default() -= 1;
        }
        let mut at_once = 0;
        let most = steps.values().fold(0, |most, step| {
            at_once += step;
            most.max(at_once)
        });
        if most >= spaces {
            let (kind, of) = (bay_type.as_str(), spaces);
            return no(
                "from",
                format!("is in a time for which all {of} `{kind}` bays are reserved"),
            );
        }
        Ok(Ok(()))
    }

    /// What a right is; `None`: there is none, or none any more.
    pub async fn right(&self, id: &RightId) -> Result<Option<Right>, SqlError> {
        let row = sqlx::query("SELECT description FROM rights WHERE id = $1 AND is_gone = 0")
            .bind(id.as_str())
            .fetch_optional(self.sql.pool())
            .await?;
        row.map(|row| read(&row.try_get::<String, _>(0)?)).transpose()
    }

    /// Rights in the order of their ids, behind one.
    pub async fn rights(
        &self,
        after: &str,
        kind: Option<RightKind>,
        holder: Option<&HolderId>,
        limit: usize,
    ) -> Result<Vec<(RightId, Right)>, SqlError> {
        let rows = sqlx::query(
            "SELECT id, description FROM rights WHERE is_gone = 0 AND id > $1 \
             AND ($2 = '' OR kind = $2) AND ($3 = '' OR holder = $3) ORDER BY id LIMIT $4",
        )
        .bind(after)
        .bind(kind.map_or("", RightKind::as_str))
        .bind(holder.map_or("", HolderId::as_str))
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .fetch_all(self.sql.pool())
        .await?;
        rows.iter().map(|row| Ok((text(row, 0)?, read(&row.try_get::<String, _>(1)?)?))).collect()
    }
}

/// What one has itself goes from what all of a group have to what another has.
async fn change_group(
    work: &mut Work,
    id: &HolderId,
    from: &HolderId,
    to: &HolderId,
) -> Result<(), SqlError> {
    for (group, sign) in [(from, "-"), (to, "+")] {
        let statement = format!(
            "UPDATE accounts SET \
             group_balance = group_balance {sign} (SELECT balance FROM accounts WHERE holder = $1), \
             group_held = group_held {sign} (SELECT held FROM accounts WHERE holder = $1) \
             WHERE holder = $2"
        );
        sqlx::query(sqlx::AssertSqlSafe(statement))
            .bind(id.as_str())
            .bind(group.as_str())
            .execute(&mut **work)
            .await?;
    }
    Ok(())
}

async fn keep_credentials(
    work: &mut Work,
    id: &HolderId,
    before: Option<&Holder>,
    after: &Holder,
    now: Instant,
) -> Result<(), SqlError> {
    let (had, has) = (before.map(Holder::credentials).unwrap_or_default(), after.credentials());
    for gone in had.difference(&has) {
        sqlx::query(
            "UPDATE credentials SET until = $1 WHERE kind = $2 AND value = $3 AND holder = $4 \
             AND until IS NULL",
        )
        .bind(now.timestamp_micros())
        .bind(gone.kind.as_str())
        .bind(gone.value.as_str())
        .bind(id.as_str())
        .execute(&mut **work)
        .await?;
    }
    for new in has.difference(&had) {
        sqlx::query("INSERT INTO credentials (kind, value, holder, since) VALUES ($1, $2, $3, $4)")
            .bind(new.kind.as_str())
            .bind(new.value.as_str())
            .bind(id.as_str())
            .bind(now.timestamp_micros())
            .execute(&mut **work)
            .await?;
    }
    Ok(())
}

async fn keep_right(
    work: &mut Work,
    id: &RightId,
    right: &Right,
    now: Instant,
) -> Result<(), SqlError> {
    let kept = right.kept();
    let place = right.places.first().filter(|_| kept.is_some());
    sqlx::query(
        "INSERT INTO rights (id, kind, holder, description, is_gone, place, bay_type, kept_from, \
         kept_until, changed_at) VALUES ($1, $2, $3, $4, 0, $5, $6, $7, $8, $9) \
         ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, holder = excluded.holder, \
         description = excluded.description, is_gone = 0, place = excluded.place, \
         bay_type = excluded.bay_type, kept_from = excluded.kept_from, \
         kept_until = excluded.kept_until, changed_at = excluded.changed_at",
    )
    .bind(id.as_str())
    .bind(right.kind.as_str())
    .bind(right.holder.as_ref().map(HolderId::as_str))
    .bind(written(right))
    .bind(place.map(domain::PlaceName::as_str))
    .bind(right.bay_type.as_ref().map(domain::place::BayType::as_str))
    .bind(kept.map(|(from, _)| from.timestamp_micros()))
    .bind(kept.map(|(_, until)| until.timestamp_micros()))
    .bind(now.timestamp_micros())
    .execute(&mut **work)
    .await?;
    sqlx::query("DELETE FROM right_plates WHERE right_id = $1")
        .bind(id.as_str())
        .execute(&mut **work)
        .await?;
    for plate in &right.plates {
        sqlx::query("INSERT INTO right_plates (plate, right_id) VALUES ($1, $2)")
            .bind(plate.as_str())
            .bind(id.as_str())
            .execute(&mut **work)
            .await?;
    }
    Ok(())
}
