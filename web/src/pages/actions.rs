//! What an operator does on a page: ends a stay, puts an exception aside. JSON in, JSON out.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Json, Path};
use chrono::{NaiveDateTime, TimeZone};
use domain::wire::format_time;
use domain::{ExceptionKind, Plate, Reason};
use platform::http::Problem;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use super::actors_client::AskError;
use super::words::Words;
use super::{Actors, Pages};

use crate::csv_writer::Append;
use crate::dismissal::Dismissal;
use crate::openapi::kinds_to_review;
use crate::row::Lines;
use crate::row::subject_of;

/// How a browser's field writes a local time.
const FIELD_FORMATS: [&str; 2] = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"];

/// An operator's word that a vehicle has left.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Leaving {
    /// Why no camera read it.
    reason: String,
    /// In the place's own time, as `2026-11-20T14:05`; empty or missing: now.
    #[serde(default)]
    left_at: String,
}

/// An exception as `/exceptions` shows it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Dismissing {
    #[schema(schema_with = kinds_to_review)]
    kind: ExceptionKind,
    vehicle_plate: String,
    /// The observation or, of `withdrawn`, the session that it speaks of.
    subject: String,
    /// Must be the one that holds.
    revision: u64,
    /// Kept with the dismissal.
    reason: String,
}

// The operator's exit goes the way of every read: the plate's actor judges it.
/// An operator saw the vehicle leave; hands on to `/admin/sessions/{plate}/close` of the actors.
#[utoipa::path(post, path = "/sessions/{plate}/close", tag = "pages", params(("plate" = String, Path)),
    request_body = Leaving, responses((status = 200), (status = 404), (status = 422), (status = 503)))]
pub(super) async fn close(
    pages: Data<Pages>,
    actors: Data<Actors>,
    plate: Path<String>,
    closing: Json<Leaving>,
) -> Result<HttpResponse, Problem> {
    let plate = parse_plate(&plate)?;
    let words = pages.words();
    parse_reason(&closing.reason)?;
    let mut body = json!({ "reason": closing.reason });
    if !closing.left_at.is_empty() {
        body["exit_date_time"] = json!(local_time(&pages, &closing.left_at)?);
    }
    let closed = actors.0.close(plate.as_str(), &body).await;
    let closed = closed.map_err(|e| e.to_problem(&words))?;
    Ok(HttpResponse::Ok().json(closed))
}

fn local_time(pages: &Pages, text: &str) -> Result<String, Problem> {
    let local = FIELD_FORMATS
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
        .ok_or_else(|| bad("“Left at” is not a time: write for instance 2026-11-20T14:05"))?;
    // An hour that the clocks pass twice: the first time. One that they leap over is none.
    let zone = pages.options.time_zone;
    let at = zone.from_local_datetime(&local).earliest();
    let at = at.ok_or_else(|| bad("“Left at” does not exist: the clocks go forward then"))?;
    Ok(format_time(at.to_utc()))
}

// The exception must be the one that holds: who dismisses another one has not seen it.
/// An operator has looked at an exception. Its row stays in `exceptions.csv`.
#[utoipa::path(post, path = "/exceptions/dismiss", tag = "pages", request_body = Dismissing,
    responses((status = 200), (status = 400), (status = 409, description = "it no longer holds")))]
pub(super) async fn dismiss(
    pages: Data<Pages>,
    asked: Json<Dismissing>,
) -> Result<HttpResponse, Problem> {
    let plate = parse_plate(&asked.vehicle_plate)?;
    let reason = parse_reason(&asked.reason)?;
    pages.caught_up().await;
    let standing = pages.state.recent.of(&plate).into_iter().find(|standing| {
        let row = &standing.row;
        (row.kind, row.revision) == (asked.kind, asked.revision) && subject_of(row) == asked.subject
    });
    let standing = standing.ok_or_else(|| {
        let detail = "this exception no longer holds: reload the plate";
        Problem::new(StatusCode::CONFLICT, detail)
    })?;
    if standing.dismissed.is_none() {
        let dismissal = Dismissal::of(&standing.row, pages.clock.now(), reason);
        let append = Append(Lines::of(std::slice::from_ref(&dismissal)));
        let gone = |_| Problem::unavailable("the writer of the files is not running");
        pages.state.writer.send(append).await.map_err(gone)??;
        pages.state.recent.dismissed(&dismissal);
        tracing::info!(exception.kind = asked.kind.as_str(), "exception dismissed by an operator");
    }
    Ok(HttpResponse::Ok().json(json!({ "dismissed": true })))
}

fn parse_plate(text: &str) -> Result<Plate, Problem> {
    Plate::parse(text).map_err(|e| bad(&e.to_string()))
}

fn parse_reason(text: &str) -> Result<Reason, Problem> {
    Reason::parse(text).map_err(|e| bad(&format!("“Reason” {e}")))
}

fn bad(detail: &str) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, detail)
}

impl AskError {
    /// As it is told on a page, in the page's time and words.
    pub(super) fn to_problem(&self, words: &Words) -> Problem {
        let status = match self {
            AskError::Refused { status, .. } => StatusCode::from_u16(*status).ok(),
            AskError::NoAnswer(_) => Some(StatusCode::SERVICE_UNAVAILABLE),
            AskError::Answer(_) => Some(StatusCode::BAD_GATEWAY),
        };
        let status = status.unwrap_or(StatusCode::BAD_GATEWAY);
        Problem::new(status, words.plainly(&self.to_string()))
    }
}
