//! From rows to a [`Book`].

use std::collections::{BTreeMap, BTreeSet};

use domain::place::BayType;
use domain::{AdmissionId, HolderId, Instant, PlaceName, Plate, RightId};
use sqlx::any::{AnyArguments, AnyRow};
use sqlx::query::Query;
use sqlx::{Any, AssertSqlSafe, Row as _, Transaction};

use super::About;
use crate::money::admission::Reason;
use crate::money::book::{Asked, Bay, Book, RightInUse, Stage, Tenure};
use crate::money::charge::{BillState, Billed, Ended};
use crate::money::holder::{Credential, CredentialKind, Holder};
use crate::money::ledger::{Funds, Hold, HoldEnd, Purse, Transfer, What};
use crate::money::right::Right;
use crate::store::SqlError;
use crate::store::rows::{instant, number, numbered, read, text, unreadable};

type Work = Transaction<'static, Any>;

/// Values of one statement.
const AT_ONCE: usize = 200;

/// Locks what is to be locked, in everybody's order.
pub async fn lock(work: &mut Work, about: &About) -> Result<(), SqlError> {
    let places = about.places.iter().map(PlaceName::as_str);
    select(
        work,
        "SELECT place FROM bays WHERE place IN",
        places,
        "ORDER BY place, bay_type FOR UPDATE",
    )
    .await?;
    lock_accounts(work, about.holders.iter()).await
}

/// Locks accounts alone.
pub async fn lock_accounts<'h>(
    work: &mut Work,
    holders: impl Iterator<Item = &'h HolderId>,
) -> Result<(), SqlError> {
    let names = holders.map(HolderId::as_str);
    let head = "SELECT holder FROM accounts WHERE holder IN";
    select(work, head, names, "ORDER BY holder FOR UPDATE").await?;
    Ok(())
}

/// Loads all of it; answers too which holders and places it has led to.
pub async fn book(
    work: &mut Work,
    about: &About,
) -> Result<(Book, BTreeSet<HolderId>, BTreeSet<PlaceName>), SqlError> {
    let mut book = Book::default();
    let (mut holders, mut places) = (about.holders.clone(), about.places.clone());
    tenures(work, &mut book, &about.credentials).await?;
    let owners = book.tenures.values().flatten().map(|tenure| tenure.holder.clone());
    holders.extend(owners);
    admissions(work, &mut book, about).await?;
    bills(work, &mut book, about).await?;
    for asked in book.admissions.values() {
        holders.extend(asked.holder.clone());
        places.insert(asked.spot.0.clone());
    }
    holders.extend(book.bills.values().filter_map(|billed| billed.holder.clone()));
    places.extend(book.bills.values().map(|billed| billed.stay.place.clone()));
    bays(work, &mut book, &places).await?;
    people(work, &mut book, &mut holders).await?;
    rights(work, &mut book, about, &holders, &places).await?;
    holds(work, &mut book).await?;
    transfers(work, &mut book, &about.transfers).await?;
    Ok((book, holders, places))
}

/// With whom a credential was, at any time.
pub async fn history(
    work: &mut Work,
    credentials: &BTreeSet<Credential>,
) -> Result<BTreeMap<Credential, Vec<Tenure>>, SqlError> {
    let mut book = Book::default();
    tenures(work, &mut book, credentials).await?;
    Ok(book.tenures)
}

async fn tenures(
    work: &mut Work,
    book: &mut Book,
    credentials: &BTreeSet<Credential>,
) -> Result<(), SqlError> {
    for kind in CredentialKind::ALL {
        let values =
            credentials.iter().filter(|one| one.kind == kind).map(|one| one.value.as_str());
        let head = format!(
            "SELECT value, holder, since, until FROM credentials WHERE kind = '{}' AND value IN",
            kind.as_str()
        );
        for row in select(work, &head, values, "ORDER BY since").await? {
            let credential = Credential { kind, value: row.try_get(0)? };
            let tenure =
                Tenure { holder: text(&row, 1)?, since: instant(&row, 2)?, until: maybe(&row, 3)? };
            book.tenures.entry(credential).or_default().push(tenure);
        }
    }
    Ok(())
}

const ASKED: &str = "SELECT id, lane, place, bay_type, kind, value, plate, holder, right_id, at, state, \
                     reason, factor, entry_id, left_at, answer FROM admissions WHERE";
const NOW: &str = "state IN ('expected', 'inside')";

