//! Which bays and zones a product has a price for.

use std::collections::BTreeSet;

use crate::table::{Line, Price, Product};

/// A bay type and a zone; empty where a stay has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Spot<'a> {
    pub bay: &'a str,
    pub zone: &'a str,
}

fn holds(list: &[String], name: &str) -> bool {
    list.is_empty() || list.iter().any(|x| x == name)
}

impl Spot<'_> {
    /// Whether a line is for it.
    pub fn suits(self, line: &Line) -> bool {
        holds(&line.bays, self.bay) && holds(&line.zones, self.zone)
    }
}

/// The lines that say which bays and zones a product is for. Where some of them name any, one that is
/// free (or closed) everywhere does not make the product one for every place.
fn telling(product: &Product) -> impl Iterator<Item = &Line> {
    let names = |line: &Line| !line.bays.is_empty() || !line.zones.is_empty();
    let any = product.lines.iter().any(names);
    product.lines.iter().filter(move |line| {
        names(line) || !any || !matches!(line.price, Price::Free | Price::Closed)
    })
}

/// Whether a product is for a bay and zone, at some time.
pub(crate) fn serves(product: &Product, spot: Spot<'_>) -> bool {
    telling(product).any(|line| spot.suits(line))
}

/// Why a product that does not serve a bay and zone has no price there.
pub(crate) fn unserved(product: &Product, spot: Spot<'_>) -> String {
    let lines = || telling(product);
    let one = |what: &str, name: &str, list: fn(&Line) -> &Vec<String>| {
        let named: BTreeSet<&str> =
            lines().flat_map(|line| list(line).iter().map(String::as_str)).collect();
        let there = named.into_iter().collect::<Vec<_>>().join(", ");
        let missing = match name {
            "" => format!("a stay without a {what}"),
            name => format!("{what} \"{name}\""),
        };
        format!("no line for {missing} (its lines are for {there}; give one with --{what})")
    };
    if !lines().any(|line| holds(&line.zones, spot.zone)) {
        return one("zone", spot.zone, |line| &line.zones);
    }
    if !lines().any(|line| holds(&line.bays, spot.bay)) {
        return one("bay", spot.bay, |line| &line.bays);
    }
    let bay = match spot.bay {
        "" => "a stay without a bay".to_owned(),
        bay => format!("bay \"{bay}\""),
    };
    match spot.zone {
        "" => format!("no line for {bay}, without a zone"),
        zone => format!("no line for {bay} in zone \"{zone}\""),
    }
}
