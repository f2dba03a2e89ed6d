//! What an operator can see and do of the actors: routes under `/admin`. Who may call them is
//! decided around them, not here.
//!
//! | route | what |
//! |---|---|
//! | `GET /admin/dead-letters` | what could not be processed, in pages |
//! | `POST /admin/dead-letters/replay`, `…/{id}/replay` | back into their queues, all or one |
//! | `DELETE /admin/dead-letters`, `…/{id}` | dropped, all or one |
//! | `GET /admin/plates/{plate}` | all that is held of a plate (G8) |
//! | `DELETE /admin/plates/{plate}` | erases it |

mod dead_letters;
mod plates;
mod problem;

use actix::Addr;
use actix_web::web::{self, ServiceConfig};

use crate::dead_letter_desk::DeadLetterDesk;
use crate::plate_desk::PlateDesk;

/// The actors behind the routes; cheap to clone.
#[derive(Clone)]
pub(crate) struct Desks {
    pub(crate) dead_letters: Addr<DeadLetterDesk>,
    pub(crate) plates: Addr<PlateDesk>,
}

/// Adds the routes.
pub(crate) fn configure(desks: &Desks, config: &mut ServiceConfig) {
    config
        .app_data(web::Data::new(desks.clone()))
        .configure(dead_letters::routes)
        .configure(plates::routes);
}
