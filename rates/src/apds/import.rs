//! From APDS.

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveTime};
use chrono_tz::Tz;
use serde_json::Value;

use super::{
    ALWAYS, ApdsError, ApdsTable, Collection, Imported, LineType, NEVER, RateLine, TEN_YEARS,
};
use crate::money::Currency;
use crate::period::Period;
use crate::table::{
    After, Anew, Cap, CapPeriod, Each, Holds, Line, Minimum, PerUnit, Price, Prices, Product,
    RateTable, Rules, Step, Tax, Tier,
};
use crate::window::When;

/// A table of an APDS `RateTable`, at a place of this time zone, and what of it is lost.
pub fn import(text: &str, zone: Tz) -> Result<Imported, ApdsError> {
    let json = |error: serde_json::Error| ApdsError::Json(error.to_string());
    let apds: ApdsTable = serde_json::from_str(text).map_err(json)?;
    let given: Value = serde_json::from_str(text).map_err(json)?;
    let mut losses = Vec::new();
    // What was not read: by writing what was.
    let kept = serde_json::to_value(&apds).map_err(json)?;
    unread(&given, &kept, "", &mut losses);
    let Some(first) = apds.rate_line_collections.first() else {
        return Err(value("rateLineCollections", "there is none, and so no price"));
    };
    let currency = Currency::new(&first.applicable_currency)
        .ok_or_else(|| value("applicableCurrency", "is no code of three capital letters"))?;
    let name = match apds.rate_table_name.iter().find(|words| words.language == "en") {
        Some(words) => words,
        None => apds.rate_table_name.first().ok_or_else(|| value("rateTableName", "is empty"))?,
    };
    for other in apds.rate_table_name.iter().filter(|other| other.string != name.string) {
        losses.push(format!("rateTableName in the language `{}`", other.language));
    }
    if apds.active_times != ["P1D"] {
        losses.push(format!("activeTimes {}", apds.active_times.join(", ")));
    }
    let (mut products, mut taxes) = (Vec::new(), Vec::<Tax>::new());
    for (number, collection) in apds.rate_line_collections.iter().enumerate() {
        let at = format!("rateLineCollections[{number}]");
        if collection.applicable_currency != first.applicable_currency {
            return Err(value(&at, "has another currency than the first; a table has one"));
        }
        if collection.relative_times {
            return Err(value(
                &at,
                "has relativeTimes, prices around an event, which a table does not have",
            ));
        }
        if (collection.valid_start, collection.valid_end)
            != (apds.validity_start, apds.validity_end)
        {
            losses.push(format!("{at}: validStart and validEnd, which are not the table's"));
        }
        products.push(product(collection, &at, &mut taxes, &mut losses)?);
    }
    let start = apds.validity_start;
    let always = DateTime::parse_from_rfc3339(ALWAYS).is_ok_and(|always| always == start);
    let valid_from = match always {
        true => None,
        false => Some(date(start, zone, "validityStart", &mut losses)),
    };
    let valid_until = apds.validity_end.map(|end| date(end, zone, "validityEnd", &mut losses));
    let table = RateTable {
        id: apds.id,
        version: apds.version,
        name: name.string.clone(),
        currency,
        time_zone: zone,
        valid_from,
        valid_until,
        holidays: None,
        rules: Rules::default(),
        products,
        discounts: Vec::new(),
        covered_by: Vec::new(),
        taxes,
        occupancy: Vec::new(),
        lost_ticket: None,
    };
    let private = table.products.iter().all(|product| product.right.is_some());
    if apds.availability != if private { "private" } else { "public" } {
        losses.push(format!(
            "availability {}: name the `right` that a driver needs",
            apds.availability
        ));
    }
    Ok(Imported { table, losses })
}

fn value(place: &str, what: &str) -> ApdsError {
    ApdsError::Value(place.to_owned(), what.to_owned())
}

/// Tells each field that stands in the file and not in what was read of it.
fn unread(given: &Value, kept: &Value, at: &str, losses: &mut Vec<String>) {
    match (given, kept) {
        (Value::Object(given), Value::Object(kept)) => {
            for (name, value) in given {
                let at = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
                match kept.get(name) {
                    Some(kept) => unread(value, kept, &at, losses),
                    None if value.is_null() => {}
                    None => losses.push(format!("{at}: {value}")),
                }
            }
        }
        (Value::Array(given), Value::Array(kept)) => {
            for (number, (given, kept)) in given.iter().zip(kept).enumerate() {
                unread(given, kept, &format!("{at}[{number}]"), losses);
            }
        }
        _ => {}
    }
}

/// A table is valid by dates of the place.
fn date(time: DateTime<FixedOffset>, zone: Tz, name: &str, losses: &mut Vec<String>) -> NaiveDate {
    let local = time.with_timezone(&zone);
    if local.time() != NaiveTime::MIN {
        losses.push(format!(
            "{name} {time}: the time of day ({} there); a table is valid by dates",
            local.time()
        ));
    }
    local.date_naive()
}

