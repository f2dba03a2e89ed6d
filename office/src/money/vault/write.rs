//! From a [`Book`] to rows: a few statements for any number of requests.

use domain::{AdmissionId, HolderId, Instant};
use sqlx::{Any, Transaction};

use crate::money::book::{Asked, Book, Stage};
use crate::money::charge::{BillState, Billed};
use crate::money::ledger::{Funds, Hold, HoldEnd, Transfer};
use crate::store::rows::{put, signed, written};
use crate::store::{Sql, SqlError};

type Work = Transaction<'static, Any>;

/// Writes what has become otherwise; facts last, in the order in which transactions end.
pub async fn book(work: &mut Work, sql: &Sql, book: Book, now: Instant) -> Result<(), SqlError> {
    let Book { bays, ledger, admissions, bills, changed, .. } = book;
    let accounts = ledger.changed_accounts();
    let money = ledger.into_written();
    let rows: Vec<_> =
        changed.bays.iter().filter_map(|spot| Some((spot, bays.get(spot)?))).collect();
    put(
        work,
        "INSERT INTO bays (place, bay_type, spaces, admitted, entered, changed_at) VALUES",
        6,
        " ON CONFLICT (place, bay_type) DO UPDATE SET admitted = excluded.admitted, \
         entered = excluded.entered, changed_at = excluded.changed_at",
        &rows,
        |query, ((place, bay_type), bay)| {
            query
                .bind(place.as_str())
                .bind(bay_type.as_str())
                .bind(i64::from(bay.spaces))
                .bind(i64::from(bay.admitted))
                .bind(i64::from(bay.entered))
                .bind(now.timestamp_micros())
        },
    )
    .await?;
    let rows: Vec<&Asked> =
        changed.admissions.iter().filter_map(|id: &AdmissionId| admissions.get(id)).collect();
    // Who has left first: another row may take the place of its credential.
    let (over, now_inside): (Vec<&Asked>, Vec<&Asked>) =
        rows.into_iter().partition(|asked| !asked.stage.takes_bay());
    keep_admissions(work, &over).await?;
    keep_admissions(work, &now_inside).await?;
    keep_accounts(work, &accounts).await?;
    keep_holds(work, &money.holds.into_values().collect::<Vec<_>>()).await?;
    keep_transfers(work, &money.transfers).await?;
    let rows: Vec<&Billed> = changed.bills.iter().filter_map(|key| bills.get(key)).collect();
    // Likewise: what is taken back makes room for what stands.
    let is_over = |billed: &&Billed| billed.state == BillState::Reversed;
    let (over, standing): (Vec<&Billed>, Vec<&Billed>) = rows.into_iter().partition(is_over);
    keep_bills(work, &over).await?;
    keep_bills(work, &standing).await?;
    if !changed.facts.is_empty() {
        sql.order_facts(work).await?;
        put(work, "INSERT INTO facts (fact) VALUES", 1, "", &changed.facts, |query, fact| {
            query.bind(fact.as_str())
        })
        .await?;
    }
    Ok(())
}

async fn keep_admissions(work: &mut Work, rows: &[&Asked]) -> Result<(), SqlError> {
    put(
        work,
        "INSERT INTO admissions (id, lane, place, bay_type, kind, value, plate, holder, right_id, at, \
         state, reason, factor, entry_id, left_at, answer) VALUES",
        16,
        " ON CONFLICT (id) DO UPDATE SET plate = excluded.plate, state = excluded.state, \
         entry_id = excluded.entry_id, left_at = excluded.left_at",
        rows,
        |query, asked| {
            let reason = match asked.stage {
                Stage::Refused(reason) => Some(reason.as_str()),
                _ => None,
            };
            query
                .bind(asked.id.as_str())
                .bind(asked.lane.as_str())
                .bind(asked.spot.0.as_str())
                .bind(asked.spot.1.as_str())
                .bind(asked.credential.kind.as_str())
                .bind(asked.credential.value.as_str())
                .bind(asked.plate.as_ref().map(domain::Plate::as_str))
                .bind(asked.holder.as_ref().map(HolderId::as_str))
                .bind(asked.right.as_ref().map(domain::RightId::as_str))
                .bind(asked.at.timestamp_micros())
                .bind(asked.stage.as_str())
                .bind(reason)
                .bind(asked.factor.map(|factor| factor.to_string()))
                .bind(asked.entry.as_ref().map(domain::ObservationId::as_str))
                .bind(asked.left_at.map(|at| at.timestamp_micros()))
                .bind(asked.answer.as_str())
        },
    )
    .await
}

