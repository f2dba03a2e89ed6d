//! Takes pings out of the queue: parses, hands on, acknowledges last (G3).
//!
//! Owns: one batch of deliveries at a time. It forms by what is waiting: while the store works on
//! one, the next gathers in the prefetch.
//! Hears: the queue's events, [`Drain`].
//! Tells: the registry ([`Pings`]), the queue (acknowledge, dead letter).
//! Never: acknowledges a delivery before its ping is kept or among the dead letters.

use std::rc::Rc;
use std::sync::Arc;

use actix::{
    Actor, ActorFutureExt, AsyncContext, Context, ContextFutureSpawner, Handler, Message,
    Recipient, ResponseFuture, StreamHandler, WrapFuture,
};
use bytes::Bytes;
use domain::SharedClock;
use domain::wire::ping::{PingRejection, parse_ping};
use futures_util::StreamExt;
use platform::messaging::{Consumed, Event, Queue, Tag};
use platform::runtime::{Asking, Backoff, Vital, keep_asking};
use tracing::{info, warn};

use crate::health::Health;
use crate::metrics::Metrics;
use crate::registry::Pings;

/// Most events of a batch.
const BATCH_MAX: usize = 1_000;

/// Consume no more; answered when nothing is in flight.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct Drain;

/// Events that were waiting together.
struct Batch(Vec<Event>);

/// One for the process, where pings come by a queue.
pub(crate) struct Consumer {
    way: Way,
    health: Arc<Health>,
    /// Asks the broker whether the queue is consumed, however busy this actor is.
    _asking: Asking,
    vital: Vital,
}

/// What a batch needs on its way.
#[derive(Clone)]
struct Way {
    queue: Rc<dyn Queue>,
    registry: Recipient<Pings>,
    clock: SharedClock,
    metrics: Arc<Metrics>,
}

impl Consumer {
    /// Consumes `queue` from now on, until [`Drain`].
    pub(crate) fn start(
        (events, queue): Consumed,
        registry: Recipient<Pings>,
        clock: SharedClock,
        metrics: Arc<Metrics>,
        health: Arc<Health>,
        vital: Vital,
    ) -> actix::Addr<Self> {
        Self::create(|context| {
            context.add_stream(events.ready_chunks(BATCH_MAX).map(Batch));
            let asking = ask(&queue, &health);
            let way = Way { queue, registry, clock, metrics };
            Self { way, health, _asking: asking, vital }
        })
    }
}

/// Asks the broker how the queue is, from now on.
fn ask(queue: &Rc<dyn Queue>, health: &Arc<Health>) -> Asking {
    let (queue, health) = (Rc::clone(queue), Arc::clone(health));
    keep_asking(
        async move || queue.is_alive().await.map_err(|e| e.to_string()),
        move |answer| match answer {
            Ok(()) => {
                if health.queue.works() {
                    info!("queue of pings usable");
                }
            }
            Err(reason) => {
                if health.queue.does_not_answer(reason) {
                    warn!(reason, "queue of pings not usable");
                }
            }
        },
    )
}

impl Way {
    /// Brings deliveries of one connection all the way. Answers nothing where the registry is gone:
    /// then they come again.
    async fn bring(&self, deliveries: Vec<(Tag, Bytes)>) {
        let Some((last, _)) = deliveries.last() else { return };
        let (last, now) = (*last, self.clock.now());
        let (mut pings, mut bodies) = (Vec::new(), Vec::new());
        for (_, body) in deliveries {
            match parse_ping(&body, now) {
                Ok(ping) => {
                    pings.push(ping);
                    bodies.push(body);
                }
                Err(rejection) => self.dead_letter(&body, &rejection).await,
            }
        }
        if !pings.is_empty() {
            let Ok(answers) = self.registry.send(Pings(pings)).await else { return };
            for (answer, body) in answers.iter().zip(&bodies) {
                if let Err(rejection) = answer {
                    self.dead_letter(body, rejection).await;
                }
            }
        }
        self.queue.acknowledge(last).await;
    }

    async fn dead_letter(&self, body: &[u8], rejection: &PingRejection) {
        let reason = rejection.to_string();
        warn!(reason, "ping refused, goes to the dead letters");
        self.metrics.dead_letters.with_label_values(&[rejection.code()]).inc();
        let mut backoff = Backoff::default();
        while let Err(e) = self.queue.dead_letter(body, &reason).await {
            if backoff.attempts() == 0 {
                warn!(error = %e, "dead letter not confirmed, trying again");
            }
            backoff.wait().await;
        }
    }
}

impl Actor for Consumer {
    type Context = Context<Self>;
}

impl StreamHandler<Batch> for Consumer {
    fn handle(&mut self, Batch(events): Batch, context: &mut Self::Context) {
        self.vital.may_die_here();
        // By connection: what came on a lost one cannot be acknowledged on the next.
        let mut runs: Vec<Vec<(Tag, Bytes)>> = vec![Vec::new()];
        for event in events {
            match event {
                Event::Delivered(delivery) => {
                    if delivery.redelivered {
                        self.way.metrics.redelivered.inc();
                    }
                    if let Some(run) = runs.last_mut() {
                        run.push((delivery.tag, delivery.body));
                    }
                }
                // Nobody asks.
                Event::Depth { .. } => {}
                Event::Connected => {
                    if self.health.queue.works() {
                        info!("queue of pings usable");
                    }
                }
                Event::Disconnected(reason) => {
                    self.way.metrics.failures.with_label_values(&["queue"]).inc();
                    if self.health.queue.fails(&reason) {
                        warn!(reason, "connection to the queue of pings lost");
                    }
                    runs.push(Vec::new());
                }
            }
        }
        let way = self.way.clone();
        let brought = async move {
            for run in runs {
                way.bring(run).await;
            }
        };
        // Nothing else is taken meanwhile: what waits is the next batch.
        brought.into_actor(self).map(|(), _, _| ()).wait(context);
    }

    /// The stream ends after [`Drain`]; the actor stays for what is in flight.
    fn finished(&mut self, _: &mut Self::Context) {}
}

impl Handler<Drain> for Consumer {
    type Result = ResponseFuture<()>;

    fn handle(&mut self, _: Drain, _: &mut Self::Context) -> Self::Result {
        // A batch under way was waited for: this message stands behind it.
        let queue = Rc::clone(&self.way.queue);
        Box::pin(async move { queue.cancel().await })
    }
}
