//! Who may ask for what: judges a request by the token that its path wants.

use std::sync::Arc;

use actix_web::dev::ServiceRequest;
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap};
use subtle::ConstantTimeEq;
use web::pages::Viewer;

use super::client::{Client, TrustedProxies};
use super::guesses::Guesses;
use super::origin;
use super::rate::Rates;
use super::sign_in::SignIns;
use crate::config::Tokens;

/// Who may ask, and how often.
pub struct Access {
    /// What has to be shown.
    pub tokens: Tokens,
    /// How many requests each client address may make.
    pub rates: Rates,
    /// Who has signed in on the pages; none where there are no pages.
    pub sign_ins: Option<Arc<SignIns>>,
    /// Whose word on a client's address is taken.
    pub proxies: TrustedProxies,
    /// Wrong tokens, counted for the log.
    pub guesses: Guesses,
}

/// What a path wants to be shown.
#[derive(Debug, PartialEq, Eq)]
enum Wanted<'t> {
    /// Nothing: it is open to all.
    Nothing,
    /// This token has to be shown.
    Token(&'t str),
    /// A token that nobody has set, while others are set: no other one stands in for it.
    Missing(&'static str),
    /// Nothing, because no token is set for it and this machine alone reaches the listener.
    Trust,
}

/// What becomes of a request.
pub(super) enum Entrance {
    /// It is let through; so much is shown on a page.
    Welcome(Viewer),
    /// A person is shown where to sign in.
    SignIn,
    /// A program is told what to show, and how.
    Unauthorized {
        /// The scheme it is asked for.
        scheme: &'static str,
        /// What has to be shown, as the answer says it.
        detail: &'static str,
    },
    /// Another site's page had it sent.
    Forbidden(&'static str),
}

impl Access {
    /// Judges a request by the token that its path wants. A sign-in counts as the administrator's
    /// token. Where no token is set, only what comes from this machine's own pages and programs is
    /// let through.
    pub(super) fn entrance(&self, request: &ServiceRequest) -> Entrance {
        let (path, method, headers) = (request.path(), request.method(), request.headers());
        let wanted = match wanted(&self.tokens, path) {
            Wanted::Token(wanted) => wanted,
            Wanted::Nothing => return Entrance::Welcome(self.viewer(request)),
            Wanted::Trust => {
                return match refused_without_token(request) {
                    Some(why) => Entrance::Forbidden(why),
                    None => Entrance::Welcome(Viewer::trusted()),
                };
            }
            Wanted::Missing(detail) => return Entrance::Unauthorized { scheme: "Bearer", detail },
        };
        let is_camera = is_cameras(path);
        let is_shown = match is_camera {
            true => self
                .tokens
                .cameras()
                .any(|t| cameras::shows_token(headers, request.query_string(), t)),
            false => shows(request, wanted),
        };
        if is_shown {
            return Entrance::Welcome(Viewer::trusted());
        }
        self.note_guess(request, is_camera);
        let sign_ins = self.sign_ins.as_ref().filter(|_| !is_programs(path));
        match sign_ins.map(|sign_ins| sign_ins.of(headers)) {
            Some(Some(sign_in)) if sign_in.allows(method, headers) => {
                Entrance::Welcome(sign_in.viewer())
            }
            Some(Some(_)) => Entrance::Forbidden("reload the page: its token is missing"),
            Some(None) if method == Method::GET && wants_html(headers) => Entrance::SignIn,
            // Many cameras send their password only when they are asked for it this way.
            _ if is_camera => {
                Entrance::Unauthorized { scheme: "Basic realm=\"carpark\"", detail: SHOW_AS_CAMERA }
            }
            _ => Entrance::Unauthorized { scheme: "Bearer", detail: show(&self.tokens, path) },
        }
    }

    /// Where the request comes from.
    pub(super) fn client(&self, request: &ServiceRequest) -> Option<Client> {
        self.proxies.client(request)
    }

    /// A wrong token is a guess; none at all is not.
    fn note_guess(&self, request: &ServiceRequest, is_camera: bool) {
        let in_query = || {
            let query = url::form_urlencoded::parse(request.query_string().as_bytes());
            query.into_iter().any(|(name, _)| name == "token")
        };
        let shows_any = request.headers().contains_key(header::AUTHORIZATION);
        if (shows_any || (is_camera && in_query()))
            && let Some(Client(address)) = self.client(request)
        {
            self.guesses.wrong(address);
        }
    }

    /// Who looks at a page that everybody may see: how much of it is shown.
    fn viewer(&self, request: &ServiceRequest) -> Viewer {
        let token = match wanted(&self.tokens, ADMINS) {
            Wanted::Token(token) => token,
            Wanted::Trust if refused_without_token(request).is_none() => return Viewer::trusted(),
            _ => return Viewer::stranger(),
        };
        if shows(request, token) {
            return Viewer::trusted();
        }
        let sign_in = self.sign_ins.as_ref().and_then(|all| all.of(request.headers()));
        sign_in.map_or_else(Viewer::stranger, |sign_in| sign_in.viewer())
    }
}

/// The actors may know the sink by any name, a vehicle the monitor, a camera the web role: what they
/// post shows no plate, and they are no browser. A proxy is refused on every route: whom it lets in,
/// nobody here knows.
fn refused_without_token(request: &ServiceRequest) -> Option<&'static str> {
    let headers = request.headers();
    if let Some(why) = origin::refused_behind_a_proxy(headers) {
        return Some(why);
    }
    let is_program = is_programs_post(request.path()) && !origin::is_of_browser(headers);
    let refused = || origin::refused_without_token(request.method(), headers);
    if is_program { None } else { refused() }
}

/// Whether a browser asks for a page.
fn wants_html(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    accepted.is_some_and(|accepted| accepted.contains("text/html"))
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
/// Where cameras post, and where people mean them to.
const CAMERAS: &[&str] = &["/cameras", "/camera"];
const SHOW: &str = "this wants the admin token (CARPARK_ADMIN_TOKEN; of the containers `just token` \
    prints it): send the header `Authorization: Bearer TOKEN`";
const SHOW_AS_SINK: &str = "this wants the sink token, and no other (CARPARK_SINK_TOKEN; of the \
    containers `just token sink` prints it): send the header `Authorization: Bearer TOKEN`";
const SHOW_AS_VEHICLE: &str = "this wants the ping token, and no other (CARPARK_PING_TOKEN; of the \
    containers `just token ping` prints it): send the header `Authorization: Bearer TOKEN`";
const SHOW_AS_CAMERA: &str = "this wants the camera token (CARPARK_CAMERA_TOKEN; of the containers \
    `just token camera` prints it): send it as `Authorization: Bearer TOKEN`, as the password of \
    basic authentication, or as ?token=TOKEN";

/// Which token a path wants, and where it is found: for people.
fn show(tokens: &Tokens, path: &str) -> &'static str {
    if is_sinks(path) {
        SHOW_AS_SINK
    } else if is_ping(path) && tokens.ping.is_some() {
        SHOW_AS_VEHICLE
    } else {
        SHOW
    }
}
/// Why the administrator's paths are closed.
pub(super) const NO_ADMIN_TOKEN: &str = "no admin token is set, and no other token stands in for it: \
    set CARPARK_ADMIN_TOKEN, and send it as `Authorization: Bearer TOKEN`";
const NO_PING_TOKEN: &str = "no token for pings is set, and no other token stands in for it: set \
    CARPARK_PING_TOKEN, and send it as `Authorization: Bearer TOKEN`";

fn is_cameras(path: &str) -> bool {
    let behind = CAMERAS.iter().find_map(|beginning| path.strip_prefix(beginning));
    behind.is_some_and(|behind| behind.is_empty() || behind.starts_with('/'))
}

/// Where a vehicle reports in.
fn is_ping(path: &str) -> bool {
    let vehicle = path.strip_prefix("/vehicles/").and_then(|path| path.strip_suffix("/ping"));
    vehicle.is_some_and(|vehicle| !vehicle.contains('/'))
}

/// What a path wants: nothing for what is open to all, the sink's token for posts of summaries, the
/// cameras' for posts of reads, the vehicles' for pings, the administrator's for everything else. So
/// a path that is spelled otherwise (`/%61dmin`, which the router takes for `/admin`) is no way
/// around.
///
/// No token opens what another is for. One that is not set leaves its paths to this machine's own
/// programs; but the administrator's and the vehicles' paths are closed where the administrator's or the
/// sink's token is set ([`Tokens::close_the_rest`]).
fn wanted<'t>(tokens: &'t Tokens, path: &str) -> Wanted<'t> {
    let or_trust = |token: &'t Option<String>| match token {
        Some(token) => Wanted::Token(token),
        None => Wanted::Trust,
    };
    let or_closed = |token: &'t Option<String>, missing| match token {
        None if tokens.close_the_rest() => Wanted::Missing(missing),
        token => or_trust(token),
    };
    if is_open(path) {
        Wanted::Nothing
    } else if is_sinks(path) {
        or_trust(&tokens.sink)
    } else if is_cameras(path) {
        // Which camera's it has to be, is the route's to judge.
        tokens.cameras().next().map_or(Wanted::Trust, Wanted::Token)
    } else if is_ping(path) {
        or_closed(&tokens.ping, NO_PING_TOKEN)
    } else {
        or_closed(&tokens.admin, NO_ADMIN_TOKEN)
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

/// Paths that programs alone ask for, with a token of their own.
fn is_programs(path: &str) -> bool {
    is_sinks(path) || is_ping(path) || is_cameras(path)
}

/// Where the actors, the cameras and the vehicles post, as often as they have to.
pub(super) fn is_programs_post(path: &str) -> bool {
    SINKS.contains(&path) || is_ping(path) || is_cameras(path)
}

fn shows(request: &ServiceRequest, token: &str) -> bool {
    authorization(request, "bearer").is_some_and(|shown| is(shown.as_bytes(), token))
}

/// What the header of that scheme shows.
fn authorization<'a>(request: &'a ServiceRequest, scheme: &str) -> Option<&'a str> {
    let value = request.headers().get(header::AUTHORIZATION)?.to_str().ok()?;
    let (of, shown) = value.split_once(' ')?;
    of.eq_ignore_ascii_case(scheme).then(|| shown.trim())
}

/// In constant time: the answer's delay must not tell how much of a guess was right.
fn is(shown: &[u8], token: &str) -> bool {
    shown.ct_eq(token.as_bytes()).into()
}
