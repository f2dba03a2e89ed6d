//! Who may ask for what: judges a request by the scope of its route.

use std::sync::Arc;

use actix_web::dev::ServiceRequest;
use actix_web::http::Method;
use actix_web::http::header;
use platform::http::{Principal, Scope, wants_html};
use subtle::ConstantTimeEq;

use super::guesses::Guesses;
use super::origin;
use super::rate::Rates;
use super::sign_in::SignIns;
use crate::client::{Client, TrustedProxies};
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

/// What a scope wants to be shown.
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
    /// It is let through, as whoever it is.
    Welcome(Principal),
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
    /// Judges a request by the token that the scope of its route wants. A sign-in counts as the
    /// administrator's token. Where no token is set, only what comes from this machine's own pages
    /// and programs is let through.
    pub(super) fn entrance(&self, scope: Scope, request: &ServiceRequest) -> Entrance {
        let (method, headers) = (request.method(), request.headers());
        let wanted = match wanted(&self.tokens, scope) {
            Wanted::Token(wanted) => wanted,
            Wanted::Nothing => return Entrance::Welcome(self.viewer(request)),
            Wanted::Trust => {
                return match refused_without_token(scope, request) {
                    Some(why) => Entrance::Forbidden(why),
                    None => Entrance::Welcome(Principal::admitted_to(scope)),
                };
            }
            Wanted::Missing(detail) => return Entrance::Unauthorized { scheme: "Bearer", detail },
        };
        let is_camera = scope == Scope::Camera;
        let is_shown = match is_camera {
            true => self
                .tokens
                .cameras()
                .any(|t| cameras::shows_token(headers, request.query_string(), t)),
            false => shows(request, wanted),
        };
        // The administrator sees what the feed tells as well.
        let admin = self.tokens.admin.as_deref().filter(|_| scope == Scope::Feed);
        let is_shown = is_shown || admin.is_some_and(|token| shows(request, token));
        if is_shown {
            return Entrance::Welcome(Principal::admitted_to(scope));
        }
        self.note_guess(request, is_camera);
        let is_operators = matches!(scope, Scope::Admin | Scope::Feed);
        let sign_ins = self.sign_ins.as_ref().filter(|_| is_operators);
        match sign_ins.map(|sign_ins| sign_ins.of(headers)) {
            Some(Some(sign_in)) if sign_in.allows(method, headers) => {
                Entrance::Welcome(sign_in.principal())
            }
            Some(Some(_)) => Entrance::Forbidden("reload the page: its token is missing"),
            Some(None) if method == Method::GET && wants_html(headers) => Entrance::SignIn,
            // Many cameras send their password only when they are asked for it this way.
            _ => Entrance::Unauthorized {
                scheme: if is_camera { "Basic realm=\"carpark\"" } else { "Bearer" },
                detail: show(scope),
            },
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
    fn viewer(&self, request: &ServiceRequest) -> Principal {
        let is_operator = match wanted(&self.tokens, Scope::Admin) {
            Wanted::Token(token) => shows(request, token),
            Wanted::Trust if refused_without_token(Scope::Admin, request).is_none() => true,
            _ => return Principal::Stranger,
        };
        if is_operator {
            return Principal::Operator;
        }
        let sign_in = self.sign_ins.as_ref().and_then(|all| all.of(request.headers()));
        sign_in.map_or(Principal::Stranger, |sign_in| sign_in.principal())
    }
}

/// The actors may know the sink by any name, a vehicle the monitor, a camera the web role: what they
/// post shows no plate, and they are no browser. A proxy is refused on every route: whom it lets in,
/// nobody here knows.
fn refused_without_token(scope: Scope, request: &ServiceRequest) -> Option<&'static str> {
    let headers = request.headers();
    if let Some(why) = origin::refused_behind_a_proxy(headers) {
        return Some(why);
    }
    let is_program = is_programs_post(scope, request.method()) && !origin::is_of_browser(headers);
    let refused = || origin::refused_without_token(request.method(), headers);
    if is_program { None } else { refused() }
}

const SHOW: &str = "this wants the admin token (CARPARK_ADMIN_TOKEN; of the containers `just token` \
    prints it): send the header `Authorization: Bearer TOKEN`";
