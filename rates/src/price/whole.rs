//! What belongs to a whole stay, where its parts are charged by versions of their own.

use chrono::{DateTime, Utc};

use super::entry::Parked;
use crate::bill::{Bill, Kind, Unpriced};
use crate::money::Decimal;
use crate::period::Period;
use crate::ratio::{Overflow, Ratio};
use crate::stay::{Segment, Stay};
use crate::table::{Grace, Minimum, Off, Prices, RateTable, WhenFree};

/// What a stay has once, however many versions charge it.
pub(crate) struct Once {
    from: i64,
    /// When it ended: with the payment, where the driver left in time.
    pub until: DateTime<Utc>,
    /// The free seconds at its start.
    allowance: i64,
    /// The rights that discounts may ask for.
    rights: Vec<String>,
}

impl Once {
    /// `None` where the first version alone has the answer: the whole stay is forgiven, or no time.
    pub fn new(table: &RateTable, stay: &Stay) -> Result<Option<Self>, Unpriced> {
        let Some(parked) = Parked::new(table, stay)? else { return Ok(None) };
        let length = parked.until - parked.from;
        if super::is_forgiven(table, length) {
            return Ok(None);
        }
        let allowance = match table.rules.grace {
            Some(Grace::Allowance(grace)) => grace.seconds().unwrap_or(0),
            _ => 0,
        };
        if length == 0 {
            return Ok(None);
        }
        Ok(Some(Self {
            from: parked.from,
            until: DateTime::from_timestamp(parked.until, 0).unwrap_or_default(),
            allowance,
            rights: parked.rights.iter().map(|right| (*right).to_owned()).collect(),
        }))
    }

    /// The segments as far as the stay lasted.
    pub fn until_paid(&self, mut segments: Vec<Segment>) -> Vec<Segment> {
        segments.retain(|segment| segment.from < self.until);
        for segment in &mut segments {
            segment.until = segment.until.min(self.until);
        }
        segments
    }

    /// The table of a part that begins at an instant, less what the parts before have used up.
    pub fn left(
        &self,
        table: &RateTable,
        before: &[Bill],
        from: DateTime<Utc>,
        is_last: bool,
    ) -> RateTable {
        let mut own = table.clone();
        let at = if before.is_empty() { 0 } else { from.timestamp() - self.from };
        own.rules.grace = Some(match own.rules.grace {
            Some(Grace::Allowance(_)) => Grace::Allowance(seconds(self.allowance - at)),
            _ => Grace::None,
        });
        self.discounts(&mut own, before, at);
        let charged: i64 = lines(before)
            .filter(|line| !matches!(line.kind, Kind::Discount | Kind::Tax))
            .map(|line| line.amount)
            .sum();
        let digits = own.currency.digits();
        let less = |amount: Decimal, taken: i64| less(amount, taken, digits);
        for product in &mut own.products {
            product.maximum = product.maximum.map(|most| less(most, charged));
            product.minimum = product.minimum.filter(|_| is_last).map(|least| Minimum {
                amount: less(least.amount, charged),
                when_free: if charged > 0 { Some(WhenFree::Applies) } else { least.when_free },
            });
        }
        own
    }

    /// An amount is taken off once; free time is the start of the stay.
    fn discounts(&self, table: &mut RateTable, before: &[Bill], at: i64) {
        let digits = table.currency.digits();
        let mut order: Vec<_> = table.discounts.iter_mut().collect();
        order.sort_by(|a, b| (a.order, &a.name).cmp(&(b.order, &b.name)));
        let mut free_until = self.allowance;
        for discount in order {
            if !self.rights.contains(&discount.for_right) {
                continue;
            }
            match discount.off {
                Off::Percent(_) => {}
                Off::Amount(amount) => {
                    let taken: i64 = lines(before)
                        .filter(|line| line.kind == Kind::Discount && line.rule == discount.name)
                        .map(|line| -line.amount)
                        .sum();
                    discount.off = Off::Amount(less(amount, taken, digits));
                }
                Off::FreeTime(period) => {
                    let begin = free_until;
                    free_until = begin.saturating_add(period.seconds().unwrap_or(0));
                    discount.off = Off::FreeTime(seconds(free_until - begin.max(at)));
                }
            }
        }
    }
}

