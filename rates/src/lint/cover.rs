//! Which lines hold at which time of which kind of day: gaps and overlaps.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::{FaultKind, Faults};
use crate::table::{Line, Product, RateTable};

/// A day as far as lines tell it from another: those that begin on it, and on the day before.
struct Kind {
    date: NaiveDate,
    today: Vec<usize>,
    yesterday: Vec<usize>,
}

/// The dates on which a table is looked at: more than two years, and what it names.
pub(super) fn dates(table: &RateTable) -> Vec<NaiveDate> {
    let first = table.valid_from.or_else(|| NaiveDate::from_ymd_opt(2026, 1, 1));
    let Some(first) = first else { return Vec::new() };
    let named = table.products.iter().flat_map(|product| {
        let whens = product.lines.iter().map(|line| &line.when);
        whens.chain(product.caps.iter().filter_map(|cap| cap.when.as_ref())).flat_map(|w| &w.dates)
    });
    let own = table.holidays.iter().flat_map(|holidays| &holidays.dates);
    let mut dates: BTreeSet<NaiveDate> = first.iter_days().take(800).collect();
    for date in named.chain(own) {
        dates.extend([date.pred_opt(), Some(*date), date.succ_opt()].into_iter().flatten());
    }
    dates
        .into_iter()
        .filter(|date| *date >= first && table.valid_until.is_none_or(|until| *date < until))
        .collect()
}

fn kinds(table: &RateTable, product: &Product) -> Vec<Kind> {
    let holidays = table.holidays.as_ref();
    let begin = |date: NaiveDate| -> Vec<usize> {
        let lines = product.lines.iter().enumerate();
        lines.filter(|(_, line)| line.when.begins_on(date, holidays)).map(|(i, _)| i).collect()
    };
    let mut seen = BTreeSet::new();
    let mut kinds = Vec::new();
    for date in dates(table) {
        let yesterday = date.pred_opt().map(begin).unwrap_or_default();
        let today = begin(date);
        if seen.insert((today.clone(), yesterday.clone())) {
            kinds.push(Kind { date, today, yesterday });
        }
    }
    kinds
}

/// The bay types and places for which a product has lines.
fn spots(product: &Product) -> Vec<(&str, &str)> {
    let names = |list: fn(&Line) -> &Vec<String>| -> BTreeSet<&str> {
        let named = product.lines.iter().flat_map(|line| list(line).iter().map(String::as_str));
        let open = product.lines.iter().any(|line| list(line).is_empty());
        named.chain(open.then_some("")).collect()
    };
    let zones = names(|line| &line.zones);
    let bays = names(|line| &line.bays);
    bays.iter().flat_map(|bay| zones.iter().map(move |zone| (*bay, *zone))).collect()
}

/// The lines that hold at a minute of a kind of day.
fn holding(product: &Product, kind: &Kind, spot: (&str, &str), minute: u16) -> Vec<usize> {
    let suits = |list: &[String], name: &str| list.is_empty() || list.iter().any(|x| x == name);
    let day = kind.today.iter().map(|index| (*index, minute));
    let over_midnight = kind.yesterday.iter().map(|index| (*index, minute + 1440));
    let mut found: Vec<usize> = day
        .chain(over_midnight)
        .filter(|(index, at)| {
            let line = &product.lines[*index];
            suits(&line.bays, spot.0)
                && suits(&line.zones, spot.1)
                && line.when.minutes().is_some_and(|(from, until)| from <= *at && *at < until)
        })
        .map(|(index, _)| index)
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// The minutes of a day at which what holds can change.
fn edges(product: &Product) -> BTreeSet<u16> {
    let edges = product.lines.iter().filter_map(|line| line.when.minutes());
    edges.flat_map(|(from, until)| [from % 1440, until % 1440]).chain([0]).collect()
}

fn clock(minute: u16) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

/// The first time that no line of a product covers, in words.
pub(crate) fn gap(table: &RateTable, product: &Product) -> Option<String> {
    let edges = edges(product);
    let spots = spots(product);
    for kind in kinds(table, product) {
        for minute in &edges {
            for spot in &spots {
                if holding(product, &kind, *spot, *minute).is_empty() {
                    let bay = if spot.0.is_empty() {
                        String::new()
                    } else {
                        format!(", bay \"{}\"", spot.0)
                    };
                    let zone = if spot.1.is_empty() {
                        String::new()
                    } else {
                        format!(", zone \"{}\"", spot.1)
                    };
                    return Some(format!(
                        "{} {}{bay}{zone}",
                        kind.date.format("%a %Y-%m-%d"),
                        clock(*minute)
                    ));
                }
            }
        }
    }
    None
}

/// Lines that hold at the same time, and lines that never come to be charged.
pub(super) fn overlaps(table: &RateTable, product: &Product, faults: &mut Faults) {
    let edges = edges(product);
    let spots = spots(product);
    let mut told = BTreeSet::new();
    let mut charged = BTreeSet::new();
    for kind in kinds(table, product) {
        for minute in &edges {
            for spot in &spots {
                let holding = holding(product, &kind, *spot, *minute);
                let priority = |index: &usize| product.lines[*index].priority;
                let Some(top) = holding.iter().map(priority).max() else { continue };
                let best: Vec<usize> = holding.into_iter().filter(|i| priority(i) == top).collect();
                charged.extend(best.iter().copied());
                if let [a, b, ..] = best[..]
                    && told.insert((a, b))
                {
                    let (a, b) = (&product.lines[a].name, &product.lines[b].name);
                    let place = format!("product \"{}\": lines \"{a}\" and \"{b}\"", product.name);
                    let date = kind.date.format("%a %Y-%m-%d");
                    faults.add(FaultKind::Overlap, &place, format!(
                        "both hold on {date} at {}; end one where the other begins, or give one a `priority`",
                        clock(*minute)
                    ));
                }
            }
        }
    }
    for (index, line) in product.lines.iter().enumerate() {
        if !charged.contains(&index) {
            let place = format!("product \"{}\": line \"{}\"", product.name, line.name);
            faults.add(
                FaultKind::NeverHolds,
                &place,
                "it can never be charged: its window never holds, or a line with a higher priority always holds with it",
            );
        }
    }
}
