//! Whose request it is: the address that is counted and named in the log. Behind a proxy that is
//! trusted (`trusted_proxies`) it is the one the proxy names, else the one that has connected: a header
//! that anybody may write is believed of nobody else.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

use actix_web::dev::ServiceRequest;
use actix_web::http::header::HeaderMap;

const FORWARDED_FOR: &str = "x-forwarded-for";

/// Where a request comes from; in the request's extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Client(pub IpAddr);

/// The proxies that are believed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<Network>);

/// Addresses that begin alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Network {
    address: IpAddr,
    /// How many leading bits of an address count.
    prefix: u8,
}

impl TrustedProxies {
    /// The client that made the request.
    pub fn client(&self, request: &ServiceRequest) -> Option<Client> {
        let peer = request.peer_addr()?.ip().to_canonical();
        Some(Client(self.named(peer, request.headers())))
    }

    /// Each proxy puts the address it was asked from at the end. Read from there, the first that is no
    /// trusted proxy's is the client's; what stands before it, the client may have made up.
    fn named(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        if !self.trust(peer) {
            return peer;
        }
        let values = headers.get_all(FORWARDED_FOR).filter_map(|value| value.to_str().ok());
        let hops: Vec<&str> = values.flat_map(|value| value.split(',')).collect();
        let mut client = peer;
        for hop in hops.iter().rev() {
            // What cannot be read ends it: the last proxy answers for what came before.
            let Some(address) = address_of(hop) else { return client };
            client = address;
            if !self.trust(address) {
                return client;
            }
        }
        client
    }

    /// Whether what connects from there is one of them.
    pub fn trust(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(address))
    }
}

impl FromStr for TrustedProxies {
    type Err = ();

    /// Addresses and networks with commas or blanks between them, as a list of TOML or without its
    /// brackets and quotes.
    fn from_str(text: &str) -> Result<Self, ()> {
        let is_between = |c: char| c.is_whitespace() || matches!(c, ',' | '[' | ']' | '"' | '\'');
        let parts = text.split(is_between).filter(|part| !part.is_empty());
        parts.map(str::parse).collect::<Result<_, ()>>().map(Self)
    }
}

impl FromStr for Network {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix.parse::<u8>().map_err(|_| ())?)),
            None => (text, None),
        };
        let address = address.parse::<IpAddr>().map_err(|_| ())?;
        let bits = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.unwrap_or(bits);
        (prefix <= bits).then_some(Self { address, prefix }).ok_or(())
    }
}

impl Network {
    fn contains(self, address: IpAddr) -> bool {
        let leading = |different: u128, bits: u8, width: u32| {
            different.leading_zeros() - (128 - width) >= u32::from(bits)
        };
        match (self.address, address) {
            (IpAddr::V4(ours), IpAddr::V4(other)) => {
                let different = u128::from(ours.to_bits() ^ other.to_bits());
                leading(different, self.prefix, 32)
            }
            (IpAddr::V6(ours), IpAddr::V6(other)) => {
                leading(ours.to_bits() ^ other.to_bits(), self.prefix, 128)
            }
            _ => false,
        }
    }
}

/// `192.0.2.1`, `192.0.2.1:1234`, `2001:db8::1`, `[2001:db8::1]:1234`.
fn address_of(hop: &str) -> Option<IpAddr> {
    let hop = hop.trim().trim_matches('"');
    let bare = hop.strip_prefix('[').and_then(|hop| hop.split(']').next());
    let bare = bare.or_else(|| hop.split_once(':').map(|(address, _)| address));
    let address = hop.parse().ok().or_else(|| bare?.parse::<IpAddr>().ok())?;
    Some(address.to_canonical())
}

/// What is counted as one client: an IPv4 address, or the /64 of an IPv6 address, of which whoever
/// has one has 2^64.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Neighbourhood(IpAddr);

impl From<IpAddr> for Neighbourhood {
    fn from(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V6(address) => {
                let bits = address.to_bits() >> 64 << 64;
                IpAddr::V6(Ipv6Addr::from_bits(bits))
            }
            address @ IpAddr::V4(_) => address,
        })
    }
}

