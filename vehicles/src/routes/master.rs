//! `/admin/vehicles`: which vehicles there are, and whose.

use actix_web::HttpResponse;
use actix_web::web::{Data, Json, Path, Query};
use domain::{Plate, Vehicle};
use platform::http::{Problem, ProblemBody};

use super::Desk;
use super::customers::parse_customer;
use super::vehicles::parse_vehicle;
use crate::registry::{Edit, FindRecord};
use crate::shapes::{ListQuery, Removed, VehicleBody, VehiclePage, VehicleRecord};

/// Vehicles, as at `/vehicles`.
#[utoipa::path(get, path = "/admin/vehicles", tag = "vehicles", params(ListQuery), responses((status = 200, body = VehiclePage), (status = 400, body = ProblemBody<'_>)))]
pub(super) async fn list(
    desk: Data<Desk>,
    asked: Query<ListQuery>,
) -> Result<HttpResponse, Problem> {
    super::vehicles::list(desk, asked).await
}

/// A vehicle as it is registered.
#[utoipa::path(get, path = "/admin/vehicles/{vehicle_id}", tag = "vehicles", params(("vehicle_id" = String, Path)), responses((status = 200, body = VehicleRecord), (status = 404, body = ProblemBody<'_>)))]
pub(super) async fn show(desk: Data<Desk>, vehicle: Path<String>) -> Result<HttpResponse, Problem> {
    let found = desk.registry.send(FindRecord(parse_vehicle(&vehicle)?)).await?;
    let found = found.ok_or_else(|| Problem::not_found("no such vehicle is registered"))?;
    Ok(HttpResponse::Ok().json(found))
}

/// Registers a vehicle, or changes its plate or owner. What was heard of it stays.
#[utoipa::path(put, path = "/admin/vehicles/{vehicle_id}", tag = "vehicles", params(("vehicle_id" = String, Path)), request_body = VehicleBody, responses((status = 200, body = VehicleRecord), (status = 404, body = ProblemBody<'_>), (status = 409, body = ProblemBody<'_>), (status = 422, body = ProblemBody<'_>)))]
pub(super) async fn put(
    desk: Data<Desk>,
    vehicle: Path<String>,
    body: Json<VehicleBody>,
) -> Result<HttpResponse, Problem> {
    let id = parse_vehicle(&vehicle)?;
    let plate = Plate::parse(&body.plate).map_err(|e| Problem::unprocessable(e.to_string()))?;
    let customer = parse_customer(&body.customer)?;
    let vehicle = Vehicle { id, plate, customer };
    desk.registry.send(Edit::PutVehicle(vehicle.clone())).await??;
    Ok(HttpResponse::Ok().json(VehicleRecord::from(&vehicle)))
}

/// Removes a vehicle and all that was heard of it.
#[utoipa::path(delete, path = "/admin/vehicles/{vehicle_id}", tag = "vehicles", params(("vehicle_id" = String, Path)), responses((status = 200, body = Removed), (status = 404, body = ProblemBody<'_>)))]
pub(super) async fn remove(
    desk: Data<Desk>,
    vehicle: Path<String>,
) -> Result<HttpResponse, Problem> {
    let vehicles = desk.registry.send(Edit::RemoveVehicle(parse_vehicle(&vehicle)?)).await??;
    Ok(HttpResponse::Ok().json(Removed { vehicles }))
}
