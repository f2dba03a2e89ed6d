//! `/admin/generators/pings`: the simulated vehicles, shown, paused and resumed.

use actix::Addr;
use actix_web::web::Data;
use actix_web::{HttpResponse, Responder};
use platform::http::{Routes, Scope, operation};

use super::generator::{Order, PingGenerator, State};

/// The routes, without the generator behind them.
pub(crate) fn routes() -> Routes {
    Routes::default()
        .add(Scope::Admin, operation!(state))
        .add(Scope::Admin, operation!(pause))
        .add(Scope::Admin, operation!(resume))
}

/// How the simulated vehicles are.
#[utoipa::path(get, path = "/admin/generators/pings", tag = "generators", responses((status = 200, body = State)))]
async fn state(generator: Data<Addr<PingGenerator>>) -> impl Responder {
    answer(generator.send(Order::Describe).await)
}

/// They make no pings until they are resumed.
#[utoipa::path(post, path = "/admin/generators/pings/pause", tag = "generators", responses((status = 200, body = State)))]
async fn pause(generator: Data<Addr<PingGenerator>>) -> impl Responder {
    answer(generator.send(Order::Pause).await)
}

/// Lets the vehicles go on.
#[utoipa::path(post, path = "/admin/generators/pings/resume", tag = "generators", responses((status = 200, body = State)))]
async fn resume(generator: Data<Addr<PingGenerator>>) -> impl Responder {
    answer(generator.send(Order::Resume).await)
}

fn answer(state: Result<State, actix::MailboxError>) -> HttpResponse {
    match state {
        Ok(state) => HttpResponse::Ok().json(state),
        Err(_) => HttpResponse::ServiceUnavailable().finish(),
    }
}
