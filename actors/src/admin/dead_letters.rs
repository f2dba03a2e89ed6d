//! `/admin/dead-letters`: what could not be processed.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path, Query};
use platform::http::{Problem, ProblemBody, page_size};
use platform::messaging::dead_letters::{DeadLetter, Handled, LOOKED_AT_MAX, Which};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Desks;
use crate::dead_letter_desk::{Discard, List, Replay};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Page {
    /// At most this many.
    limit: Option<usize>,
    /// Behind the letter of this id: `next` of the page before.
    after: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Listing<'a> {
    dead_letters: Vec<Letter<'a>>,
    /// How many there are, on all pages.
    total: usize,
    /// For `after`; missing on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<&'a str>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Letter<'a> {
    id: &'a str,
    /// Empty where nobody said so.
    queue: &'static str,
    reason: &'a str,
    at: &'a str,
    /// As text; bytes that are none are replaced. A replay sends the bytes.
    message: String,
}

impl<'a> From<&'a DeadLetter> for Letter<'a> {
    fn from(letter: &'a DeadLetter) -> Self {
        Self {
            id: &letter.id,
            queue: letter.from.unwrap_or_default(),
            reason: &letter.reason,
            at: &letter.at,
            message: String::from_utf8_lossy(&letter.body).into_owned(),
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Outcome {
    /// What was done to them.
    #[serde(skip_serializing_if = "Option::is_none")]
    replayed: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    discarded: Option<usize>,
    /// Left where they are: they do not say which queue they came from.
    homeless: usize,
    /// How many dead letters there are now, those that came meanwhile included: a replayed one that
    /// is refused again is a dead letter again.
    #[serde(skip_serializing_if = "Option::is_none")]
    left: Option<usize>,
}

/// What could not be processed, the oldest first, in pages.
#[utoipa::path(get, path = "/admin/dead-letters", tag = "dead letters", params(Page), responses((status = 200, body = Listing<'_>), (status = 503, body = ProblemBody<'_>)))]
pub(super) async fn list(desks: Data<Desks>, page: Query<Page>) -> Result<HttpResponse, Problem> {
    let limit = page_size(page.limit, LOOKED_AT_MAX)?;
    let list = List { limit, after: page.into_inner().after };
    let Some(page) = desks.dead_letters.send(list).await?? else {
        return Err(Problem::not_found("that dead letter is gone; start over without `after`"));
    };
    Ok(HttpResponse::Ok().json(Listing {
        dead_letters: page.letters.iter().map(Letter::from).collect(),
        total: page.total,
        next: page.letters.last().filter(|_| page.has_more).map(|letter| letter.id.as_str()),
    }))
}

/// Puts all of them back into the queues they came from.
#[utoipa::path(post, path = "/admin/dead-letters/replay", tag = "dead letters", responses((status = 200, body = Outcome), (status = 503, body = ProblemBody<'_>)))]
pub(super) async fn replay_all(desks: Data<Desks>) -> Result<HttpResponse, Problem> {
    let handled = desks.dead_letters.send(Replay(Which::All)).await??;
    finished(handled, "replayed").map(replayed)
}

/// Puts one back into the queue it came from.
#[utoipa::path(post, path = "/admin/dead-letters/{id}/replay", tag = "dead letters", params(("id" = String, Path)), responses((status = 200, body = Outcome), (status = 404, body = ProblemBody<'_>), (status = 409, body = ProblemBody<'_>)))]
pub(super) async fn replay_one(
    desks: Data<Desks>,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let handled = desks.dead_letters.send(Replay(Which::one(id.into_inner()))).await??;
    if handled.homeless > 0 {
        return Err(Problem::new(
            actix_web::http::StatusCode::CONFLICT,
            "the letter does not say which queue it came from: publish its message by hand",
        ));
    }
    finished(handled, "replayed").and_then(found).map(replayed)
}

/// Drops all of them for good.
#[utoipa::path(delete, path = "/admin/dead-letters", tag = "dead letters", responses((status = 200, body = Outcome), (status = 503, body = ProblemBody<'_>)))]
pub(super) async fn discard_all(desks: Data<Desks>) -> Result<HttpResponse, Problem> {
    let handled = desks.dead_letters.send(Discard(Which::All)).await??;
    finished(handled, "discarded").map(discarded)
}

/// Drops one for good.
#[utoipa::path(delete, path = "/admin/dead-letters/{id}", tag = "dead letters", params(("id" = String, Path)), responses((status = 200, body = Outcome), (status = 404, body = ProblemBody<'_>)))]
pub(super) async fn discard_one(
    desks: Data<Desks>,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let handled = desks.dead_letters.send(Discard(Which::one(id.into_inner()))).await??;
    finished(handled, "discarded").and_then(found).map(discarded)
}

/// An error where it stopped before its end: what was done until then is not undone.
fn finished(handled: Handled, what: &str) -> Result<Handled, Problem> {
    let Some(error) = &handled.stopped else { return Ok(handled) };
    let left = match handled.left {
        Some(left) => format!("{left} are left"),
        None => "how many are left is unknown".to_owned(),
    };
    Err(Problem::unavailable(format!(
        "stopped after {} were {what}, {left}: {error}; what is left can be {what} again",
        handled.done
    )))
}

fn found(handled: Handled) -> Result<Handled, Problem> {
    match handled.done {
        0 => Err(Problem::not_found("there is no dead letter of that id")),
        _ => Ok(handled),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "as `map` hands it on")]
fn replayed(handled: Handled) -> HttpResponse {
    HttpResponse::Ok().json(Outcome {
        replayed: Some(handled.done),
        discarded: None,
        homeless: handled.homeless,
        left: handled.left,
    })
}

#[expect(clippy::needless_pass_by_value, reason = "as `map` hands it on")]
fn discarded(handled: Handled) -> HttpResponse {
    HttpResponse::Ok().json(Outcome {
        replayed: None,
        discarded: Some(handled.done),
        homeless: handled.homeless,
        left: handled.left,
    })
}
