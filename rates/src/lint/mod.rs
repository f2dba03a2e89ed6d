//! What is wrong in a table: it is found before a driver finds it.

mod numbers;
mod overlaps;
mod times;

use std::fmt;

use crate::questions;
use crate::table::RateTable;

/// Something that is wrong in a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What kind of fault it is.
    pub kind: FaultKind,
    /// Where: `product "day": line "evening"`.
    pub place: String,
    /// What is wrong, and what to do.
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

/// The kinds of fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FaultKind {
    /// A choice that has two answers in the world is left out.
    MissingAnswer,
    /// Time, or a length of stay, that nothing covers.
    Gap,
    /// Two prices for the same time or length of stay.
    Overlap,
    /// Something that can never hold, or never be charged.
    NeverHolds,
    /// A minimum above a maximum or a cap.
    MinimumAboveMaximum,
    /// A longer stay would cost less.
    LongerCostsLess,
    /// A number that makes no sense: below zero, a unit without length, a rounding below a cent.
    BadNumber,
    /// A name that is missing, or there twice, or not there where it is meant.
    BadName,
}

/// The faults of a table; none means that it can be charged by.
pub fn lint(table: &RateTable) -> Vec<Fault> {
    let mut faults = Faults(Vec::new());
    for question in questions::questions(table) {
        let message = question.to_string();
        let message = message.trim_start_matches(question.place.as_str()).trim_start();
        faults.add(FaultKind::MissingAnswer, &question.place, message.to_owned());
    }
    numbers::names(table, &mut faults);
    numbers::rules(table, &mut faults);
    for product in &table.products {
        numbers::product(table, product, &mut faults);
        times::product(table, product, &mut faults);
        overlaps::product(table, product, &mut faults);
    }
    faults.0
}

pub(crate) struct Faults(Vec<Fault>);

impl Faults {
    pub fn add(&mut self, kind: FaultKind, place: &str, message: impl Into<String>) {
        self.0.push(Fault { kind, place: place.to_owned(), message: message.into() });
    }
}
