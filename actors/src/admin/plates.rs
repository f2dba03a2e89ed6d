//! `/admin/plates/{plate}`: what is held of a plate, shown and erased (G8).

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use domain::Plate;
use platform::http::{Problem, ProblemBody};

use super::Desks;
use crate::plate_desk::{DeskError, Erase, Erased, Export, Holdings};

/// All that is held of a plate.
#[utoipa::path(get, path = "/admin/plates/{plate}", tag = "plates", params(("plate" = String, Path)), responses((status = 200, body = Holdings), (status = 503, body = ProblemBody<'_>)))]
pub(super) async fn export(
    desks: Data<Desks>,
    plate: Path<String>,
) -> Result<HttpResponse, Problem> {
    let plate = parse(&plate)?;
    let holdings = desks.plates.send(Export(plate)).await??;
    Ok(HttpResponse::Ok().json(holdings))
}

/// Erases all that is held of a plate.
#[utoipa::path(delete, path = "/admin/plates/{plate}", tag = "plates", params(("plate" = String, Path)), responses((status = 200, body = Erased), (status = 503, body = ProblemBody<'_>)))]
pub(super) async fn erase(
    desks: Data<Desks>,
    plate: Path<String>,
) -> Result<HttpResponse, Problem> {
    let plate = parse(&plate)?;
    let erased = desks.plates.send(Erase(plate)).await??;
    Ok(HttpResponse::Ok().json(erased))
}

pub(super) fn parse(text: &str) -> Result<Plate, Problem> {
    Plate::parse(text).map_err(|e| Problem::bad_request(e.to_string()))
}

impl From<DeskError> for Problem {
    fn from(error: DeskError) -> Self {
        Self::unavailable(error.to_string())
    }
}
