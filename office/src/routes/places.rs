//! `/places`: free or full, for an app.

use std::hash::{DefaultHasher, Hash, Hasher};

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use platform::http::{Problem, ProblemBody};

use super::{Desk, place_name};
use crate::board::Wanted;
use crate::shapes::{PlaceShown, PlacesPage, PlacesQuery};

/// Places with their free bays: by id, or the nearest first. With `If-None-Match` and the `ETag` of an
/// earlier answer: 304 where nothing is otherwise.
#[utoipa::path(get, path = "/places", tag = "places", params(PlacesQuery), responses((status = 200, body = PlacesPage), (status = 304), (status = 400, body = ProblemBody<'_>)))]
pub(super) async fn list(
    desk: Data<Desk>,
    query: Query<PlacesQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let (page, matching, next) = desk.board.page(&Wanted::of(&query)?);
    let places: Vec<&str> = page.iter().map(|posted| &*posted.json).collect();
    let next =
        next.map_or(String::new(), |next| format!(",\"next\":{}", serde_json::Value::String(next)));
    let places = places.join(",");
    let body = format!("{{\"places\":[{places}],\"matching\":{matching}{next}}}");
    Ok(answer(&request, "application/json", body))
}

/// A place with its free bays. `ETag` as of the list.
#[utoipa::path(get, path = "/places/{id}", tag = "places", params(("id" = String, Path)), responses((status = 200, body = PlaceShown), (status = 304), (status = 404, body = ProblemBody<'_>)))]
pub(super) async fn show(
    desk: Data<Desk>,
    id: Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let id = place_name(&id)?;
    let posted = desk.board.one(&id);
    let posted = posted.ok_or_else(|| Problem::not_found(format!("there is no place `{id}`")))?;
    Ok(answer(&request, "application/json", posted.json.to_string()))
}

/// The answer, or that it is the one the client has.
pub(super) fn answer(request: &HttpRequest, kind: &str, body: String) -> HttpResponse {
    let mut hasher = DefaultHasher::new();
    body.hash(&mut hasher);
    // Weak: it may be packed on its way.
    let tag = format!("W/\"{:016x}\"", hasher.finish());
    let known = request.headers().get(IF_NONE_MATCH).and_then(|tags| tags.to_str().ok());
    let is_known = known.is_some_and(|tags| {
        tags.split(',').map(str::trim).any(|known| {
            known == "*" || known.trim_start_matches("W/") == tag.trim_start_matches("W/")
        })
    });
    let mut answer = if is_known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    answer.insert_header((ETAG, tag)).insert_header((CACHE_CONTROL, "no-cache"));
    if is_known {
        return answer.finish();
    }
    answer.insert_header((CONTENT_TYPE, kind)).body(body)
}
