//! The paths of other roles, at the pages' own port: handed on to them. A process that has such a
//! role answers its paths by itself, and does not come here.
//!
//! | paths | whose |
//! |---|---|
//! | `/vehicles…`, `/admin/vehicles…`, `/admin/customers…` | the vehicle monitor's |
//! | `/admin/status`, `/admin/sessions…`, `/admin/exceptions`, `/admin/dead-letters…`, `/admin/plates…` | the actors' |

use actix_web::web::{self, Data, Payload, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use platform::http::Problem;

use super::actors_client::Body;
use super::{Actors, Monitor, Pages};

/// Brings a file of vehicles.
const IMPORT: &str = "/admin/vehicles/import";

/// Adds the paths of the roles that run in other processes.
pub(super) fn configure(pages: &Pages, config: &mut ServiceConfig) {
    if !pages.options.vehicles.is_here {
        for path in ["/vehicles{more:(/.*)?}", "/admin/{more:(vehicles|customers)(/.*)?}"] {
            config.service(web::resource(path).route(web::route().to(to_monitor)));
        }
    }
    if !pages.options.actors.is_here {
        let path = "/admin/{more:(status|sessions|exceptions|dead-letters|plates)(/.*)?}";
        config.service(web::resource(path).route(web::route().to(to_actors)));
    }
}

async fn to_monitor(
    pages: Data<Pages>,
    monitor: Data<Monitor>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let body = match request.path() == IMPORT {
        true => Body::File(payload),
        false => Body::Said(payload),
    };
    monitor.0.hand_on(&request, body, is_over(&pages)).await
}

async fn to_actors(
    pages: Data<Pages>,
    actors: Data<Actors>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    actors.0.hand_on(&request, Body::Said(payload), is_over(&pages)).await
}

/// Comes when the service ends: whoever listens to events is let go of.
fn is_over(pages: &Pages) -> impl Future<Output = ()> + use<> {
    let mut news = pages.lookout.subscribe();
    async move {
        let _ = news.wait_for(|news| news.is_over).await;
    }
}
