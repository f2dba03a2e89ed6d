//! What people and vehicles can ask over HTTP.
//!
//! | route | what |
//! |---|---|
//! | `GET /vehicles` | the list: filtered, sorted, in pages, with counts by state |
//! | `GET /vehicles/{id}` | one, with its history |
//! | `GET /vehicles/events` | changes of state as they happen (server-sent events) |
//! | `POST /vehicles/{id}/ping` | a sign of life |
//! | `GET /admin/customers`, `GET/PUT/DELETE …/{id}` | customers |
//! | `GET /admin/vehicles`, `GET/PUT/DELETE …/{id}` | vehicles |
//! | `POST /admin/vehicles/import` | many at once |
//! | `GET/DELETE /admin/vehicles/of-plate/{plate}` | what is held of a plate |

mod customers;
mod events;
mod import;
mod master;
mod plates;
pub(crate) mod problem;
mod vehicles;

use std::sync::Arc;

use actix::Addr;
use actix_web::web::PayloadConfig;
use domain::SharedClock;
use platform::http::{Routes, Scope, json, operation};

use crate::inside::Inside;
use crate::live::Live;
use crate::metrics::Metrics;
use crate::registry::Registry;

/// Largest file of an import: some 200,000 vehicles.
const IMPORT_BYTES_MAX: usize = 32 << 20;
/// Largest description of a vehicle or a customer.
const JSON_BYTES_MAX: usize = 16 << 10;
/// Most bytes of a ping's body.
const PING_BYTES_MAX: usize = 4_096;

/// What is behind the routes; cheap to clone.
#[derive(Clone)]
pub(crate) struct Desk {
    pub(crate) registry: Addr<Registry>,
    pub(crate) live: Arc<Live>,
    /// `None`: nobody here knows.
    pub(crate) inside: Option<Arc<dyn Inside>>,
    pub(crate) clock: SharedClock,
    pub(crate) metrics: Arc<Metrics>,
}

/// The routes, without the desk behind them. `/vehicles/{vehicle_id}` is any but those before it.
pub fn routes() -> Routes {
    Routes::default()
        .add(Scope::Admin, operation!(events::events))
        .add(Scope::Admin, operation!(vehicles::list))
        .add(Scope::Admin, operation!(vehicles::detail))
        .add(Scope::Ping, operation!(vehicles::ping).with(|| PayloadConfig::new(PING_BYTES_MAX)))
        .add(Scope::Admin, operation!(customers::list))
        .add(Scope::Admin, operation!(customers::show))
        .add(Scope::Admin, operation!(customers::put).with(|| json(JSON_BYTES_MAX)))
        .add(Scope::Admin, operation!(customers::remove))
        .add(Scope::Admin, operation!(import::import).with(|| PayloadConfig::new(IMPORT_BYTES_MAX)))
        .add(Scope::Admin, operation!(plates::show))
        .add(Scope::Admin, operation!(plates::erase))
        .add(Scope::Admin, operation!(master::list))
        .add(Scope::Admin, operation!(master::show))
        .add(Scope::Admin, operation!(master::put).with(|| json(JSON_BYTES_MAX)))
        .add(Scope::Admin, operation!(master::remove))
}
