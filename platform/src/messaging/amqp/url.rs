//! The one reading of an AMQP URL, for all who connect to `RabbitMQ`.

use lapin::uri::AMQPUri;
use url::{Host, Url};

use crate::address::each_host;

/// Seconds between heartbeats where the URL names none: a dead link is noticed within twice that. The
/// protocol's default of 60 s takes up to two minutes.
const HEARTBEAT_SECONDS: u16 = 5;

/// The URL is none. Says what is expected, and never repeats the URL: it may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the URL of the broker is not of the form amqp://user:password@host:port/vhost: {0}")]
pub struct AmqpUrlError(&'static str);

/// Reads `url`: one address for each host that it names (`amqp://user:password@a:5672,b:5672/vhost`).
/// Where it names no heartbeat, 5 s hold; where it names no virtual host, the default one.
pub(super) fn parse_amqp_urls(url: &str) -> Result<Vec<AMQPUri>, AmqpUrlError> {
    each_host(url).iter().map(|url| parse_amqp_url(url)).collect()
}

/// Reads a URL of one host.
///
/// The host is the one that the URL names, an IPv6 address included: lapin's own parser knows names
/// alone, and takes a URL with anything else for one of `localhost`.
fn parse_amqp_url(url: &str) -> Result<AMQPUri, AmqpUrlError> {
    let parsed = Url::parse(url).map_err(|_| AmqpUrlError("it is no URL"))?;
    if !matches!(parsed.scheme(), "amqp" | "amqps") {
        return Err(AmqpUrlError("it begins with neither amqp:// nor amqps://"));
    }
    let unreadable = AmqpUrlError("a part of it cannot be read");
    let mut uri: AMQPUri = url.parse().map_err(|_: String| unreadable)?;
    uri.authority.host = match parsed.host() {
        Some(Host::Ipv6(address)) => address.to_string(),
        Some(Host::Ipv4(address)) => address.to_string(),
        Some(Host::Domain("")) | None => return Err(AmqpUrlError("it names no host")),
        // As lapin reads it: without its escapes.
        Some(Host::Domain(_)) => uri.authority.host,
    };
    if uri.vhost.is_empty() {
        // `amqp://host:port/` means the default virtual host to everyone but the standard.
        uri.vhost.push('/');
    }
    uri.query.heartbeat.get_or_insert(HEARTBEAT_SECONDS);
    Ok(uri)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `host:port`.
    fn address_of(uri: &AMQPUri) -> String {
        let (host, port) = (&uri.authority.host, uri.authority.port);
        if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
    }

    #[test]
    fn a_url_of_several_nodes_is_one_address_for_each() {
        let nodes = parse_amqp_urls("amqp://u:p@a:5673,b,[::1]:5674/parking?heartbeat=3").unwrap();
        let addresses: Vec<String> = nodes.iter().map(address_of).collect();
        assert_eq!(addresses, ["a:5673", "b:5672", "[::1]:5674"]);
        for node in &nodes {
            assert_eq!((node.vhost.as_str(), node.query.heartbeat), ("parking", Some(3)));
            assert_eq!(node.authority.userinfo.password, "p");
        }
        for url in ["amqp://a,,b", "amqp://a,", "amqp://u:secret@a:1,b:x/"] {
            let error = parse_amqp_urls(url).unwrap_err().to_string();
            assert!(!error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn a_url_is_read_with_the_defaults_that_people_mean() {
        let uri = parse_amqp_url("amqp://me:secret@broker:5673").unwrap();
        assert_eq!(address_of(&uri), "broker:5673");
        assert_eq!((uri.vhost.as_str(), uri.query.heartbeat), ("/", Some(HEARTBEAT_SECONDS)));
        assert_eq!(parse_amqp_url("amqp://127.0.0.1/").unwrap().vhost, "/");
        let given = parse_amqp_url("amqp://broker/parking?heartbeat=3").unwrap();
        assert_eq!((given.vhost.as_str(), given.query.heartbeat), ("parking", Some(3)));
        let escaped = parse_amqp_url("amqp://u%40x:p%2Fw@broker/%2F").unwrap();
        let userinfo = &escaped.authority.userinfo;
        assert_eq!((userinfo.username.as_str(), userinfo.password.as_str()), ("u@x", "p/w"));
        assert_eq!(escaped.vhost, "/");
    }

    #[test]
    fn the_host_is_the_one_that_the_url_names() {
        for (url, expected) in [
            ("amqp://u:p@[::1]:44672/", "[::1]:44672"),
            ("amqp://u:p@[2001:db8::5]/", "[2001:db8::5]:5672"),
            ("amqps://[2001:db8::5]", "[2001:db8::5]:5671"),
            ("amqp://[::ffff:192.0.2.1]/", "[::ffff:192.0.2.1]:5672"),
            ("amqp://192.0.2.1", "192.0.2.1:5672"),
            ("amqp://localhost", "localhost:5672"),
            ("amqp://rabbit_mq.local:1/", "rabbit_mq.local:1"),
        ] {
            let uri = parse_amqp_url(url).unwrap();
            assert_eq!(address_of(&uri), expected, "{url}");
            // What a socket is asked for: without brackets.
            assert!(!uri.authority.host.contains('['), "{url}");
        }
    }

    #[test]
    fn a_url_that_is_none_is_refused_without_being_repeated() {
        for url in [
            "secret",
            "amqp:secret",
            "amqp:///secret",
            "redis://:secret@host",
            "amqp://me:secret@host?heartbeat=x",
            "amqp://me:secret@[::1",
            "amqp://me:secret@[fe80::1%25eth0]/",
        ] {
            let error = parse_amqp_url(url).unwrap_err().to_string();
            assert!(!error.contains("secret") && error.contains("amqp://user"), "{url}: {error}");
        }
    }
}
