//! `/vehicles`: the list, one vehicle, a ping.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Data, Path, Query};
use domain::presence::Status;
use domain::wire::ping::{Ping, PingRejection, parse_ping_time};
use domain::{CustomerId, Plate, VehicleId};
use platform::http::{Problem, ProblemBody, page_size};
use tracing::warn;

use super::Desk;
use crate::fleet::listing::{Cursor, Filter, Sort};
use crate::registry::{Find, List, Pings};
use crate::shapes::{
    ListQuery, PingAnswer, PingBody, VehicleDetail, VehicleItem, VehiclePage, time,
};

/// Most vehicles of a page.
pub(super) const PAGE_MAX: usize = 1_000;

impl ListQuery {
    /// Checks what a person asks for.
    pub(crate) fn to_filter(&self) -> Result<Filter, Problem> {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.trim().is_empty());
        let customer = given(&self.customer)
            .map(|id| CustomerId::parse(&id))
            .transpose()
            .map_err(|e| Problem::bad_request(format!("`customer` {e}")))?;
        let status = given(&self.status).map(|text| {
            Status::ALL.into_iter().find(|status| status.as_str() == text).ok_or_else(|| {
                let known = Status::ALL.map(Status::as_str).join(", ");
                Problem::bad_request(format!("`status` must be one of {known}"))
            })
        });
        let sort = match given(&self.sort).as_deref() {
            None | Some("plate") => Sort::Plate,
            Some("id") => Sort::Id,
            Some("customer") => Sort::Customer,
            Some("status") => Sort::Status,
            Some("last_seen") => Sort::LastSeen,
            Some(_) => {
                let known = "plate, id, customer, status, last_seen";
                return Err(Problem::bad_request(format!("`sort` must be one of {known}")));
            }
        };
        let descending = match given(&self.order).as_deref() {
            None | Some("asc") => false,
            Some("desc") => true,
            Some(_) => return Err(Problem::bad_request("`order` must be asc or desc")),
        };
        let after = given(&self.after).map(|text| {
            let wrong = "`after` is not the `next` of an earlier page";
            Cursor::parse(&text).ok_or_else(|| Problem::bad_request(wrong))
        });
        Ok(Filter {
            customer,
            status: status.transpose()?,
            text: given(&self.q),
            sort,
            descending,
            limit: page_size(self.limit, PAGE_MAX)?,
            after: after.transpose()?,
        })
    }
}

pub(super) fn parse_vehicle(text: &str) -> Result<VehicleId, Problem> {
    VehicleId::parse(text).map_err(|e| Problem::bad_request(format!("the vehicle's id {e}")))
}

fn not_registered(id: &VehicleId) -> Problem {
    let id = id.as_str();
    Problem::not_found(format!("no vehicle `{id}` is registered: PUT /admin/vehicles/{id} does it"))
}

impl Desk {
    /// Says of each whether it is in a car park, where somebody knows.
    pub(super) async fn with_inside(&self, vehicles: &mut [VehicleItem]) {
        let Some(inside) = &self.inside else { return };
        let plates = vehicles.iter().map(|vehicle| Plate::parse(&vehicle.plate));
        let Ok(plates) = plates.collect::<Result<Vec<_>, _>>() else { return };
        match inside.inside(&plates).await {
            Ok(answers) => {
                for (vehicle, inside) in vehicles.iter_mut().zip(answers) {
                    vehicle.inside = Some(inside);
                }
            }
            Err(e) => {
                self.metrics.failures.with_label_values(&["inside"]).inc();
                warn!(error = e, "it is not known which vehicles are inside");
            }
        }
    }
}

/// Vehicles with their owners and states: filtered, sorted, in pages.
#[utoipa::path(get, path = "/vehicles", tag = "vehicles", params(ListQuery), responses((status = 200, body = VehiclePage), (status = 400, body = ProblemBody<'_>)))]
pub(super) async fn list(
    desk: Data<Desk>,
    asked: Query<ListQuery>,
) -> Result<HttpResponse, Problem> {
    let mut page = desk.registry.send(List(asked.to_filter()?)).await?;
    desk.with_inside(&mut page.vehicles).await;
    Ok(HttpResponse::Ok().json(page))
}

/// A vehicle, with the changes of its status.
#[utoipa::path(get, path = "/vehicles/{vehicle_id}", tag = "vehicles", params(("vehicle_id" = String, Path)), responses((status = 200, body = VehicleDetail), (status = 404, body = ProblemBody<'_>)))]
pub(super) async fn detail(
    desk: Data<Desk>,
    vehicle: Path<String>,
) -> Result<HttpResponse, Problem> {
    let id = parse_vehicle(&vehicle)?;
    let found = desk.registry.send(Find(id.clone())).await?;
    let mut detail = found.ok_or_else(|| not_registered(&id))?;
    desk.with_inside(std::slice::from_mut(&mut detail.vehicle)).await;
    Ok(HttpResponse::Ok().json(detail))
}

/// A sign of life; answered when it is stored. Sent twice it is the same as once.
#[utoipa::path(post, path = "/vehicles/{vehicle_id}/ping", tag = "vehicles", params(("vehicle_id" = String, Path)), request_body = Option<PingBody>, security(("ping" = [])), responses((status = 200, body = PingAnswer), (status = 400, body = ProblemBody<'_>), (status = 404, body = ProblemBody<'_>), (status = 422, body = ProblemBody<'_>)))]
pub(super) async fn ping(
    desk: Data<Desk>,
    vehicle: Path<String>,
    body: Bytes,
) -> Result<HttpResponse, Problem> {
    let vehicle = parse_vehicle(&vehicle)?;
    let body: PingBody = match body.trim_ascii() {
        [] => PingBody::default(),
        body => serde_json::from_slice(body).map_err(|e| {
            let place = format!("line {}, column {}", e.line(), e.column());
            let example = "{\"id\":\"…\",\"at\":\"2026-11-20T10:00:00Z\"}";
            Problem::bad_request(format!("not a ping ({place}): send {example}, or no body"))
        })?,
    };
    if let Some(named) = &body.vehicle_id
        && VehicleId::parse(named).as_ref() != Ok(&vehicle)
    {
        return Err(Problem::unprocessable("`vehicle_id` is not the vehicle of the path"));
    }
    let now = desk.clock.now();
    let at = match &body.at {
        Some(text) => {
            parse_ping_time(text, now).map_err(|e| Problem::unprocessable(e.to_string()))?
        }
        None => now,
    };
    let answers = desk.registry.send(Pings(vec![Ping { vehicle: vehicle.clone(), at }])).await?;
    match answers.into_iter().next() {
        Some(Ok(accepted)) => Ok(HttpResponse::Ok().json(PingAnswer {
            vehicle_id: vehicle.as_str().to_owned(),
            status: accepted.status.as_str(),
            last_seen: time(accepted.last_seen),
        })),
        Some(Err(PingRejection::UnknownVehicle)) => Err(not_registered(&vehicle)),
        Some(Err(e)) => Err(Problem::unprocessable(e.to_string())),
        None => Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "no answer for the ping")),
    }
}