const SHOW_AS_SINK: &str = "this wants the sink token, and no other (CARPARK_SINK_TOKEN; of the \
    containers `just token sink` prints it): send the header `Authorization: Bearer TOKEN`";
const SHOW_AS_VEHICLE: &str = "this wants the ping token, and no other (CARPARK_PING_TOKEN; of the \
    containers `just token ping` prints it): send the header `Authorization: Bearer TOKEN`";
const SHOW_AS_READER: &str = "this wants the feed token (CARPARK_FEED_TOKEN) or the admin token: send \
    the header `Authorization: Bearer TOKEN`";
const SHOW_AS_GATE: &str = "this wants the gate token, and no other (CARPARK_GATE_TOKEN; of the \
    containers `just token gate` prints it): send the header `Authorization: Bearer TOKEN`";
const SHOW_AS_CAMERA: &str = "this wants the camera token (CARPARK_CAMERA_TOKEN; of the containers \
    `just token camera` prints it): send it as `Authorization: Bearer TOKEN`, as the password of \
    basic authentication, or as ?token=TOKEN";

/// Which token a scope wants, and where it is found: for people.
fn show(scope: Scope) -> &'static str {
    match scope {
        Scope::Sink => SHOW_AS_SINK,
        Scope::Ping => SHOW_AS_VEHICLE,
        Scope::Camera => SHOW_AS_CAMERA,
        Scope::Feed => SHOW_AS_READER,
        Scope::Gate => SHOW_AS_GATE,
        Scope::Admin | Scope::Page | Scope::Public => SHOW,
    }
}
/// Why the administrator's paths are closed.
pub(super) const NO_ADMIN_TOKEN: &str = "no admin token is set, and no other token stands in for it: \
    set CARPARK_ADMIN_TOKEN, and send it as `Authorization: Bearer TOKEN`";
const NO_PING_TOKEN: &str = "no token for pings is set, and no other token stands in for it: set \
    CARPARK_PING_TOKEN, and send it as `Authorization: Bearer TOKEN`";
const NO_GATE_TOKEN: &str = "no token for gates is set, and no other token stands in for it: set \
    CARPARK_GATE_TOKEN, and send it as `Authorization: Bearer TOKEN`";
const NO_FEED_TOKEN: &str = "no token for the feed is set, nor an admin token: set CARPARK_FEED_TOKEN, and \
    send it as `Authorization: Bearer TOKEN`";

/// What a scope wants. No token opens what another is for, but that
/// the administrator's opens the feed. One that is not set leaves its routes to
/// this machine's own programs; but the administrator's and the vehicles' routes are closed where the
/// administrator's or the sink's token is set ([`Tokens::close_the_rest`]).
fn wanted(tokens: &Tokens, scope: Scope) -> Wanted<'_> {
    let (token, missing) = match scope {
        Scope::Public | Scope::Page => return Wanted::Nothing,
        Scope::Sink => (tokens.sink.as_deref(), None),
        // Which camera's it has to be, is the route's to judge.
        Scope::Camera => (tokens.cameras().next(), None),
        Scope::Ping => (tokens.ping.as_deref(), Some(NO_PING_TOKEN)),
        Scope::Admin => (tokens.admin.as_deref(), Some(NO_ADMIN_TOKEN)),
        Scope::Feed => (tokens.feed.as_deref().or(tokens.admin.as_deref()), Some(NO_FEED_TOKEN)),
        Scope::Gate => (tokens.gate.as_deref(), Some(NO_GATE_TOKEN)),
    };
    match (token, missing) {
        (Some(token), _) => Wanted::Token(token),
        (None, Some(missing)) if tokens.close_the_rest() => Wanted::Missing(missing),
        (None, _) => Wanted::Trust,
    }
}

/// What the actors, the cameras and the vehicles post, as often as they have to.
pub(super) fn is_programs_post(scope: Scope, method: &Method) -> bool {
    match scope {
        Scope::Camera | Scope::Ping | Scope::Gate => true,
        // What the actors ask of the rows of a plate is no post.
        Scope::Sink => method == Method::POST,
        Scope::Public | Scope::Page | Scope::Admin | Scope::Feed => false,
    }
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