async fn admissions(work: &mut Work, book: &mut Book, about: &About) -> Result<(), SqlError> {
    let mut rows = Vec::new();
    let ids = about.admissions.iter().map(AdmissionId::as_str);
    rows.extend(select(work, &format!("{ASKED} id IN"), ids, "").await?);
    for kind in CredentialKind::ALL {
        let values = about.credentials.iter().filter(|one| one.kind == kind);
        let head = format!("{ASKED} {NOW} AND kind = '{}' AND value IN", kind.as_str());
        rows.extend(select(work, &head, values.map(|one| one.value.as_str()), "").await?);
    }
    let plates = about.credentials.iter().filter(|one| one.kind == CredentialKind::Plate);
    let head = format!("{ASKED} {NOW} AND plate IN");
    rows.extend(select(work, &head, plates.map(|one| one.value.as_str()), "").await?);
    let entries = about.entries.iter().map(domain::ObservationId::as_str);
    rows.extend(select(work, &format!("{ASKED} entry_id IN"), entries, "").await?);
    let left = about.left_at.iter().map(|at| at.timestamp_micros().to_string());
    let left: Vec<String> = left.collect();
    if !left.is_empty() {
        let text = format!("{ASKED} left_at IN ({})", left.join(", "));
        rows.extend(sqlx::query(AssertSqlSafe(text)).fetch_all(&mut **work).await?);
    }
    if let Some(since) = about.since {
        let plates = about.plates.iter().map(Plate::as_str);
        let tail = format!("AND at >= {} AND state <> 'refused'", since.timestamp_micros());
        rows.extend(select(work, &format!("{ASKED} plate IN"), plates, &tail).await?);
        // Of who came in by a pass, the plate is not known yet: the holder's is.
        let plates = about.plates.iter().map(Credential::plate);
        let owners: BTreeSet<&str> = plates
            .filter_map(|credential| book.owner_now(&credential).map(HolderId::as_str))
            .collect();
        let head = format!("{ASKED} kind <> 'plate' AND entry_id IS NULL AND holder IN");
        rows.extend(select(work, &head, owners.into_iter(), &tail).await?);
    }
    for row in &rows {
        let asked = asked(row)?;
        book.admissions.insert(asked.id.clone(), asked);
    }
    Ok(())
}

fn asked(row: &AnyRow) -> Result<Asked, SqlError> {
    let kind: String = row.try_get(4)?;
    let kind = CredentialKind::parse(&kind).ok_or_else(|| unreadable(&kind))?;
    let plate: Option<String> = row.try_get(6)?;
    let plate = plate.map(|plate| Plate::parse(&plate)).transpose().map_err(|e| unreadable(&e))?;
    let (said, reason): (String, Option<String>) = (row.try_get(10)?, row.try_get(11)?);
    let stage = match said.as_str() {
        "refused" => {
            let why = reason.unwrap_or_default();
            let known = Reason::ALL.into_iter().find(|one| one.as_str() == why);
            Stage::Refused(known.ok_or_else(|| unreadable(&why))?)
        }
        "expected" => Stage::Expected,
        "inside" => Stage::Inside,
        "left" => Stage::Left,
        "lapsed" => Stage::Lapsed,
        other => return Err(unreadable(&other)),
    };
    let factor: Option<String> = row.try_get(12)?;
    Ok(Asked {
        id: text(row, 0)?,
        lane: row.try_get(1)?,
        spot: (text(row, 2)?, bay_type(row, 3)?),
        credential: Credential { kind, value: row.try_get(5)? },
        plate,
        holder: maybe_text(row, 7)?,
        right: maybe_text(row, 8)?,
        at: instant(row, 9)?,
        stage,
        factor: factor.and_then(|text| rates::Decimal::parse(&text)),
        entry: maybe_text(row, 13)?,
        left_at: maybe(row, 14)?,
        answer: row.try_get(15)?,
    })
}

async fn bills(work: &mut Work, book: &mut Book, about: &About) -> Result<(), SqlError> {
    const BILLS: &str = "SELECT session, revision, admission, holder, place, bay_type, entry_at, exit_at, \
                         state, currency, total, taken, owed, paid, bill, why FROM bills WHERE";
    let sessions = about.sessions.iter().map(String::as_str);
    let mut rows = select(work, &format!("{BILLS} session IN"), sessions, "").await?;
    let admissions: Vec<String> = book.admissions.keys().map(ToString::to_string).collect();
    let ids = admissions.iter().map(String::as_str);
    rows.extend(
        select(work, &format!("{BILLS} state <> 'reversed' AND admission IN"), ids, "").await?,
    );
    for row in &rows {
        let billed = billed(row)?;
        book.bills.insert((billed.stay.session.clone(), billed.stay.revision), billed);
    }
    // What is charged after all is charged for the admission that it came of.
    let of_bills = book.bills.values().filter_map(|billed| billed.admission.as_ref());
    let missing: Vec<String> =
        of_bills.filter(|id| !book.admissions.contains_key(id)).map(ToString::to_string).collect();
    let ids = missing.iter().map(String::as_str);
    for row in &select(work, &format!("{ASKED} id IN"), ids, "").await? {
        let asked = asked(row)?;
        book.admissions.insert(asked.id.clone(), asked);
    }
    Ok(())
}