fn lines(bills: &[Bill]) -> impl Iterator<Item = &crate::bill::BillLine> {
    bills.iter().flat_map(|bill| &bill.lines)
}

fn seconds(number: i64) -> Period {
    Period::Elapsed(u32::try_from(number.max(0)).unwrap_or(u32::MAX))
}

/// An amount less minor units, and not below zero.
fn less(amount: Decimal, minor: i64, digits: u8) -> Decimal {
    // Both with the places of whichever has more of them.
    let places = amount.1.max(digits);
    let scaled = |number: i64, from: u8| {
        10_i64.checked_pow(u32::from(places - from)).and_then(|by| number.checked_mul(by))
    };
    match (scaled(amount.0, amount.1), scaled(minor, digits)) {
        (Some(amount), Some(minor)) => Decimal(amount.saturating_sub(minor).max(0), places),
        // An amount so large is more than any part has cost.
        _ => amount,
    }
}

/// One bill of those of the parts, whose tables are in the same order; `None` of none.
pub(crate) fn of(bills: Vec<Bill>, tables: &[RateTable]) -> Result<Option<Bill>, Overflow> {
    let mut bills = bills.into_iter();
    let Some(mut whole) = bills.next() else { return Ok(None) };
    for bill in bills {
        add(&mut whole, bill);
    }
    tax_once(&mut whole, tables)?;
    Ok(Some(whole))
}

/// Adds the bill of a later part.
fn add(whole: &mut Bill, part: Bill) {
    whole.lines.extend(part.lines);
    whole.total += part.total;
    whole.paid += part.paid;
    for cap in part.caps {
        if !whole.caps.contains(&cap) {
            whole.caps.push(cap);
        }
    }
    for tax in part.taxes {
        match whole
            .taxes
            .iter_mut()
            .find(|known| known.percent == tax.percent && known.name == tax.name)
        {
            Some(known) => (known.net, known.tax) = (known.net + tax.net, known.tax + tax.tax),
            None => whole.taxes.push(tax),
        }
    }
    if !part.product.is_empty() && part.product != whole.product {
        whole.product = format!("{}, {}", whole.product, part.product);
    }
}

/// Rounds the tax of each rate once for the bill, not once for each part.
fn tax_once(whole: &mut Bill, tables: &[RateTable]) -> Result<(), Overflow> {
    for found in &mut whole.taxes {
        let all = tables.iter().flat_map(|table| &table.taxes);
        let mut same = all.filter(|tax| tax.name == found.name && tax.percent == found.percent);
        let Some((prices, mode)) = same.find_map(|tax| tax.prices.zip(tax.rounding)) else {
            continue;
        };
        let percent = found.percent.ratio();
        let (of, below) = match prices {
            Prices::IncludeTax => (found.net + found.tax, Ratio::whole(100).add(percent)?),
            Prices::ExcludeTax => (found.net, Ratio::whole(100)),
        };
        let exact = percent.div(below)?.mul(Ratio::whole(i128::from(of)))?;
        let once = i64::try_from(exact.round(mode)).map_err(|_| Overflow)?;
        if prices == Prices::IncludeTax {
            (found.net, found.tax) = (of - once, once);
            continue;
        }
        // On top, the tax is a line. Parts whose tax was rounded away have none, and it stays away.
        let mut lines = whole.lines.iter_mut().rev();
        if let Some(line) = lines.find(|line| line.kind == Kind::Tax && line.rule == found.name) {
            let added = once - found.tax;
            line.amount += added;
            whole.total += added;
            found.tax = once;
        }
    }
    Ok(())
}
