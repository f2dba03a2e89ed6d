//! What every answer tells a browser, where its route says nothing else: not to keep it, not to take it
//! for another kind of content, not to show it within a page of another site, and, should anything of
//! it ever be taken for a page, to run nothing of it.

use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderMap, HeaderName, HeaderValue, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};

/// Of the page at `/docs`: its own scripts; it sets its styles as it draws.
const OF_DOCS: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; font-src 'self' data:; connect-src 'self'; base-uri 'none'; \
    form-action 'self'; frame-ancestors 'none'";
/// Of the pages' scripts: a worker has the policy that its own script comes with, and asks for news.
const OF_SCRIPTS: &str =
    "default-src 'none'; script-src 'self'; connect-src 'self'; frame-ancestors 'none'";
const OF_DATA: &str = "default-src 'none'; frame-ancestors 'none'";

/// Adds to the headers of an answer to a request for `path`.
pub(super) fn protect(path: &str, headers: &mut HeaderMap) {
    let is_docs = path == "/docs" || path.starts_with("/docs/");
    let mut unless_set = |name: HeaderName, value: &'static str| {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    };
    if !is_docs {
        unless_set(CACHE_CONTROL, "no-store");
    }
    unless_set(X_CONTENT_TYPE_OPTIONS, "nosniff");
    let policy = match path {
        _ if is_docs => OF_DOCS,
        _ if path.starts_with("/assets/") => OF_SCRIPTS,
        _ => OF_DATA,
    };
    unless_set(CONTENT_SECURITY_POLICY, policy);
    unless_set(X_FRAME_OPTIONS, "DENY");
    unless_set(REFERRER_POLICY, "same-origin");
}
