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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_answer_has_its_policy_and_only_the_documentation_may_be_kept() {
        for (path, policy, kept) in [
            ("/docs", OF_DOCS, None),
            ("/docs/swagger-ui.css", OF_DOCS, None),
            ("/docsets", OF_DATA, Some("no-store")),
            ("/assets/hub.js", OF_SCRIPTS, Some("no-store")),
            ("/admin/sessions", OF_DATA, Some("no-store")),
            ("/", OF_DATA, Some("no-store")),
        ] {
            let mut headers = HeaderMap::new();
            protect(path, &mut headers);
            let said = |name: HeaderName| headers.get(name).map(|value| value.to_str().unwrap());
            assert_eq!(said(CONTENT_SECURITY_POLICY), Some(policy), "{path}");
            assert_eq!(said(CACHE_CONTROL), kept, "{path}");
            assert_eq!(said(X_CONTENT_TYPE_OPTIONS), Some("nosniff"), "{path}");
            assert_eq!(said(X_FRAME_OPTIONS), Some("DENY"), "{path}");
            assert_eq!(said(REFERRER_POLICY), Some("same-origin"), "{path}");
        }
    }

    #[test]
    fn what_a_route_says_for_itself_stays() {
        let all = [
            CACHE_CONTROL,
            X_CONTENT_TYPE_OPTIONS,
            CONTENT_SECURITY_POLICY,
            X_FRAME_OPTIONS,
            REFERRER_POLICY,
        ];
        let own = HeaderValue::from_static("its own");
        let mut headers = HeaderMap::new();
        for name in all.clone() {
            headers.insert(name, own.clone());
        }
        protect("/assets/hub.js", &mut headers);
        for name in all {
            let said: Vec<_> = headers.get_all(&name).collect();
            assert_eq!(said, [&own], "{name}");
        }
    }
}
