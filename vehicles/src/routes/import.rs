//! `/admin/vehicles/import`: a file of vehicles and their owners.

use actix_web::HttpResponse;
use actix_web::web::{Bytes, Data};
use platform::http::{Problem, ProblemBody};

use super::Desk;
use crate::fleet::import::read;
use crate::registry;
use crate::shapes::ImportReport;

/// Rows taken in one turn of the registry, so that pings have theirs in between.
const ROWS_AT_ONCE: usize = 1_000;
/// Refusals that are listed.
const REFUSALS_MAX: usize = 1_000;

/// Takes a file of vehicles and their owners: CSV with the header
/// `vehicle_id,plate,customer_id,customer_name,customer_address`, or a JSON array of objects with
/// these keys. Doubled and wrong rows are reported with their lines and not taken; the rest is.
#[utoipa::path(post, path = "/admin/vehicles/import", tag = "vehicles", request_body(content = String, content_type = "text/csv"), responses((status = 200, body = ImportReport), (status = 400, body = ProblemBody<'_>)))]
pub(super) async fn import(desk: Data<Desk>, body: Bytes) -> Result<HttpResponse, Problem> {
    let read = read(&body).map_err(|e| Problem::bad_request(format!("{e}; nothing was taken")))?;
    let mut report = ImportReport::default();
    let mut refusals = read.refusals;
    for rows in read.rows.chunks(ROWS_AT_ONCE) {
        let imported = desk.registry.send(registry::Import(rows.to_vec())).await?;
        report.customers_added += imported.customers_added;
        report.vehicles_added += imported.vehicles_added;
        refusals.extend(imported.refusals);
    }
    refusals.sort_by_key(|refusal| refusal.line);
    report.refused = refusals.len();
    refusals.truncate(REFUSALS_MAX);
    report.refusals = refusals;
    Ok(HttpResponse::Ok().json(report))
}
