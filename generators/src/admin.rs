//! What the operator can see and do: `/admin/generators`.
//!
//! `GET` the state, `PUT …/rate` with `{"rate": 10}`, `POST …/pause` and `POST …/resume`. Each
//! answers with the state after it; errors are `application/problem+json` (RFC 9457). Who may call
//! is decided around these routes, not here.

use actix::prelude::*;
use actix_web::error::JsonPayloadError;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, ResponseError, web};
use platform::http::Problem;
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};

use crate::control::{Describe, Pause, Resume, Schedule, SetRate};
use crate::entry_generator::EntryGenerator;
use crate::exit_generator::ExitGenerator;
use crate::metrics::{Counts, Meters};
use crate::options::check_rate;
use crate::traffic::RateIsGiven;

/// The generators of this process; cheap to clone.
#[derive(Clone)]
pub(crate) struct Control {
    /// None where another process makes the entries.
    pub(crate) entries: Option<Addr<EntryGenerator>>,
    /// None where another process makes the exits.
    pub(crate) exits: Option<Addr<ExitGenerator>>,
    /// What they have done.
    pub(crate) meters: Meters,
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
    let entries = ask(control.entries.as_ref(), Describe).await?;
    let exits = ask(control.exits.as_ref(), Describe).await?;
    Ok(control.answer(entries, exits))
}

/// Makes nothing until they are resumed.
#[utoipa::path(post, path = "/admin/generators/pause", tag = "generators", responses((status = 200, body = States)))]
async fn pause(control: web::Data<Control>) -> Result<HttpResponse, Problem> {
    let entries = ask(control.entries.as_ref(), Pause).await?;
    let exits = ask(control.exits.as_ref(), Pause).await?;
    Ok(control.answer(entries, exits))
}

/// Lets the generators go on.
#[utoipa::path(post, path = "/admin/generators/resume", tag = "generators", responses((status = 200, body = States)))]
async fn resume(control: web::Data<Control>) -> Result<HttpResponse, Problem> {
    let entries = ask(control.entries.as_ref(), Resume).await?;
    let exits = ask(control.exits.as_ref(), Resume).await?;
    Ok(control.answer(entries, exits))
}

/// So many vehicles per second from now on.
#[utoipa::path(put, path = "/admin/generators/rate", tag = "generators", request_body = RateWanted, responses((status = 200, body = States), (status = 409), (status = 422)))]
async fn set_rate(
    control: web::Data<Control>,
    wanted: web::Json<RateWanted>,
) -> Result<HttpResponse, Problem> {
    let rate = wanted.rate;
    check_rate(rate).map_err(|e| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, e.why))?;
    let entries = ask(control.entries.as_ref(), SetRate(rate)).await?.transpose()?;
    let exits = ask(control.exits.as_ref(), SetRate(rate)).await?.transpose()?;
    Ok(control.answer(entries, exits))
}

/// Asks a generator, if it runs here.
async fn ask<A, M>(generator: Option<&Addr<A>>, message: M) -> Result<Option<M::Result>, Problem>
where
    A: Actor<Context = Context<A>> + Handler<M>,
    M: Message + Send + 'static,
    M::Result: Send,
{
    let Some(generator) = generator else { return Ok(None) };
    generator.send(message).await.map(Some).map_err(|_| {
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "the generators are stopping".to_owned())
    })
}

impl Control {
    fn answer(&self, entries: Option<Schedule>, exits: Option<Schedule>) -> HttpResponse {
        HttpResponse::Ok().json(States {
            entries: entries
                .map(|schedule| State { schedule, counts: self.meters.entries.counts() }),
            exits: exits.map(|schedule| State { schedule, counts: self.meters.exits.counts() }),
        })
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
