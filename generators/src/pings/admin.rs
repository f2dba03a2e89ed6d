//! `/admin/generators/pings`: the simulated vehicles, shown, paused and resumed.

use actix::Addr;
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpResponse, Responder};
use utoipa::OpenApi;

use super::generator::{Order, PingGenerator, State};

/// The routes, described.
#[derive(OpenApi)]
#[openapi(paths(state, pause, resume), security(("admin" = [])))]
pub(super) struct Described;

/// Adds the routes.
pub(super) fn routes(generator: &Addr<PingGenerator>, config: &mut ServiceConfig) {
    config
        .app_data(Data::new(generator.clone()))
        .service(web::resource("/admin/generators/pings").route(web::get().to(state)))
        .service(web::resource("/admin/generators/pings/pause").route(web::post().to(pause)))
        .service(web::resource("/admin/generators/pings/resume").route(web::post().to(resume)));
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
