//! `/admin/sessions`, `/admin/exceptions`: what is known of stays, and an operator's way to end one.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Json, Path, Query};
use chrono::TimeDelta;
use domain::known::Known;
use domain::plate::PlatePart;
use domain::story::{Chapter, State, story};
use domain::wire::{format_time, parse_time};
use domain::{Direction, ExceptionKind, Instant, PlaceName, Plate, Reason};
use platform::http::{Problem, ProblemBody, one_of, page_size};
use serde::{Deserialize, Serialize};
use utoipa::openapi::Object;
use utoipa::{IntoParams, ToSchema};

use super::Desks;
use crate::operator_desk::{Close, CloseError, Filter, FindChapters, FindLongest, GetRecord};

/// Most items of a page.
const PAGE_MAX: usize = 1_000;

/// What a person looks for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    /// Only stays in this state.
    #[param(schema_with = states)]
    state: Option<String>,
    /// Only exceptions of this kind.
    #[param(schema_with = kinds)]
    kind: Option<String>,
    /// Only stays at this car park.
    place: Option<String>,
    /// Not over before, RFC 3339.
    since: Option<String>,
    /// Begun by, RFC 3339.
    until: Option<String>,
    /// Part of the plate, at least two letters or digits.
    plate: Option<String>,
    /// `longest`: the open stays that began first. Goes with `limit` alone; those that were told of
    /// as an overstay are in `/admin/exceptions`.
    order: Option<String>,
    /// About so many items.
    limit: Option<usize>,
    /// `next` of the page before.
    after: Option<String>,
}

fn states() -> Object {
    one_of(State::all().map(State::as_str))
}

fn kinds() -> Object {
    one_of(ExceptionKind::LONE.map(ExceptionKind::as_str))
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Sessions {
    sessions: Vec<Item>,
    /// For `after`; missing on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Exceptions {
    exceptions: Vec<Item>,
    /// For `after`; missing on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// A stay, or what there is of it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Item {
    vehicle_plate: String,
    #[schema(schema_with = states)]
    state: &'static str,
    /// What was reported of it as an exception.
    #[schema(schema_with = kinds)]
    #[serde(skip_serializing_if = "Option::is_none")]
    exception: Option<&'static str>,
    place: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    entry: Option<CameraRead>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exit: Option<CameraRead>,
    /// Of an open one: up to now.
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_seconds: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_id: Option<String>,
    /// Whether a row tells of it.
    reported: bool,
    /// Why it is judged so, in words.
    why: String,
}

/// One camera read.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CameraRead {
    id: String,
    kind: &'static str,
    at: String,
    received_at: String,
    place: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    lane: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    camera: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    confidence: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    plate_as_read: Option<String>,
}

