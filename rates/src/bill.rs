//! What a stay costs, and why.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::money::{Currency, Decimal};
use crate::table::{Cap, Rules};

/// The price of a stay. The amounts of its lines sum to [`Bill::total`] exactly.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bill {
    /// Id of the table that it was reckoned by.
    pub table: String,
    /// The product that was charged; empty where none was (grace, a lost ticket).
    pub product: String,
    /// The currency; every amount is an integer of its minor units.
    pub currency: Currency,
    /// The lines: charges, caps, minimum, discounts, tax on top, in this order.
    pub lines: Vec<BillLine>,
    /// What it costs, tax included.
    pub total: i64,
    /// The tax in the total, once per rate.
    pub taxes: Vec<BillTax>,
    /// What prepaid credit or an earlier payment pays of the total.
    pub paid: i64,
    /// What is left to pay: total less paid.
    pub due: i64,
    /// The table's `hold_above`, where the total is above it: a person has to look at the bill before it
    /// is charged.
    pub held: Option<Decimal>,
    /// The answers of the table that it was made by.
    pub rules: Rules,
    /// The caps of the product, with their answers.
    pub caps: Vec<Cap>,
}

/// A line of a bill.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BillLine {
    /// What kind of line it is.
    pub kind: Kind,
    /// The rule of the table that it comes from, by its name.
    pub rule: String,
    /// The version of the table.
    pub version: u32,
    /// The first instant that it is for.
    pub from: DateTime<Utc>,
    /// The instant that ends it.
    pub until: DateTime<Utc>,
    /// How many units: whole ones, or seconds where the time used is charged exactly.
    pub units: i64,
    /// What a unit is: `PT1H`, `PT1S`, `stay`, `window`; of tiers `up to PT2H`, `on to PT4H` (what that
    /// costs more than the tier before), `over PT4H`; empty where there is none.
    pub unit: String,
    /// The price of a unit in minor units, as a fraction: above and below the line.
    pub unit_price: (i64, i64),
    /// The factor by occupancy, where one held.
    pub factor: Option<Decimal>,
    /// What it adds to the total, in minor units; below zero where it takes off.
    pub amount: i64,
}

/// What kind of line a bill's line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Time that is charged.
    Charge,
    /// Time that is free by the table.
    Free,
    /// Time that a right covers.
    Covered,
    /// Free time at the start.
    Grace,
    /// What a cap takes off.
    Cap,
    /// What a minimum adds.
    Minimum,
    /// What a maximum takes off.
    Maximum,
    /// What a discount takes off.
    Discount,
    /// The fee where no entry is known.
    LostTicket,
    /// Tax on top of prices without it.
    Tax,
}

/// The tax of one rate in a bill.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BillTax {
    /// Its name in the table.
    pub name: String,
    /// The rate in percent.
    pub percent: Decimal,
    /// The amount without the tax, in minor units.
    pub net: i64,
    /// The tax, rounded once, in minor units.
    pub tax: i64,
}

/// Why there is no price. It is never a price of 0.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unpriced {
    /// The table leaves an answer out.
    #[error("the table leaves out {0}; see `carpark rates lint`")]
    Unanswered(String),
    /// The stay qualifies for no product; the reason per product.
    #[error("no product of the table has a price for this stay: {}", .0.join("; "))]
    NoProduct(Vec<String>),
    /// The entry is not known, and the table has no fee for that.
    #[error("the entry is not known, and the table has no `lost_ticket`")]
    NoEntry,
    /// The stay is not one: parts that do not follow each other, or end before they begin.
    #[error("this is no stay: {0}")]
    BadStay(String),
    /// No version of the table holds at the entry.
    #[error("no version of the table holds at the entry, {0}")]
    NoVersion(DateTime<Utc>),
    /// The table cannot be followed: see the message.
    #[error("the table cannot be followed: {0}")]
    BadTable(String),
    /// The stay is longer than ten years.
    #[error("the stay is longer than ten years; look at its entry")]
    TooLong,
    /// The amounts are too large.
    #[error(transparent)]
    Overflow(#[from] crate::ratio::Overflow),
}
