//! `/plates/{plate}`: the rows of a plate, shown and erased (G8). For the actors, who know what
//! else is held; a person asks them.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use domain::Plate;
use domain::wire::{ExceptionMessage, SummaryMessage};
use platform::http::Problem;
use serde_json::json;

use super::{State, writer_is_gone};

use crate::csv_writer::{EraseRowsOf, GetRowsOf};
use crate::dismissal::DismissalMessage;

/// The rows of a plate. For the actors; a person asks `/admin/plates/{plate}`.
#[utoipa::path(get, path = "/plates/{plate}", tag = "files", params(("plate" = String, Path)),
    responses((status = 200)))]
pub(super) async fn export(
    state: Data<State>,
    plate: Path<String>,
) -> Result<HttpResponse, Problem> {
    let told = state.writer.send(GetRowsOf(parse(&plate)?)).await.map_err(|_| writer_is_gone())?;
    let told = told
        .map_err(|_| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "the files cannot be read"))?;
    let summaries: Vec<_> = told.summaries.iter().map(SummaryMessage::from).collect();
    let exceptions: Vec<_> = told.exceptions.iter().map(ExceptionMessage::from).collect();
    let dismissals: Vec<_> = told.dismissals.iter().map(DismissalMessage::from).collect();
    Ok(HttpResponse::Ok().json(json!({
        "summaries": summaries, "exceptions": exceptions, "dismissals": dismissals,
    })))
}

/// Erases the rows of a plate. For the actors; a person asks `/admin/plates/{plate}`.
#[utoipa::path(delete, path = "/plates/{plate}", tag = "files", params(("plate" = String, Path)),
    responses((status = 200)))]
pub(super) async fn erase(
    state: Data<State>,
    plate: Path<String>,
) -> Result<HttpResponse, Problem> {
    let plate = parse(&plate)?;
    let erased =
        state.writer.send(EraseRowsOf(plate.clone())).await.map_err(|_| writer_is_gone())??;
    state.recent.forget(&plate);
    Ok(HttpResponse::Ok().json(json!({ "erased": erased })))
}

fn parse(text: &str) -> Result<Plate, Problem> {
    Plate::parse(text).map_err(|e| Problem::new(StatusCode::BAD_REQUEST, e.to_string()))
}
