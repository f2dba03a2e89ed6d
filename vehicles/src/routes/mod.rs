//! What people and vehicles can ask over HTTP. Who may call is decided around these routes, not
//! here.
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
pub mod shapes;
mod vehicles;

use std::sync::Arc;

use actix::Addr;
use actix_web::web::{self, PayloadConfig, ServiceConfig};
use domain::SharedClock;

use crate::inside::Inside;
use crate::live::Live;
use crate::metrics::Metrics;
use crate::registry::Registry;

/// Largest file of an import: some 200,000 vehicles.
const IMPORT_BYTES_MAX: usize = 32 << 20;

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

/// The routes, described.
#[derive(utoipa::OpenApi)]
#[openapi(
    paths(
        vehicles::list,
        vehicles::detail,
        vehicles::ping,
        events::events,
        customers::list,
        customers::show,
        customers::put,
        customers::remove,
        master::list,
        master::show,
        master::put,
        master::remove,
        import::import,
        plates::show,
        plates::erase,
    ),
    components(schemas(shapes::StatusEvent)),
    security(("admin" = []))
)]
pub(crate) struct Described;

/// Adds the routes.
pub(crate) fn configure(desk: &Desk, config: &mut ServiceConfig) {
    config
        .app_data(web::Data::new(desk.clone()))
        .configure(events::routes)
        .configure(vehicles::routes)
        .configure(customers::routes)
        .service(
            web::resource("/admin/vehicles/import")
                .app_data(PayloadConfig::new(IMPORT_BYTES_MAX))
                .route(web::post().to(import::import)),
        )
        .configure(plates::routes)
        .configure(master::routes);
}
