//! Which lines hold at which time of which kind of day: where there are gaps, and where one meets
//! another.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use crate::spot::{self, Spot};
use crate::table::{Line, Otherwise, Price, Product, RateTable, Step};
use crate::window::When;

/// A day as far as windows tell it from another: those that begin on it, and on the day before.
pub(crate) struct Kind {
    pub(crate) date: NaiveDate,
    today: Begins,
    yesterday: Begins,
}

/// The lines whose windows begin on a day, and whether `within` does.
type Begins = (Vec<usize>, bool);

/// The dates on which a table is looked at: more than two years, and what it names.
pub(crate) fn dates(table: &RateTable) -> Vec<NaiveDate> {
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

/// The days, each as what it is.
fn days(table: &RateTable, product: &Product) -> impl Iterator<Item = Kind> {
    let holidays = table.holidays.as_ref();
    let begin = move |date: NaiveDate| -> Begins {
        let lines = product.lines.iter().enumerate();
        let lines = lines.filter(|(_, line)| line.when.begins_on(date, holidays));
        let within = product.within.as_ref().is_none_or(|when| when.begins_on(date, holidays));
        (lines.map(|(index, _)| index).collect(), within)
    };
    dates(table).into_iter().map(move |date| Kind {
        date,
        today: begin(date),
        yesterday: date.pred_opt().map(begin).unwrap_or_default(),
    })
}

/// Each kind of day, once.
pub(crate) fn kinds(table: &RateTable, product: &Product) -> Vec<Kind> {
    let mut seen = BTreeSet::new();
    let new = |kind: &Kind| seen.insert((kind.today.clone(), kind.yesterday.clone()));
    days(table, product).filter(new).collect()
}

/// The bay types and places that a product is for; an empty name stands for those that no line names.
pub(crate) fn spots(product: &Product) -> Vec<Spot<'_>> {
    let names = |list: fn(&Line) -> &Vec<String>| -> BTreeSet<&str> {
        let named = product.lines.iter().flat_map(|line| list(line).iter().map(String::as_str));
        let open = product.lines.iter().any(|line| list(line).is_empty());
        named.chain(open.then_some("")).collect()
    };
    let zones = names(|line| &line.zones);
    let bays = names(|line| &line.bays);
    let all = bays.iter().flat_map(|bay| zones.iter().map(move |zone| Spot { bay, zone }));
    all.filter(|spot| product.lines.iter().any(|line| spot.suits(line))).collect()
}

/// The lines that hold at a minute of a kind of day.
pub(crate) fn holding(product: &Product, kind: &Kind, spot: Spot<'_>, minute: u16) -> Vec<usize> {
    let day = kind.today.0.iter().map(|index| (*index, minute));
    let over_midnight = kind.yesterday.0.iter().map(|index| (*index, minute + 1440));
    let mut found: Vec<usize> = day
        .chain(over_midnight)
        .filter(|(index, at)| {
            let line = &product.lines[*index];
            spot.suits(line) && covers(&line.when, *at)
        })
        .map(|(index, _)| index)
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

fn covers(when: &When, minute: u16) -> bool {
    when.minutes().is_some_and(|(from, until)| from <= minute && minute < until)
}

/// Whether a stay of the product may last at a minute.
fn is_within(product: &Product, kind: &Kind, minute: u16) -> bool {
    product.within.as_ref().is_none_or(|when| {
        kind.today.1 && covers(when, minute) || kind.yesterday.1 && covers(when, minute + 1440)
    })
}

/// The minutes of a day at which what holds can change.
pub(crate) fn edges(product: &Product) -> BTreeSet<u16> {
    let whens = product.lines.iter().map(|line| &line.when).chain(&product.within);
    let edges = whens.filter_map(When::minutes);
    edges.flat_map(|(from, until)| [from % 1440, until % 1440]).chain([0]).collect()
}

pub(crate) fn clock(minute: u16) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

/// The first time that no line of a product covers where it has others, in words.
pub(crate) fn gap(table: &RateTable, product: &Product) -> Option<String> {
    let edges = edges(product);
    let mut spots = spots(product);
    spots.retain(|spot| spot::serves(product, *spot));
    for kind in kinds(table, product) {
        for minute in edges.iter().filter(|minute| is_within(product, &kind, **minute)) {
            for spot in &spots {
                if holding(product, &kind, *spot, *minute).is_empty() {
                    let named = |what: &str, name: &str| match name {
                        "" => String::new(),
                        name => format!(", {what} \"{name}\""),
                    };
                    return Some(format!(
                        "{} {}{}{}",
                        kind.date.format("%a %Y-%m-%d"),
                        clock(*minute),
                        named("bay", spot.bay),
                        named("zone", spot.zone)
                    ));
                }
            }
        }
    }
    None
}

/// Where a unit of one line of a product can run into another line, in words. Other places have meters
/// of their own, and free time is passed over.
pub(crate) fn meeting(table: &RateTable, product: &Product) -> Option<String> {
    let line = |index: usize| &product.lines[index];
    let edges = edges(product);
    for spot in spots(product) {
        let there = || product.lines.iter().filter(|line| spot.suits(line));
        if there().filter(|line| is_priced(line)).count() < 2 || !there().any(is_by_unit) {
            continue;
        }
        // The line whose unit may have begun, and the day before.
        let (mut open, mut before) = (None::<usize>, None);
        for kind in days(table, product) {
            if before != kind.date.pred_opt() {
                open = None;
            }
            before = Some(kind.date);
            for minute in &edges {
                let holding = holding(product, &kind, spot, *minute);
                let best = holding.into_iter().max_by_key(|index| line(*index).priority);
                let is_passed = match best.map(|index| &line(index).price) {
                    Some(Price::Closed) => false,
                    Some(_) => true,
                    None => product.otherwise == Some(Otherwise::Free),
                };
                if !is_within(product, &kind, *minute) || !is_passed && table.covered_by.is_empty()
                {
                    open = None;
                    continue;
                }
                let Some(next) = best else { continue };
                if let Some(last) = open.filter(|last| *last != next)
                    && crosses(line(last), line(next))
                {
                    return Some(format!(
                        "in product \"{}\", line \"{}\" is followed by line \"{}\" on {} at {}",
                        product.name,
                        line(last).name,
                        line(next).name,
                        kind.date.format("%a %Y-%m-%d"),
                        clock(*minute)
                    ));
                }
                if is_by_unit(line(next)) {
                    open = Some(next);
                }
            }
        }
    }
    None
}

fn is_priced(line: &Line) -> bool {
    !matches!(line.price, Price::Free | Price::Closed)
}

/// Whether a line counts units that elapse: those of the calendar begin and end by themselves.
fn is_by_unit(line: &Line) -> bool {
    matches!(&line.price, Price::PerUnit(unit) if unit.per.seconds().is_some())
}

/// Whether it makes a difference how a unit of the first line is charged that runs into the second.
fn crosses(first: &Line, second: &Line) -> bool {
    let is_exact =
        |line: &Line| matches!(&line.price, Price::PerUnit(unit) if unit.step == Some(Step::Exact));
    let is_counted = !is_exact(first) || is_by_unit(second) && !is_exact(second);
    is_by_unit(first) && is_priced(second) && is_counted
}
