//! `/admin/places/of-plate/{plate}`: what is held of a plate, shown and erased (G8). The actors ask, for
//! whoever asks them.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use domain::Plate;
use platform::http::{Problem, ProblemBody};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::Desk;
use crate::keeper::{Do, GetStay};
use crate::money::HeldOfPlate;
use crate::picture::Act;
use crate::shapes::StayShown;

fn parse(text: &str) -> Result<Plate, Problem> {
    Plate::parse(text).map_err(|e| Problem::bad_request(e.to_string()))
}

/// Something that is held of a plate.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(super) enum Held {
    /// Where its vehicle is inside.
    Stay(StayShown),
    /// Whose it is, where it was let in, and what it may.
    Else(HeldOfPlate),
}

/// What is held of a plate: where its vehicle is inside, whose it is or was, where it was let in, and the
/// rights that name it.
#[utoipa::path(get, path = "/admin/places/of-plate/{plate}", tag = "plates", params(("plate" = String, Path)), responses((status = 200, body = [Held]), (status = 503, body = ProblemBody<'_>)))]
pub(super) async fn show(desk: Data<Desk>, plate: Path<String>) -> Result<HttpResponse, Problem> {
    let plate = parse(&plate)?;
    let stay = desk.keeper.send(GetStay(plate.clone())).await??.map(Held::Stay);
    let held = desk.vault.held(&plate).await?.into_iter().map(Held::Else);
    Ok(HttpResponse::Ok().json(stay.into_iter().chain(held).collect::<Vec<_>>()))
}

/// Forgets whose stay it is, and takes the plate from its holder, from rights, and from what gates have
/// asked. Its vehicle goes on being counted as one that is inside, and money stays as it is.
#[utoipa::path(delete, path = "/admin/places/of-plate/{plate}", tag = "plates", params(("plate" = String, Path)), responses((status = 200, body = Object), (status = 503, body = ProblemBody<'_>)))]
pub(super) async fn erase(desk: Data<Desk>, plate: Path<String>) -> Result<HttpResponse, Problem> {
    let plate = parse(&plate)?;
    let erased = desk.vault.erase(&plate).await?;
    let done = desk.keeper.send(Do { act: Act::Forget(plate), by: String::new() }).await??;
    Ok(HttpResponse::Ok().json(json!({ "stays": done.removed + erased })))
}
