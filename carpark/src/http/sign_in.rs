//! Signing in: a person shows the admin token on a page, and from then on a cookie says so.
//!
//! The cookie is a random name of a sign-in that is kept here, in memory: it ends by signing out,
//! after [`LASTS`], and with the process. It counts for what the admin token is for. What changes
//! something has to come from the page itself: it shows the sign-in's own token in the header
//! `x-csrf-token`, which no other site's page can know.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ::web::pages::sign_in_page;
use actix_web::http::header::{COOKIE, HeaderMap, HeaderValue, LOCATION, SET_COOKIE};
use actix_web::http::{Method, StatusCode};
use actix_web::web::{self, Data, Form, Query};
use actix_web::{HttpMessage, HttpRequest, HttpResponse};
use platform::http::{Principal, Routes, Scope, SignedIn};
use serde::Deserialize;
use subtle::ConstantTimeEq;

use super::entrance::NO_ADMIN_TOKEN;
use super::guesses::Guesses;
use super::origin::is_foreign;
use crate::client::Client;

/// How long a sign-in holds: a working day and a bit.
const LASTS: Duration = Duration::from_hours(12);
/// Past it the oldest one ends (G6).
const SIGN_INS_MAX: usize = 1_000;
/// Of the cookie, and of the header that goes with it.
const COOKIE_NAME: &str = "carpark";
const CSRF_HEADER: &str = "x-csrf-token";
/// Letters of a random name: 190 bits.
const NAME_LENGTH: usize = 32;

/// One person's sign-in, in one browser.
pub struct SignIn {
    csrf_token: String,
    until: Instant,
    is_ended: AtomicBool,
}

/// All sign-ins that hold.
pub struct SignIns {
    /// What has to be shown; `None`: nobody can sign in.
    token: Option<String>,
    by_name: Mutex<HashMap<String, Arc<SignIn>>>,
    /// Who has shown what was wrong, and how often.
    guesses: Guesses,
}

impl SignIn {
    fn holds(&self) -> bool {
        !self.is_ended.load(Ordering::Relaxed) && Instant::now() < self.until
    }

    /// Whether a request with its cookie may be made: one that looks, or one from its own page.
    pub fn allows(&self, method: &Method, headers: &HeaderMap) -> bool {
        let shown = headers.get(CSRF_HEADER).map(HeaderValue::as_bytes).unwrap_or_default();
        let shows_token = || bool::from(shown.ct_eq(self.csrf_token.as_bytes()));
        method.is_safe() || (shows_token() && !is_foreign(headers))
    }

    /// Whoever has signed in, as the pages know them.
    pub fn principal(self: &Arc<Self>) -> Principal {
        let sign_in = Arc::clone(self);
        Principal::SignedIn(SignedIn {
            csrf_token: self.csrf_token.clone(),
            holds: Arc::new(move || sign_in.holds()),
        })
    }
}

impl SignIns {
    /// For whoever shows `token`.
    pub fn new(token: Option<String>) -> Self {
        Self { token, by_name: Mutex::default(), guesses: Guesses::new("at the sign-in") }
    }

    /// The sign-in that the request's cookie names.
    pub fn of(&self, headers: &HeaderMap) -> Option<Arc<SignIn>> {
        let name = cookie(headers)?;
        self.by_name().get(name).filter(|sign_in| sign_in.holds()).cloned()
    }

    /// Begins one and answers its name.
    fn begin(&self) -> String {
        let sign_in = SignIn {
            csrf_token: nanoid::nanoid!(NAME_LENGTH),
            until: Instant::now() + LASTS,
            is_ended: AtomicBool::new(false),
        };
        let name = nanoid::nanoid!(NAME_LENGTH);
        let mut all = self.by_name();
        all.retain(|_, sign_in| sign_in.holds());
        if all.len() >= SIGN_INS_MAX
            && let Some(oldest) = all.iter().min_by_key(|(_, s)| s.until).map(|(n, _)| n.clone())
            && let Some(ended) = all.remove(&oldest)
        {
            ended.is_ended.store(true, Ordering::Relaxed);
        }
        all.insert(name.clone(), Arc::new(sign_in));
        name
    }

    fn end(&self, headers: &HeaderMap) {
        if let Some(ended) = cookie(headers).and_then(|name| self.by_name().remove(name)) {
            ended.is_ended.store(true, Ordering::Relaxed);
        }
    }

    fn by_name(&self) -> MutexGuard<'_, HashMap<String, Arc<SignIn>>> {
        self.by_name.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    headers.get_all(COOKIE).filter_map(|value| value.to_str().ok()).find_map(|cookies| {
        let mut pairs = cookies.split(';').filter_map(|cookie| cookie.trim().split_once('='));
        pairs.find(|(name, _)| *name == COOKIE_NAME).map(|(_, value)| value)
    })
}

/// The cookie goes back to this service alone, and no script sees it. Where a proxy says that the
/// way to it is encrypted, it goes no other way.
fn set_cookie(request: &HttpRequest, value: &str, age: Duration) -> String {
    let secure = if came_over_tls(request.headers()) { "; Secure" } else { "" };
    let seconds = age.as_secs();
    format!("{COOKIE_NAME}={value}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}{secure}")
}

