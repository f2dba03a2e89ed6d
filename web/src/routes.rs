//! The HTTP side: parse, ask the writer, answer.

mod body;
mod download;
mod feed;
mod plates;

use std::sync::Arc;

use actix::Addr;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use domain::ExceptionRow;
use platform::http::{Problem, Routes, Scope, operation, read_body};

use crate::csv_writer::{Append, CsvWriter};
use crate::openapi::{Exception, FactOfOthers, Opening, Saved, Summary};
use crate::problem::too_large;
use crate::recent::Recent;
use crate::row::{Answer, OfOthers, Posted};
use crate::table::Table;
use body::{Items, Limits};
pub(crate) use feed::{OpenFeed, routes as feed_routes};

/// What every route needs.
pub(crate) struct State {
    /// Keeps what is sent.
    pub(crate) writer: Addr<CsvWriter>,
    /// How much of it is taken at once.
    pub(crate) limits: Limits,
    /// What the pages show.
    pub(crate) recent: Arc<Recent>,
}

impl State {
    /// For a service of these bounds (see [`crate::Options`]).
    pub(crate) fn new(
        writer: Addr<CsvWriter>,
        body_bytes_max: usize,
        items_max: usize,
        recent: Arc<Recent>,
    ) -> Arc<Self> {
        Arc::new(Self { writer, limits: Limits { body_bytes_max, items_max }, recent })
    }
}

/// The routes of the service, without the state behind them.
pub(crate) fn routes() -> Routes {
    Routes::default()
        .add(Scope::Sink, operation!(save_summary))
        .add(Scope::Sink, operation!(save_exception))
        .add(Scope::Sink, operation!(save_opened))
        .add(Scope::Sink, operation!(save_facts))
        .add(Scope::Admin, operation!(download_summaries))
        .add(Scope::Admin, operation!(download_exceptions))
        .add(Scope::Sink, operation!(plates::export))
        .add(Scope::Sink, operation!(plates::erase))
}

/// One item, or an array of them; the answer has the same shape.
#[utoipa::path(post, path = "/save_summary", tag = "files", request_body = Summary,
    responses((status = 200, body = Saved), (status = 400), (status = 413), (status = 422),
        (status = 503), (status = 507)))]
async fn save_summary(
    state: Data<State>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    save::<domain::Summary>(&state, &request, payload).await
}

/// One item, or an array of them; the answer has the same shape.
#[utoipa::path(post, path = "/save_exception", tag = "files", request_body = Exception,
    responses((status = 200, body = Saved), (status = 400), (status = 413), (status = 422),
        (status = 503), (status = 507)))]
async fn save_exception(
    state: Data<State>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    save::<ExceptionRow>(&state, &request, payload).await
}

/// A stay that has begun is told in the feed and stands in no file. One item, or an array of them; the
/// answer has the same shape.
#[utoipa::path(post, path = "/save_opened", tag = "files", request_body = Opening,
    responses((status = 200, body = Saved), (status = 400), (status = 413), (status = 422),
        (status = 503), (status = 507)))]
async fn save_opened(
    state: Data<State>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    save::<domain::Opening>(&state, &request, payload).await
}

/// What other parts than the actors tell: it stands in the feed and in no file. One item, or an array of
/// them; the answer has the same shape.
#[utoipa::path(post, path = "/save_facts", tag = "files", request_body = FactOfOthers,
    responses((status = 200, body = Saved), (status = 400), (status = 413), (status = 422),
        (status = 503), (status = 507)))]
async fn save_facts(
    state: Data<State>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    save::<OfOthers>(&state, &request, payload).await
}

/// Takes one item or an array, answers in kind once all of it is durable.
async fn save<R: Posted>(
    state: &State,
    request: &HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let bytes_max = state.limits.body_bytes_max;
    let bytes =
        read_body(request, payload, bytes_max, |max| too_large(max, "bytes"), |_| Ok(())).await?;
    let items: Items<R> = body::parse(&bytes, state.limits.items_max)
        .inspect_err(|problem| tracing::warn!(http.path = request.path(), %problem, "refused"))?;
    drop(bytes);
    let rows = items.rows();
    let saved = if rows.is_empty() {
        Vec::new()
    } else {
        state.writer.send(Append(R::lines(rows))).await.map_err(|_| writer_is_gone())??
    };
    let mut answers: Vec<_> = rows
        .iter()
        .zip(saved)
        .map(|(row, status)| Answer { key_name: R::KEY_NAME, key: row.key(), status })
        .collect();
    Ok(match items {
        Items::One(_) => HttpResponse::Ok().json(answers.pop()),
        Items::Many(_) => HttpResponse::Ok().json(answers),
    })
}

/// The file of sessions.
#[utoipa::path(get, path = "/summaries.csv", tag = "files",
    responses((status = 200, content_type = "text/csv", body = String)))]
async fn download_summaries(state: Data<State>) -> Result<HttpResponse, Problem> {
    download::download(&state.writer, Table::Summaries).await
}

/// The file of exceptions.
#[utoipa::path(get, path = "/exceptions.csv", tag = "files",
    responses((status = 200, content_type = "text/csv", body = String)))]
async fn download_exceptions(state: Data<State>) -> Result<HttpResponse, Problem> {
    download::download(&state.writer, Table::Exceptions).await
}

/// The writer's mailbox is closed: the process is ending, or the actor died of a bug.
fn writer_is_gone() -> Problem {
    Problem::unavailable("the writer of the files is not running")
}

#[cfg(test)]
mod tests;
