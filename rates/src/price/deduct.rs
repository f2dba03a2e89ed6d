//! What comes after the charges: discounts and tax.

use super::Reason;
use super::entry::Parked;
use super::lines::Rounder;
use crate::bill::{BillLine, BillTax, Kind, Unpriced};
use crate::ratio::Ratio;
use crate::table::{Off, Prices, Product, RateTable};

/// What a percentage or an amount takes off `left`.
pub(crate) fn off(
    table: &RateTable,
    off: Off,
    left: i64,
    rounder: &Rounder<'_>,
) -> Result<i64, Reason> {
    let exact = match off {
        Off::Percent(percent) => percent.ratio().mul(Ratio::new(i128::from(left), 100)?)?,
        Off::Amount(amount) => amount.minor(&table.currency)?,
        Off::FreeTime(_) => Ratio::ZERO,
    };
    Ok(rounder.round(exact)?)
}

/// The tax of the bill, once; on top of prices without it, it becomes a line.
pub(crate) fn tax(
    table: &RateTable,
    product: &Product,
    lines: &mut Vec<BillLine>,
    parked: &Parked<'_>,
    rounder: &Rounder<'_>,
) -> Result<Vec<BillTax>, Reason> {
    let Some(name) = &product.tax else { return Ok(Vec::new()) };
    let Some(tax) = table.taxes.iter().find(|tax| tax.name == *name) else {
        let message =
            format!("product \"{}\" names the tax \"{name}\", which is not there", product.name);
        return Err(Reason::Fault(Unpriced::BadTable(message)));
    };
    let (Some(prices), Some(mode)) = (tax.prices, tax.rounding) else {
        return Err(Reason::Fault(Unpriced::Unanswered(format!("tax \"{name}\""))));
    };
    let total: i64 = lines.iter().map(|line| line.amount).sum();
    let percent = tax.percent.ratio();
    let whole = Ratio::whole(100);
    let part = match prices {
        Prices::IncludeTax => percent.div(whole.add(percent)?)?,
        Prices::ExcludeTax => percent.div(whole)?,
    };
    let exact = part.mul(Ratio::whole(i128::from(total)))?.round(mode);
    let amount = i64::try_from(exact).map_err(|_| crate::ratio::Overflow)?;
    let net = match prices {
        Prices::IncludeTax => total - amount,
        Prices::ExcludeTax => {
            if amount != 0 {
                lines.push(rounder.plain(Kind::Tax, name, parked.from, parked.until, amount));
            }
            total
        }
    };
    Ok(vec![BillTax { name: name.clone(), percent: tax.percent, net, tax: amount }])
}
