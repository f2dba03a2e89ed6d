//! The way of a passage: its messages to the broker, each when its time has come and until it is
//! confirmed, and its vehicle into the store, or back.

use std::sync::Arc;
use std::time::Duration;

use domain::{Observation, SharedClock};
use platform::messaging::{Message, Publisher};
use platform::runtime::Backoff;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::camera::Passage;
use crate::inside_store::{Inside, InsideStore};
use crate::ledger::Ledger;
use crate::metrics::{Meters, Origin, Outcome, Read};

/// How long a stop tries to put a vehicle back.
pub(crate) const PUT_BACK_MAX: Duration = Duration::from_secs(2);

/// How far a stop has come.
#[derive(Clone)]
pub(crate) struct Stop {
    /// Nothing new is made; what was held back on purpose leaves now.
    pub(crate) draining: CancellationToken,
    /// What is unconfirmed stays so; vehicles go back into the store. Then it is draining, too.
    pub(crate) giving_up: CancellationToken,
}

/// What the passages of a generator share.
pub(crate) struct Way {
    /// To the broker.
    pub(crate) publisher: Arc<dyn Publisher>,
    /// Learns of each confirmed message, before anything else happens on account of it.
    pub(crate) ledger: Option<Arc<Ledger>>,
    /// The vehicles that are inside.
    pub(crate) store: Arc<dyn InsideStore>,
    /// Of the event times.
    pub(crate) clock: SharedClock,
    /// Cuts waits and attempts short.
    pub(crate) stop: Stop,
    /// Of this kind of passages.
    pub(crate) meters: Arc<Meters>,
}

impl Stop {
    /// None has begun.
    pub(crate) fn new() -> Self {
        let giving_up = CancellationToken::new();
        Self { draining: giving_up.child_token(), giving_up }
    }
}

impl Way {
    /// The whole way. A message that is held back on purpose leaves when a stop begins, at the latest:
    /// the camera has seen it. `vehicle` is the one that enters or leaves; one whose entry never
    /// arrived must not leave, and so it is let in last; one whose exit a stop left unconfirmed goes
    /// back, with the exit that was made.
    pub(crate) async fn pass(&self, passage: Passage, origin: Origin, vehicle: Option<Inside>) {
        if !passage.late_by.is_zero() {
            self.sleep(passage.late_by).await;
        }
        let is_confirmed = self.publish(&passage.first, origin, Read::First).await;
        match (vehicle, origin) {
            (Some(vehicle), Origin::New) if is_confirmed => self.let_in(vehicle).await,
            (Some(vehicle), Origin::Matched) if !is_confirmed => {
                let exit = Some(Box::new(passage.first.clone()));
                if self.put_back(Inside { exit, ..vehicle }).await {
                    self.meters.put_back.inc();
                }
            }
            _ => {}
        }
        if is_confirmed {
            self.repeat(passage, origin).await;
        }
    }

    /// Sends what comes after a confirmed first message. A second read that has not been made when
    /// a stop begins is not made: no event is ahead of the clock.
    async fn repeat(&self, passage: Passage, origin: Origin) {
        if passage.is_duplicated {
            self.publish(&passage.first, origin, Read::Duplicate).await;
        }
        let Some(again) = passage.re_read else { return };
        let gap = (again.at - self.clock.now()).to_std().unwrap_or(Duration::ZERO);
        if self.sleep(gap).await {
            self.publish(&again, origin, Read::Again).await;
        }
    }

    /// Sleeps until then, or until a stop begins: then false.
    async fn sleep(&self, duration: Duration) -> bool {
        let slept = tokio::time::sleep(duration);
        self.stop.draining.run_until_cancelled(slept).await.is_some()
    }

    /// Tries until the broker has it, and the ledger too. False where a stop came first: it may or may
    /// not have arrived.
    async fn publish(&self, observation: &Observation, origin: Origin, read: Read) -> bool {
        let message = Message::from(observation);
        let attempts = self.until_confirmed(&message, origin, read);
        let is_confirmed = self.stop.giving_up.run_until_cancelled(attempts).await.is_some();
        let outcome = if is_confirmed { Outcome::Confirmed } else { Outcome::GivenUp };
        self.meters.ended(outcome, origin, read);
        is_confirmed
    }

    async fn until_confirmed(&self, message: &Message, origin: Origin, read: Read) {
        let mut backoff = Backoff::default();
        loop {
            let begun_at = Instant::now();
            if self.publisher.publish(message).await.is_ok() {
                self.meters.took(begun_at.elapsed());
                break;
            }
            self.meters.ended(Outcome::Failed, origin, read);
            backoff.wait().await;
        }
        if let Some(ledger) = &self.ledger {
            ledger.record(&message.body);
        }
    }

    /// A vehicle has entered. Tries until the store has it, or a stop gives up.
    async fn let_in(&self, vehicle: Inside) {
        let kept = self.stop.giving_up.run_until_cancelled(self.until_kept(vehicle)).await;
        if kept.is_none() {
            tracing::warn!("a vehicle that entered is not in the store and will not leave");
        }
    }

    /// A vehicle that was taken has not left. Tries for a while, also after a stop has given up on
    /// the broker; answers whether the store has it.
    pub(crate) async fn put_back(&self, vehicle: Inside) -> bool {
        let kept = tokio::time::timeout(PUT_BACK_MAX, self.until_kept(vehicle)).await;
        if kept.is_err() {
            tracing::warn!("a vehicle could not be put back into the store and will not leave");
        }
        kept.is_ok()
    }

    async fn until_kept(&self, vehicle: Inside) {
        let mut backoff = Backoff::default();
        while self.store.put(vehicle.clone()).await.is_err() {
            backoff.wait().await;
        }
    }

    /// Brings the gauge up to date. A store that is away says so itself.
    pub(crate) async fn count_inside(&self) {
        if let Ok(count) = self.store.count().await {
            self.meters.inside.set(i64::try_from(count).unwrap_or(i64::MAX));
        }
    }

    /// Brings the ledger to its file. One that cannot be written says so itself, once.
    pub(crate) fn flush_ledger(&self) {
        if let Some(ledger) = &self.ledger {
            let _ = ledger.flush();
        }
    }
}
