//! The HTTP side: parse, ask the writer, answer.

mod body;
mod download;
mod plates;

use std::sync::Arc;

use actix::Addr;
use actix_web::web::{self, Data, Payload, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use domain::wire::Saved;
use domain::{ExceptionRow, Summary};
use platform::http::Problem;

use crate::csv_writer::{Append, CsvWriter};
use crate::recent::Recent;
use crate::row::{Answer, Lines, Row};
use crate::table::Table;
use body::{Items, Limits};

/// What every route needs.
pub(crate) struct State {
    /// Keeps what is sent.
    pub(crate) writer: Addr<CsvWriter>,
    /// How much of it is taken at once.
    pub(crate) limits: Limits,
    /// Told of each row that is written: what the pages show.
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

/// Adds the routes of the service.
pub(crate) fn configure(state: &Arc<State>, config: &mut ServiceConfig) {
    config
        .app_data(Data::from(Arc::clone(state)))
        .service(web::resource("/save_summary").post(save::<Summary>))
        .service(web::resource("/save_exception").post(save::<ExceptionRow>))
        .service(web::resource("/summaries.csv").get(download_summaries))
        .service(web::resource("/exceptions.csv").get(download_exceptions))
        .service(web::resource("/plates/{plate}").get(plates::export).delete(plates::erase));
}

/// Takes one item or an array, answers in kind once all of it is durable.
async fn save<R: Row>(
    state: Data<State>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let bytes = body::read(&request, payload, state.limits.body_bytes_max).await?;
    let items: Items<R> = body::parse(&bytes, state.limits.items_max)
        .inspect_err(|problem| tracing::warn!(http.path = request.path(), %problem, "refused"))?;
    drop(bytes);
    let rows = items.rows();
    let saved = if rows.is_empty() {
        Vec::new()
    } else {
        state.writer.send(Append(Lines::of(rows))).await.map_err(|_| writer_is_gone())??
    };
    for (row, status) in rows.iter().zip(&saved) {
        if *status == Saved::Written {
            row.note(&state.recent);
        }
    }
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

async fn download_summaries(state: Data<State>) -> Result<HttpResponse, Problem> {
    download::download(&state.writer, Table::Summaries).await
}

async fn download_exceptions(state: Data<State>) -> Result<HttpResponse, Problem> {
    download::download(&state.writer, Table::Exceptions).await
}

/// The writer's mailbox is closed: the process is ending, or the actor died of a bug.
fn writer_is_gone() -> Problem {
    Problem::unavailable("the writer of the files is not running")
}

#[cfg(test)]
mod tests;