/// A row of `bills`, its columns in the order of the table.
pub fn billed(row: &AnyRow) -> Result<Billed, SqlError> {
    let (state, bill): (String, Option<String>) = (row.try_get(8)?, row.try_get(14)?);
    Ok(Billed {
        stay: Ended {
            session: row.try_get(0)?,
            revision: number(row, 1)?,
            place: text(row, 4)?,
            bay_type: bay_type(row, 5)?,
            entry_at: instant(row, 6)?,
            exit_at: instant(row, 7)?,
        },
        admission: maybe_text(row, 2)?,
        holder: maybe_text(row, 3)?,
        state: BillState::parse(&state).ok_or_else(|| unreadable(&state))?,
        currency: row.try_get(9)?,
        total: row.try_get(10)?,
        taken: row.try_get(11)?,
        owed: row.try_get(12)?,
        paid: row.try_get(13)?,
        bill: bill.map(|json| read(&json)).transpose()?,
        why: row.try_get(15)?,
    })
}

async fn bays(
    work: &mut Work,
    book: &mut Book,
    places: &BTreeSet<PlaceName>,
) -> Result<(), SqlError> {
    let names = || places.iter().map(PlaceName::as_str);
    let head = "SELECT place, bay_type, spaces, admitted, entered FROM bays WHERE place IN";
    for row in select(work, head, names(), "").await? {
        let count =
            |column| Ok::<_, SqlError>(u32::try_from(number(&row, column)?).unwrap_or(u32::MAX));
        let bay = Bay { spaces: count(2)?, admitted: count(3)?, entered: count(4)?, derived: 0 };
        book.bays.insert((text(&row, 0)?, bay_type(&row, 1)?), bay);
    }
    let head = "SELECT place, bay_type, open_stays, correction FROM counts WHERE place IN";
    for row in select(work, head, names(), "").await? {
        let inside = row.try_get::<i64, _>(2)? + row.try_get::<i64, _>(3)?;
        let spot = (text(&row, 0)?, bay_type(&row, 1)?);
        book.bays.entry(spot).or_default().derived =
            u32::try_from(inside.max(0)).unwrap_or(u32::MAX);
    }
    Ok(())
}

/// The holders, their groups, and the accounts of both.
async fn people(
    work: &mut Work,
    book: &mut Book,
    holders: &mut BTreeSet<HolderId>,
) -> Result<(), SqlError> {
    const HOLDERS: &str = "SELECT h.id, h.description, h.currency, a.balance, a.held, a.group_balance, \
                           a.group_held FROM holders h JOIN accounts a ON a.holder = h.id WHERE h.id IN";
    let mut wanted = holders.clone();
    while !wanted.is_empty() {
        let mut groups = BTreeSet::new();
        for row in select(work, HOLDERS, wanted.iter().map(HolderId::as_str), "").await? {
            let id: HolderId = text(&row, 0)?;
            let holder: Holder = read(&row.try_get::<String, _>(1)?)?;
            let money = |column| row.try_get::<i64, _>(column);
            let own = Funds { balance: money(3)?, held: money(4)?, floor: holder.floor };
            let all = Funds { balance: money(5)?, held: money(6)?, floor: holder.floor };
            let purse = Purse { own, group: holder.member_of.clone(), currency: row.try_get(2)? };
            if holder.member_of.is_none() {
                book.ledger.know_group(id.clone(), all);
            }
            book.ledger.know_purse(id.clone(), purse);
            groups.extend(holder.member_of.clone());
            book.holders.insert(id, holder);
        }
        holders.extend(groups.iter().cloned());
        wanted = groups.into_iter().filter(|id| !book.holders.contains_key(id)).collect();
    }
    Ok(())
}

