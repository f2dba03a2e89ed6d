//! The cameras' side of the web role.

use std::sync::Arc;

use actors::broker::embedded::EmbeddedPublisher;
use cameras::Cameras;
use domain::Kind;
use publisher::{AmqpOptions, Publisher, queue_of};
use tracing::warn;

use super::Wiring;
use crate::embedded_publisher::Embedded;
use crate::recording::recorded;
use crate::roles::open;

/// In the data directory: how the cameras did, so that a restart does not forget it.
const MEMORY: &str = "cameras.json";

/// Starts it. Without a broker it answers that it has none, and the role writes its files all the
/// same.
pub fn start(wiring: &Wiring<'_>, embedded: Option<EmbeddedPublisher>) -> anyhow::Result<Cameras> {
    let config = wiring.config;
    let memory = Some(config.data_dir.join(MEMORY));
    let options = cameras::Options { memory, ..config.camera_options.clone() };
    let publisher: Option<Arc<dyn Publisher>> = match (&config.broker_url, embedded) {
        // Nobody posts: no connection that nobody needs.
        _ if config.cameras.is_empty() => None,
        (Some(url), _) => {
            let amqp = AmqpOptions {
                confirm_time_out: options.answer_within,
                ..AmqpOptions::new(url, "carpark cameras")
            };
            let queues = [Kind::Entry, Kind::Exit].map(queue_of);
            Some(Arc::new(open::amqp_publisher(&amqp, &queues)?))
        }
        (None, Some(embedded)) => Some(Arc::new(Embedded(embedded))),
        (None, None) => {
            warn!(
                "cameras are configured, but this role has no broker to give their reads to: set \
                 CARPARK_BROKER_URL; until then they are answered 503"
            );
            None
        }
    };
    let ledger = config.generators.ledger.as_deref();
    let publisher = publisher.map(|publisher| recorded(publisher, ledger)).transpose()?;
    let (cameras, clock) = (config.cameras.clone(), Arc::clone(&wiring.clock));
    let cameras = cameras::start(
        options,
        cameras,
        publisher.clone(),
        clock,
        &wiring.registry,
        &wiring.vitals,
    )?;
    wiring.add(|site| {
        site.routes(cameras.configure());
        site.describe(cameras::openapi());
        if let Some(publisher) = publisher {
            site.check(move || {
                let state = if publisher.is_ready() { "ok" } else { "cannot publish reads" };
                vec![("cameras".to_owned(), state.to_owned())]
            });
        }
    });
    Ok(cameras)
}
