//! `/admin/rate-tables`: who says what a stay costs.

use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::{Bytes, Data, Json, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use domain::place::check_rate_table;
use platform::http::{Problem, ProblemBody, page_size};
use rates::{Format, ParseError, Stay, explain};
use serde_json::Value;

use super::admin::ADMIN;
use super::{Desk, ListQuery};
use crate::keeper::Do;
use crate::picture::Act;
use crate::shapes::tables::{
    Priced, SimpleStay, TablePut, TableShown, TablesPage, VersionQuery, listed,
};
use crate::tables::NoPrice;

/// Most tables of a page.
const PAGE_MAX: usize = 1_000;

impl From<NoPrice> for Problem {
    fn from(why: NoPrice) -> Self {
        match why {
            NoPrice::NoTable(_) | NoPrice::NoVersion(..) => Self::not_found(why.to_string()),
            NoPrice::NoTableNamed(_) | NoPrice::Unpriced(_) => {
                Self::unprocessable(format!("no price: {why}"))
            }
        }
    }
}

/// All rate tables with their versions.
#[utoipa::path(get, path = "/admin/rate-tables", tag = "rates", params(ListQuery), responses((status = 200, body = TablesPage)))]
pub(super) async fn list(
    desk: Data<Desk>,
    query: Query<ListQuery>,
) -> Result<HttpResponse, Problem> {
    let limit = page_size(query.limit, PAGE_MAX)?;
    let after = query.after.as_deref().unwrap_or_default();
    let (tables, now) = (desk.catalog.tables(), desk.clock.now());
    let mut behind = tables.all().filter(|(id, _)| *id > after);
    let page = behind.by_ref().take(limit).map(|(id, versions)| listed(id, versions, now));
    let rate_tables: Vec<_> = page.collect();
    let is_more = behind.next().is_some();
    let next = rate_tables.last().filter(|_| is_more).map(|table| table.id.clone());
    Ok(HttpResponse::Ok().json(TablesPage { rate_tables, next }))
}

/// A version of a rate table, its newest unless another is named: as its file has it, and in plain words.
#[utoipa::path(get, path = "/admin/rate-tables/{id}", tag = "rates", params(("id" = String, Path), VersionQuery), responses((status = 200, body = TableShown), (status = 404, body = ProblemBody<'_>)))]
pub(super) async fn show(
    desk: Data<Desk>,
    id: Path<String>,
    query: Query<VersionQuery>,
) -> Result<HttpResponse, Problem> {
    let tables = desk.catalog.tables();
    let versions = tables.known(&id)?;
    let newest = versions.newest();
    let version = query.version.unwrap_or(newest);
    let table =
        versions.one(version).ok_or_else(|| NoPrice::NoVersion(id.to_string(), version, newest))?;
    let words = explain(table, query.language.into());
    let listed = listed(&id, versions, desk.clock.now());
    Ok(HttpResponse::Ok().json(TableShown { listed, version, table: table.clone(), words }))
}

/// Puts a rate table: it becomes the next version of its id, 201; 200 where the newest says the same. In
/// JSON or TOML, by its `Content-Type`, else by whether it begins with `{`. Its `id` need not be said; its
/// `version` need not be either, and is not looked at: the office counts. What is wrong in it and what it
/// leaves open is named, and nothing is kept (422).
#[utoipa::path(put, path = "/admin/rate-tables/{id}", tag = "rates", params(("id" = String, Path)), request_body(content = Object), responses((status = 200, body = TablePut), (status = 201, body = TablePut), (status = 400, body = ProblemBody<'_>), (status = 422, body = ProblemBody<'_>)))]
pub(super) async fn put(
    desk: Data<Desk>,
    id: Path<String>,
    request: HttpRequest,
    body: Bytes,
) -> Result<HttpResponse, Problem> {
    let id = id.into_inner();
    check_rate_table(&id).map_err(|why| Problem::bad_request(format!("the id {why}")))?;
    let text = String::from_utf8(body.to_vec())
        .map_err(|_| Problem::bad_request("not UTF-8: a rate table is a text"))?;
    let format = format_of(&request, &text);
    let name = id.clone();
    // The calendar is walked for gaps: not where others are answered.
    let read = actix_web::web::block(move || rates::parse_unnumbered(&name, &text, format)).await;
    let table = read.map_err(|e| Problem::unavailable(e.to_string()))?.map_err(|e| match e {
        ParseError::Text { .. } => Problem::bad_request(e.to_string()),
        _ => Problem::unprocessable(e.to_string()),
    })?;
    let act = Do { act: Act::Put(vec![table]), by: ADMIN.to_owned() };
    let done = desk.keeper.send(act).await??;
    let is_new = done.added + done.changed > 0;
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok(HttpResponse::build(status).json(TablePut { id, version: done.number, is_new }))
}

fn format_of(request: &HttpRequest, text: &str) -> Format {
    let said = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let said = said.unwrap_or_default().to_ascii_lowercase();
    if said.contains("toml") {
        Format::Toml
    } else if said.contains("json") || text.trim_start().starts_with('{') {
        Format::Json
    } else {
        Format::Toml
    }
}

/// What a stay costs by a table, and why: by the version that holds at its entry, or by the one that is
/// named. The body is a stay with its `segments`, or of one part alone. No price is 422, with the reason.
#[utoipa::path(post, path = "/admin/rate-tables/{id}/price", tag = "rates", params(("id" = String, Path), VersionQuery), request_body = SimpleStay, responses((status = 200, body = Priced), (status = 404, body = ProblemBody<'_>), (status = 422, body = ProblemBody<'_>)))]
pub(super) async fn price(
    desk: Data<Desk>,
    id: Path<String>,
    query: Query<VersionQuery>,
    stay: Json<Value>,
) -> Result<HttpResponse, Problem> {
    let stay = stay_of(stay.into_inner())
        .map_err(|e| Problem::bad_request(format!("{e}: see /docs for what is expected")))?;
    let tables = desk.catalog.tables();
    let versions = tables.known(&id)?;
    let bill = match query.version {
        Some(version) => tables.price_by(&id, version, &stay)?,
        None => tables.price(&id, &stay)?,
    };
    Ok(HttpResponse::Ok().json(Priced::of(bill, versions, query.language.into())))
}

fn stay_of(said: Value) -> Result<Stay, serde_json::Error> {
    match said.get("segments") {
        Some(_) => serde_json::from_value(said),
        None => serde_json::from_value::<SimpleStay>(said).map(Stay::from),
    }
}
