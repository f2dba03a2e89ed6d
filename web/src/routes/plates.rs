//! `/plates/{plate}`: the rows of a plate, shown and erased (G8). For the actors, who know what
//! else is held; a person asks them.

use std::io;
use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use domain::Plate;
use domain::wire::{ExceptionMessage, SummaryMessage};
use platform::http::Problem;
use serde_json::json;
use tokio::task::spawn_blocking;

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
    // Before, for what is begun in the files is ended after a crash, and this is not; and after, for in
    // between the pages may have read of it once more.
    forget(&state, &plate).await?;
    let erased =
        state.writer.send(EraseRowsOf(plate.clone())).await.map_err(|_| writer_is_gone())??;
    forget(&state, &plate).await?;
    Ok(HttpResponse::Ok().json(json!({ "erased": erased })))
}

/// Takes the plate out of what the pages know, and out of what they keep of it.
async fn forget(state: &State, plate: &Plate) -> Result<(), Problem> {
    let (recent, plate) = (Arc::clone(&state.recent), plate.clone());
    let forgotten = spawn_blocking(move || recent.forget(&plate)).await;
    forgotten.map_err(io::Error::other).flatten().map_err(|error| {
        tracing::warn!(%error, "a plate could not be erased from what the pages keep");
        Problem::unavailable("what the pages keep cannot be written: is the disk full?")
    })
}

fn parse(text: &str) -> Result<Plate, Problem> {
    Plate::parse(text).map_err(|e| Problem::new(StatusCode::BAD_REQUEST, e.to_string()))
}
