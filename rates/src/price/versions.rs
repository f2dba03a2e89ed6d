//! Several versions of a table: which one holds, and what is charged when a new one begins in a stay.

use chrono::{DateTime, Utc};

use super::place::Place;
use super::whole::{self, Once};
use super::{held, price};
use crate::bill::{Bill, Unpriced};
use crate::stay::{Segment, Stay};
use crate::table::{Change, RateTable};

/// What a stay costs by the versions of a table, in any order.
///
/// The version is the highest whose dates hold the entry. Where it says `change_while_parked =
/// "segment"`, the stay is cut where the next version begins, a unit ends there, and each part has its own
/// version, which its lines name. What belongs to the whole stay (grace, discounts, minimum, maximum, the
/// rounding of its tax, whether it is held) is reckoned once: see [`whole`].
pub fn price_versions(versions: &[RateTable], stay: &Stay) -> Result<Bill, Unpriced> {
    let Some(entry) = stay.entry() else {
        let newest = versions.iter().max_by_key(|table| table.version);
        return price(newest.ok_or(Unpriced::NoEntry)?, stay);
    };
    let table = holds_at(versions, entry).ok_or(Unpriced::NoVersion(entry))?;
    if table.rules.change_while_parked != Some(Change::Segment) {
        return price(table, stay);
    }
    let parts = cut(versions, stay)?;
    if parts.len() < 2 {
        return price(table, stay);
    }
    let Some(once) = Once::new(table, stay)? else { return price(table, stay) };
    let mut bills: Vec<Bill> = Vec::with_capacity(parts.len());
    let mut tables = Vec::with_capacity(parts.len());
    let count = parts.len();
    for (number, (table, segments)) in parts.into_iter().enumerate() {
        let segments = once.until_paid(segments);
        let Some(from) = segments.first().map(|segment| segment.from) else { break };
        let mut part = Stay::of(segments);
        part.validations.clone_from(&stay.validations);
        let ends = part.exit().is_some_and(|exit| exit >= once.until) || number + 1 == count;
        if number == 0 {
            part.earlier.clone_from(&stay.earlier);
        }
        let table = once.left(table, &bills, from, ends);
        bills.push(price(&table, &part)?);
        tables.push(table);
    }
    let mut whole = whole::of(bills, &tables)?.ok_or(Unpriced::NoVersion(entry))?;
    whole.paid = whole.paid.saturating_add(stay.credit.max(0)).min(whole.total);
    whole.due = whole.total - whole.paid;
    whole.held = held(table, whole.total);
    whole.rules = table.rules;
    Ok(whole)
}

/// The version by which an entry at that instant is charged: the highest whose dates hold it.
pub fn holds_at(versions: &[RateTable], instant: DateTime<Utc>) -> Option<&RateTable> {
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