fn product(
    collection: &Collection,
    at: &str,
    taxes: &mut Vec<Tax>,
    losses: &mut Vec<String>,
) -> Result<Product, ApdsError> {
    let reset = match collection.reset_time.as_str() {
        NEVER => None,
        text => {
            let period = Period::parse(text);
            if period.is_none() {
                losses.push(format!("{at}: resetTime {text}, which is no length of time"));
            }
            period
        }
    };
    let length = |name: &str, text: &str| {
        let what = format!("`{text}` mixes units, or is not understood");
        Period::parse(text).ok_or_else(|| value(&format!("{at}.{name}"), &what))
    };
    let shortest = Some(length("minTime", &collection.min_time)?).filter(|least| !least.is_zero());
    let longest = match collection.max_time.as_str() {
        TEN_YEARS => None,
        text => Some(length("maxTime", text)?),
    };
    let lines = lines(&collection.rate_lines, at, reset, losses)?;
    let most = collection.max_value_collection.map(|most| most.0);
    let caps = most.zip(reset).map(|(amount, period)| Cap {
        name: format!("at most per {period}"),
        amount,
        period: Some(CapPeriod::Period(period)),
        holds: Some(Holds::Repeats),
        when: None,
    });
    let tax = collection.tax_rate.map(|percent| {
        let percent = percent.0;
        let prices = if collection.tax_included { Prices::IncludeTax } else { Prices::ExcludeTax };
        let name = format!("tax {percent}");
        if !taxes.iter().any(|tax| tax.name == name) {
            taxes.push(Tax { name: name.clone(), percent, prices: Some(prices), rounding: None });
        }
        name
    });
    Ok(Product {
        name: format!("product {}", collection.collection_sequence),
        shortest,
        longest,
        lines,
        caps: caps.into_iter().collect(),
        minimum: collection
            .min_value_collection
            .map(|amount| Minimum { amount: amount.0, when_free: None }),
        maximum: most.filter(|_| reset.is_none()),
        tax,
        ..Product::default()
    })
}

/// The lines in their order. Tiers that follow each other, and what comes after them, are one.
fn lines(
    rate_lines: &[RateLine],
    at: &str,
    reset: Option<Period>,
    losses: &mut Vec<String>,
) -> Result<Vec<Line>, ApdsError> {
    let mut sorted: Vec<&RateLine> = rate_lines.iter().collect();
    sorted.sort_by_key(|line| line.sequence);
    let mut lines: Vec<Line> = Vec::new();
    for line in sorted {
        let at = format!("{at}: rate line {}", line.sequence);
        let period = |name: &str, text: &Option<String>| -> Result<Option<Period>, ApdsError> {
            let text = text.as_deref();
            text.map(|text| {
                Period::parse(text).ok_or_else(|| {
                    value(&at, &format!("{name} `{text}` is no length of time, as PT1H"))
                })
            })
            .transpose()
        };
        let (start, end) = (
            period("durationStart", &line.duration_start)?,
            period("durationEnd", &line.duration_end)?,
        );
        let each = period("incrementPeriod", &line.increment_period)?;
        let name = line.description.clone().unwrap_or_else(|| format!("line {}", line.sequence));
        let open = lines.last_mut().and_then(|line| match &mut line.price {
            Price::Tiers { tiers, after, .. } => Some((tiers, after)),
            _ => None,
        });
        let price = match (line.rate_line_type, open) {
            (LineType::FlatRateTier, open) => {
                let up_to = end.ok_or_else(|| value(&at, "a tier without a durationEnd"))?;
                let tier = Tier { from: None, up_to, total: line.value.0 };
                match open {
                    Some((tiers, _)) if start.is_some_and(|start| !start.is_zero()) => {
                        if tiers.last().map(|tier| tier.up_to) != start {
                            return Err(value(
                                &at,
                                "a tier that does not begin where the one before ends",
                            ));
                        }
                        tiers.push(tier);
                        continue;
                    }
                    _ => Price::Tiers {
                        tiers: vec![tier],
                        after: Some(After::Closed),
                        anew: Some(reset.map_or(Anew::Never, Anew::Each)),
                    },
                }
            }
            (LineType::IncrementingRate, open) => {
                let per = each
                    .ok_or_else(|| value(&at, "an incrementingRate without an incrementPeriod"))?;
                let unit = PerUnit { amount: line.value.0, per, step: Some(Step::Started(per)) };
                match (open, start.filter(|start| !start.is_zero())) {
                    (Some((tiers, after)), Some(start))
                        if tiers.last().map(|tier| tier.up_to) == Some(start) =>
                    {
                        *after = Some(After::PerUnit(unit));
                        continue;
                    }
                    (_, Some(_)) => {
                        return Err(value(
                            &at,
                            "an incrementingRate whose durationStart is not the end of a tier",
                        ));
                    }
                    (_, None) => {
                        if end.is_some() {
                            losses.push(format!("{at}: durationEnd"));
                        }
                        Price::PerUnit(unit)
                    }
                }
            }
            (LineType::FlatRate, _) => {
                if start.or(end).or(each).is_some() {
                    losses.push(format!(
                        "{at}: durationStart, durationEnd and incrementPeriod of a flat rate"
                    ));
                }
                Price::Flat { amount: line.value.0, each: Some(Each::Stay) }
            }
        };
        lines.push(Line {
            name,
            when: When::default(),
            bays: Vec::new(),
            zones: Vec::new(),
            priority: 0,
            price,
        });
    }
    Ok(lines)
}
