//! All chance of an actor, from one seed: what one run did, another can do again.

use std::time::Duration;

use domain::ObservationId;
use rand::rngs::StdRng;
use rand::{Rng as _, RngExt as _, SeedableRng as _};

/// Of the ids of simulated reads. 62 to the power of 21 is 125 bits: they do not meet by chance.
const ID_LENGTH: usize = 21;
const ALPHANUMERIC: [char; 62] = [
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I',
    'J', 'K', 'L', 'M', 'N', 'O', 'P', 'Q', 'R', 'S', 'T', 'U', 'V', 'W', 'X', 'Y', 'Z', 'a', 'b',
    'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o', 'p', 'q', 'r', 's', 't', 'u',
    'v', 'w', 'x', 'y', 'z',
];

/// Who throws: each draws a sequence of its own from the one seed. Waits after a failure draw from
/// none, so that how often one fails does not change what is made.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Stream {
    Entries = 1,
    Exits = 2,
    Fleet = 6,
    Pings = 7,
}

/// Throws in a fixed order for a seed and a stream; whoever changes the order changes the traffic.
pub(crate) struct Dice {
    rng: StdRng,
}

/// A seed nobody chose.
pub(crate) fn new_seed() -> u64 {
    rand::make_rng::<StdRng>().next_u64()
}

impl Dice {
    pub(crate) fn new(seed: u64, stream: Stream) -> Self {
        // Far apart even for seeds that follow each other, as people choose them.
        let spread = (stream as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        Self { rng: StdRng::seed_from_u64(seed ^ spread) }
    }

    /// True in `share` (0 to 1) of the cases.
    pub(crate) fn chance(&mut self, share: f64) -> bool {
        self.rng.random_bool(share)
    }

    /// From 0 up to, not including, 1.
    pub(crate) fn fraction(&mut self) -> f64 {
        self.rng.random()
    }

    /// From nothing to `max`.
    pub(crate) fn up_to(&mut self, max: Duration) -> Duration {
        max.mul_f64(self.fraction())
    }

    /// Below `count`, which is not 0.
    pub(crate) fn index(&mut self, count: usize) -> usize {
        self.rng.random_range(0..count)
    }

    pub(crate) fn letter(&mut self) -> char {
        char::from(self.rng.random_range(b'A'..=b'Z'))
    }

    pub(crate) fn digit(&mut self) -> char {
        char::from(self.rng.random_range(b'0'..=b'9'))
    }

    /// The id of a new read.
    pub(crate) fn observation_id(&mut self) -> ObservationId {
        let random_bytes = |count| {
            let mut bytes = vec![0; count];
            self.rng.fill_bytes(&mut bytes);
            bytes
        };
        let id = nanoid::format(random_bytes, &ALPHANUMERIC, ID_LENGTH);
        ObservationId::parse(&id).expect("letters and digits make an id")
    }
}

#[cfg(test)]
mod tests;
