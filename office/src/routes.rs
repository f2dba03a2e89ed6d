//! What people and apps ask. Whoever looks reads the [`Board`]; whoever changes something asks the
//! keeper.

mod admin;
mod events;
mod formats;
mod places;
mod plates;
mod quotes;
mod tables;

use std::sync::Arc;

use actix::Addr;
use domain::{PlaceName, SharedClock};
use platform::http::{Problem, Routes, Scope, json, operation};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::board::Board;
use crate::catalog::Catalog;
use crate::keeper::Keeper;

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

/// A page of what is listed.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct ListQuery {
    /// How many at most: 100 unless told, up to 1,000.
    limit: Option<usize>,
    /// `next` of the page before.
    after: Option<String>,
}

fn place_name(text: &str) -> Result<PlaceName, Problem> {
    text.parse().map_err(|e| Problem::bad_request(format!("the id of a place {e}")))
}
