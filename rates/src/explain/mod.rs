//! A table, and a bill, in plain words.

mod amounts;
mod bill;
mod rules;
mod table;
mod words;

pub use bill::explain_bill;
pub use table::explain;

/// The language of an explanation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// English, with decimal points.
    English,
    /// German, with decimal commas.
    German,
}
