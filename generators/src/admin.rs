//! What the operator can see and do: `/admin/generators`.
//!
//! `GET` the state, `PUT …/rate` with `{"rate": 10}`, `POST …/pause` and `POST …/resume`. Each
//! answers with the state after it; errors are `application/problem+json` (RFC 9457).

use std::sync::Arc;

use actix::prelude::*;
use actix_web::error::JsonPayloadError;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError, web};
use domain::Direction;
use platform::http::{Problem, Routes, Scope, operation};
use platform::settings::Settings as _;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

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

/// The routes, without the generators behind them.
pub(crate) fn routes() -> Routes {
    Routes::default()
        .add(Scope::Admin, operation!(state))
        .add(Scope::Admin, operation!(set_rate).with(json))
        .add(Scope::Admin, operation!(pause))
        .add(Scope::Admin, operation!(resume))
}

/// Bodies that are no JSON are refused in the words of the others.
fn json() -> web::JsonConfig {
    web::JsonConfig::default().error_handler(|error, _| bad_body(&error).into())
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
#[utoipa::path(method(put, post), path = "/admin/generators/rate", tag = "generators", request_body = RateWanted, responses((status = 200, body = States), (status = 409), (status = 422)))]
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
