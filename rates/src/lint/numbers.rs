//! Names and numbers.

use std::collections::BTreeSet;

use super::{FaultKind, Faults};
use crate::money::Decimal;
use crate::period::Period;
use crate::table::{
    After, Anew, CapPeriod, Ceiling, Each, Grace, Off, PerUnit, Price, Product, RateTable, Reentry,
    SHORTEST, Step,
};

/// Names that are missing, there twice, or not there where they are meant.
pub(super) fn names(table: &RateTable, faults: &mut Faults) {
    if table.id.is_empty() || table.version == 0 {
        faults.add(FaultKind::BadName, "table", "it needs an `id`, and a `version` from 1");
    }
    if table.products.is_empty() {
        faults.add(
            FaultKind::Gap,
            "table",
            "it has no product, so nothing has a price; add a [[product]]",
        );
    }
    unique(table.products.iter().map(|p| p.name.as_str()), "products", faults);
    unique(table.taxes.iter().map(|tax| tax.name.as_str()), "taxes", faults);
    unique(table.discounts.iter().map(|d| d.name.as_str()), "discounts", faults);
    let mut orders = BTreeSet::new();
    for discount in &table.discounts {
        if !orders.insert(discount.order) {
            let place = format!("discount \"{}\"", discount.name);
            faults.add(
                FaultKind::Overlap,
                &place,
                format!(
                    "another discount has the order {} too; say which is taken off first",
                    discount.order
                ),
            );
        }
    }
    for product in &table.products {
        let name = format!("product \"{}\"", product.name);
        unique(product.lines.iter().map(|l| l.name.as_str()), &format!("{name}: lines"), faults);
        unique(product.caps.iter().map(|c| c.name.as_str()), &format!("{name}: caps"), faults);
        if product.lines.is_empty() {
            faults.add(
                FaultKind::Gap,
                &name,
                "it has no line, so nothing has a price; add a [[product.line]]",
            );
        }
        if let Some(tax) = &product.tax
            && !table.taxes.iter().any(|known| known.name == *tax)
        {
            faults.add(
                FaultKind::BadName,
                &name,
                format!("it names the tax \"{tax}\", which is not there; add a [[tax]]"),
            );
        }
    }
    if !table.taxes.is_empty() {
        for product in table.products.iter().filter(|product| product.tax.is_none()) {
            faults.add(FaultKind::MissingAnswer, &format!("product \"{}\"", product.name), "the table has taxes: name the product's with `tax`, one of 0 percent if it is exempt");
        }
    }
}

fn unique<'a>(names: impl Iterator<Item = &'a str>, place: &str, faults: &mut Faults) {
    let mut seen = BTreeSet::new();
    for name in names {
        if name.is_empty() {
            faults.add(FaultKind::BadName, place, "one has no name");
        } else if !seen.insert(name) {
            faults.add(
                FaultKind::BadName,
                place,
                format!("\"{name}\" is there twice; a bill could not tell them apart"),
            );
        }
    }
}

/// The numbers of the whole table.
pub(super) fn rules(table: &RateTable, faults: &mut Faults) {
    let rules = &table.rules;
    if let Some(rounding) = rules.rounding {
        let good = rounding
            .to
            .minor(&table.currency)
            .is_ok_and(|to| to.denominator() == 1 && to.numerator() > 0);
        if !good {
            faults.add(
                FaultKind::BadNumber,
                "rules.rounding",
                format!(
                    "nobody can pay {} {}; write a multiple of the smallest unit",
                    rounding.to,
                    table.currency.code()
                ),
            );
        }
    }
    let elapsed = |name: &str, period: Option<Period>, faults: &mut Faults| {
        if period.is_some_and(|period| period.seconds().is_none()) {
            faults.add(FaultKind::BadNumber, name, "it is time that elapses; write \"PT15M\"");
        }
    };
    let grace = match rules.grace {
        Some(Grace::Forgives(period) | Grace::ForgivesUpTo(period) | Grace::Allowance(period)) => {
            Some(period)
        }
        Some(Grace::None) | None => None,
    };
    elapsed("rules.grace", grace, faults);
    elapsed("rules.leave_grace", rules.leave_grace, faults);
    if let Some(Reentry::OneStayWithin(period)) = rules.reentry {
        elapsed("rules.reentry", Some(period), faults);
    }
    if let Some(Ceiling::Amount(amount)) = rules.hold_above {
        not_negative(table, amount, "rules.hold_above", faults);
    }
    if let Some(fee) = table.lost_ticket {
        not_negative(table, fee, "lost_ticket", faults);
    }
    if let (Some(from), Some(until)) = (table.valid_from, table.valid_until)
        && until <= from
    {
        faults.add(FaultKind::NeverHolds, "valid_until", "it is not after `valid_from`");
    }
    for tax in &table.taxes {
        not_negative(table, tax.percent, &format!("tax \"{}\"", tax.name), faults);
    }
    for discount in &table.discounts {
        let place = format!("discount \"{}\"", discount.name);
        match discount.off {
            Off::Percent(percent) => {
                not_negative(table, percent, &place, faults);
                if above(percent, Decimal(100, 0)) {
                    faults.add(
                        FaultKind::BadNumber,
                        &place,
                        "more than 100 percent cannot be taken off",
                    );
                }
            }
            Off::Amount(amount) => not_negative(table, amount, &place, faults),
            Off::FreeTime(period) => elapsed(&place, Some(period), faults),
        }
    }
    bands(table, faults);
}

