//! The actors: observations in, reports out. The files stand in the order an observation passes
//! them: [`consumer`], [`registry`], [`plate_actor`], [`committer`], [`store`], [`summary_client`];
//! beside them the [`settler`], which gives the verdicts that only time can bring. At the desks
//! ([`dead_letter_desk`], [`plate_desk`]) people are served, over the routes of `admin`.
//!
//! [`Actors::start`] wires them, in that order backwards, so that each is there before it is
//! needed; [`Actors::stop`] lets go in the order of the way.

mod admin;
pub mod committer;
pub mod consumer;
pub mod dead_letter_desk;
pub mod flow;
mod gate;
pub mod health;
mod metrics;
pub mod operator_desk;
mod options;
pub mod plate_actor;
pub mod plate_desk;
mod receipt;
pub mod registry;
pub mod settler;
pub mod store;
pub mod summary_client;
#[cfg(any(test, feature = "testkit"))]
pub mod testing;

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, Addr};
use actix_web::web::Data;
use admin::Desks;
use async_trait::async_trait;
use committer::Committer;
use consumer::{Consumer, Drain};
use dead_letter_desk::DeadLetterDesk;
use domain::wire::queue_of;
use domain::{Direction, SharedClock, Watermarks};
use operator_desk::OperatorDesk;
use plate_desk::{LaterHolder, PlateDesk};
use platform::component::{Component, States};
use platform::http::Routes;
use platform::messaging::{Broker, Queue};
use platform::runtime::{Vitals, texts};
use registry::{Limits, Registry};
use settler::{SettleNow, Settled, Settler};
use store::{Outboxes, Plates, ProcessorId, Records, Store};
use summary_client::{Flush, Posting, Sink, SummaryClient};
use tokio::time::timeout;
use tracing::{info, warn};

pub use admin::routes;
pub use gate::Gate;
pub use health::Health;
pub use metrics::Metrics;
pub use options::{Options, Rules};

/// Reports that the summary client holds beyond those under way, in messages of the committer.
const SUMMARY_MAILBOX: usize = 64;

/// What the actors are given.
pub struct Parts {
    /// What can be set.
    pub options: Options,
    /// Where observations come from.
    pub broker: Box<dyn Broker>,
    /// The store of the records.
    pub store: Arc<dyn Store>,
    /// The sink to which summaries and exceptions are posted.
    pub sink: Box<dyn Sink>,
    /// This processor's id: owner of its outbox and of its sign of life.
    pub processor: ProcessorId,
    /// The clock of processing time.
    pub clock: SharedClock,
    /// Counters, registered.
    pub metrics: Arc<Metrics>,
    /// Hears of an actor that dies.
    pub vitals: Vitals,
}

/// The running actors of one processor.
pub struct Actors {
    options: Options,
    processor: ProcessorId,
    store: Arc<dyn Store>,
    consumers: [Addr<Consumer>; 2],
    queues: [Rc<dyn Queue>; 2],
    settler: Addr<Settler>,
    summary_client: Addr<SummaryClient>,
    desks: Desks,
    /// Who else knows of plates.
    vehicles: LaterHolder,
    office: LaterHolder,
    gate: Arc<Gate>,
    health: Arc<Health>,
    metrics: Arc<Metrics>,
}

