//! Wrong tokens, counted: per client and in all, over a minute. Who has shown too many waits; what
//! is logged of a flood is bounded, and so is what is kept of it (G6).
//!
//! A flood from elsewhere never keeps a right token out: what is shown is compared before the count
//! of all is asked, and that count alone shuts nobody out.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tracing::warn;

use crate::client::Neighbourhood;

/// What is counted begins anew after this long.
const WINDOW: Duration = Duration::from_mins(1);
/// Wrong tokens of one client, past which it waits.
pub const OF_ONE_MAX: u32 = 10;
/// Wrong tokens of all clients, past which each further one is told to wait.
pub const OF_ALL_MAX: u32 = 100;
/// Clients that are told apart within a window.
const CLIENTS_MAX: usize = 10_000;
/// Clients that a window names in the log.
const NAMED_MAX: usize = 10;

/// See the module.
pub struct Guesses {
    /// Where they are shown, for the log.
    place: &'static str,
    counted: Mutex<Counted>,
}

#[derive(Default)]
struct Counted {
    began: Option<Instant>,
    by_client: HashMap<Neighbourhood, u32>,
    all: u32,
}

impl Guesses {
    /// Of what is shown at `place`.
    pub fn new(place: &'static str) -> Self {
        Self { place, counted: Mutex::default() }
    }

    /// Whether the client has shown so many that it has to wait.
    pub fn has_to_wait(&self, client: IpAddr) -> bool {
        self.has_to_wait_at(client, Instant::now())
    }

    fn has_to_wait_at(&self, client: IpAddr, now: Instant) -> bool {
        let counted = self.counted_at(now);
        counted.by_client.get(&client.into()).is_some_and(|count| *count >= OF_ONE_MAX)
    }

    /// Counts a wrong one; whether there have been so many of all clients that it is to be told to
    /// wait.
    pub fn wrong(&self, client: IpAddr) -> bool {
        self.wrong_at(client, Instant::now())
    }

    fn wrong_at(&self, client: IpAddr, now: Instant) -> bool {
        let client = Neighbourhood::from(client);
        let mut counted = self.counted_at(now);
        counted.began.get_or_insert(now);
        counted.all = counted.all.saturating_add(1);
        let is_known = counted.by_client.contains_key(&client);
        if is_known || counted.by_client.len() < CLIENTS_MAX {
            *counted.by_client.entry(client).or_default() += 1;
        }
        if !is_known && counted.by_client.len() <= NAMED_MAX {
            warn!(%client, "wrong token {}", self.place);
        }
        counted.all > OF_ALL_MAX
    }

    /// Says what the last minute had, when it is over.
    pub fn look(&self) {
        drop(self.counted_at(Instant::now()));
    }

    fn counted_at(&self, now: Instant) -> MutexGuard<'_, Counted> {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        if counted.began.is_some_and(|began| now.duration_since(began) >= WINDOW) {
            let ended = std::mem::take(&mut *counted);
            let most = ended.by_client.iter().max_by_key(|(_, count)| **count);
            if let Some((client, of_one)) = most.filter(|_| ended.all > 1) {
                warn!(
                    wrong_tokens = ended.all,
                    clients = ended.by_client.len(),
                    most.client = %client,
                    most.wrong_tokens = of_one,
                    "wrong tokens within a minute {}",
                    self.place
                );
            }
        }
        counted
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::net::Ipv6Addr;
    use std::sync::Arc;

    use super::*;

    fn v4(n: u32) -> IpAddr {
        IpAddr::from((0x7f00_0000 + n).to_be_bytes())
    }

    #[test]
    fn who_guesses_waits_and_others_do_not() {
        let (guesses, now) = (Guesses::new("here"), Instant::now());
        for _ in 0..OF_ONE_MAX {
            assert!(!guesses.has_to_wait_at(v4(1), now));
            guesses.wrong_at(v4(1), now);
        }
        assert!(guesses.has_to_wait_at(v4(1), now));
        assert!(!guesses.has_to_wait_at(v4(2), now));
        assert!(!guesses.has_to_wait_at(v4(1), now + WINDOW));
    }

    #[test]
    fn another_address_of_the_same_network_is_no_other_client() {
        let (guesses, now) = (Guesses::new("here"), Instant::now());
        let address =
            |n: u64| IpAddr::V6(Ipv6Addr::from_bits((0x2001_0db8_u128 << 96) + u128::from(n)));
        for n in 0..u64::from(OF_ONE_MAX) {
            guesses.wrong_at(address(n), now);
        }
        assert!(guesses.has_to_wait_at(address(u64::MAX), now));
    }

    #[test]
    fn a_flood_from_everywhere_is_told_to_wait_is_bounded_and_shuts_nobody_out() {
        let (guesses, now) = (Guesses::new("here"), Instant::now());
        let told: Vec<bool> = (0..40_000).map(|n| guesses.wrong_at(v4(n), now)).collect();
        assert_eq!(told.iter().filter(|told| !**told).count(), OF_ALL_MAX as usize);
        assert!(!guesses.has_to_wait_at(v4(50_000), now), "one who has guessed nothing");
        assert_eq!(guesses.counted_at(now).by_client.len(), CLIENTS_MAX);
        assert_eq!(guesses.counted_at(now + WINDOW).by_client.len(), 0);
        assert!(!guesses.wrong_at(v4(1), now + WINDOW));
    }

    #[test]
    fn who_is_counted_already_goes_on_being_counted_when_there_is_no_room_for_others() {
        let (guesses, now) = (Guesses::new("here"), Instant::now());
        for n in 0..u32::try_from(CLIENTS_MAX).unwrap() {
            guesses.wrong_at(v4(n), now);
        }
        for _ in 1..OF_ONE_MAX {
            assert!(!guesses.has_to_wait_at(v4(1), now));
            guesses.wrong_at(v4(1), now);
        }
        assert!(guesses.has_to_wait_at(v4(1), now));
    }

    /// What is logged meanwhile.
    fn logged(what: impl FnOnce()) -> String {
        let written = Arc::new(Mutex::new(Vec::new()));
        let writer = Arc::clone(&written);
        let subscriber = tracing_subscriber::fmt()
            .with_ansi(false)
            .with_writer(move || Written(Arc::clone(&writer)))
            .finish();
        tracing::subscriber::with_default(subscriber, what);
        let written = written.lock().unwrap();
        String::from_utf8(written.clone()).unwrap()
    }

    struct Written(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            io::Write::write(&mut *self.0.lock().unwrap(), bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_is_logged_of_a_flood_is_bounded_and_says_how_much_it_was() {
        let (guesses, now) = (Guesses::new("in a test"), Instant::now());
        let of_flood = logged(|| {
            for n in (0..500).chain([7, 7]) {
                guesses.wrong_at(v4(n), now);
            }
        });
        assert_eq!(of_flood.lines().count(), NAMED_MAX, "{of_flood}");
        assert!(of_flood.contains("wrong token in a test client=127.0.0.9"), "{of_flood}");
        let of_its_end = logged(|| drop(guesses.counted_at(now + WINDOW)));
        let said =
            ["wrong_tokens=502", "clients=500", "most.client=127.0.0.7", "most.wrong_tokens=3"];
        for part in said {
            assert!(of_its_end.contains(part), "{part}: {of_its_end}");
        }
        assert_eq!(logged(|| drop(guesses.counted_at(now + WINDOW * 3))), "", "it is said once");
        guesses.wrong_at(v4(1), now);
        let of_one = logged(|| drop(guesses.counted_at(now + WINDOW)));
        assert_eq!(of_one, "", "one was logged when it came");
    }
}
