//! Which refusal it is that the fleet cannot take something.

use actix_web::http::StatusCode;
use platform::http::Problem;

use crate::fleet::Refused;

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        let status = match refused {
            Refused::NoCustomer(_) | Refused::NoVehicle(_) => StatusCode::NOT_FOUND,
            Refused::PlateTaken(_) | Refused::HasVehicles(_) => StatusCode::CONFLICT,
        };
        Self::new(status, refused.to_string())
    }
}
