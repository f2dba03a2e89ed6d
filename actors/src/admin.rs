//! What an operator can see and do of the actors: routes under `/admin`.
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
use domain::{Policy, SharedClock};
use platform::http::{Routes, Scope, operation};

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

/// The routes, without the desks behind them.
pub fn routes() -> Routes {
    Routes::default()
        .add(Scope::Admin, operation!(status::status))
        .add(Scope::Admin, operation!(sessions::sessions))
        .add(Scope::Admin, operation!(sessions::timeline))
        .add(Scope::Admin, operation!(sessions::close))
        .add(Scope::Admin, operation!(sessions::exceptions))
        .add(Scope::Admin, operation!(dead_letters::list))
        .add(Scope::Admin, operation!(dead_letters::discard_all))
        .add(Scope::Admin, operation!(dead_letters::replay_all))
        .add(Scope::Admin, operation!(dead_letters::discard_one))
        .add(Scope::Admin, operation!(dead_letters::replay_one))
        .add(Scope::Admin, operation!(plates::export))
        .add(Scope::Admin, operation!(plates::erase))
}
