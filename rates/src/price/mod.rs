//! The engine: from a table and a stay to a bill.

mod deduct;
mod entry;
mod lines;
mod meter;
mod pieces;
mod place;
mod product;
mod qualify;
mod until;
mod versions;
mod whole;

use crate::bill::{Bill, BillLine, Kind, Unpriced};
use crate::money::Decimal;
use crate::questions;
use crate::spot::Spot;
use crate::stay::Stay;
use crate::table::{Ceiling, Grace, Product, RateTable};

use entry::Parked;
use lines::Rounder;
pub(crate) use place::Place;
pub use place::spans;
pub use until::paid_until;
pub use versions::{holds_at, price_versions};

/// A part of a stay, as the engine reckons with it.
#[derive(Debug, Clone)]
pub(crate) struct Part<'a> {
    pub from: i64,
    pub until: i64,
    pub zone: &'a str,
    pub bay: &'a str,
    pub factor: Option<Decimal>,
    pub covered: bool,
}

impl<'a> Part<'a> {
    pub fn spot(&self) -> Spot<'a> {
        Spot { bay: self.bay, zone: self.zone }
    }
}

/// Why a product does not charge a stay.
#[derive(Debug)]
pub(crate) enum Reason {
    /// It is not for such a stay.
    NotFor(String),
    /// Something is wrong, and no other product may hide it.
    Fault(Unpriced),
}

impl From<crate::ratio::Overflow> for Reason {
    fn from(overflow: crate::ratio::Overflow) -> Self {
        Self::Fault(overflow.into())
    }
}

/// What a stay costs by one version of a table.
///
/// The version is the one that is passed, whatever its dates; [`price_versions`] chooses one. A stay of
/// no time costs nothing. Times are instants; amounts in the bill are integers of minor units.
pub fn price(table: &RateTable, stay: &Stay) -> Result<Bill, Unpriced> {
    if let Some(place) = questions::first_missing(table) {
        return Err(Unpriced::Unanswered(place));
    }
    let rounder = Rounder::new(table)?;
    let Some(parked) = Parked::new(table, stay)? else {
        return lost_ticket(table, stay, &rounder);
    };
    if parked.from == parked.until {
        return Ok(bill(table, None, Vec::new(), Vec::new(), &parked));
    }
    if is_forgiven(table, parked.until - parked.from) {
        let line = rounder.plain(Kind::Grace, "grace", parked.from, parked.until, 0);
        return Ok(bill(table, None, vec![line], Vec::new(), &parked));
    }
    let place = Place { zone: table.time_zone, holidays: table.holidays.as_ref() };
    let (mut best, mut reasons) = (None::<(&Product, i64, product::Charged)>, Vec::new());
    for product in &table.products {
        if best.as_ref().is_some_and(|(best, ..)| best.priority > product.priority) {
            continue;
        }
        let charged = qualify::qualifies(product, &place, &parked)
            .map_err(Reason::NotFor)
            .and_then(|()| product::charge(table, product, &place, &parked, &rounder));
        match charged {
            Ok(charged) => {
                let total = charged.lines.iter().map(|line| line.amount).sum();
                let better = best.as_ref().is_none_or(|(best, least, _)| {
                    // The name decides between equals, so that the order of a table never does.
                    product.priority > best.priority
                        || (total, &product.name) < (*least, &best.name)
                });
                if better {
                    best = Some((product, total, charged));
                }
            }
            Err(Reason::NotFor(reason)) => reasons.push(format!("{}: {reason}", product.name)),
            Err(Reason::Fault(fault)) => return Err(fault),
        }
    }
    match best {
        Some((product, _, charged)) => {
            Ok(bill(table, Some(product), charged.lines, charged.taxes, &parked))
        }
        None => Err(Unpriced::NoProduct(reasons)),
    }
}

/// Whether a stay of so many seconds is free because it is short.
pub(crate) fn is_forgiven(table: &RateTable, length: i64) -> bool {
    match table.rules.grace {
        Some(Grace::Forgives(grace)) => length < grace.seconds().unwrap_or(0),
        Some(Grace::ForgivesUpTo(grace)) => length <= grace.seconds().unwrap_or(0),
        Some(Grace::None | Grace::Allowance(_)) | None => false,
    }
}

/// The fee where no entry is known. A plate that was read at the entry is the ticket: with an entry,
/// the stay is charged, never the fee.
fn lost_ticket(table: &RateTable, stay: &Stay, rounder: &Rounder<'_>) -> Result<Bill, Unpriced> {
    let Some(fee) = table.lost_ticket else { return Err(Unpriced::NoEntry) };
    let amount = rounder.round(fee.minor(&table.currency)?)?;
    let at = stay.paid_at.map_or(0, |at| at.timestamp());
    let line = rounder.plain(Kind::LostTicket, "lost_ticket", at, at, amount);
    let parked = Parked::unknown(stay);
    Ok(bill(table, None, vec![line], Vec::new(), &parked))
}

fn bill(
    table: &RateTable,
    product: Option<&Product>,
    lines: Vec<BillLine>,
    taxes: Vec<crate::bill::BillTax>,
    parked: &Parked<'_>,
) -> Bill {
    let total: i64 = lines.iter().map(|line| line.amount).sum();
    let paid = parked.paid.min(total).max(0);
    Bill {
        table: table.id.clone(),
        product: product.map_or_else(String::new, |product| product.name.clone()),
        currency: table.currency.clone(),
        lines,
        total,
        taxes,
        paid,
        due: total - paid,
        held: held(table, total),
        rules: table.rules,
        caps: product.map_or_else(Vec::new, |product| product.caps.clone()),
    }
}

/// The ceiling that a total is above, if it is.
fn held(table: &RateTable, total: i64) -> Option<Decimal> {
    let Some(Ceiling::Amount(amount)) = table.rules.hold_above else { return None };
    let more = amount
        .minor(&table.currency)
        .and_then(|most| crate::ratio::Ratio::whole(i128::from(total)).sub(most));
    more.is_ok_and(|more| !more.is_negative() && !more.is_zero()).then_some(amount)
}