async fn rights(
    work: &mut Work,
    book: &mut Book,
    about: &About,
    holders: &BTreeSet<HolderId>,
    places: &BTreeSet<PlaceName>,
) -> Result<(), SqlError> {
    const RIGHTS: &str = "SELECT r.id, r.description FROM rights r WHERE r.is_gone = 0 AND";
    let mut rows = Vec::new();
    let names = holders.iter().map(HolderId::as_str);
    rows.extend(select(work, &format!("{RIGHTS} r.holder IN"), names, "").await?);
    let vehicles = about.credentials.iter().filter(|one| one.kind == CredentialKind::Plate);
    let of_plates = format!(
        "{RIGHTS} r.holder IS NULL AND r.id IN (SELECT right_id FROM right_plates WHERE plate IN"
    );
    rows.extend(select(work, &of_plates, vehicles.map(|one| one.value.as_str()), ")").await?);
    if let Some(now) = about.since {
        let names = places.iter().map(PlaceName::as_str);
        let tail = format!("AND r.kept_until > {}", now.timestamp_micros());
        rows.extend(select(work, &format!("{RIGHTS} r.place IN"), names, &tail).await?);
    }
    // Those that an admission came in with, even if they are gone since.
    let used: Vec<String> = book
        .admissions
        .values()
        .filter_map(|asked| Some(asked.right.as_ref()?.to_string()))
        .collect();
    let head = "SELECT id, description FROM rights WHERE id IN";
    rows.extend(select(work, head, used.iter().map(String::as_str), "").await?);
    for row in &rows {
        let right: Right = read(&row.try_get::<String, _>(1)?)?;
        book.rights.insert(text(row, 0)?, RightInUse { right, in_use: 0 });
    }
    let ids: Vec<String> = book.rights.keys().map(ToString::to_string).collect();
    let head = format!("SELECT right_id, COUNT(*) FROM admissions WHERE {NOW} AND right_id IN");
    for row in select(work, &head, ids.iter().map(String::as_str), "GROUP BY right_id").await? {
        let id: RightId = text(&row, 0)?;
        let in_use = u32::try_from(number(&row, 1)?).unwrap_or(u32::MAX);
        book.rights.entry(id).and_modify(|held| held.in_use = in_use);
    }
    Ok(())
}

async fn holds(work: &mut Work, book: &mut Book) -> Result<(), SqlError> {
    let ids: Vec<String> = book.admissions.keys().map(ToString::to_string).collect();
    let head = "SELECT id, holder, amount, ended FROM holds WHERE id IN";
    for row in select(work, head, ids.iter().map(String::as_str), "").await? {
        let ended: Option<String> = row.try_get(3)?;
        let end = ended.map(|said| {
            let end = HoldEnd::ALL.into_iter().find(|end| end.as_str() == said);
            end.ok_or_else(|| unreadable(&said))
        });
        book.ledger.know_hold(Hold {
            id: row.try_get(0)?,
            holder: text(&row, 1)?,
            amount: row.try_get(2)?,
            end: end.transpose()?,
        });
    }
    Ok(())
}

/// The columns of a transfer.
pub const TRANSFERS: &str = "SELECT key, debit, credit, amount, currency, what, session, by_whom, note, at, \
                             number FROM transfers WHERE";

async fn transfers(
    work: &mut Work,
    book: &mut Book,
    keys: &BTreeSet<String>,
) -> Result<(), SqlError> {
    let keys = keys.iter().map(String::as_str);
    for row in select(work, &format!("{TRANSFERS} key IN"), keys, "").await? {
        book.ledger.know_transfer(transfer(&row)?);
    }
    Ok(())
}

/// A row of [`TRANSFERS`].
pub fn transfer(row: &AnyRow) -> Result<Transfer, SqlError> {
    let what: String = row.try_get(5)?;
    Ok(Transfer {
        key: row.try_get(0)?,
        from: text(row, 1)?,
        to: text(row, 2)?,
        amount: row.try_get(3)?,
        currency: row.try_get(4)?,
        what: What::parse(&what).ok_or_else(|| unreadable(&what))?,
        session: row.try_get(6)?,
        by: row.try_get(7)?,
        note: row.try_get(8)?,
        at: instant(row, 9)?,
    })
}

/// The rows of a statement that ends with `IN`, for these values.
pub async fn select<'v>(
    work: &mut Work,
    head: &str,
    values: impl Iterator<Item = &'v str>,
    tail: &str,
) -> Result<Vec<AnyRow>, SqlError> {
    let values: Vec<&str> = values.collect();
    let mut rows = Vec::new();
    for values in values.chunks(AT_ONCE) {
        let statement = format!("{head} ({}) {tail}", numbered(1, values.len()));
        let query: Query<'_, Any, AnyArguments> = sqlx::query(AssertSqlSafe(statement));
        let query = values.iter().fold(query, |query, value| query.bind((*value).to_owned()));
        rows.extend(query.fetch_all(&mut **work).await?);
    }
    Ok(rows)
}

fn bay_type(row: &AnyRow, column: usize) -> Result<BayType, SqlError> {
    BayType::parse(&row.try_get::<String, _>(column)?).map_err(|e| unreadable(&e))
}

fn maybe(row: &AnyRow, column: usize) -> Result<Option<Instant>, SqlError> {
    let micros: Option<i64> = row.try_get(column)?;
    Ok(micros.and_then(Instant::from_timestamp_micros))
}

fn maybe_text<T: std::str::FromStr>(row: &AnyRow, column: usize) -> Result<Option<T>, SqlError>
where
    T::Err: std::fmt::Display,
{
    let text: Option<String> = row.try_get(column)?;
    text.map(|text| text.parse()).transpose().map_err(|e| unreadable(&e))
}
