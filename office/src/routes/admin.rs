//! `/admin/places`: who describes places, and who counts.

use std::collections::BTreeMap;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Data, Json, Path, Query};
use domain::place::{BayType, Place};
use platform::http::{Problem, ProblemBody, page_size};
use serde::Deserialize;
use serde_json::json;

use super::{Desk, ListQuery, place_name};
use crate::board::PAGE_MAX;
use crate::import::{checked, read};
use crate::keeper::{Do, GetDetails, GetInside};
use crate::picture::Act;
use crate::shapes::{CountBody, DetailsPage, ImportReport, PlaceDetail};

/// Places that are kept in one transaction.
const AT_ONCE: usize = 1_000;
/// Refusals that are listed.
const REFUSALS_MAX: usize = 1_000;
/// Who changes what the administrator's token opens.
pub(super) const ADMIN: &str = "admin";

/// All places with what was counted there, those as well that reads name and nobody has described.
#[utoipa::path(get, path = "/admin/places", tag = "places", params(ListQuery), responses((status = 200, body = DetailsPage), (status = 503, body = ProblemBody<'_>)))]
pub(super) async fn list(
    desk: Data<Desk>,
    query: Query<ListQuery>,
) -> Result<HttpResponse, Problem> {
    let limit = page_size(query.limit, PAGE_MAX)?;
    let after = query.after.as_deref().map(place_name).transpose()?;
    let asked = GetDetails { after, only: None, limit: limit + 1 };
    let mut places = desk.keeper.send(asked).await??;
    let is_more = places.len() > limit;
    places.truncate(limit);
    let next = places.last().filter(|_| is_more).map(|place| place.id.clone());
    Ok(HttpResponse::Ok().json(DetailsPage { places, next }))
}

/// A place with what was counted there.
#[utoipa::path(get, path = "/admin/places/{id}", tag = "places", params(("id" = String, Path)), responses((status = 200, body = PlaceDetail), (status = 404, body = ProblemBody<'_>)))]
pub(super) async fn show(desk: Data<Desk>, id: Path<String>) -> Result<HttpResponse, Problem> {
    let id = place_name(&id)?;
    let asked = GetDetails { after: None, only: Some(id.clone()), limit: 1 };
    match desk.keeper.send(asked).await??.pop() {
        Some(place) => Ok(HttpResponse::Ok().json(place)),
        None => Err(Problem::not_found(format!("there is no place `{id}`"))),
    }
}

/// Describes a place, or describes it anew: 201 where nobody had. What was counted there goes on. Its
/// `rate_table` need not be there yet; then the answer has `remarks`.
#[utoipa::path(put, path = "/admin/places/{id}", tag = "places", params(("id" = String, Path)), request_body = Object, responses((status = 200), (status = 201), (status = 400, body = ProblemBody<'_>), (status = 422, body = ProblemBody<'_>)))]
pub(super) async fn put(
    desk: Data<Desk>,
    id: Path<String>,
    place: Json<Place>,
) -> Result<HttpResponse, Problem> {
    let id = place_name(&id)?;
    let place = checked(&id, place.into_inner()).map_err(|wrong| {
        Problem::unprocessable(wrong.to_string()).of_item(0, Some(wrong.field.clone()))
    })?;
    let table = place.rate_table.clone();
    let act = Act::Describe(vec![(id.clone(), place)]);
    let done = desk.keeper.send(Do { act, by: ADMIN.to_owned() }).await??;
    let status = if done.added > 0 { StatusCode::CREATED } else { StatusCode::OK };
    let mut answer = json!({ "id": id });
    if let Some(Err(why)) = table.map(|table| desk.catalog.tables().known(&table).map(|_| ())) {
        answer["remarks"] = json!([format!("no price: {why}")]);
    }
    Ok(HttpResponse::build(status).json(answer))
}

/// Takes the description of a place away. Whatever was counted there stays, and goes on.
#[utoipa::path(delete, path = "/admin/places/{id}", tag = "places", params(("id" = String, Path)), responses((status = 200), (status = 404, body = ProblemBody<'_>)))]
pub(super) async fn remove(desk: Data<Desk>, id: Path<String>) -> Result<HttpResponse, Problem> {
    let id = place_name(&id)?;
    desk.keeper.send(Do { act: Act::Remove(id.clone()), by: ADMIN.to_owned() }).await??;
    Ok(HttpResponse::Ok().json(json!({ "id": id })))
}