impl fmt::Display for Neighbourhood {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            IpAddr::V4(address) => write!(f, "{address}"),
            IpAddr::V6(address) => write!(f, "{address}/64"),
        }
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};
    use actix_web::test::TestRequest;

    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn the_client_is_the_last_that_no_trusted_proxy_vouches_for() {
        let proxies: TrustedProxies = "[\"10.0.0.0/8\", \"2001:db8::/32\"]".parse().unwrap();
        for (peer, header, expected) in [
            ("192.0.2.1", Some("198.51.100.7"), "192.0.2.1"),
            ("10.0.0.1", None, "10.0.0.1"),
            ("10.0.0.1", Some("198.51.100.7"), "198.51.100.7"),
            ("10.0.0.1", Some("203.0.113.9, 198.51.100.7"), "198.51.100.7"),
            ("10.0.0.1", Some("203.0.113.9, 198.51.100.7, 10.1.1.1"), "198.51.100.7"),
            ("10.0.0.1", Some("10.2.2.2,10.1.1.1"), "10.2.2.2"),
            ("10.0.0.1", Some("198.51.100.7:5000"), "198.51.100.7"),
            ("2001:db8::1", Some("[2001:db9::7]:5000"), "2001:db9::7"),
            ("2001:db8::1", Some("2001:db9::7"), "2001:db9::7"),
            ("10.0.0.1", Some("unknown"), "10.0.0.1"),
            ("10.0.0.1", Some("198.51.100.7, _hidden"), "10.0.0.1"),
            ("10.0.0.1", Some("198.51.100.7, _hidden, 10.1.1.1"), "10.1.1.1"),
            ("10.0.0.1", Some("::ffff:198.51.100.7"), "198.51.100.7"),
            ("10.0.0.1", Some("\"198.51.100.7\""), "198.51.100.7"),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(header) = header {
                let name = HeaderName::from_static(FORWARDED_FOR);
                headers.append(name, HeaderValue::from_str(header).unwrap());
            }
            assert_eq!(proxies.named(ip(peer), &headers), ip(expected), "{peer} {header:?}");
        }
    }

    #[test]
    fn the_header_may_stand_there_more_than_once_and_a_peer_may_come_in_ipv6s_clothes() {
        let proxies: TrustedProxies = "10.0.0.0/8".parse().unwrap();
        let client = |peer: &str| {
            let request = TestRequest::default()
                .peer_addr((ip(peer), 5000).into())
                .append_header((FORWARDED_FOR, "203.0.113.9"))
                .append_header((FORWARDED_FOR, "198.51.100.7"))
                .to_srv_request();
            proxies.client(&request)
        };
        assert_eq!(client("10.0.0.1"), Some(Client(ip("198.51.100.7"))));
        assert_eq!(client("::ffff:10.0.0.1"), Some(Client(ip("198.51.100.7"))));
        assert_eq!(client("::ffff:192.0.2.1"), Some(Client(ip("192.0.2.1"))));
    }

    #[test]
    fn a_network_holds_what_begins_alike() {
        let holds = |network: &str, address: &str| {
            network.parse::<Network>().unwrap().contains(ip(address))
        };
        assert!(holds("10.0.0.0/8", "10.255.0.1") && !holds("10.0.0.0/8", "11.0.0.1"));
        assert!(holds("0.0.0.0/0", "203.0.113.1") && !holds("0.0.0.0/0", "::1"));
        assert!(holds("192.0.2.7", "192.0.2.7") && !holds("192.0.2.7", "192.0.2.6"));
        assert!(
            holds("2001:db8::/33", "2001:db8:7fff::") && !holds("2001:db8::/33", "2001:db8:8000::")
        );
        for wrong in ["10.0.0.0/33", "10.0.0/8", "proxy.example", "10.0.0.0/", "::/129"] {
            assert!(wrong.parse::<TrustedProxies>().is_err(), "{wrong}");
        }
        assert_eq!("".parse(), Ok(TrustedProxies::default()));
    }

    #[test]
    fn who_has_one_ipv6_address_has_a_whole_network_of_them() {
        let of = |text: &str| Neighbourhood::from(ip(text));
        assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff::9"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert_eq!(of("2001:db8:1:2::1").to_string(), "2001:db8:1:2::/64");
    }
}