fn bands(table: &RateTable, faults: &mut Faults) {
    let mut bands: Vec<_> = table.occupancy.iter().collect();
    bands.sort_by_key(|band| band.from_percent);
    if bands.first().is_some_and(|band| band.from_percent != 0) {
        faults.add(
            FaultKind::Gap,
            "occupancy",
            "no band begins at 0 percent; an empty car park has no factor",
        );
    }
    for pair in bands.windows(2) {
        if pair[0].from_percent == pair[1].from_percent {
            faults.add(
                FaultKind::Overlap,
                "occupancy",
                format!("two bands begin at {} percent", pair[0].from_percent),
            );
        }
    }
    for band in bands {
        let place = format!("occupancy from {}", band.from_percent);
        if band.until_below_percent.is_some_and(|until| until > band.from_percent) {
            faults.add(FaultKind::NeverHolds, &place, "it would be left above where it begins; `until_below_percent` is at most `from_percent`");
        }
        if band.from_percent > 100 {
            faults.add(FaultKind::NeverHolds, &place, "no car park is fuller than 100 percent");
        }
        not_negative(table, band.factor, &place, faults);
        if band.factor.is_zero() {
            faults.add(
                FaultKind::BadNumber,
                &place,
                "a factor of 0 makes every price 0; write a `free` line if that is meant",
            );
        }
    }
}

/// The numbers of a product.
pub(super) fn product(table: &RateTable, product: &Product, faults: &mut Faults) {
    let name = format!("product \"{}\"", product.name);
    for line in &product.lines {
        price(table, &line.price, &format!("{name}: line \"{}\"", line.name), faults);
    }
    for cap in &product.caps {
        let place = format!("{name}: cap \"{}\"", cap.name);
        not_negative(table, cap.amount, &place, faults);
        if let Some(CapPeriod::Period(period)) = cap.period {
            has_length(period, &place, faults);
        }
        let least = product.minimum.filter(|_| cap.when.is_none());
        if least.is_some_and(|least| above(least.amount, cap.amount)) {
            faults.add(
                FaultKind::MinimumAboveMaximum,
                &place,
                "the minimum is above it, so the cap never shows in a short stay",
            );
        }
    }
    for period in product.periods() {
        if period.seconds().is_some_and(|seconds| seconds > 0 && seconds < SHORTEST) {
            faults.add(
                FaultKind::BadNumber,
                &name,
                format!("a period of {period} is shorter than a quarter of an hour; what costs so much per minute is a line with `per`"),
            );
        }
    }
    let place = format!("{name}: minimum");
    if let Some(minimum) = product.minimum {
        not_negative(table, minimum.amount, &place, faults);
        if product.maximum.is_some_and(|maximum| above(minimum.amount, maximum)) {
            faults.add(
                FaultKind::MinimumAboveMaximum,
                &place,
                "it is above the maximum; the maximum would be charged for every stay",
            );
        }
    }
    if let Some(maximum) = product.maximum {
        not_negative(table, maximum, &format!("{name}: maximum"), faults);
    }
    for (field, period) in [("shortest", product.shortest), ("longest", product.longest)] {
        if let Some(period) = period {
            has_length(period, &format!("{name}: {field}"), faults);
        }
    }
}

fn price(table: &RateTable, price: &Price, place: &str, faults: &mut Faults) {
    match price {
        Price::Free | Price::Closed => {}
        Price::PerUnit(unit) => per_unit(table, unit, place, faults),
        Price::Flat { amount, each } => {
            not_negative(table, *amount, place, faults);
            if let Some(Each::Period(period)) = each {
                has_length(*period, place, faults);
            }
        }
        Price::Tiers { tiers, after, anew } => {
            for tier in tiers {
                not_negative(table, tier.total, place, faults);
            }
            if let Some(Anew::Each(period)) = anew {
                has_length(*period, place, faults);
            }
            if let Some(After::PerUnit(unit)) = after {
                per_unit(table, unit, place, faults);
                if unit.per.seconds().is_none() {
                    faults.add(
                        FaultKind::BadNumber,
                        place,
                        "after the last tier, a unit is time that elapses; write \"PT1H\"",
                    );
                }
            }
        }
    }
}

fn per_unit(table: &RateTable, unit: &PerUnit, place: &str, faults: &mut Faults) {
    not_negative(table, unit.amount, place, faults);
    has_length(unit.per, place, faults);
    match unit.step {
        Some(Step::Started(step)) if unit.per.seconds().is_some() => {
            has_length(step, place, faults);
            if step.seconds().is_none() {
                faults.add(
                    FaultKind::BadNumber,
                    place,
                    "a step of hours or minutes is time that elapses; write \"PT1H\"",
                );
            }
        }
        Some(step) if unit.per.seconds().is_none() && step != Step::Started(unit.per) => {
            faults.add(
                FaultKind::BadNumber,
                place,
                format!(
                    "a price per {} is charged in whole ones; write `step = \"{}\"`",
                    unit.per, unit.per
                ),
            );
        }
        _ => {}
    }
}

fn has_length(period: Period, place: &str, faults: &mut Faults) {
    if period.is_zero() {
        faults.add(FaultKind::BadNumber, place, format!("{period} has no length"));
    }
}

/// Not below zero, and small enough that sums of it fit.
fn not_negative(table: &RateTable, amount: Decimal, place: &str, faults: &mut Faults) {
    if amount.is_negative() {
        faults.add(
            FaultKind::BadNumber,
            place,
            format!("{amount} is below zero; what is taken off is a discount"),
        );
    }
    if above(amount, Decimal(1_000_000_000, 0)) {
        faults.add(
            FaultKind::BadNumber,
            place,
            format!(
                "{amount} {} is more than any car costs; look at the point",
                table.currency.code()
            ),
        );
    }
}

fn above(a: Decimal, b: Decimal) -> bool {
    b.ratio().sub(a.ratio()).is_ok_and(crate::Ratio::is_negative)
}
