//! What an operator can see and do of the actors: routes under `/admin`. Who may call them is
//! decided around them, not here.
//!
//! | route | what |
//! |---|---|
//! | `GET /admin/status` | watermarks, queues, outbox, processors, parts |
//! | `GET /admin/sessions` | stays, by state, place and time, in pages |
//! | `GET /admin/sessions/{plate}` | a plate's reads, and what they say and why |
//! | `POST /admin/sessions/{plate}/close` | an operator saw the vehicle leave |
//! | `GET /admin/exceptions` | what was reported as an exception and holds |
//! | `GET /admin/dead-letters` | what could not be processed, in pages |
//! | `POST /admin/dead-letters/replay`, `…/{id}/replay` | back into their queues, all or one |
//! | `DELETE /admin/dead-letters`, `…/{id}` | dropped, all or one |
//! | `GET /admin/plates/{plate}` | all that is held of a plate (G8) |
//! | `DELETE /admin/plates/{plate}` | erases it |

mod dead_letters;
mod plates;
mod sessions;
mod status;

use std::sync::Arc;

use actix::Addr;
use actix_web::web::{self, ServiceConfig};
use domain::{Policy, SharedClock};

use crate::dead_letter_desk::DeadLetterDesk;
use crate::health::Health;
use crate::metrics::Metrics;
use crate::operator_desk::OperatorDesk;
use crate::plate_desk::PlateDesk;
use crate::store::ProcessorId;

/// The actors behind the routes; cheap to clone.
#[derive(Clone)]
pub(crate) struct Desks {
    pub(crate) dead_letters: Addr<DeadLetterDesk>,
    pub(crate) plates: Addr<PlateDesk>,
    pub(crate) operator: Addr<OperatorDesk>,
    /// The processor's id, shown in `/admin/status`.
    pub(crate) processor: ProcessorId,
    /// The rules, to say why.
    pub(crate) policy: Policy,
    /// The counters and gauges that the status is made of.
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) health: Arc<Health>,
    pub(crate) clock: SharedClock,
}

/// The routes, described.
#[derive(utoipa::OpenApi)]
#[openapi(
    paths(
        status::status,
        sessions::sessions,
        sessions::timeline,
        sessions::close,
        sessions::exceptions,
        dead_letters::list,
        dead_letters::replay_all,
        dead_letters::replay_one,
        dead_letters::discard_all,
        dead_letters::discard_one,
        plates::export,
        plates::erase,
    ),
    security(("admin" = []))
)]
pub(crate) struct Described;

/// Adds the routes.
pub(crate) fn configure(desks: &Desks, config: &mut ServiceConfig) {
    config
        .app_data(web::Data::new(desks.clone()))
        .configure(status::routes)
        .configure(sessions::routes)
        .configure(dead_letters::routes)
        .configure(plates::routes);
}
