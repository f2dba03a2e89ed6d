//! What is asked of the money half, done in a [`Book`]. Pure, but for the catalog that it reads.
//!
//! `gate` lets in and out, `settle` follows what the feed tells of stays, `desk` is what people do with
//! money. Each says first what it is about, so that that can be loaded and locked.

mod desk;
pub mod gate;
mod settle;

use std::sync::Arc;

use chrono_tz::Tz;
use domain::place::Place;
use domain::{Instant, PlaceName};
use rates::Bill;
use serde_json::Value;

use super::book::Book;
use super::charge::{Billed, Ended, Payer, price_stay};
use super::right::Relief;
use crate::catalog::Catalog;
use crate::facts::fact_of;

pub use desk::{Approve, Paid, Pay, PayFor, Waive, Wrong};
pub use gate::{Answer, CheckIn, CheckOut, GateError, Leaving};
pub use settle::settled_about;

/// What the office charges by, and what can be set of it.
#[derive(Clone)]
pub struct Rules {
    /// Places and prices.
    pub catalog: Arc<Catalog>,
    /// A charge above waits for a person, in minor units.
    pub review_above: Option<i64>,
    /// Set aside for a stay that is paid, in minor units; nothing said: the price of 24 hours.
    pub hold: Option<i64>,
    /// Currency of accounts where nobody says, ISO 4217.
    pub currency: String,
    /// Who was let in and is not read inside within that time has not come.
    pub lapses_after: chrono::TimeDelta,
}

/// Does things in a book, at a time.
pub struct Till<'a> {
    /// What is known.
    pub book: &'a mut Book,
    /// How.
    pub rules: &'a Rules,
    /// The clock of processing time.
    pub now: Instant,
}

impl Till<'_> {
    /// What a stay costs.
    fn price(&self, stay: &Ended, payer: &Payer) -> Result<Bill, String> {
        let place = self.place(&stay.place)?;
        let right = payer.admission.as_ref().and_then(|admission| admission.right.as_ref());
        let other = match right.and_then(|(_, right)| right.relief()) {
            Some(Relief::RateTable(table)) => Some(table),
            _ => None,
        };
        let none = || format!("place `{}` names no rate table: set its `rate_table`", stay.place);
        let table = other.or_else(|| place.rate_table.clone()).ok_or_else(none)?;
        let tables = self.rules.catalog.tables();
        let versions = tables.known(&table).map_err(|e| e.to_string())?;
        price_stay(versions.tables(), zone(&place), stay, payer)
    }

    fn place(&self, id: &PlaceName) -> Result<Place, String> {
        let described = self.rules.catalog.place(id);
        described
            .map(|described| described.place.clone())
            .ok_or_else(|| format!("nobody has described the place `{id}`"))
    }

    fn tell(
        &mut self,
        kind: &str,
        key: String,
        place: &PlaceName,
        subject: &str,
        data: Value,
        at: Instant,
    ) {
        let fact = fact_of(kind, key, place.as_str(), subject, data, at);
        self.book.changed.facts.push(fact);
    }

    /// Posts what a bill moves; what cannot be taken after all is owed.
    fn post(&mut self, mut billed: Billed) -> Billed {
        use super::charge::BillState;
        use super::ledger::{Account, Floor};
        for transfer in billed.transfers(self.now) {
            let is_charge = matches!(transfer.from, Account::Holder(_));
            let posted = self.book.ledger.post(transfer, Floor::Holds);
            if let (Err(refusal), true) = (posted, is_charge) {
                let all = billed.taken + billed.owed;
                billed = Billed {
                    taken: 0,
                    owed: all,
                    state: BillState::Due,
                    why: Some(refusal.to_string()),
                    ..billed
                };
                return self.post(billed);
            }
        }
        billed
    }
}

/// The zone of a place; a description is checked for it.
fn zone(place: &Place) -> Tz {
    place.time_zone.parse().unwrap_or(Tz::UTC)
}

#[cfg(test)]
mod tests;
