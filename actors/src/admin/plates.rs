//! `/admin/plates/{plate}`: what is held of a plate, shown and erased (G8).

use actix_web::HttpResponse;
use actix_web::web::{self, Data, Path, ServiceConfig};
use domain::Plate;

use super::Desks;
use super::problem::Problem;
use crate::plate_desk::{DeskError, Erase, Export};

pub(super) fn routes(config: &mut ServiceConfig) {
    config.service(
        web::resource("/admin/plates/{plate}")
            .route(web::get().to(export))
            .route(web::delete().to(erase)),
    );
}

async fn export(desks: Data<Desks>, plate: Path<String>) -> Result<HttpResponse, Problem> {
    let plate = parse(&plate)?;
    let holdings = desks.plates.send(Export(plate)).await??;
    Ok(HttpResponse::Ok().json(holdings))
}

async fn erase(desks: Data<Desks>, plate: Path<String>) -> Result<HttpResponse, Problem> {
    let plate = parse(&plate)?;
    let erased = desks.plates.send(Erase(plate)).await??;
    Ok(HttpResponse::Ok().json(erased))
}

fn parse(text: &str) -> Result<Plate, Problem> {
    Plate::parse(text).map_err(|e| Problem::bad_request(e.to_string()))
}

impl From<DeskError> for Problem {
    fn from(error: DeskError) -> Self {
        Self::unavailable(error.to_string())
    }
}
