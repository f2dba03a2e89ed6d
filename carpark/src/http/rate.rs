//! How many requests one client address may make: whoever guesses tokens, or asks for the files
//! again and again, does not keep others from being served.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::client::Neighbourhood;

/// After so many requests addresses that have been quiet are forgotten (G6).
const FORGET_EVERY: u32 = 1_000;

/// See the module. A client may save up the requests of one second.
pub struct Rates {
    limiter: DefaultKeyedRateLimiter<Neighbourhood>,
    asked: AtomicU32,
}

impl Rates {
    /// So many requests per second and address; all of an IPv6 network count as one.
    pub fn new(per_second: NonZeroU32) -> Self {
        let limiter = RateLimiter::keyed(Quota::per_second(per_second));
        Self { limiter, asked: AtomicU32::new(0) }
    }

    /// Whether the address may make a request now.
    pub fn allow(&self, address: IpAddr) -> bool {
        if self.asked.fetch_add(1, Ordering::Relaxed).is_multiple_of(FORGET_EVERY) {
            self.limiter.retain_recent();
        }
        self.limiter.check_key(&address.into()).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_address_has_its_own_allowance() {
        let rates = Rates::new(NonZeroU32::new(3).unwrap());
        let (one, other) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        let allowed = |address| (0..5).filter(|_| rates.allow(address)).count();
        assert_eq!((allowed(one), allowed(other)), (3, 3));
    }
}
