//! The publisher of a generator.
//!
//! Owns the way to the broker and the ledger. Hears [`Publish`] and [`Flush`]. Tells nobody; the
//! answer to a [`Publish`] comes when the broker has confirmed. Never drops a message before a stop
//! gives up on it, and never changes its id between attempts. How many are under way at once is
//! bounded by who sends.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use actix::prelude::{
    Actor, ActorContext as _, ActorFutureExt as _, AsyncContext as _, Context, Handler,
    MessageResponse, ResponseFuture, WrapFuture as _,
};
use domain::Direction;
use platform::messaging::{Message, Publisher};
use platform::runtime::{Backoff, Vital};
use tokio::time::Instant;

use crate::ledger::Ledger;
use crate::metrics::{Meters, Origin, Outcome, Read};
use crate::phase::{Phase, PhaseWatch};

/// Waiting messages at most; the senders' bounds are far below and above, both are fine.
const MAILBOX_CAPACITY: usize = 1024;
/// How often the ledger goes to the file.
const FLUSH_EVERY: Duration = Duration::from_secs(1);

/// Publish this message, and come back when the broker has it.
#[derive(actix::Message)]
#[rtype(result = "Sent")]
pub(crate) struct Publish {
    /// Entry or exit, for the meters.
    pub(crate) kind: Direction,
    /// Where the passage comes from, for the meters.
    pub(crate) origin: Origin,
    /// Which read of the passage it is, for the meters.
    pub(crate) read: Read,
    /// The observation, as it is sent.
    pub(crate) message: Message,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, MessageResponse)]
pub(crate) enum Sent {
    /// The broker has it, and the ledger too.
    Confirmed,
    /// A stop came first. It may or may not have arrived.
    GivenUp,
}

/// Bring the ledger to its file.
#[derive(actix::Message)]
#[rtype(result = "io::Result<()>")]
pub(crate) struct Flush;

/// See the module.
pub(crate) struct PublisherActor {
    attempts: Attempts,
    vital: Vital,
}

/// What every message under way needs.
#[derive(Clone)]
struct Attempts {
    /// The way to the broker.
    transport: Arc<dyn Publisher>,
    /// Who learns of each confirmed message, before its sender does.
    ledger: Option<Arc<dyn Ledger>>,
    /// When to give up.
    phases: PhaseWatch,
    /// Attempts and their durations.
    meters: Meters,
}

impl PublisherActor {
    pub(crate) fn new(
        transport: Arc<dyn Publisher>,
        ledger: Option<Arc<dyn Ledger>>,
        phases: PhaseWatch,
        meters: Meters,
        vital: Vital,
    ) -> Self {
        Self { attempts: Attempts { transport, ledger, phases, meters }, vital }
    }
}

impl Attempts {
    /// Tries until it is confirmed or a stop gives up.
    async fn publish(self, message: Publish) -> Sent {
        let sent = tokio::select! {
            biased;
            () = self.phases.reached(Phase::GivingUp) => Sent::GivenUp,
            () = self.until_confirmed(&message) => Sent::Confirmed,
        };
        let outcome = match sent {
            Sent::Confirmed => Outcome::Confirmed,
            Sent::GivenUp => Outcome::GivenUp,
        };
        self.meters.of(message.kind).ended(outcome, message.origin, message.read);
        sent
    }

    async fn until_confirmed(&self, message: &Publish) {
        let mut backoff = Backoff::default();
        let meters = self.meters.of(message.kind);
        loop {
            let begun_at = Instant::now();
            if self.transport.publish(&message.message).await.is_ok() {
                meters.took(begun_at.elapsed());
                break;
            }
            meters.ended(Outcome::Failed, message.origin, message.read);
            backoff.wait().await;
        }
        if let Some(ledger) = &self.ledger {
            ledger.record(&message.message.body);
        }
    }
}

impl Actor for PublisherActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(MAILBOX_CAPACITY);
        let gone = self.attempts.phases.clone().gone().into_actor(self);
        ctx.spawn(gone.map(|(), _, ctx| ctx.stop()));
        ctx.run_interval(FLUSH_EVERY, |publisher, _| {
            if let Some(ledger) = &publisher.attempts.ledger {
                // It says so itself, once.
                let _ = ledger.flush();
            }
        });
    }
}

impl Handler<Publish> for PublisherActor {
    type Result = ResponseFuture<Sent>;

    fn handle(&mut self, message: Publish, _: &mut Self::Context) -> Self::Result {
        self.vital.may_die_here();
        Box::pin(self.attempts.clone().publish(message))
    }
}

impl Handler<Flush> for PublisherActor {
    type Result = io::Result<()>;

    fn handle(&mut self, _: Flush, _: &mut Self::Context) -> Self::Result {
        self.attempts.ledger.as_ref().map_or(Ok(()), |ledger| ledger.flush())
    }
}
