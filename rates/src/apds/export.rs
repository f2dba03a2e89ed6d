//! To APDS.

use chrono::{DateTime, FixedOffset, NaiveDate};

use super::{
    ALWAYS, ApdsError, ApdsTable, Collection, Exported, LineType, NEVER, Number, RateLine,
    TEN_YEARS, Words,
};
use crate::money::Decimal;
use crate::period::Period;
use crate::price::Place;
use crate::table::{
    After, Anew, Cap, CapPeriod, Each, Holds, Line, PerUnit, Price, Prices, Product, RateTable,
    Step,
};

/// The table as an APDS `RateTable`, and what that does not say of it.
pub fn export(table: &RateTable) -> Result<Exported, ApdsError> {
    let mut losses = Vec::new();
    let mut lost = |what: String| losses.push(what);
    of_table(table, &mut lost);
    let always =
        || DateTime::parse_from_rfc3339(ALWAYS).map_err(|error| ApdsError::Json(error.to_string()));
    let start = if let Some(date) = table.valid_from {
        midnight(table, date)?
    } else {
        lost(format!("valid_from is not said, and APDS has to be told a start: {ALWAYS}"));
        always()?
    };
    let end = table.valid_until.map(|date| midnight(table, date)).transpose()?;
    let mut collections = Vec::new();
    for (number, product) in (1..).zip(&table.products) {
        collections.extend(collection(table, product, number, (start, end), &mut lost));
    }
    if collections.is_empty() {
        let what = "no product has a price that APDS can say";
        return Err(ApdsError::Value("product".to_owned(), what.to_owned()));
    }
    let apds = ApdsTable {
        id: table.id.clone(),
        version: table.version,
        rate_table_name: vec![Words { language: "en".to_owned(), string: table.name.clone() }],
        validity_start: start,
        validity_end: end,
        active_times: vec!["P1D".to_owned()],
        availability: availability(table).to_owned(),
        rate_line_collections: collections,
    };
    let json =
        serde_json::to_string_pretty(&apds).map_err(|error| ApdsError::Json(error.to_string()))?;
    Ok(Exported { json, losses })
}

/// Where every product needs a right, not everybody may park.
fn availability(table: &RateTable) -> &'static str {
    if table.products.iter().all(|product| product.right.is_some()) { "private" } else { "public" }
}

/// The table's date, by the clock of its place.
fn midnight(table: &RateTable, date: NaiveDate) -> Result<DateTime<FixedOffset>, ApdsError> {
    let place = Place { zone: table.time_zone, holidays: None };
    DateTime::from_timestamp(place.at(date, 0), 0)
        .map(|time| time.with_timezone(&table.time_zone).fixed_offset())
        .ok_or_else(|| ApdsError::Value("valid_from".to_owned(), format!("{date} is no date")))
}

fn of_table(table: &RateTable, lost: &mut impl FnMut(String)) {
    lost(format!("time_zone {}: APDS has offsets alone", table.time_zone));
    lost("rules: APDS has no word for rounding, grace, leave_grace, crossing, change_while_parked, free_time, reentry, hold_above".to_owned());
    if table.holidays.is_some() {
        lost("holidays".to_owned());
    }
    for discount in &table.discounts {
        lost(format!("discount \"{}\"", discount.name));
    }
    if !table.covered_by.is_empty() {
        lost(format!("covered_by: {}", table.covered_by.join(", ")));
    }
    if !table.occupancy.is_empty() {
        lost("occupancy: the factors".to_owned());
    }
    if table.lost_ticket.is_some() {
        lost("lost_ticket".to_owned());
    }
    if table.products.len() > 1 {
        lost("APDS does not say which collection is charged; here it is the cheapest that the stay qualifies for, of the highest priority".to_owned());
    }
    for tax in &table.taxes {
        lost(format!("tax \"{}\": its name and its rounding", tax.name));
    }
}

/// The product, unless none of its prices can be said.
fn collection(
    table: &RateTable,
    product: &Product,
    number: u32,
    (valid_start, valid_end): (DateTime<FixedOffset>, Option<DateTime<FixedOffset>>),
    lost: &mut impl FnMut(String),
) -> Option<Collection> {
    let name = format!("product \"{}\"", product.name);
    lost(format!("{name}: its name"));
    for (is_there, what) in [
        (product.priority > 0, "priority"),
        (product.right.is_some(), "right"),
        (product.enter.is_some(), "enter"),
        (product.leave.is_some(), "leave"),
        (product.within.is_some(), "within"),
        (product.otherwise.is_some(), "otherwise"),
        (product.minimum.is_some(), "minimum.when_free"),
    ] {
        if is_there {
            lost(format!("{name}: {what}"));
        }
    }
    let anew = product.lines.iter().find_map(|line| match line.price {
        Price::Tiers { anew: Some(Anew::Each(period)), .. } => Some(period),
        _ => None,
    });
    let (most, of_cap) = most(product, anew);
    for cap in &product.caps {
        match of_cap {
            Some((kept, _)) if kept == cap => {
                lost(format!("{name}: cap \"{}\": its name", cap.name));
            }
            _ => lost(format!("{name}: cap \"{}\"", cap.name)),
        }
    }
    let reset = anew.or(of_cap.map(|(_, period)| period));
    let tax = table.taxes.iter().find(|tax| Some(&tax.name) == product.tax.as_ref());
    let mut rate_lines = Vec::new();
    for line in &product.lines {
        of_line(line, &name, &mut rate_lines, lost);
    }
    if rate_lines.is_empty() {
        lost(format!("{name}: the whole of it"));
        return None;
    }
    Some(Collection {
        applicable_currency: table.currency.code().to_owned(),
        collection_sequence: number,
        min_time: bound(product.shortest, "PT0S", &format!("{name}: shortest"), lost),
        max_time: bound(product.longest, TEN_YEARS, &format!("{name}: longest"), lost),
        min_value_collection: product.minimum.map(|minimum| Number(minimum.amount)),
        max_value_collection: most.map(Number),
        relative_times: false,
        reset_time: reset.map_or_else(|| NEVER.to_owned(), |period| period.to_string()),
        tax_included: tax.is_none_or(|tax| tax.prices == Some(Prices::IncludeTax)),
        tax_rate: tax.map(|tax| Number(tax.percent)),
        valid_start,
        valid_end,
        rate_lines,
    })
}