impl Actors {
    #[expect(clippy::too_many_lines, reason = "the wiring, in reading order, in one place")]
    /// Wires the actors, on this thread, from the sink back to the broker.
    pub fn start(parts: Parts) -> Self {
        let Parts { options, broker, store, sink, processor, clock, metrics, vitals } = parts;
        let gate = Arc::new(Gate::new(options.outbox_max));
        let health = Arc::new(Health::default());

        let sink: Rc<dyn Sink> = Rc::from(sink);
        let posting = Posting {
            batch_max: options.post_batch_max,
            in_flight_max: options.posts_in_flight,
            retry_max: options.post_retry_max,
        };
        let summary_client = SummaryClient::create(|context| {
            context.set_mailbox_capacity(SUMMARY_MAILBOX);
            let parts = summary_client::Parts {
                owner: processor.clone(),
                posting,
                sink: Rc::clone(&sink),
                store: Arc::clone(&store) as Arc<dyn Outboxes>,
                gate: Arc::clone(&gate),
                metrics: Arc::clone(&metrics),
                health: Arc::clone(&health),
            };
            SummaryClient::new(parts, vitals.of("summary client"))
        });

        let committer = Committer::new(
            committer::Parts {
                store: Arc::clone(&store) as Arc<dyn Records>,
                owner: processor.clone(),
                outboxed: summary_client.clone().recipient(),
                batch_max: options.commit_batch_max,
                in_flight_max: options.commits_in_flight,
                metrics: Arc::clone(&metrics),
                health: Arc::clone(&health),
            },
            vitals.of("committer"),
        )
        .start();

        let watermarks = Rc::new(Cell::new(Watermarks::default()));
        let behind = Rc::default();
        let registry = Registry::new(
            Limits { idle_after: options.idle_after, residents_max: options.residents_max },
            plate_actor::Shared {
                policy: options.policy.clone(),
                processor: processor.clone(),
                clock: Arc::clone(&clock),
                commit: committer.clone().recipient(),
                load: committer.recipient(),
                watermarks: Rc::clone(&watermarks),
                behind: Rc::clone(&behind),
                metrics: Arc::clone(&metrics),
            },
            vitals.of("registry"),
        )
        .start();

        let consume = |direction| {
            let (events, queue) = broker.consume(queue_of(direction));
            let consumer = Consumer::start(consumer::Parts {
                direction,
                events,
                queue: Rc::clone(&queue),
                registry: registry.clone().recipient(),
                gate: Arc::clone(&gate),
                policy: options.policy.clone(),
                clock: Arc::clone(&clock),
                metrics: Arc::clone(&metrics),
                health: Arc::clone(&health),
                vital: vitals.of("consumer"),
            });
            (consumer, queue)
        };
        let (entries, queue_of_entries) = consume(Direction::Entry);
        let (exits, queue_of_exits) = consume(Direction::Exit);
        let queues = [queue_of_entries, queue_of_exits];

        let operator = OperatorDesk::new(
            operator_desk::Parts {
                store: Arc::clone(&store),
                registry: registry.clone().recipient(),
                watermarks: Rc::clone(&watermarks),
                policy: options.policy.clone(),
                clock: Arc::clone(&clock),
            },
            vitals.of("operator desk"),
        )
        .start();
        let desk_clock = Arc::clone(&clock);

        let settler = Settler::new(
            settler::Parts {
                processor: processor.clone(),
                entries: entries.clone().recipient(),
                exits: exits.clone().recipient(),
                registry: registry.recipient(),
                summary_client: summary_client.clone().recipient(),
                store: Arc::clone(&store),
                watermarks,
                behind,
                store_was_away: Cell::default(),
                gate: Arc::clone(&gate),
                clock,
                policy: options.policy.clone(),
                every: options.settle_every,
                batch_max: options.settle_batch_max,
                metrics: Arc::clone(&metrics),
                health: Arc::clone(&health),
            },
            vitals.of("settler"),
        )
        .start();

        let dead_letters = DeadLetterDesk::new(
            broker.dead_letters(),
            Arc::clone(&metrics),
            vitals.of("dead-letter desk"),
        )
        .start();
        let (vehicles, office) = (LaterHolder::default(), LaterHolder::default());
        let plates = PlateDesk::new(
            plate_desk::Parts {
                store: Arc::clone(&store) as Arc<dyn Plates>,
                sink,
                dead_letters: dead_letters.clone(),
                vehicles: Rc::clone(&vehicles),
                places: Rc::clone(&office),
            },
            vitals.of("plate desk"),
        )
        .start();

        let desks = Desks {
            dead_letters,
            plates,
            operator,
            processor: processor.clone(),
            policy: options.policy.clone(),
            metrics: Arc::clone(&metrics),
            health: Arc::clone(&health),
            clock: desk_clock,
        };

        info!(processor = %processor, "actors started");
        Self {
            options,
            processor,
            store,
            consumers: [entries, exits],
            queues,
            settler,
            summary_client,
            desks,
            vehicles,
            office,
            gate,
            health,
            metrics,
        }
    }

    /// Where is to be said, once, who else knows of plates: what is shown and erased of one (G8) is of
    /// all.
    pub fn vehicles(&self) -> LaterHolder {
        Rc::clone(&self.vehicles)
    }

    /// The same of the office.
    pub fn places(&self) -> LaterHolder {
        Rc::clone(&self.office)
    }

    /// Whether each part works.
    pub fn health(&self) -> Arc<Health> {
        Arc::clone(&self.health)
    }

    /// The counters.
    pub fn metrics(&self) -> Arc<Metrics> {
        Arc::clone(&self.metrics)
    }

    /// How much is unreported.
    pub fn gate(&self) -> Arc<Gate> {
        Arc::clone(&self.gate)
    }

    /// Runs one settling step now, outside the schedule.
    pub async fn settle_now(&self) -> Settled {
        let nothing = Settled { watermarks: Watermarks::default(), plates: 0 };
        self.settler.send(SettleNow).await.unwrap_or(nothing)
    }
}

#[async_trait(?Send)]
impl Component for Actors {
    /// The routes under `/admin`.
    fn routes(&self) -> Routes {
        let desks = self.desks.clone();
        admin::routes().sharing(move || Data::new(desks.clone()))
    }

    fn checks(&self) -> Option<States> {
        let health = self.health();
        Some(Box::new(move || texts(health.parts())))
    }

    /// Consumes no more, finishes what is in flight, brings the outbox to the sink as far as the
    /// patience reaches, says goodbye. What is left is in the store or goes back to the broker.
    async fn stop(self: Box<Self>) {
        let deadline = tokio::time::Instant::now() + self.options.stop_patience;
        let drained = async {
            let [entries, exits] = &self.consumers;
            let _ = tokio::join!(entries.send(Drain), exits.send(Drain));
        };
        if tokio::time::timeout_at(deadline, drained).await.is_err() {
            warn!("not all that was in flight is stored; it goes back to the queues");
        }
        let flushed = self.summary_client.send(Flush);
        if tokio::time::timeout_at(deadline, flushed).await.is_err() {
            let pending = self.gate.pending();
            warn!(outbox.pending = pending, "reports are left in the store for the next start");
        }
        let goodbye = async {
            for queue in &self.queues {
                queue.close().await;
            }
            self.store.leave(&self.processor).await
        };
        if !matches!(timeout(Duration::from_secs(1), goodbye).await, Ok(Ok(()))) {
            warn!("no goodbye to broker and store; they notice by themselves");
        }
        info!(processor = %self.processor, "actors stopped");
    }
}