/// Takes a file of places: a JSON array of objects with `id` and what a description has, or CSV with the
/// columns `id,name,address,latitude,longitude,time_zone,full_at,open_again_at,closed,rate_table` and, of
/// each type of bay, `spaces_TYPE` and `may_use_TYPE` (types with blanks between them). What is wrong is reported
/// with its line and field and not taken; the rest is.
#[utoipa::path(post, path = "/admin/places/import", tag = "places", request_body(content = String, content_type = "text/csv"), responses((status = 200, body = ImportReport), (status = 400, body = ProblemBody<'_>)))]
pub(super) async fn import(desk: Data<Desk>, body: Bytes) -> Result<HttpResponse, Problem> {
    let wrong = |e| Problem::bad_request(format!("{e}; nothing was taken"));
    let read = actix_web::web::block(move || read(&body));
    let read = read.await.map_err(|e| Problem::unavailable(e.to_string()))?.map_err(wrong)?;
    let mut report = ImportReport::default();
    for places in read.places.chunks(AT_ONCE) {
        let act = Act::Describe(places.to_vec());
        let done = desk.keeper.send(Do { act, by: ADMIN.to_owned() }).await??;
        report.added += done.added;
        report.changed += done.changed;
        report.unchanged += places.len() - done.added - done.changed;
    }
    report.refused = read.refusals.len();
    report.refusals = read.refusals;
    report.refusals.sort_by_key(|refusal| refusal.line);
    report.refusals.truncate(REFUSALS_MAX);
    Ok(HttpResponse::Ok().json(report))
}

/// Says how many vehicles people have found. It corrects the count and ends no session.
#[utoipa::path(post, path = "/admin/places/{id}/count", tag = "places", params(("id" = String, Path)), request_body = CountBody, responses((status = 200, body = PlaceDetail), (status = 404, body = ProblemBody<'_>), (status = 422, body = ProblemBody<'_>)))]
pub(super) async fn count(
    desk: Data<Desk>,
    id: Path<String>,
    counted: Json<CountBody>,
) -> Result<HttpResponse, Problem> {
    let id = place_name(&id)?;
    let CountBody { bay_type, inside, by, reason } = counted.into_inner();
    if by.trim().is_empty() {
        let why = "`by` is empty: say who has counted";
        return Err(Problem::unprocessable(why).of_item(0, Some("by".to_owned())));
    }
    let bay_type = match bay_type {
        Some(text) => BayType::parse(&text).map_err(|e| {
            Problem::unprocessable(format!("`bay_type` {e}"))
                .of_item(0, Some("bay_type".to_owned()))
        })?,
        None => only_bay_type(&desk, &id)?,
    };
    let act = Act::Count { spot: (id.clone(), bay_type), inside, reason };
    desk.keeper.send(Do { act, by }).await??;
    show(desk, Path::from(id.to_string())).await
}

/// Where a place has one type of bays, that one.
fn only_bay_type(desk: &Desk, id: &domain::PlaceName) -> Result<BayType, Problem> {
    let posted = desk.board.one(id);
    let posted = posted.ok_or_else(|| Problem::not_found(format!("there is no place `{id}`")))?;
    let bays: BTreeMap<_, _> =
        posted.shown.state.bays.iter().filter(|(_, bays)| bays.spaces > 0).collect();
    let mut types = bays.keys();
    if let (Some(only), None) = (types.next(), types.next()) {
        return Ok((*only).clone());
    }
    let why = "`bay_type` is missing: this place has not exactly one type of bays";
    Err(Problem::unprocessable(why).of_item(0, Some("bay_type".to_owned())))
}

/// Who ends the sessions of a place, and why.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ResetBody {
    /// Who says that nobody is inside.
    by: String,
    /// Why.
    reason: String,
}

/// Ends all sessions that stand open at the place, by the operator's word: each as if an exit had been
/// read now. What people counted is no more: nobody is inside.
#[utoipa::path(post, path = "/admin/places/{id}/reset", tag = "places", params(("id" = String, Path)), request_body = ResetBody, responses((status = 200), (status = 404, body = ProblemBody<'_>), (status = 503, body = ProblemBody<'_>)))]
pub(super) async fn reset(
    desk: Data<Desk>,
    id: Path<String>,
    body: Json<ResetBody>,
) -> Result<HttpResponse, Problem> {
    let id = place_name(&id)?;
    let Some(sessions) = &desk.sessions else {
        let why = "this process does not know where the sessions are: set CARPARK_ACTORS_URL";
        return Err(Problem::unavailable(why));
    };
    if desk.board.one(&id).is_none() {
        return Err(Problem::not_found(format!("there is no place `{id}`")));
    }
    let ResetBody { by, reason } = body.into_inner();
    let inside = desk.keeper.send(GetInside(id.clone())).await??;
    let act = Act::Empty { place: id.clone(), reason: reason.clone() };
    desk.keeper.send(Do { act, by: by.clone() }).await??;
    let said = format!("{reason}, by {by}");
    let mut closed = 0;
    let mut failed = Vec::new();
    for plate in inside {
        match sessions.close(&plate, &said).await {
            Ok(was_open) => closed += usize::from(was_open),
            Err(why) => failed.push(why),
        }
    }
    if let Some(why) = failed.first() {
        let (failed, all) = (failed.len(), failed.len() + closed);
        let why = format!("{failed} of {all} sessions were not ended ({why}): ask again");
        return Err(Problem::unavailable(why));
    }
    Ok(HttpResponse::Ok().json(json!({ "id": id, "closed": closed })))
}
