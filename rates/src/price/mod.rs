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

use crate::bill::{Bill, BillLine, Kind, Unpriced};
use crate::money::Decimal;
use crate::questions;
use crate::stay::Stay;
use crate::table::{Ceiling, Grace, RateTable};

use entry::Parked;
use lines::Rounder;
pub(crate) use place::Place;
pub use until::paid_until;
pub use versions::price_versions;

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
        return Ok(bill(table, "", Vec::new(), Vec::new(), &parked));
    }
    if let Some(Grace::Forgives(grace)) = table.rules.grace {
        let grace = grace.seconds().unwrap_or(0);
        if parked.until - parked.from < grace {
            let line = rounder.plain(Kind::Grace, "grace", parked.from, parked.until, 0);
            return Ok(bill(table, "", vec![line], Vec::new(), &parked));
        }
    }
    let place = Place { zone: table.time_zone, holidays: table.holidays.as_ref() };
    let (mut best, mut reasons) = (None::<(u32, i64, &str, product::Charged)>, Vec::new());
    for product in &table.products {
        if best.as_ref().is_some_and(|(priority, ..)| *priority > product.priority) {
            continue;
        }
        let charged = qualify::qualifies(product, &place, &parked)
            .map_err(Reason::NotFor)
            .and_then(|()| product::charge(table, product, &place, &parked, &rounder));
        match charged {
            Ok(charged) => {
                let total = charged.lines.iter().map(|line| line.amount).sum();
                let better = best.as_ref().is_none_or(|(priority, least, name, _)| {
                    // The name decides between equals, so that the order of a table never does.
                    product.priority > *priority || (total, product.name.as_str()) < (*least, *name)
                });
                if better {
                    best = Some((product.priority, total, &product.name, charged));
                }
            }
            Err(Reason::NotFor(reason)) => reasons.push(format!("{}: {reason}", product.name)),
            Err(Reason::Fault(fault)) => return Err(fault),
        }
    }
    match best {
        Some((_, _, name, charged)) => Ok(bill(table, name, charged.lines, charged.taxes, &parked)),
        None => Err(Unpriced::NoProduct(reasons)),
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
    Ok(bill(table, "", vec![line], Vec::new(), &parked))
}

fn bill(
    table: &RateTable,
    product: &str,
    lines: Vec<BillLine>,
    taxes: Vec<crate::bill::BillTax>,
    parked: &Parked<'_>,
) -> Bill {
    let total: i64 = lines.iter().map(|line| line.amount).sum();
    let paid = parked.paid.min(total).max(0);
    let held = match table.rules.hold_above {
        Some(Ceiling::Amount(amount)) => {
            let above = amount
                .minor(&table.currency)
                .and_then(|most| crate::ratio::Ratio::whole(i128::from(total)).sub(most))
                .is_ok_and(|more| !more.is_negative() && !more.is_zero());
            above.then(|| format!("{} is above {amount}", table.currency.show(total)))
        }
        Some(Ceiling::Never) | None => None,
    };
    Bill {
        table: table.id.clone(),
        product: product.to_owned(),
        currency: table.currency.clone(),
        lines,
        total,
        taxes,
        paid,
        due: total - paid,
        held,
        rules: rules(table),
    }
}

/// The answers of a table, as a bill shows them.
fn rules(table: &RateTable) -> Vec<String> {
    use crate::table::{Change, Crossing, FreeTime, Reentry};
    let rules = &table.rules;
    let mut shown = Vec::with_capacity(8);
    let mut say = |text: &str| shown.push(text.to_owned());
    match rules.grace {
        Some(Grace::Forgives(period)) => shown.push(format!("grace = forgives {period}")),
        Some(Grace::Allowance(period)) => shown.push(format!("grace = allowance {period}")),
        Some(Grace::None) | None => say("grace = none"),
    }
    let mut say = |text: &str| shown.push(text.to_owned());
    match rules.crossing {
        Some(Crossing::ByEntry) => say("crossing = by_entry"),
        Some(Crossing::BySegment) => say("crossing = by_segment"),
        Some(Crossing::LastStep) => say("crossing = last_step"),
        None => {}
    }
    match rules.change_while_parked {
        Some(Change::Entry) => say("change_while_parked = entry"),
        Some(Change::Segment) => say("change_while_parked = segment"),
        None => {}
    }
    match rules.free_time {
        Some(FreeTime::Skip) => say("free_time = skip"),
        Some(FreeTime::Split) => say("free_time = split"),
        None => {}
    }
    match rules.reentry {
        Some(Reentry::Separate) => say("reentry = separate"),
        Some(Reentry::OneStayWithin(period)) => {
            shown.push(format!("reentry = one_stay_within {period}"));
        }
        None => {}
    }
    shown
}