/// Of several proxies each adds how it was asked itself: what the first one says is the person's way.
/// Who makes it up has a cookie that goes nowhere.
fn came_over_tls(headers: &HeaderMap) -> bool {
    let proto = headers.get("x-forwarded-proto").and_then(|proto| proto.to_str().ok());
    let first = proto.and_then(|proto| proto.split(',').next());
    first.is_some_and(|first| first.trim().eq_ignore_ascii_case("https"))
}

/// Where a person was going: a path of this service, and nothing else.
fn path_here(next: &str) -> &str {
    let is_path = next.starts_with('/') && !next.starts_with("//");
    let is_plain = !next.contains(|c: char| c == '\\' || c.is_control());
    if is_path && is_plain { next } else { "/" }
}

/// Where to sign in, on the way to `next`.
pub fn to_sign_in(next: &str) -> HttpResponse {
    let next: String = url::form_urlencoded::byte_serialize(next.as_bytes()).collect();
    see_other(&format!("/sign-in?next={next}"))
}

fn see_other(path: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((LOCATION, path)).finish()
}

/// The routes, without the sign-ins behind them.
pub fn routes() -> Routes {
    Routes::default()
        .page(Scope::Page, "/sign-in", || web::get().to(form))
        .page(Scope::Page, "/sign-in", || web::post().to(sign_in))
        .page(Scope::Page, "/sign-out", || web::post().to(sign_out))
}

/// The routes of these sign-ins.
pub fn routes_of(sign_ins: Arc<SignIns>) -> Routes {
    routes().sharing(move || Data::from(Arc::clone(&sign_ins)))
}

#[derive(Deserialize)]
struct Next {
    #[serde(default)]
    next: String,
}

#[derive(Deserialize)]
struct Shown {
    token: String,
    #[serde(default)]
    next: String,
}

async fn form(sign_ins: Data<SignIns>, query: Query<Next>, viewer: Principal) -> HttpResponse {
    let next = path_here(&query.next);
    if viewer.may_see() {
        return see_other(next);
    }
    if sign_ins.token.is_none() {
        return sign_in_page(StatusCode::FORBIDDEN, next, Some(NO_ADMIN_TOKEN));
    }
    sign_in_page(StatusCode::OK, next, None)
}

async fn sign_in(
    sign_ins: Data<SignIns>,
    request: HttpRequest,
    shown: Form<Shown>,
) -> HttpResponse {
    let next = path_here(&shown.next);
    let refused = |status, why| sign_in_page(status, next, Some(why));
    let Some(token) = &sign_ins.token else {
        return refused(StatusCode::FORBIDDEN, NO_ADMIN_TOKEN);
    };
    if is_foreign(request.headers()) {
        return refused(StatusCode::FORBIDDEN, "Sign in on this page, not on another site's.");
    }
    let client = request.extensions().get::<Client>().map(|Client(address)| *address);
    if client.is_some_and(|client| sign_ins.guesses.has_to_wait(client)) {
        return refused(StatusCode::TOO_MANY_REQUESTS, "Too many attempts: wait a minute.");
    }
    if !bool::from(shown.token.trim().as_bytes().ct_eq(token.as_bytes())) {
        return match client.is_some_and(|client| sign_ins.guesses.wrong(client)) {
            true => refused(
                StatusCode::TOO_MANY_REQUESTS,
                "That is not the admin token, and many wrong ones are being tried: wait a minute.",
            ),
            false => refused(StatusCode::UNAUTHORIZED, "That is not the admin token."),
        };
    }
    let cookie = set_cookie(&request, &sign_ins.begin(), LASTS);
    HttpResponse::SeeOther()
        .insert_header((LOCATION, next))
        .insert_header((SET_COOKIE, cookie))
        .finish()
}

async fn sign_out(sign_ins: Data<SignIns>, request: HttpRequest) -> HttpResponse {
    if is_foreign(request.headers()) {
        return HttpResponse::Forbidden().finish();
    }
    sign_ins.end(request.headers());
    HttpResponse::SeeOther()
        .insert_header((LOCATION, "/"))
        .insert_header((SET_COOKIE, set_cookie(&request, "", Duration::ZERO)))
        .finish()
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderName;

    use super::*;

    #[test]
    fn a_cookie_is_for_tls_where_the_person_came_over_tls() {
        for (proto, expected) in [
            ("https", true),
            ("HTTPS", true),
            ("https,http", true),
            ("https, http", true),
            ("http,https", false),
            ("http", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            let name = HeaderName::from_static("x-forwarded-proto");
            headers.insert(name, HeaderValue::from_static(proto));
            assert_eq!(came_over_tls(&headers), expected, "{proto}");
        }
    }

    #[test]
    fn a_sign_in_ends_by_itself() {
        let sign_ins = SignIns::new(None);
        let name = sign_ins.begin();
        let mut headers = HeaderMap::new();
        let cookie = format!("{COOKIE_NAME}={name}");
        headers.insert(COOKIE, HeaderValue::from_str(&cookie).unwrap());
        assert!(sign_ins.of(&headers).unwrap().until <= Instant::now() + LASTS);
        let (csrf_token, is_ended) = (String::new(), AtomicBool::new(false));
        let old = SignIn { csrf_token, until: Instant::now(), is_ended };
        sign_ins.by_name().insert(name, Arc::new(old));
        assert!(sign_ins.of(&headers).is_none());
    }
}
