//! Addresses of servers: several hosts in one URL, and what of it may be shown.

use url::Url;

/// A URL that names several hosts, `scheme://user:password@a:1,b:2/path`, as one URL for each, in
/// their order. One with a single host stays as it is.
pub fn each_host(url: &str) -> Vec<String> {
    let Some(parts) = Parts::of(url) else { return vec![url.to_owned()] };
    let alone = |host: &str| format!("{}{}{host}{}", parts.scheme, parts.user, parts.rest);
    parts.hosts.split(',').map(alone).collect()
}

/// The URL with its password masked, for logs and errors.
pub fn masked(url: &str) -> String {
    let Some(parts) = Parts::of(url) else { return "(not a URL)".to_owned() };
    let (first, others) = parts.hosts.split_once(',').unwrap_or((parts.hosts, ""));
    let Ok(mut whole) = Url::parse(&format!("{}{}{first}", parts.scheme, parts.user)) else {
        return "(not a URL)".to_owned();
    };
    if whole.password().is_some() {
        let _ = whole.set_password(Some("***"));
    }
    let others = if others.is_empty() { String::new() } else { format!(",{others}") };
    format!("{}{others}{}", whole.as_str().trim_end_matches('/'), parts.rest)
}

/// A URL that is none, or not the right one, as far as it can be shown: of a URL that is hard to
/// read nobody knows which part is the password.
pub fn without_password(text: &str) -> String {
    // A password stands before an `@`.
    if !text.contains('@') {
        return text.to_owned();
    }
    match each_host(text).first().map(|url| Url::parse(url)) {
        Some(Ok(url)) if url.password().is_some() => masked(text),
        _ => "*** (it may hold a password)".to_owned(),
    }
}

/// A URL, cut into its parts and otherwise unread.
struct Parts<'u> {
    /// With its `://`.
    scheme: &'u str,
    /// User and password with their `@`, or nothing.
    user: &'u str,
    /// One or more, with their ports.
    hosts: &'u str,
    /// Path and query, as they were written.
    rest: &'u str,
}

impl<'u> Parts<'u> {
    fn of(url: &'u str) -> Option<Self> {
        let authority_at = url.find("://")? + 3;
        let (scheme, behind) = url.split_at(authority_at);
        let rest_at = behind.find(['/', '?', '#']).unwrap_or(behind.len());
        let (authority, rest) = behind.split_at(rest_at);
        // A password may have an `@` that nobody escaped.
        let hosts_at = authority.rfind('@').map_or(0, |at| at + 1);
        let (user, hosts) = authority.split_at(hosts_at);
        Some(Self { scheme, user, hosts, rest })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        for (url, shown) in [
            ("amqp://user:secret@host:5672/v", "amqp://user:***@host:5672/v"),
            (
                "amqp://user:secret@a:5672,b,[::1]:5673/v?x=1",
                "amqp://user:***@a:5672,b,[::1]:5673/v?x=1",
            ),
            ("redis://:secret@host/0", "redis://:***@host/0"),
            ("redis://host:6379/0", "redis://host:6379/0"),
            ("http://host", "http://host"),
            ("amqp://u:se@cret@host", "amqp://u:***@host"),
            ("secret", "(not a URL)"),
            ("amqp://user:secret@ho st/", "(not a URL)"),
        ] {
            assert_eq!(masked(url), shown, "{url}");
        }
    }

    #[test]
    fn each_host_of_a_url_has_the_rest_of_it() {
        assert_eq!(
            each_host("amqp://u:p,w@a:1,b,[::1]:3/v"),
            ["amqp://u:p,w@a:1/v", "amqp://u:p,w@b/v", "amqp://u:p,w@[::1]:3/v"]
        );
        assert_eq!(each_host("amqp://a"), ["amqp://a"]);
        assert_eq!(each_host("none"), ["none"]);
    }
}
