//! A broker that remembers everything, and fails when it is told to.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use domain::{Direction, Observation, wire};
use platform::messaging::{Message, PublishError, Publisher};

/// Every attempt is remembered, confirmed or not; the tests read them back by kind.
#[derive(Default)]
pub struct RecordingPublisher {
    attempts: Mutex<Vec<Attempt>>,
    /// Attempts yet to fail.
    failures: AtomicUsize,
    /// Whether every attempt fails.
    is_away: AtomicBool,
    /// Milliseconds until a confirmation.
    delay_ms: AtomicUsize,
}

/// One call of `publish`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Attempt {
    queue: &'static str,
    body: String,
    is_confirmed: bool,
}

impl RecordingPublisher {
    /// A broker that confirms everything at once.
    pub fn new() -> Self {
        Self::default()
    }

    /// The next `count` attempts fail.
    pub fn fail_next(&self, count: usize) {
        self.failures.store(count, Ordering::SeqCst);
    }

    /// From now on every attempt fails, or none.
    pub fn set_away(&self, is_away: bool) {
        self.is_away.store(is_away, Ordering::SeqCst);
    }

    /// How long a confirmation takes from now on.
    pub fn set_delay(&self, delay: Duration) {
        let delay_ms = usize::try_from(delay.as_millis()).unwrap_or(usize::MAX);
        self.delay_ms.store(delay_ms, Ordering::SeqCst);
    }

    /// The bodies that were tried, in order, of both kinds.
    pub fn attempted(&self) -> Vec<String> {
        self.select(|_| true)
    }

    /// The bodies of `kind` that were confirmed, in order.
    pub fn confirmed(&self, kind: Direction) -> Vec<String> {
        self.select(|attempt| attempt.is_confirmed && attempt.queue == wire::queue_of(kind))
    }

    /// What the confirmed bodies of `kind` say. Panics where one says nothing.
    pub fn observations(&self, kind: Direction, now: domain::Instant) -> Vec<Observation> {
        let parse = |body: String| {
            wire::parse_observation(body.as_bytes(), now).expect("a valid observation")
        };
        self.confirmed(kind).into_iter().map(parse).collect()
    }

    fn select(&self, wanted: impl Fn(&Attempt) -> bool) -> Vec<String> {
        let attempts = self.attempts.lock().unwrap_or_else(PoisonError::into_inner);
        attempts.iter().filter(|attempt| wanted(attempt)).map(|a| a.body.clone()).collect()
    }

    fn fails(&self) -> bool {
        let less = |count: usize| count.checked_sub(1);
        self.is_away.load(Ordering::SeqCst)
            || self.failures.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less).is_ok()
    }
}

#[async_trait]
impl Publisher for RecordingPublisher {
    async fn publish(&self, message: &Message) -> Result<(), PublishError> {
        let delay_ms = self.delay_ms.load(Ordering::SeqCst);
        if delay_ms > 0 {
            tokio::time::sleep(Duration::from_millis(delay_ms as u64)).await;
        }
        let is_confirmed = !self.fails();
        let mut attempts = self.attempts.lock().unwrap_or_else(PoisonError::into_inner);
        let body = String::from_utf8(message.body.to_vec()).expect("JSON");
        attempts.push(Attempt { queue: message.queue, body, is_confirmed });
        if is_confirmed { Ok(()) } else { Err(PublishError::Away) }
    }
}
