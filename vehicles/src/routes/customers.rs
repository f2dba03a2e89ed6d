//! `/admin/customers`: whose the vehicles are.

use actix_web::HttpResponse;
use actix_web::web::{Data, Json, Path, Query};
use domain::{Customer, CustomerId};
use platform::http::{Problem, ProblemBody, page_size};

use super::Desk;
use super::vehicles::PAGE_MAX;
use crate::registry::{Customers, Edit, FindCustomer};
use crate::shapes::{
    CustomerBody, CustomerItem, CustomerPage, CustomersQuery, RemovalQuery, Removed,
};

pub(super) fn parse_customer(text: &str) -> Result<CustomerId, Problem> {
    CustomerId::parse(text).map_err(|e| Problem::bad_request(format!("the customer's id {e}")))
}

/// Customers in the order of their ids, in pages.
#[utoipa::path(get, path = "/admin/customers", tag = "customers", params(CustomersQuery), responses((status = 200, body = CustomerPage), (status = 400, body = ProblemBody<'_>)))]
pub(super) async fn list(
    desk: Data<Desk>,
    asked: Query<CustomersQuery>,
) -> Result<HttpResponse, Problem> {
    let limit = page_size(asked.limit, PAGE_MAX)?;
    let after = asked.after.as_deref().map(parse_customer).transpose()?;
    let mut customers = desk.registry.send(Customers { after, limit: limit + 1 }).await?;
    let is_more = customers.len() > limit;
    customers.truncate(limit);
    let next = customers.last().filter(|_| is_more).map(|customer| customer.id.clone());
    Ok(HttpResponse::Ok().json(CustomerPage { customers, next }))
}

/// One customer, by id.
#[utoipa::path(get, path = "/admin/customers/{customer}", tag = "customers", params(("customer" = String, Path)), responses((status = 200, body = CustomerItem), (status = 404, body = ProblemBody<'_>)))]
pub(super) async fn show(
    desk: Data<Desk>,
    customer: Path<String>,
) -> Result<HttpResponse, Problem> {
    let id = parse_customer(&customer)?;
    let found = desk.registry.send(FindCustomer(id)).await?;
    let found = found.ok_or_else(|| Problem::not_found("no such customer is registered"))?;
    Ok(HttpResponse::Ok().json(found))
}

/// Registers a customer, or changes name and address.
#[utoipa::path(put, path = "/admin/customers/{customer}", tag = "customers", params(("customer" = String, Path)), request_body = CustomerBody, responses((status = 200, body = CustomerItem), (status = 400, body = ProblemBody<'_>), (status = 422, body = ProblemBody<'_>)))]
pub(super) async fn put(
    desk: Data<Desk>,
    customer: Path<String>,
    body: Json<CustomerBody>,
) -> Result<HttpResponse, Problem> {
    let id = parse_customer(&customer)?;
    let customer = Customer::new(id.clone(), &body.name, &body.address)
        .map_err(|(field, e)| Problem::unprocessable(format!("`{field}` {e}")))?;
    desk.registry.send(Edit::PutCustomer(customer)).await??;
    let kept = desk.registry.send(FindCustomer(id)).await?;
    Ok(HttpResponse::Ok().json(kept))
}

/// Removes a customer; one with vehicles only where the vehicles go as well.
#[utoipa::path(delete, path = "/admin/customers/{customer}", tag = "customers", params(("customer" = String, Path), RemovalQuery), responses((status = 200, body = Removed), (status = 404, body = ProblemBody<'_>), (status = 409, body = ProblemBody<'_>)))]
pub(super) async fn remove(
    desk: Data<Desk>,
    customer: Path<String>,
    asked: Query<RemovalQuery>,
) -> Result<HttpResponse, Problem> {
    let id = parse_customer(&customer)?;
    let edit = Edit::RemoveCustomer { id, with_vehicles: asked.with_vehicles };
    let vehicles = desk.registry.send(edit).await??;
    Ok(HttpResponse::Ok().json(Removed { vehicles }))
}
