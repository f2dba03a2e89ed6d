//! The paths of other roles, at the pages' own port: handed on to them. A process that has such a
//! role answers its paths by itself, and does not come here.

use actix_web::web::{self, Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use platform::http::{Problem, Routes};

use super::actors_client::Body;
use super::{Actors, Monitor, Office, Pages};

/// Bring files.
const IMPORTS: [&str; 2] = ["/admin/vehicles/import", "/admin/places/import"];

/// These routes, answered by the vehicle monitor, wherever it is.
pub fn to_monitor(routes: Routes) -> Routes {
    routes.handed_on(|| web::route().to(ask_monitor))
}

/// These routes, answered by the actors, wherever they are.
pub fn to_actors(routes: Routes) -> Routes {
    routes.handed_on(|| web::route().to(ask_actors))
}

/// These routes, answered by the office, wherever it is.
pub fn to_office(routes: Routes) -> Routes {
    routes.handed_on(|| web::route().to(ask_office))
}

async fn ask_office(
    pages: Data<Pages>,
    office: Data<Office>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    office.0.hand_on(&request, said(&request, payload), is_over(&pages)).await
}

async fn ask_monitor(
    pages: Data<Pages>,
    monitor: Data<Monitor>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    monitor.0.hand_on(&request, said(&request, payload), is_over(&pages)).await
}

async fn ask_actors(
    pages: Data<Pages>,
    actors: Data<Actors>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    actors.0.hand_on(&request, Body::Said(payload), is_over(&pages)).await
}

fn said(request: &HttpRequest, payload: Payload) -> Body {
    match IMPORTS.contains(&request.path()) {
        true => Body::File(payload),
        false => Body::Said(payload),
    }
}

/// Comes when the service ends: whoever listens to events is let go of.
fn is_over(pages: &Pages) -> impl Future<Output = ()> + use<> {
    let mut news = pages.lookout.subscribe();
    async move {
        let _ = news.wait_for(|news| news.is_over).await;
    }
}
