//! Where a request may go. A webhook's address is said by whoever sets it up, and a name may lead anywhere, today
//! here and tomorrow there: so it is the address connected to that is judged, and no name is looked up twice.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use actix_service::Service;
use actix_tls::connect::{ConnectError, ConnectInfo, Connection};
use actix_web::http::Uri;
use futures_util::future::LocalBoxFuture;
use tokio::net::{TcpStream, lookup_host};

/// Why there is no connection, as whoever reads the log understands it.
pub(super) const REFUSED: &str = "leads to an address of this machine or of a private network, which `allow_private` would allow";

/// Connects to what may be asked.
#[derive(Clone, Copy)]
pub(super) struct Guarded {
    /// Whether any address may.
    pub(super) allow_private: bool,
}

impl Service<ConnectInfo<Uri>> for Guarded {
    type Response = Connection<Uri, TcpStream>;
    type Error = ConnectError;
    type Future = LocalBoxFuture<'static, Result<Self::Response, ConnectError>>;

    actix_service::always_ready!();

    fn call(&self, asked: ConnectInfo<Uri>) -> Self::Future {
        let this = *self;
        Box::pin(async move {
            let host = asked.hostname().trim_start_matches('[').trim_end_matches(']');
            let found = lookup_host((host, asked.port())).await.map_err(ConnectError::Io)?;
            let stream = this.connect(found).await.map_err(ConnectError::Io)?;
            Ok(Connection::new(asked.request().clone(), stream))
        })
    }
}

impl Guarded {
    /// Connects to the first that may be asked and answers.
    async fn connect(self, found: impl Iterator<Item = SocketAddr>) -> io::Result<TcpStream> {
        let mut why = io::Error::new(io::ErrorKind::NotFound, "the name leads to no address");
        for address in found {
            if !self.allow_private && !is_public(address.ip()) {
                why = io::Error::new(io::ErrorKind::PermissionDenied, REFUSED);
                continue;
            }
            match TcpStream::connect(address).await {
                Ok(stream) => {
                    // Head and body of a request are two packets: the second waits for nothing.
                    stream.set_nodelay(true)?;
                    return Ok(stream);
                }
                Err(error) => why = error,
            }
        }
        Err(why)
    }
}

/// Whether it is an address of the internet at large.
pub(super) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let is_elsewhere = match (a, b, c) {
        // This network; carrier-grade NAT; IETF protocols; benchmarks; reserved, and broadcast.
        (0 | 240..=255, ..) | (100, 64..=127, _) | (192, 0, 0) | (198, 18..=19, _) => true,
        _ => false,
    };
    !(is_elsewhere
        || address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation())
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    let embedded = |at: usize| {
        let ([a, b], [c, d]) = (segments[at].to_be_bytes(), segments[at + 1].to_be_bytes());
        is_public_v4(Ipv4Addr::new(a, b, c, d))
    };
    match segments {
        // An IPv4 address in another spelling: mapped, compatible, behind NAT64, through 6to4.
        [0, 0, 0, 0, 0, 0xffff | 0, ..] | [0x64, 0xff9b, 0, 0, 0, 0, ..] => embedded(6),
        [0x2002, ..] => embedded(1),
        // Teredo and others of the IETF, documentation.
        [0x2001, 0..=0x1ff | 0xdb8, ..] => false,
        // What is not given out as global unicast: loopback, unspecified, unique local, link-local, multicast,
        // and NAT64 of a network's own.
        [first, ..] => (0x2000..=0x3fff).contains(&first),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_of_the_internet_at_large_is_not_public_in_any_spelling() {
        for text in [
            "127.0.0.1",
            "127.9.9.9",
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "100.127.255.255",
            "224.0.0.1",
            "239.1.1.1",
            "240.0.0.1",
            "255.255.255.255",
            "192.0.0.1",
            "192.0.2.1",
            "198.18.0.1",
            "203.0.113.7",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "2002:7f00:1::1",
            "2002:a00:1::",
            "2001::1",
            "2001:db8::1",
        ] {
            assert!(!is_public(text.parse().unwrap()), "{text}");
        }
        for text in [
            "1.1.1.1",
            "8.8.8.8",
            "100.63.255.255",
            "100.128.0.1",
            "172.32.0.1",
            "198.20.0.1",
            "::ffff:8.8.8.8",
            "2606:4700::1111",
            "2a00:1450:4001::1",
            "64:ff9b::808:808",
        ] {
            assert!(is_public(text.parse().unwrap()), "{text}");
        }
    }

    #[actix_web::test]
    async fn the_first_address_that_may_be_asked_is_connected_to() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let here = listener.local_addr().unwrap();
        let guarded = |allow_private| Guarded { allow_private };
        let error = guarded(false).connect([here, here].into_iter()).await.unwrap_err();
        assert_eq!(error.to_string(), REFUSED);
        let mapped = SocketAddr::new("::ffff:127.0.0.1".parse().unwrap(), here.port());
        let error = guarded(false).connect([mapped].into_iter()).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
        let dead = SocketAddr::new(here.ip(), 1);
        let stream = guarded(true).connect([dead, here].into_iter()).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), here);
    }
}
