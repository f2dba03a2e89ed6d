//! What a stay in a car park costs, exactly, and why.
//!
//! A [`RateTable`] is data: one version of a car park's prices, read from TOML or JSON by [`parse()`]. A
//! [`Stay`] is what happened. [`price()`] makes a [`Bill`] of them, whose lines sum to its total;
//! [`explain()`] says a table or a bill in plain words, and [`lint()`] finds what is wrong in a table.
//!
//! **No hidden default.** What has two answers in the world (a cap for 24 hours or until midnight, once
//! or repeating; free minutes that forgive or that are taken off; a unit over a boundary) is a field of
//! the table that has to be written. A table that leaves one out is refused with the
//! [question](Question) and what each answer would mean.
//!
//! **Numbers.** Money is an integer of minor units, prices are exact fractions, and a line of a bill
//! is rounded once. There is no binary float, and what does not fit into 128 bits is an error.
//!
//! **Time.** What elapses is the difference of instants; what the clock says is local time of the
//! place. Windows are half-open. A boundary in the hour that a clock change skips holds from the first
//! instant behind it; one in the hour that happens twice holds from its first time. Days of 23 and 25
//! hours come out right. Local time is `chrono` with `chrono-tz`, as in the rest of the program: two
//! libraries of time in one tree are two opinions about the same hour, and conversions between them.
//!
//! **No price is no price.** A stay that no product is for is an [`Unpriced`] with the reason, not a 0.

pub mod apds;
mod bill;
mod calendar;
mod cover;
mod explain;
mod lint;
mod money;
mod occupancy;
mod parse;
mod period;
mod price;
mod questions;
mod ratio;
mod spot;
mod stay;
mod table;
mod window;

pub use bill::{Bill, BillLine, BillTax, Kind, Unpriced};
pub use calendar::{Country, Holidays, easter};
pub use explain::{Language, explain, explain_bill};
pub use lint::{Fault, FaultKind, lint};
pub use money::{Currency, Decimal};
pub use occupancy::band;
pub use parse::{Format, ParseError, parse, parse_unnumbered, read, write};
pub use period::Period;
pub use price::{holds_at, paid_until, price, price_versions, spans};
pub use questions::{Question, questions};
pub use ratio::{Mode, Overflow, Ratio};
pub use stay::{Segment, Stay, Visit};
pub use table::*;
pub use window::{Clock, Day, MonthDay, Season, When};

/// The JSON Schema of a table's file, for editors and other programs. It says the shape; the questions
/// and faults are [`questions()`] and [`lint()`].
pub const SCHEMA: &str = include_str!("schema.json");