/// All that is known of a plate.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Timeline {
    vehicle_plate: String,
    /// How often the record has changed.
    revision: u64,
    /// Every read that is remembered, in the order of their times.
    reads: Vec<CameraRead>,
    /// What they say, in the same order.
    sessions: Vec<Item>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Closing {
    /// Why nobody read the exit; kept with it.
    reason: String,
    /// When the vehicle left, RFC 3339; missing: now.
    exit_date_time: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ClosingAnswer {
    observation_id: String,
    exit_date_time: String,
}

/// Stays, and what there is of them: by state, place and time, in pages.
#[utoipa::path(get, path = "/admin/sessions", tag = "sessions", params(Asked), responses((status = 200, body = Sessions), (status = 400, body = ProblemBody<'_>)))]
pub(super) async fn sessions(
    desks: Data<Desks>,
    asked: Query<Asked>,
) -> Result<HttpResponse, Problem> {
    if asked.kind.is_some() {
        return Err(Problem::bad_request("`kind` is for /admin/exceptions; here it is `state`"));
    }
    let (sessions, next) = find(&desks, asked.into_inner(), false).await?;
    Ok(HttpResponse::Ok().json(Sessions { sessions, next }))
}

/// What was reported as an exception and holds, in pages.
#[utoipa::path(get, path = "/admin/exceptions", tag = "sessions", params(Asked), responses((status = 200, body = Exceptions), (status = 400, body = ProblemBody<'_>)))]
pub(super) async fn exceptions(
    desks: Data<Desks>,
    asked: Query<Asked>,
) -> Result<HttpResponse, Problem> {
    let (exceptions, next) = find(&desks, asked.into_inner(), true).await?;
    Ok(HttpResponse::Ok().json(Exceptions { exceptions, next }))
}

async fn find(
    desks: &Desks,
    asked: Asked,
    only_exceptions: bool,
) -> Result<(Vec<Item>, Option<String>), Problem> {
    let limit = page_size(asked.limit, PAGE_MAX)?;
    if let Some(order) = &asked.order {
        return longest(desks, order, &asked, limit).await;
    }
    let filter = Filter {
        state: asked.state.as_deref().map(state).transpose()?,
        only_exceptions,
        kind: asked.kind.as_deref().map(kind).transpose()?,
        plate_part: asked.plate.as_deref().map(plate_part).transpose()?,
        place: asked.place.as_deref().map(place).transpose()?,
        since: asked.since.as_deref().map(|text| time("since", text)).transpose()?,
        until: asked.until.as_deref().map(|text| time("until", text)).transpose()?,
    };
    let found = desks.operator.send(FindChapters { filter, limit, cursor: asked.after }).await??;
    let now = desks.clock.now();
    let items = found.chapters.iter().map(|(plate, chapter)| item(plate, chapter, now)).collect();
    Ok((items, found.next))
}

async fn longest(
    desks: &Desks,
    order: &str,
    asked: &Asked,
    limit: usize,
) -> Result<(Vec<Item>, Option<String>), Problem> {
    if order != "longest" {
        return Err(Problem::bad_request("`order` is longest, or left out"));
    }
    let is_of_open = asked.state.as_deref().is_none_or(|state| state == "open");
    let others =
        [&asked.kind, &asked.place, &asked.since, &asked.until, &asked.plate, &asked.after];
    if !is_of_open || others.iter().any(|other| other.is_some()) {
        return Err(Problem::bad_request("with `order=longest` only `state=open` and `limit` go"));
    }
    let found = desks.operator.send(FindLongest { limit }).await??;
    let now = desks.clock.now();
    Ok((found.iter().map(|(plate, chapter)| item(plate, chapter, now)).collect(), None))
}

/// A plate's reads, and what they say and why.
#[utoipa::path(get, path = "/admin/sessions/{plate}", tag = "sessions", params(("plate" = String, Path)), responses((status = 200, body = Timeline), (status = 404, body = ProblemBody<'_>)))]
pub(super) async fn timeline(
    desks: Data<Desks>,
    plate: Path<String>,
) -> Result<HttpResponse, Problem> {
    let plate = super::plates::parse(&plate)?;
    let record = desks.operator.send(GetRecord(plate.clone())).await??;
    if record.version == 0 {
        return Err(Problem::not_found("nothing is known of that plate"));
    }
    let now = desks.clock.now();
    Ok(HttpResponse::Ok().json(Timeline {
        vehicle_plate: plate.to_string(),
        revision: record.version,
        reads: record.observations().iter().map(CameraRead::from).collect(),
        sessions: story(&plate, &record, &desks.policy)
            .iter()
            .map(|chapter| item(&plate, chapter, now))
            .collect(),
    }))
}

/// An operator saw the vehicle leave: notes an exit, with the reason why no camera did.
#[utoipa::path(post, path = "/admin/sessions/{plate}/close", tag = "sessions", params(("plate" = String, Path)), request_body = Closing, responses((status = 200, body = ClosingAnswer), (status = 404, body = ProblemBody<'_>), (status = 422, body = ProblemBody<'_>)))]
pub(super) async fn close(
    desks: Data<Desks>,
    plate: Path<String>,
    closing: Json<Closing>,
) -> Result<HttpResponse, Problem> {
    let plate = super::plates::parse(&plate)?;
    let at = closing.exit_date_time.as_deref();
    let at = at.map(|text| time("exit_date_time", text)).transpose()?;
    let reason = Reason::parse(&closing.reason)
        .map_err(|e| Problem::bad_request(format!("`reason` {e}")))?;
    let closed = desks.operator.send(Close { plate, at, reason }).await??;
    Ok(HttpResponse::Ok().json(ClosingAnswer {
        observation_id: closed.observation_id.to_string(),
        exit_date_time: format_time(closed.at),
    }))
}

fn state(name: &str) -> Result<State, Problem> {
    State::parse(name).ok_or_else(|| {
        let names: Vec<&str> = State::all().map(State::as_str).collect();
        Problem::bad_request(format!("`state` is {}", in_words(&names)))
    })
}

fn kind(name: &str) -> Result<ExceptionKind, Problem> {
    let kinds = ExceptionKind::LONE;
    kinds.into_iter().find(|kind| kind.as_str() == name).ok_or_else(|| {
        let names = kinds.map(ExceptionKind::as_str);
        Problem::bad_request(format!("`kind` is {}", in_words(&names)))
    })
}

/// `a, b or c`.
fn in_words(names: &[&str]) -> String {
    match names {
        [all @ .., last] if !all.is_empty() => format!("{} or {last}", all.join(", ")),
        _ => names.concat(),
    }
}

fn plate_part(text: &str) -> Result<PlatePart, Problem> {
    let Some(part) = PlatePart::parse(text).filter(|part| part.length() >= 2) else {
        return Err(Problem::bad_request("`plate` is at least two letters or digits of a plate"));
    };
    Ok(part)
}

fn place(name: &str) -> Result<PlaceName, Problem> {
    PlaceName::parse(name).map_err(|e| Problem::bad_request(format!("`place` {e}")))
}

fn time(name: &str, text: &str) -> Result<Instant, Problem> {
    parse_time(text).ok_or_else(|| {
        Problem::bad_request(format!("`{name}` is not a time; write 2026-11-20T10:00:00Z"))
    })
}

fn item(plate: &Plate, chapter: &Chapter, now: Instant) -> Item {
    let begin = chapter.entry.as_ref().map(|entry| entry.at);
    let end = match chapter.state {
        State::OPEN => Some(now),
        _ => chapter.exit.as_ref().map(|exit| exit.at),
    };
    let duration = begin.zip(end).map(|(begin, end)| end - begin);
    let known = chapter.known();
    Item {
        vehicle_plate: plate.to_string(),
        state: chapter.state.as_str(),
        exception: chapter.exception().map(ExceptionKind::as_str),
        place: known.map(|known| known.place.to_string()).unwrap_or_default(),
        entry: chapter.entry.as_ref().map(CameraRead::from),
        exit: chapter.exit.as_ref().map(CameraRead::from),
        duration_seconds: duration
            .map(|d| d.max(TimeDelta::zero()).num_milliseconds() as f64 / 1e3),
        session_id: chapter.session_id.as_ref().map(ToString::to_string),
        reported: chapter.is_reported,
        why: why(chapter),
    }
}

/// Why a stay, or what there is of one, is judged as it is.
fn why(chapter: &Chapter) -> String {
    let what = match chapter.state.0 {
        None => "the exit is the next read after the entry in event time (R3)",
        Some(ExceptionKind::Overstay) if chapter.is_reported => {
            "nothing was read after this entry for longer than max_stay (R7)"
        }
        Some(kind) => kind.facts().finding,
    };
    let Some((direction, at)) = chapter.waits_for else { return what.to_owned() };
    let as_what = if chapter.state == State::OPEN { " as an overstay" } else { "" };
    let reads = match direction {
        Direction::Entry => "entries",
        Direction::Exit => "exits",
    };
    let at = format_time(at);
    format!("{what}; it will be reported{as_what} once all {reads} up to {at} have been read")
}

impl From<&Known> for CameraRead {
    fn from(known: &Known) -> Self {
        let (lane, camera) = known.seen_by();
        Self {
            id: known.id.to_string(),
            kind: known.direction.as_str(),
            at: format_time(known.at),
            received_at: format_time(known.received_at),
            place: known.place.to_string(),
            lane: lane.map(str::to_owned),
            camera: camera.map(str::to_owned),
            confidence: known.confidence,
            plate_as_read: known.plate_as_read().map(ToString::to_string),
        }
    }
}

impl From<CloseError> for Problem {
    fn from(error: CloseError) -> Self {
        let status = match &error {
            CloseError::NotOpen => StatusCode::NOT_FOUND,
            CloseError::BeforeEntry(_) | CloseError::Ahead => StatusCode::UNPROCESSABLE_ENTITY,
            CloseError::Store(_) | CloseError::NotStored => StatusCode::SERVICE_UNAVAILABLE,
        };
        Self::new(status, error.to_string())
    }
}

#[cfg(test)]
mod tests;
