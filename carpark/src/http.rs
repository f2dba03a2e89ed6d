//! The listener of a role: its routes, what every role answers (`/livez`, `/readyz`, `/metrics`),
//! and who may ask for what.

mod described;
pub mod entrance;
mod head;
mod origin;
pub mod rate;
pub mod sign_in;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Server, ServerHandle, ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::middleware::{Next, NormalizePath, TrailingSlash, from_fn};
use actix_web::web::{self, ServiceConfig};
use actix_web::{App, HttpMessage, HttpResponse, HttpServer, ResponseError};
use actix_web_prom::PrometheusMetricsBuilder;
use anyhow::{Context, bail};
use prometheus::Registry;
use serde_json::json;
use service::Problem;
use utoipa::openapi::OpenApi;

use entrance::{Access, Entrance};

/// Longer than an HTTP client keeps an idle connection (awc: 15 s), so that it is the client who
/// closes and no request meets a closing server.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// For a request's head to arrive: a slow client does not hold a connection for ever.
const HEAD_WITHIN: Duration = Duration::from_secs(10);
/// Connections at a time.
const CONNECTIONS_MAX: usize = 4096;
/// Seconds, 100 µs to 10 s.
const BUCKETS: &[f64] = &[
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
    5.0, 10.0,
];

type Routes = Box<dyn Fn(&mut ServiceConfig) + Send>;
/// Name and state (`ok`, or why not) of what a role depends on.
type Check = Box<dyn Fn() -> Vec<(String, String)> + Send>;

/// What a listener serves.
#[derive(Default)]
pub struct Site {
    routes: Vec<Routes>,
    checks: Vec<Check>,
    descriptions: Vec<OpenApi>,
}

impl Site {
    /// Adds routes.
    pub fn routes(&mut self, routes: impl Fn(&mut ServiceConfig) + Send + 'static) {
        self.routes.push(Box::new(routes));
    }

    /// Adds a description of routes.
    pub fn describe(&mut self, described: OpenApi) {
        self.descriptions.push(described);
    }

    /// Adds something that has to be `ok` for the role to be ready.
    pub fn check(&mut self, check: impl Fn() -> Vec<(String, String)> + Send + 'static) {
        self.checks.push(Box::new(check));
    }
}

/// A bound listener.
pub struct Listener {
    server: Server,
    /// Where it listens, the port being the real one.
    pub address: SocketAddr,
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

/// Binds `address` and prepares the site. `key` names the setting in errors; `namespace` stands
/// before the names of the HTTP metrics.
pub fn listen(
    address: SocketAddr,
    key: &str,
    namespace: &str,
    site: Arc<Mutex<Site>>,
    access: Access,
    registry: Registry,
) -> anyhow::Result<Listener> {
    let metrics = PrometheusMetricsBuilder::new(namespace)
        .registry(registry)
        .endpoint("/metrics")
        .buckets(BUCKETS)
        .mask_unmatched_patterns("UNKNOWN")
        .build()
        .map_err(|e| anyhow::anyhow!("metrics of the listener: {e}"))?;
    let access = Arc::new(access);
    let server = HttpServer::new(move || {
        let (of_routes, of_ready) = (Arc::clone(&site), Arc::clone(&site));
        let access = Arc::clone(&access);
        App::new()
            .wrap(from_fn(move |request, next| guard(Arc::clone(&access), request, next)))
            .wrap(metrics.clone())
            // The outermost: what is behind sees a plain path, and no HEAD.
            .wrap(from_fn(head::as_get))
            .wrap(NormalizePath::new(TrailingSlash::MergeOnly))
            .configure(move |config| {
                if let Ok(site) = of_routes.lock() {
                    site.routes.iter().for_each(|routes| routes(config));
                    described::routes(described::merged(site.descriptions.clone()), config);
                }
            })
            .route("/livez", web::get().to(|| async { HttpResponse::Ok().body("ok\n") }))
            .route("/readyz", web::get().to(move || std::future::ready(readyz(&of_ready))))
    })
    .workers(1)
    .max_connections(CONNECTIONS_MAX)
    .keep_alive(KEEP_ALIVE)
    .client_request_timeout(HEAD_WITHIN)
    .shutdown_timeout(2)
    .disable_signals()
    .bind(address)
    .with_context(|| {
        format!(
            "cannot listen on {address}: is another program (or another carpark) using the port? \
             Set CARPARK_{} or --{} to another address",
            key.to_uppercase(),
            key.replace('_', "-")
        )
    })?;
    let address = server.addrs().first().copied().unwrap_or(address);
    Ok(Listener { server: server.run(), address })
}

impl Listener {
    /// Starts to answer.
    pub fn start(self) -> ServerHandle {
        let handle = self.server.handle();
        actix_rt::spawn(self.server);
        handle
    }
}

fn readyz(site: &Mutex<Site>) -> HttpResponse {
    let Ok(site) = site.lock() else {
        return HttpResponse::InternalServerError().finish();
    };
    let states: Vec<(String, String)> = site.checks.iter().flat_map(|check| check()).collect();
    let is_ready = states.iter().all(|(_, state)| state == "ok");
    let parts: serde_json::Map<_, _> =
        states.into_iter().map(|(name, state)| (name, json!(state))).collect();
    let mut answer = if is_ready { HttpResponse::Ok() } else { HttpResponse::ServiceUnavailable() };
    answer.json(json!({ "ready": is_ready, "parts": parts }))
}

/// Lets a request through if it shows the token that its path wants, and its address has not asked
/// too often. The actors, the cameras and the vehicles post as often as they have to.
async fn guard(
    access: Arc<Access>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> actix_web::Result<ServiceResponse<BoxBody>> {
    let entrance = access.entrance(&request);
    let is_welcome = matches!(entrance, Entrance::Welcome(_));
    let is_post = is_welcome && entrance::is_programs_post(request.path());
    let address = request.peer_addr().map(|address| address.ip());
    if !is_post && address.is_some_and(|address| !access.rates.allow(address)) {
        let (name, value) = (header::RETRY_AFTER, HeaderValue::from_static("1"));
        let detail = "too many requests from this address; CARPARK_REQUESTS_PER_SECOND allows more";
        let refusal = problem(StatusCode::TOO_MANY_REQUESTS, (name, value), detail);
        return Ok(request.into_response(refusal));
    }
    let refusal = match entrance {
        Entrance::Welcome(viewer) => {
            request.extensions_mut().insert(viewer);
            return Ok(next.call(request).await?.map_into_boxed_body());
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
    Ok(request.into_response(refusal))
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