/// The most of the collection, and the cap that it comes from: where tiers begin anew, `resetTime` is
/// theirs, and a maximum of the stay has no place.
fn most(product: &Product, anew: Option<Period>) -> (Option<Decimal>, Option<(&Cap, Period)>) {
    match (product.maximum, product.caps.as_slice()) {
        (None, [cap]) if cap.when.is_none() && cap.holds == Some(Holds::Repeats) => {
            match cap.period {
                Some(CapPeriod::Period(period)) if anew.is_none_or(|anew| anew == period) => {
                    (Some(cap.amount), Some((cap, period)))
                }
                _ => (None, None),
            }
        }
        (maximum, _) if anew.is_none() => (maximum, None),
        _ => (None, None),
    }
}

/// A bound of the length of stays; `open` is none.
fn bound(period: Option<Period>, open: &str, name: &str, lost: &mut impl FnMut(String)) -> String {
    match period {
        None => open.to_owned(),
        Some(Period::CalendarDay | Period::CalendarMonth) => {
            lost(format!("{name}, which ends by the calendar"));
            open.to_owned()
        }
        Some(period) => period.to_string(),
    }
}

fn of_line(line: &Line, product: &str, out: &mut Vec<RateLine>, lost: &mut impl FnMut(String)) {
    let name = format!("{product}: line \"{}\"", line.name);
    for (is_there, what) in [
        (!line.when.is_always(), "when"),
        (!line.bays.is_empty(), "bays"),
        (!line.zones.is_empty(), "zones"),
        (line.priority > 0, "priority"),
    ] {
        if is_there {
            lost(format!("{name}: {what}"));
        }
    }
    let mut put = |kind: LineType,
                   value: Decimal,
                   start: Option<Period>,
                   end: Option<Period>,
                   each: Option<Period>| {
        let text = |period: Option<Period>| period.map(|period| period.to_string());
        let sequence = u32::try_from(out.len() + 1).unwrap_or(u32::MAX);
        out.push(RateLine {
            description: Some(line.name.clone()),
            duration_start: text(start),
            duration_end: text(end),
            increment_period: text(each),
            rate_line_type: kind,
            sequence,
            value: Number(value),
        });
    };
    match &line.price {
        Price::Free => put(LineType::FlatRate, Decimal::ZERO, None, None, None),
        Price::Closed => lost(format!("{name}: that it is closed")),
        Price::PerUnit(unit) => {
            if let Some(each) = increment(unit, &name, lost) {
                put(LineType::IncrementingRate, unit.amount, None, None, Some(each));
            }
        }
        Price::Flat { amount, each } => {
            if *each != Some(Each::Stay) {
                lost(format!("{name}: for what it is charged once (each)"));
            }
            put(LineType::FlatRate, *amount, None, None, None);
        }
        Price::Tiers { tiers, after, .. } => {
            let mut tiers = tiers.clone();
            tiers.sort_by_key(|tier| tier.up_to.seconds());
            let mut start = Period::Elapsed(0);
            for tier in &tiers {
                put(LineType::FlatRateTier, tier.total, Some(start), Some(tier.up_to), None);
                start = tier.up_to;
            }
            match after {
                Some(After::PerUnit(unit)) => {
                    if let Some(each) = increment(unit, &name, lost) {
                        put(LineType::IncrementingRate, unit.amount, Some(start), None, Some(each));
                    }
                }
                Some(After::NothingMore) => {
                    lost(format!("{name}: that nothing more is charged after its last tier"));
                }
                Some(After::Closed) | None => {}
            }
        }
    }
}

/// The unit, if it is one that elapses; the standard has no unit of the calendar.
fn increment(unit: &PerUnit, name: &str, lost: &mut impl FnMut(String)) -> Option<Period> {
    if matches!(unit.per, Period::CalendarDay | Period::CalendarMonth) {
        lost(format!("{name}: {} per {}, a unit by the calendar", unit.amount, unit.per));
        return None;
    }
    if unit.step != Some(Step::Started(unit.per)) {
        lost(format!("{name}: the step, what is charged of a part of a unit"));
    }
    Some(unit.per)
}
