//! The listener of a role: its routes, what every role answers (`/livez`, `/readyz`, `/metrics`),
//! and who may ask for what.

mod described;
mod origin;
pub mod rate;
pub mod sign_in;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ::web::pages::Viewer;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Server, ServerHandle, ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::{Next, from_fn};
use actix_web::web::{self, ServiceConfig};
use actix_web::{App, HttpMessage, HttpResponse, HttpServer};
use actix_web_prom::PrometheusMetricsBuilder;
use anyhow::{Context, bail};
use prometheus::Registry;
use serde_json::json;
use subtle::ConstantTimeEq;
use utoipa::openapi::OpenApi;

use crate::config::Tokens;
use rate::Rates;
use sign_in::SignIns;

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

/// Who may ask, and how often.
pub struct Access {
    /// What has to be shown.
    pub tokens: Tokens,
    /// Per client address.
    pub rates: Rates,
    /// Who has signed in on the pages; none where there are no pages.
    pub sign_ins: Option<Arc<SignIns>>,
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
/// too often. The actors post as often as they have to.
async fn guard(
    access: Arc<Access>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> actix_web::Result<ServiceResponse<BoxBody>> {
    let entrance = access.entrance(&request);
    let is_welcome = matches!(entrance, Entrance::Welcome(_));
    let is_post = is_welcome && (SINKS.contains(&request.path()) || is_ping(request.path()));
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
        Entrance::Unauthorized => {
            let header = (header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            let detail = "send the header `Authorization: Bearer TOKEN`";
            problem(StatusCode::UNAUTHORIZED, header, detail)
        }
    };
    Ok(request.into_response(refusal))
}

/// What becomes of a request.
enum Entrance {
    /// It is let through; so much is shown on a page.
    Welcome(Viewer),
    /// A person is shown where to sign in.
    SignIn,
    /// A program is told what to show.
    Unauthorized,
    /// Another site's page had it sent.
    Forbidden(&'static str),
}

impl Access {
    /// Judges a request by the token that its path wants. A sign-in counts as the administrator's
    /// token. Where no token is set, only what comes from this machine's own pages and programs is
    /// let through.
    fn entrance(&self, request: &ServiceRequest) -> Entrance {
        let (path, method, headers) = (request.path(), request.method(), request.headers());
        let Some(wanted) = wanted_token(&self.tokens, path) else {
            return match refused_without_token(request) {
                _ if is_open(path) => Entrance::Welcome(self.viewer(request)),
                Some(why) => Entrance::Forbidden(why),
                None => Entrance::Welcome(Viewer::trusted()),
            };
        };
        if shows(request, wanted) {
            return Entrance::Welcome(Viewer::trusted());
        }
        let sign_ins = self.sign_ins.as_ref().filter(|_| !is_sinks(path) && !is_ping(path));
        match sign_ins.map(|sign_ins| sign_ins.of(headers)) {
            Some(Some(sign_in)) if sign_in.allows(method, headers) => {
                Entrance::Welcome(sign_in.viewer())
            }
            Some(Some(_)) => Entrance::Forbidden("the page's own token is missing: load it again"),
            Some(None) if method == Method::GET && wants_html(headers) => Entrance::SignIn,
            _ => Entrance::Unauthorized,
        }
    }

    /// Who looks at a page that everybody may see: how much of it is shown.
    fn viewer(&self, request: &ServiceRequest) -> Viewer {
        let Some(token) = wanted_token(&self.tokens, ADMINS) else {
            return match refused_without_token(request) {
                None => Viewer::trusted(),
                Some(_) => Viewer::stranger(),
            };
        };
        if shows(request, token) {
            return Viewer::trusted();
        }
        let sign_in = self.sign_ins.as_ref().and_then(|all| all.of(request.headers()));
        sign_in.map_or_else(Viewer::stranger, |sign_in| sign_in.viewer())
    }
}

/// The actors may know the sink by any name, a vehicle the monitor; they are no browser.
fn refused_without_token(request: &ServiceRequest) -> Option<&'static str> {
    let is_programs = is_sinks(request.path()) || is_ping(request.path());
    let is_program = is_programs && !origin::is_of_browser(request.headers());
    let refused = || origin::refused_without_token(request.method(), request.headers());
    if is_program { None } else { refused() }
}

/// Whether a browser asks for a page.
fn wants_html(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    accepted.is_some_and(|accepted| accepted.contains("text/html"))
}

/// A refusal as RFC 9457 has it.
fn problem(
    status: StatusCode,
    header: (HeaderName, HeaderValue),
    detail: &str,
) -> HttpResponse<BoxBody> {
    HttpResponse::build(status)
        .insert_header(header)
        .insert_header((header::CONTENT_TYPE, "application/problem+json"))
        .body(
            json!({
                "type": "about:blank",
                "title": status.canonical_reason().unwrap_or("Error"),
                "status": status.as_u16(),
                "detail": detail,
            })
            .to_string(),
        )
}

/// Paths that anybody may ask for.
const OPEN: &[&str] = &["/livez", "/readyz", "/metrics", "/openapi.json", "/docs"];
/// Pages that anybody may ask for: to a stranger they show no plate.
const PAGES: &[&str] = &["/", "/events", "/sign-in", "/sign-out"];
/// What they are drawn with.
const ASSETS: &str = "/assets/";
/// A path that is the administrator's.
const ADMINS: &str = "/admin";
/// The parts of the page at `/docs`.
const DOCS: &str = "/docs/";
/// Paths of the sink.
const SINKS: &[&str] = &["/save_summary", "/save_exception"];
/// Where the sink shows and erases the rows of a plate.
const SINKS_PLATES: &str = "/plates/";

/// Where a vehicle tells of itself.
fn is_ping(path: &str) -> bool {
    let vehicle = path.strip_prefix("/vehicles/").and_then(|path| path.strip_suffix("/ping"));
    vehicle.is_some_and(|vehicle| !vehicle.contains('/'))
}

/// The token for a path: none for what is open to all, the sink's for posts of summaries, the
/// vehicles' for pings, the administrator's for everything else. So a path that is spelled otherwise
/// (`/%61dmin`, which the router takes for `/admin`) is no way around. None where the token is not set.
fn wanted_token<'a>(tokens: &'a Tokens, path: &str) -> Option<&'a str> {
    if is_open(path) {
        None
    } else if is_sinks(path) {
        tokens.sink.as_deref()
    } else if is_ping(path) && tokens.ping.is_some() {
        tokens.ping.as_deref()
    } else {
        tokens.admin.as_deref().or(tokens.sink.as_deref())
    }
}

fn is_open(path: &str) -> bool {
    OPEN.contains(&path)
        || PAGES.contains(&path)
        || path.starts_with(DOCS)
        || path.starts_with(ASSETS)
}

fn is_sinks(path: &str) -> bool {
    SINKS.contains(&path) || path.starts_with(SINKS_PLATES)
}

fn shows(request: &ServiceRequest, token: &str) -> bool {
    let shown = request
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim());
    // In constant time: the answer's delay must not tell how much of a guess was right.
    shown.is_some_and(|shown| shown.as_bytes().ct_eq(token.as_bytes()).into())
}

#[cfg(test)]
mod tests;
