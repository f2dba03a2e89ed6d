//! Several versions of a table: which one holds, and what is charged when a new one begins in a stay.

use chrono::{DateTime, Utc};

use super::place::Place;
use super::price;
use crate::bill::{Bill, Unpriced};
use crate::stay::{Segment, Stay};
use crate::table::{Change, RateTable};

/// What a stay costs by the versions of a table, in any order.
///
/// The version is the highest whose dates hold the entry. Where it says `change_while_parked =
/// "segment"`, the stay is cut where the next version begins, a unit ends there, and each part has its own
/// version, which its lines name.
pub fn price_versions(versions: &[RateTable], stay: &Stay) -> Result<Bill, Unpriced> {
    let Some(entry) = stay.entry() else {
        let newest = versions.iter().max_by_key(|table| table.version);
        return price(newest.ok_or(Unpriced::NoEntry)?, stay);
    };
    let table = holds_at(versions, entry).ok_or(Unpriced::NoVersion(entry))?;
    if table.rules.change_while_parked != Some(Change::Segment) {
        return price(table, stay);
    }
    let mut whole: Option<Bill> = None;
    for (number, (table, segments)) in cut(versions, stay)?.into_iter().enumerate() {
        let mut part = Stay::of(segments);
        part.validations.clone_from(&stay.validations);
        if number == 0 {
            part.earlier.clone_from(&stay.earlier);
        }
        part.paid_at = stay.paid_at;
        let bill = price(table, &part)?;
        match &mut whole {
            None => whole = Some(bill),
            Some(whole) => add(whole, bill),
        }
    }
    let mut whole = whole.ok_or(Unpriced::NoVersion(entry))?;
    whole.paid = whole.paid.saturating_add(stay.credit.max(0)).min(whole.total);
    whole.due = whole.total - whole.paid;
    Ok(whole)
}

fn holds_at(versions: &[RateTable], instant: DateTime<Utc>) -> Option<&RateTable> {
    let instant = instant.timestamp();
    versions
        .iter()
        .filter(|table| {
            let place = Place { zone: table.time_zone, holidays: None };
            table.valid_from.is_none_or(|from| place.at(from, 0) <= instant)
                && table.valid_until.is_none_or(|until| instant < place.at(until, 0))
        })
        .max_by_key(|table| table.version)
}

type Cut<'a> = Vec<(&'a RateTable, Vec<Segment>)>;

/// The stay, cut where another version begins.
fn cut<'a>(versions: &'a [RateTable], stay: &Stay) -> Result<Cut<'a>, Unpriced> {
    let mut edges: Vec<DateTime<Utc>> = versions
        .iter()
        .flat_map(|table| {
            let place = Place { zone: table.time_zone, holidays: None };
            let edge = move |date| DateTime::from_timestamp(place.at(date, 0), 0);
            [table.valid_from.and_then(edge), table.valid_until.and_then(edge)]
        })
        .flatten()
        .collect();
    edges.sort_unstable();
    let mut parts: Cut<'a> = Vec::new();
    for segment in &stay.segments {
        let mut rest = segment.clone();
        loop {
            let edge = edges.iter().find(|edge| **edge > rest.from && **edge < rest.until).copied();
            let piece = Segment { until: edge.unwrap_or(rest.until), ..rest.clone() };
            let table = holds_at(versions, piece.from).ok_or(Unpriced::NoVersion(piece.from))?;
            match parts.last_mut() {
                Some((last, pieces)) if last.version == table.version => pieces.push(piece),
                _ => parts.push((table, vec![piece])),
            }
            let Some(edge) = edge else { break };
            rest.from = edge;
        }
    }
    Ok(parts)
}

/// Adds the bill of a later part.
fn add(whole: &mut Bill, part: Bill) {
    whole.lines.extend(part.lines);
    whole.total += part.total;
    whole.paid += part.paid;
    whole.due += part.due;
    whole.held = whole.held.take().or(part.held);
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
