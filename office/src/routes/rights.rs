//! `/admin/rights`: subscriptions, reservations, permits, and the two lists.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Json, Path, Query};
use domain::{HolderId, RightId};
use platform::http::{Problem, ProblemBody, page_size};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};

use super::{Desk, not_taken};
use crate::board::PAGE_MAX;
use crate::money::{Described, Right, RightKind};

/// Who changes what the administrator's token opens.
const ADMIN: &str = "admin";

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct RightsQuery {
    /// Rights of a page, 100 unless told, 1,000 at most.
    limit: Option<usize>,
    /// `next` of the page before.
    after: Option<String>,
    /// `subscription`, `reservation`, `permit`, `allow`, `block`.
    #[param(value_type = Option<String>)]
    kind: Option<RightKind>,
    /// Whose.
    holder: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RightShown {
    /// Its name.
    id: String,
    /// What it is.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    right: Right,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RightsPage {
    /// By id.
    rights: Vec<RightShown>,
    /// For `after`; missing on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// All rights.
#[utoipa::path(get, path = "/admin/rights", tag = "rights", params(RightsQuery), responses((status = 200, body = RightsPage), (status = 503, body = ProblemBody<'_>)))]
pub(super) async fn list(
    desk: Data<Desk>,
    query: Query<RightsQuery>,
) -> Result<HttpResponse, Problem> {
    let limit = page_size(query.limit, PAGE_MAX)?;
    let after = query.after.as_deref().unwrap_or("");
    let holder = query.holder.as_deref().map(str::parse::<HolderId>).transpose();
    let holder = holder.map_err(|e| Problem::bad_request(format!("`holder` {e}")))?;
    let mut rights = desk.vault.rights(after, query.kind, holder.as_ref(), limit + 1).await?;
    let is_more = rights.len() > limit;
    rights.truncate(limit);
    let next = rights.last().filter(|_| is_more).map(|(id, _)| id.to_string());
    let shown = |(id, right): (RightId, Right)| RightShown { id: id.to_string(), right };
    let rights = rights.into_iter().map(shown).collect();
    Ok(HttpResponse::Ok().json(RightsPage { rights, next }))
}

/// A right.
#[utoipa::path(get, path = "/admin/rights/{id}", tag = "rights", params(("id" = String, Path)), responses((status = 200, body = RightShown), (status = 404, body = ProblemBody<'_>)))]
pub(super) async fn show(desk: Data<Desk>, id: Path<String>) -> Result<HttpResponse, Problem> {
    let id = right_id(&id)?;
    let right = desk.vault.right(&id).await?;
    let right = right.ok_or_else(|| Problem::not_found(format!("there is no right `{id}`")))?;
    Ok(HttpResponse::Ok().json(RightShown { id: id.to_string(), right }))
}

/// Gives a right, or changes it: 201 where there was none.
#[utoipa::path(put, path = "/admin/rights/{id}", tag = "rights", params(("id" = String, Path)), request_body = Object, responses((status = 200), (status = 201), (status = 400, body = ProblemBody<'_>), (status = 422, body = ProblemBody<'_>)))]
pub(super) async fn put(
    desk: Data<Desk>,
    id: Path<String>,
    right: Json<Right>,
) -> Result<HttpResponse, Problem> {
    let id = right_id(&id)?;
    right.check().map_err(|wrong| not_taken(&wrong.field, &wrong.why))?;
    let now = desk.clock.now();
    let described = desk.vault.put_right(&id, Some(&right), ADMIN, now).await?;
    let described = described.map_err(|wrong| not_taken(wrong.field, &wrong.why))?;
    let is_new = described == Described::Added;
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok(HttpResponse::build(status).json(json!({ "id": id })))
}

/// Takes a right away. Who came in with it leaves with it.
#[utoipa::path(delete, path = "/admin/rights/{id}", tag = "rights", params(("id" = String, Path)), responses((status = 200), (status = 404, body = ProblemBody<'_>)))]
pub(super) async fn remove(desk: Data<Desk>, id: Path<String>) -> Result<HttpResponse, Problem> {
    let id = right_id(&id)?;
    let done = desk.vault.put_right(&id, None, ADMIN, desk.clock.now()).await?;
    match done.map_err(|wrong| not_taken(wrong.field, &wrong.why))? {
        Described::Same => Err(Problem::not_found(format!("there is no right `{id}`"))),
        Described::Added | Described::Changed => Ok(HttpResponse::Ok().json(json!({ "id": id }))),
    }
}

fn right_id(text: &str) -> Result<RightId, Problem> {
    text.parse().map_err(|e| Problem::bad_request(format!("the id of a right {e}")))
}
