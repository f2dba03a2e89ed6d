//! What people and apps ask. Whoever looks reads the [`Board`]; whoever changes something asks the
//! keeper.

mod admin;
mod events;
mod formats;
mod gates;
mod holders;
mod money;
mod places;
mod plates;
mod quotes;
mod rights;
mod tables;

use std::sync::Arc;

use actix::Addr;
use domain::{PlaceName, SharedClock};
use platform::http::{Problem, Routes, Scope, json, operation};

use crate::board::Board;
use crate::catalog::Catalog;
use crate::keeper::Keeper;
use crate::money::{Ask, Cashier, Order, Reply, Vault};
use crate::store::SqlError;

/// Largest body of a request: 10,000 places in JSON are about 5 MB.
const BODY_BYTES_MAX: usize = 32 << 20;

/// Largest description of a place, and largest rate table.
const JSON_BYTES_MAX: usize = 256 << 10;

/// Largest question for a price: everybody may ask.
const QUOTE_BYTES_MAX: usize = 4 << 10;

/// What every route needs.
#[derive(Clone)]
pub struct Desk {
    /// Changes what is known.
    pub keeper: Addr<Keeper>,
    /// Lets in and out, and takes money.
    pub cashier: Addr<Cashier>,
    /// Holders, rights, and what people look at.
    pub vault: Vault,
    /// Of accounts where nobody says, ISO 4217.
    pub currency: String,
    /// How full the places are.
    pub board: Arc<Board>,
    /// How they are described, and what a stay costs.
    pub catalog: Arc<Catalog>,
    /// The clock of processing time.
    pub clock: SharedClock,
    /// Ends the sessions of a place.
    pub sessions: Option<Arc<dyn crate::Sessions>>,
}

/// The routes, without the desk behind them.
pub fn routes() -> Routes {
    let table = || actix_web::web::PayloadConfig::new(JSON_BYTES_MAX);
    let body = || actix_web::web::PayloadConfig::new(BODY_BYTES_MAX);
    Routes::default()
        .add(Scope::Public, operation!(events::events))
        .add(Scope::Public, operation!(formats::apds))
        .add(Scope::Public, operation!(formats::apds_one))
        .add(Scope::Public, operation!(formats::datex2))
        .add(Scope::Public, operation!(places::list))
        .add(Scope::Public, operation!(places::show))
        .add(Scope::Public, operation!(quotes::quote).with(|| json(QUOTE_BYTES_MAX)))
        .add(Scope::Gate, operation!(gates::check_in).with(|| json(QUOTE_BYTES_MAX)))
        .add(Scope::Gate, operation!(gates::check_out).with(|| json(QUOTE_BYTES_MAX)))
        .add(Scope::Admin, operation!(holders::import).with(body))
        .add(Scope::Admin, operation!(holders::list))
        .add(Scope::Admin, operation!(holders::show))
        .add(Scope::Admin, operation!(holders::put).with(|| json(JSON_BYTES_MAX)))
        .add(Scope::Admin, operation!(holders::statement))
        .add(Scope::Admin, operation!(holders::pay).with(|| json(JSON_BYTES_MAX)))
        .add(Scope::Admin, operation!(rights::list))
        .add(Scope::Admin, operation!(rights::show))
        .add(Scope::Admin, operation!(rights::put).with(|| json(JSON_BYTES_MAX)))
        .add(Scope::Admin, operation!(rights::remove))
        .add(Scope::Admin, operation!(money::bills))
        .add(Scope::Admin, operation!(money::bill))
        .add(Scope::Admin, operation!(money::pay).with(|| json(JSON_BYTES_MAX)))
        .add(Scope::Admin, operation!(money::waive).with(|| json(JSON_BYTES_MAX)))
        .add(Scope::Admin, operation!(money::approve).with(|| json(JSON_BYTES_MAX)))
        .add(Scope::Admin, operation!(admin::import).with(body))
        .add(Scope::Admin, operation!(admin::list))
        .add(Scope::Admin, operation!(admin::show))
        .add(Scope::Admin, operation!(admin::put).with(|| json(JSON_BYTES_MAX)))
        .add(Scope::Admin, operation!(admin::remove))
        .add(Scope::Admin, operation!(admin::count).with(|| json(JSON_BYTES_MAX)))
        .add(Scope::Admin, operation!(admin::reset).with(|| json(JSON_BYTES_MAX)))
        .add(Scope::Admin, operation!(plates::show))
        .add(Scope::Admin, operation!(plates::erase))
        .add(Scope::Admin, operation!(tables::list))
        .add(Scope::Admin, operation!(tables::show))
        .add(Scope::Admin, operation!(tables::put).with(table))
        .add(Scope::Admin, operation!(tables::price).with(|| json(JSON_BYTES_MAX)))
}

impl Desk {
    /// Asks the cashier; the answer is durable.
    async fn ask(&self, order: Order) -> Result<Reply, Problem> {
        let reply = self.cashier.send(Ask(order)).await?;
        reply.map_err(|e| Problem::unavailable(e.to_string()))
    }
}

impl From<SqlError> for Problem {
    fn from(error: SqlError) -> Self {
        Self::unavailable(error.to_string())
    }
}

/// A description is not taken: its field, and why.
fn not_taken(field: &str, why: &str) -> Problem {
    Problem::unprocessable(format!("`{field}` {why}")).of_item(0, Some(field.to_owned()))
}

/// What a person says in a line.
fn one_line(field: &str, text: &str) -> Result<(), Problem> {
    if text.trim().is_empty() || text.len() > 200 || text.chars().any(char::is_control) {
        return Err(not_taken(field, "has to have 1 to 200 bytes and no control characters"));
    }
    Ok(())
}

fn place_name(text: &str) -> Result<PlaceName, Problem> {
    text.parse().map_err(|e| Problem::bad_request(format!("the id of a place {e}")))
}
