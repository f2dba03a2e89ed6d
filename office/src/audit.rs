//! The audit of the office, for `carpark verify --office`: the sums of the database, and what the feed
//! tells of money against it.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::money::Vault;
use crate::options::Options;
use crate::store::{Sql, SqlError, Store};

/// Types of the events that tell of money.
pub const MONEY_EVENTS: [&str; 3] = ["charge.posted", "charge.reversed", "payment.received"];

/// What was looked at, and what is wrong with it, in words.
#[derive(Debug, Default)]
pub struct Audited {
    /// Holders with an account.
    pub holders: u64,
    /// Transfers.
    pub transfers: u64,
    /// Bills, those that were taken back among them.
    pub bills: u64,
    /// Events of the feed that were compared.
    pub events: usize,
    /// Facts that the feed has not been told yet.
    pub untold: u64,
    /// In words.
    pub findings: Vec<String>,
}

/// What the feed says of the bill of one revision.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Told {
    taken: i64,
    owed: i64,
}

/// Looks at the database of the office in `data_dir`, or where the options say, and compares it with these
/// events.
pub async fn audit(
    options: &Options,
    data_dir: &Path,
    events: &[Value],
) -> Result<Audited, SqlError> {
    let file = data_dir.join("office.sqlite");
    let sql = match &options.url {
        Some(url) => Sql::new(url)?,
        None if file.exists() => Sql::file(&file)?,
        None => return Err(SqlError::lasting(format!("there is no {}", file.display()))),
    };
    let (store, vault) = (Store::new(sql.clone()), Vault::new(sql));
    let mut audited = Audited {
        holders: store.count("holders").await?,
        transfers: store.count("transfers").await?,
        bills: store.count("bills").await?,
        untold: store.count("facts").await?,
        events: events.len(),
        findings: Vec::new(),
    };
    for found in vault.audit().await? {
        audited.findings.push(format!(
            "{}: {} says {}, and it is {}",
            found.rule, found.of, found.kept, found.should_be
        ));
    }
    // What waits to be told would be missing.
    if audited.untold == 0 {
        compare(&vault, events, &mut audited.findings).await?;
    }
    store.close().await;
    Ok(audited)
}

/// Each bill that the feed tells of is in the database as it was told last.
async fn compare(
    vault: &Vault,
    events: &[Value],
    findings: &mut Vec<String>,
) -> Result<(), SqlError> {
    let mut told: BTreeMap<(String, u64), Told> = BTreeMap::new();
    for event in events {
        let (kind, data) = (event["type"].as_str().unwrap_or_default(), &event["data"]);
        let (Some(session), Some(revision)) = (data["session"].as_str(), data["revision"].as_u64())
        else {
            continue; // a payment into an account
        };
        let amount = |name: &str| data[name].as_i64().unwrap_or(0);
        let bill = told.entry((session.to_owned(), revision)).or_default();
        match kind {
            "charge.posted" => *bill = Told { taken: amount("taken"), owed: amount("owed") },
            "charge.reversed" => {
                bill.taken -= amount("taken");
                bill.owed -= amount("owed");
            }
            _ => {}
        }
    }
    for ((session, revision), told) in told {
        let bills = vault.bills_of(&session).await?;
        let kept = bills.iter().find(|bill| bill.stay.revision == revision).map(|bill| {
            let stands = bill.state != crate::money::BillState::Reversed;
            let of = |amount: i64| if stands { amount } else { 0 };
            Told { taken: of(bill.taken), owed: of(bill.owed) }
        });
        if kept != Some(told) {
            let kept = kept.map_or_else(
                || "the database has no such bill".to_owned(),
                |kept| format!("the database has {} taken and {} owed", kept.taken, kept.owed),
            );
            findings.push(format!(
                "the feed tells of {session}, revision {revision}: {} taken and {} owed; {kept}",
                told.taken, told.owed
            ));
        }
    }
    Ok(())
}
