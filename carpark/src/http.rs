//! What a role serves over HTTP: its routes, what every role answers (`/livez`, `/readyz`,
//! `/metrics`), and who may ask for what. [`listener`] is where it listens.

mod connections;
mod described;
pub mod entrance;
pub mod guesses;
mod head;
mod held;
pub mod listener;
mod origin;
pub mod port;
mod protection;
pub mod rate;
pub mod sign_in;
mod stream;
pub mod tokens;

use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::{Arc, Mutex};

use actix_web::body::BoxBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::middleware::{Next, from_fn};
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpMessage, HttpResponse, ResponseError};
use anyhow::bail;
use platform::component::{Component, States};
use platform::http::{Problem, Routes, Scope};
use serde_json::json;

use connections::{AtWork, Connection};
use entrance::{Access, Entrance};
use held::Held;

/// What a listener serves.
#[derive(Default)]
pub struct Site {
    routes: Vec<Routes>,
    checks: Vec<States>,
    remarks: Vec<States>,
}

impl Site {
    /// Adds what a component answers, and what is asked after it.
    pub fn add(&mut self, component: &dyn Component) {
        self.routes.push(component.routes());
        self.checks.extend(component.checks());
        self.remarks.extend(component.remarks());
    }

    /// Those, and what every listener answers.
    fn all_routes(site: &Arc<Mutex<Self>>) -> Routes {
        let routes = site.lock().map(|site| site.routes.clone()).unwrap_or_default();
        let routes = routes.into_iter().fold(described::routes(), Routes::and);
        let described = Data::new(described::merged(routes.described()));
        let site = Arc::clone(site);
        routes.sharing(move || described.clone()).sharing(move || Data::from(Arc::clone(&site)))
    }
}

/// Adds routes to an application, each behind the guard. Whatever none of them answers is the
/// administrator's to know.
fn configure(routes: &Routes, access: Arc<Access>, config: &mut ServiceConfig) {
    let judge = move |scope, request, next| guard(Arc::clone(&access), scope, request, next);
    routes.configure(judge.clone(), config);
    let judged = from_fn(move |request, next| judge(Scope::Admin, request, next));
    config.default_service(web::to(::web::pages::nowhere).wrap(judged));
}

/// Whether a role that listens there must have a token.
pub fn check_exposure(
    address: SocketAddr,
    key: &str,
    needed: &[(&str, &Option<String>)],
) -> anyhow::Result<()> {
    let Some((token, _)) = needed.iter().find(|(_, token)| token.is_none()) else {
        return Ok(());
    };
    if address.ip().is_loopback() {
        return Ok(());
    }
    bail!(
        "`{key}` = \"{address}\" can be reached from other machines, but no token protects it: set \
         CARPARK_{} (or …_FILE), or listen on 127.0.0.1",
        token.to_uppercase()
    );
}

fn readyz(site: &Mutex<Site>) -> HttpResponse {
    let Ok(site) = site.lock() else {
        return HttpResponse::InternalServerError().finish();
    };
    let all = |states: &[States]| -> Vec<_> { states.iter().flat_map(|states| states()).collect() };
    let json = |states: Vec<(String, String)>| -> serde_json::Map<_, _> {
        states.into_iter().map(|(name, state)| (name, json!(state))).collect()
    };
    let states = all(&site.checks);
    let is_ready = states.iter().all(|(_, state)| state == "ok");
    let (parts, remarks) = (json(states), json(all(&site.remarks)));
    let mut answer = if is_ready { HttpResponse::Ok() } else { HttpResponse::ServiceUnavailable() };
    answer.json(json!({ "ready": is_ready, "parts": parts, "remarks": remarks }))
}

/// Lets a request through if it shows the token that its route's scope wants, and its address has not
/// asked too often. The actors, the cameras and the vehicles post as often as they have to.
async fn guard(
    access: Arc<Access>,
    scope: Scope,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> actix_web::Result<ServiceResponse<BoxBody>> {
    let entrance = access.entrance(scope, &request);
    access.guesses.look();
    let is_welcome = matches!(entrance, Entrance::Welcome(_));
    let is_post = is_welcome && entrance::is_programs_post(scope, request.method());
    let client = access.client(&request);
    if !is_post && client.is_some_and(|client| !access.rates.allow(client.0)) {
        let (name, value) = (header::RETRY_AFTER, HeaderValue::from_static("1"));
        let detail = "too many requests from this address; CARPARK_REQUESTS_PER_SECOND allows more";
        let refusal = problem(StatusCode::TOO_MANY_REQUESTS, (name, value), detail);
        return Ok(protected(request.into_response(refusal)));
    }
    let refusal = match entrance {
        Entrance::Welcome(principal) => {
            let work = begin(&request, principal.is_known());
            if let Some(client) = client {
                request.extensions_mut().insert(client);
            }
            request.extensions_mut().insert(principal);
            let answer = next.call(request).await?;
            return Ok(held(protected(answer), work));
        }
        Entrance::SignIn => {
            let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
            sign_in::to_sign_in(path)
        }
        Entrance::Forbidden(detail) => {
            let header = (header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
            problem(StatusCode::FORBIDDEN, header, detail)
        }
        Entrance::Unauthorized { scheme, detail } => {
            let header = (header::WWW_AUTHENTICATE, HeaderValue::from_static(scheme));
            problem(StatusCode::UNAUTHORIZED, header, detail)
        }
    };
    drop(begin(&request, false));
    Ok(protected(request.into_response(refusal)))
}

fn protected(mut answer: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
    let path = answer.request().path().to_owned();
    protection::protect(&path, answer.headers_mut());
    answer
}

/// Tells the request's connection of it.
fn begin(request: &ServiceRequest, shows_token: bool) -> Option<AtWork> {
    Some(request.conn_data::<Rc<Connection>>()?.begin(shows_token))
}

/// The connection is at work until the answer is sent to its end. One that has no end is given to a
/// stranger only if there is room.
fn held(answer: ServiceResponse<BoxBody>, mut work: Option<AtWork>) -> ServiceResponse<BoxBody> {
    let content_type = answer.headers().get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
    let is_stream = content_type.is_some_and(|is| is.starts_with(b"text/event-stream"));
    if is_stream && work.as_mut().is_some_and(|work| !work.may_stream()) {
        let refusal =
            Problem::unavailable("too many look at this at the moment: sign in, or come again");
        return answer.into_response(refusal.error_response());
    }
    answer.map_body(|_, body| BoxBody::new(Held::until_the_end_of(body, work)))
}

/// A refusal, with a header that says what to do.
fn problem(
    status: StatusCode,
    header: (HeaderName, HeaderValue),
    detail: &str,
) -> HttpResponse<BoxBody> {
    let mut refusal = Problem::new(status, detail).error_response();
    refusal.headers_mut().insert(header.0, header.1);
    refusal
}

#[cfg(test)]
mod tests;
