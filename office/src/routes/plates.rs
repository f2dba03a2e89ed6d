//! `/admin/places/of-plate/{plate}`: what is held of a plate, shown and erased (G8). The actors ask, for
//! whoever asks them.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use domain::Plate;
use platform::http::{Problem, ProblemBody};
use serde_json::json;

use super::Desk;
use crate::keeper::{Do, GetStay};
use crate::picture::Act;
use crate::shapes::StayShown;

fn parse(text: &str) -> Result<Plate, Problem> {
    Plate::parse(text).map_err(|e| Problem::bad_request(e.to_string()))
}

/// Where the vehicle is inside: nowhere, or at one place.
#[utoipa::path(get, path = "/admin/places/of-plate/{plate}", tag = "plates", params(("plate" = String, Path)), responses((status = 200, body = [StayShown]), (status = 503, body = ProblemBody<'_>)))]
pub(super) async fn show(desk: Data<Desk>, plate: Path<String>) -> Result<HttpResponse, Problem> {
    let stay = desk.keeper.send(GetStay(parse(&plate)?)).await??;
    Ok(HttpResponse::Ok().json(Vec::from_iter(stay)))
}

/// Forgets whose stay it is. Its vehicle goes on being counted as one that is inside.
#[utoipa::path(delete, path = "/admin/places/of-plate/{plate}", tag = "plates", params(("plate" = String, Path)), responses((status = 200, body = Object), (status = 503, body = ProblemBody<'_>)))]
pub(super) async fn erase(desk: Data<Desk>, plate: Path<String>) -> Result<HttpResponse, Problem> {
    let act = Do { act: Act::Forget(parse(&plate)?), by: String::new() };
    let done = desk.keeper.send(act).await??;
    Ok(HttpResponse::Ok().json(json!({ "stays": done.removed })))
}
