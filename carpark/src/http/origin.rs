//! Where a request comes from, as far as a browser says so. A program says nothing, and is judged by
//! its token; a browser carries cookies, and reaches loopback, for whatever page it shows.

use std::net::IpAddr;

use actix_web::http::Method;
use actix_web::http::header::{HOST, HeaderMap, ORIGIN};

/// Whether another site's page made the browser send this. It matters for what changes something:
/// of an answer another site sees nothing anyway.
pub(super) fn is_foreign(headers: &HeaderMap) -> bool {
    match (text(headers, "sec-fetch-site"), text(headers, ORIGIN.as_str())) {
        (Some(site), _) => !matches!(site, "same-origin" | "none"),
        (None, Some(origin)) => {
            let authority = origin.split_once("://").map(|(_, authority)| authority);
            authority.is_none() || authority != text(headers, HOST.as_str())
        }
        (None, None) => false,
    }
}

/// Why a request may not be made to a listener that asks for no token, because only this machine
/// reaches it: a page of another site, shown on this machine, reaches it as well.
pub(super) fn refused_without_token(method: &Method, headers: &HeaderMap) -> Option<&'static str> {
    if !names_this_machine(headers) {
        // Another name that leads here may be a foreign site's, which then counts as its own.
        return Some(
            "without a token this listener answers to `localhost` and to addresses alone: use \
             http://127.0.0.1, or set CARPARK_ADMIN_TOKEN",
        );
    }
    let is_of_other_page = match method.is_safe() {
        false => is_foreign(headers),
        true => is_foreign_part(headers),
    };
    is_of_other_page.then_some("a page of another site may not do this")
}

/// What proxies add to what they pass on.
const OF_PROXIES: &[&str] = &[
    "forwarded",
    "via",
    "x-forwarded",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-forwarded-port",
    "x-forwarded-server",
    "x-forwarded-prefix",
    "x-real-ip",
    "x-client-ip",
    "x-cluster-client-ip",
    "x-original-forwarded-for",
    "true-client-ip",
    "cf-connecting-ip",
    "cf-ray",
    "fastly-client-ip",
];

/// Why a request that a proxy passed on may not be made to a listener that asks for no token: through
/// the proxy others than this machine reach it.
pub(super) fn refused_behind_a_proxy(headers: &HeaderMap) -> Option<&'static str> {
    OF_PROXIES.iter().any(|name| headers.contains_key(*name)).then_some(
        "a proxy has passed this on, and without tokens it would give everything here to whoever \
         reaches the proxy: set CARPARK_ADMIN_TOKEN, CARPARK_SINK_TOKEN and, for cameras, \
         CARPARK_CAMERA_TOKEN",
    )
}

/// Whether a browser says where the request comes from; it always does where it sends something.
pub(super) fn is_of_browser(headers: &HeaderMap) -> bool {
    headers.contains_key(ORIGIN) || headers.contains_key("sec-fetch-site")
}

/// Loaded into a page of another site; following a link is not that.
fn is_foreign_part(headers: &HeaderMap) -> bool {
    let site = text(headers, "sec-fetch-site");
    let mode = text(headers, "sec-fetch-mode");
    matches!(site, Some("cross-site" | "same-site")) && mode != Some("navigate")
}

/// An address cannot be made to lead elsewhere; a name can.
fn names_this_machine(headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(HOST) else { return true };
    let Ok(host) = host.to_str() else { return false };
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost") || name.parse::<IpAddr>().is_ok()
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).map(|value| value.to_str().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    fn headers(all: &[(&str, &'static str)]) -> HeaderMap {
        let pair = |(name, value): &(&str, &'static str)| {
            (HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_static(value))
        };
        all.iter().map(pair).collect()
    }

    #[test]
    fn what_another_sites_page_sends_is_foreign_and_what_a_program_sends_is_not() {
        let host = ("host", "127.0.0.1:40000");
        for (all, foreign) in [
            (vec![host], false),
            (vec![host, ("sec-fetch-site", "same-origin")], false),
            (vec![host, ("sec-fetch-site", "none")], false),
            (vec![host, ("sec-fetch-site", "cross-site")], true),
            (vec![host, ("sec-fetch-site", "same-site")], true),
            (vec![host, ("origin", "http://127.0.0.1:40000")], false),
            (vec![host, ("origin", "http://127.0.0.1:3000")], true),
            (vec![host, ("origin", "https://evil.example")], true),
            (vec![host, ("origin", "null")], true),
        ] {
            assert_eq!(is_foreign(&headers(&all)), foreign, "{all:?}");
        }
    }

    #[test]
    fn what_a_proxy_has_passed_on_is_known_by_what_it_adds() {
        let here = ("host", "localhost:40000");
        assert!(refused_behind_a_proxy(&headers(&[here])).is_none());
        for name in OF_PROXIES {
            let refused = refused_behind_a_proxy(&headers(&[here, (name, "192.0.2.1")]));
            assert!(refused.unwrap().contains("CARPARK_ADMIN_TOKEN"), "{name}");
        }
    }

    #[test]
    fn without_a_token_only_this_machines_own_names_and_pages_are_served() {
        let refused = |method: Method, all: &[(&str, &'static str)]| {
            refused_without_token(&method, &headers(all)).is_some()
        };
        for host in
            ["127.0.0.1:40000", "localhost:40000", "[::1]:40000", "cars.localhost", "LocalHost."]
        {
            assert!(!refused(Method::GET, &[("host", host)]), "{host}");
        }
        for host in ["evil.example:40000", "localhost.evil.example", "127.0.0.1.evil.example"] {
            assert!(refused(Method::GET, &[("host", host)]), "{host}");
            assert!(refused(Method::POST, &[("host", host)]), "{host}");
        }
        let here = ("host", "localhost:40000");
        let foreign = ("sec-fetch-site", "cross-site");
        assert!(refused(Method::POST, &[here, foreign]));
        assert!(refused(Method::DELETE, &[here, ("origin", "http://evil.example")]));
        assert!(refused(Method::GET, &[here, foreign, ("sec-fetch-mode", "no-cors")]));
        assert!(!refused(Method::GET, &[here, foreign, ("sec-fetch-mode", "navigate")]));
        assert!(!refused(Method::POST, &[here, ("sec-fetch-site", "same-origin")]));
        assert!(!refused(Method::POST, &[here]));
    }
}
