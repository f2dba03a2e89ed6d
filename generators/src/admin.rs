//! What the operator can see and do: `/admin/generators`.
//!
//! `GET` the state, `PUT …/rate` with `{"rate": 10}`, `POST …/pause` and `POST …/resume`. Each
//! answers with the state after it; errors are `application/problem+json` (RFC 9457). Who may call
//! is decided around these routes, not here.

use std::sync::Arc;

use actix::prelude::*;
use actix_web::error::JsonPayloadError;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, ResponseError, web};
use domain::Direction;
use platform::http::Problem;
use platform::settings::Settings as _;
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};

use crate::generator::{Generator, Order, Schedule};
use crate::metrics::{Counts, Meters};
use crate::options::Options;
use crate::traffic::RateIsGiven;

/// The generators of this process, at most one of each kind; cheap to clone.
#[derive(Clone)]
pub(crate) struct Control(pub(crate) Vec<Running>);

/// One of them.
#[derive(Clone)]
pub(crate) struct Running {
    /// What it makes.
    pub(crate) kind: Direction,
    /// Answers an [`Order`] with its schedule.
    pub(crate) generator: Addr<Generator>,
    /// What it has done.
    pub(crate) meters: Arc<Meters>,
}

/// The state of one generator.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
struct State {
    #[serde(flatten)]
    schedule: Schedule,
    #[serde(flatten)]
    counts: Counts,
}

/// The state of the generators of this process.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
struct States {
    #[serde(skip_serializing_if = "Option::is_none")]
    entries: Option<State>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exits: Option<State>,
}

/// The body of a request for another rate.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RateWanted {
    /// Entries per second.
    rate: f64,
}

/// The routes, described.
#[derive(OpenApi)]
#[openapi(paths(state, set_rate, pause, resume), security(("admin" = [])))]
pub(crate) struct Described;

/// Adds the routes.
pub(crate) fn routes(control: Control, config: &mut web::ServiceConfig) {
    let json = web::JsonConfig::default().error_handler(|error, _| bad_body(&error).into());
    config.service(
        web::scope("/admin/generators")
            .app_data(web::Data::new(control))
            .app_data(json)
            .service(resource("").route(web::get().to(state)))
            .service(
                resource("/rate").route(web::put().to(set_rate)).route(web::post().to(set_rate)),
            )
            .service(resource("/pause").route(web::post().to(pause)))
            .service(resource("/resume").route(web::post().to(resume)))
            .default_service(web::to(|request: HttpRequest| async move {
                Problem::new(StatusCode::NOT_FOUND, format!("{} is not here", request.path()))
                    .error_response()
            })),
    );
}

fn resource(path: &str) -> actix_web::Resource {
    web::resource(path).default_service(web::to(|request: HttpRequest| async move {
        let detail = format!("{} cannot be done with {}", request.method(), request.path());
        Problem::new(StatusCode::METHOD_NOT_ALLOWED, detail).error_response()
    }))
}

/// How the simulated cameras are.
#[utoipa::path(get, path = "/admin/generators", tag = "generators", responses((status = 200, body = States)))]
async fn state(control: web::Data<Control>) -> Result<HttpResponse, Problem> {
    control.ask(Order::Describe).await
}

/// Makes nothing until they are resumed.
#[utoipa::path(post, path = "/admin/generators/pause", tag = "generators", responses((status = 200, body = States)))]
async fn pause(control: web::Data<Control>) -> Result<HttpResponse, Problem> {
    control.ask(Order::Pause).await
}

/// Lets the generators go on.
#[utoipa::path(post, path = "/admin/generators/resume", tag = "generators", responses((status = 200, body = States)))]
async fn resume(control: web::Data<Control>) -> Result<HttpResponse, Problem> {
    control.ask(Order::Resume).await
}

/// So many vehicles per second from now on.
#[utoipa::path(put, path = "/admin/generators/rate", tag = "generators", request_body = RateWanted, responses((status = 200, body = States), (status = 409), (status = 422)))]
async fn set_rate(
    control: web::Data<Control>,
    wanted: web::Json<RateWanted>,
) -> Result<HttpResponse, Problem> {
    let rate = wanted.rate;
    let checked = Options { rate, ..Options::default() }.check();
    checked.map_err(|e| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, e.why))?;
    control.ask(Order::SetRate(rate)).await
}

impl Control {
    /// The generator of `kind`, if it runs here.
    pub(crate) fn of(&self, kind: Direction) -> Option<&Running> {
        self.0.iter().find(|running| running.kind == kind)
    }

    /// Gives `order` to all that run here, and answers with their state after it.
    async fn ask(&self, order: Order) -> Result<HttpResponse, Problem> {
        let ask = async |kind| match self.of(kind) {
            Some(running) => running.ask(order).await.map(Some),
            None => Ok(None),
        };
        let (entries, exits) = (ask(Direction::Entry).await?, ask(Direction::Exit).await?);
        Ok(HttpResponse::Ok().json(States { entries, exits }))
    }
}

impl Running {
    async fn ask(&self, order: Order) -> Result<State, Problem> {
        let schedule = self.generator.send(order).await.map_err(|_| {
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, "the generators are stopping".to_owned())
        })??;
        Ok(State { schedule, counts: self.meters.counts() })
    }
}

fn bad_body(error: &JsonPayloadError) -> Problem {
    Problem::new(error.status_code(), format!("{error}: send JSON such as {{\"rate\": 10}}"))
}

impl From<RateIsGiven> for Problem {
    fn from(error: RateIsGiven) -> Self {
        Self::new(StatusCode::CONFLICT, error.to_string())
    }
}

#[cfg(test)]
mod tests;
