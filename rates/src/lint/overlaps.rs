//! Lines that hold at the same time, and lines that never come to be charged.

use std::collections::BTreeSet;

use super::{FaultKind, Faults};
use crate::cover::{clock, edges, holding, kinds, spots};
use crate::table::{Product, RateTable};

/// Looks at each minute of each kind of day at which what holds can change.
pub(super) fn product(table: &RateTable, product: &Product, faults: &mut Faults) {
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
