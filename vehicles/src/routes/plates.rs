//! `/admin/vehicles/of-plate/{plate}`: what is held of a plate, shown and erased (G8). The actors ask, for
//! whoever asks them.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use domain::Plate;
use platform::http::{Problem, ProblemBody};

use super::Desk;
use crate::plates::{Plates, Stopping};
use crate::shapes::{Removed, VehicleDetail};

fn parse(text: &str) -> Result<Plate, Problem> {
    Plate::parse(text).map_err(|e| Problem::bad_request(e.to_string()))
}

/// The vehicle that has the plate: none, or one.
#[utoipa::path(get, path = "/admin/vehicles/of-plate/{plate}", tag = "plates", params(("plate" = String, Path)), responses((status = 200, body = [VehicleDetail]), (status = 503, body = ProblemBody<'_>)))]
pub(super) async fn show(desk: Data<Desk>, plate: Path<String>) -> Result<HttpResponse, Problem> {
    let held = Plates::new(desk.registry.clone()).held(&parse(&plate)?).await?;
    Ok(HttpResponse::Ok().json(Vec::from_iter(held)))
}

/// Removes the vehicle that has the plate, and all that was heard of it.
#[utoipa::path(delete, path = "/admin/vehicles/of-plate/{plate}", tag = "plates", params(("plate" = String, Path)), responses((status = 200, body = Removed), (status = 503, body = ProblemBody<'_>)))]
pub(super) async fn erase(desk: Data<Desk>, plate: Path<String>) -> Result<HttpResponse, Problem> {
    let vehicles = Plates::new(desk.registry.clone()).erase(&parse(&plate)?).await?;
    Ok(HttpResponse::Ok().json(Removed { vehicles }))
}

impl From<Stopping> for Problem {
    fn from(stopping: Stopping) -> Self {
        Self::unavailable(stopping.to_string())
    }
}
