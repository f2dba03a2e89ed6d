//! What one product charges for a stay.

use super::deduct;
use super::entry::Parked;
use super::lines::{self, Accounts, Rounder};
use super::meter::Meter;
use super::pieces::pieces;
use super::place::Place;
use super::{Part, Reason};
use crate::bill::{BillLine, BillTax, Kind, Unpriced};
use crate::table::{Grace, Off, Product, RateTable, SHORTEST};

/// What a product charges.
pub(crate) struct Charged {
    pub lines: Vec<BillLine>,
    pub taxes: Vec<BillTax>,
}

/// What the product charges, discounts and tax included.
pub(crate) fn charge(
    table: &RateTable,
    product: &Product,
    place: &Place<'_>,
    parked: &Parked<'_>,
    rounder: &Rounder<'_>,
) -> Result<Charged, Reason> {
    bounded(product)?;
    let free = match table.rules.grace {
        Some(Grace::Allowance(period)) => period.seconds().unwrap_or(0),
        _ => 0,
    };
    let charged = |free| before_discounts(table, product, place, parked, rounder, free);
    let gross = |free| charged(free).map(|lines| sum(&lines));
    let mut lines = charged(free)?;
    let mut discounts: Vec<_> = table
        .discounts
        .iter()
        .filter(|discount| parked.rights.contains(&discount.for_right.as_str()))
        .collect();
    discounts.sort_by_key(|discount| (discount.order, &discount.name));
    let mut skipped = free;
    for discount in discounts {
        let off = match discount.off {
            Off::FreeTime(period) => {
                let before = gross(skipped)?;
                skipped = skipped.saturating_add(period.seconds().unwrap_or(0));
                before - gross(skipped)?
            }
            Off::Percent(_) | Off::Amount(_) => {
                deduct::off(table, discount.off, sum(&lines), rounder)?
            }
        };
        let off = off.clamp(0, sum(&lines).max(0));
        lines.push(rounder.plain(Kind::Discount, &discount.name, parked.from, parked.until, -off));
    }
    let taxes = deduct::tax(table, product, &mut lines, parked, rounder)?;
    Ok(Charged { lines, taxes })
}

/// A table that was not linted must not ask for millions of periods.
fn bounded(product: &Product) -> Result<(), Reason> {
    let short = product.periods().find(|period| period.seconds().is_some_and(|s| s < SHORTEST));
    match short {
        None => Ok(()),
        Some(period) => Err(Reason::Fault(Unpriced::BadTable(format!(
            "product \"{}\": a period of {period} is shorter than a quarter of an hour",
            product.name
        )))),
    }
}

fn sum(lines: &[BillLine]) -> i64 {
    lines.iter().map(|line| line.amount).sum()
}

/// The charges, caps, minimum and maximum of a stay whose first `free` seconds cost nothing.
fn before_discounts(
    table: &RateTable,
    product: &Product,
    place: &Place<'_>,
    parked: &Parked<'_>,
    rounder: &Rounder<'_>,
    free: i64,
) -> Result<Vec<BillLine>, Reason> {
    let begin = parked.from.saturating_add(free).min(parked.until);
    let shortened: Vec<Part<'_>>;
    let parts = if free == 0 {
        &parked.parts
    } else {
        let after = parked.parts.iter().filter(|part| part.until > begin);
        shortened = after.map(|part| Part { from: part.from.max(begin), ..part.clone() }).collect();
        &shortened
    };
    let accounts = Accounts::new(product, place, parked.from, parked.until);
    let pieces = pieces(product, place, parts)?;
    let stay = (parked.from, parked.until);
    let meter = Meter::new(product, &table.rules, &table.currency, place, stay, accounts.cuts());
    let charges = meter.run(&pieces, parts)?;
    let mut lines = Vec::with_capacity(charges.len() + 4);
    if begin > parked.from {
        lines.push(rounder.plain(Kind::Grace, "grace", parked.from, begin, 0));
    }
    rounder.lines(product, &charges, &accounts, &mut lines)?;
    accounts.apply(product, &mut lines, rounder)?;
    lines::limits(product, &mut lines, parked, rounder)?;
    Ok(lines)
}