/// As they are now: the rows are locked, and nobody else has changed them meanwhile.
async fn keep_accounts(work: &mut Work, rows: &[(HolderId, Funds, Funds)]) -> Result<(), SqlError> {
    put(
        work,
        "INSERT INTO accounts (holder, balance, held, group_balance, group_held) VALUES",
        5,
        " ON CONFLICT (holder) DO UPDATE SET balance = excluded.balance, held = excluded.held, \
         group_balance = excluded.group_balance, group_held = excluded.group_held",
        rows,
        |query, (id, own, group)| {
            query
                .bind(id.as_str())
                .bind(own.balance)
                .bind(own.held)
                .bind(group.balance)
                .bind(group.held)
        },
    )
    .await
}

async fn keep_holds(work: &mut Work, rows: &[Hold]) -> Result<(), SqlError> {
    put(
        work,
        "INSERT INTO holds (id, holder, amount, ended) VALUES",
        4,
        " ON CONFLICT (id) DO UPDATE SET ended = excluded.ended",
        rows,
        |query, hold| {
            query
                .bind(hold.id.as_str())
                .bind(hold.holder.as_str())
                .bind(hold.amount)
                .bind(hold.end.map(HoldEnd::as_str))
        },
    )
    .await
}

async fn keep_transfers(work: &mut Work, rows: &[Transfer]) -> Result<(), SqlError> {
    put(
        work,
        "INSERT INTO transfers (key, debit, credit, amount, currency, what, session, by_whom, note, at) \
         VALUES",
        10,
        "",
        rows,
        |query, transfer| {
            query
                .bind(transfer.key.as_str())
                .bind(transfer.from.to_string())
                .bind(transfer.to.to_string())
                .bind(transfer.amount)
                .bind(transfer.currency.as_str())
                .bind(transfer.what.as_str())
                .bind(transfer.session.as_deref())
                .bind(transfer.by.as_str())
                .bind(transfer.note.as_str())
                .bind(transfer.at.timestamp_micros())
        },
    )
    .await
}

async fn keep_bills(work: &mut Work, rows: &[&Billed]) -> Result<(), SqlError> {
    put(
        work,
        "INSERT INTO bills (session, revision, admission, holder, place, bay_type, entry_at, exit_at, \
         state, currency, total, taken, owed, paid, bill, why) VALUES",
        16,
        " ON CONFLICT (session, revision) DO UPDATE SET state = excluded.state, \
         total = excluded.total, taken = excluded.taken, owed = excluded.owed, paid = excluded.paid, \
         bill = excluded.bill, why = excluded.why, currency = excluded.currency",
        rows,
        |query, billed| {
            query
                .bind(billed.stay.session.as_str())
                .bind(signed(billed.stay.revision))
                .bind(billed.admission.as_ref().map(AdmissionId::as_str))
                .bind(billed.holder.as_ref().map(HolderId::as_str))
                .bind(billed.stay.place.as_str())
                .bind(billed.stay.bay_type.as_str())
                .bind(billed.stay.entry_at.timestamp_micros())
                .bind(billed.stay.exit_at.timestamp_micros())
                .bind(billed.state.as_str())
                .bind(billed.currency.as_str())
                .bind(billed.total)
                .bind(billed.taken)
                .bind(billed.owed)
                .bind(billed.paid)
                .bind(billed.bill.as_ref().map(written))
                .bind(billed.why.as_deref())
        },
    )
    .await
}
