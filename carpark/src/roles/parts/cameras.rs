//! The cameras' side of the web role.

use std::sync::Arc;

use cameras::Watch;
use domain::wire::{ENTRY_QUEUE, EXIT_QUEUE};
use platform::messaging::Publisher;
use platform::messaging::amqp::PublisherOptions;
use platform::messaging::embedded::EmbeddedPublisher;
use tracing::warn;

use super::Wiring;
use crate::recording::recorded;
use crate::roles::open;

/// In the data directory: how the cameras did, so that a restart does not forget it.
const MEMORY: &str = "cameras.json";

/// Starts it, and answers how to look at them. Without a broker it answers that it has none, and the role writes its files all the
/// same.
pub fn start(wiring: &Wiring<'_>, embedded: Option<EmbeddedPublisher>) -> anyhow::Result<Watch> {
    let config = wiring.config;
    let memory = Some(config.data_dir.join(MEMORY));
    let options = cameras::Options { memory, ..config.camera_options.clone() };
    let publisher: Option<Arc<dyn Publisher>> = match (&config.broker_url, embedded) {
        // Nobody posts: no connection that nobody needs.
        _ if config.cameras.is_empty() => None,
        (None, None) => {
            warn!(
                "cameras are configured, but this role has no broker to give their reads to: set \
                 CARPARK_BROKER_URL; until then they are answered 503"
            );
            None
        }
        (_, embedded) => {
            let publishing = PublisherOptions {
                confirm_time_out: options.answer_within,
                ..PublisherOptions::new("carpark cameras")
            };
            Some(open::publisher(&publishing, &[ENTRY_QUEUE, EXIT_QUEUE], config, embedded)?)
        }
    };
    let ledger = config.generators.ledger.as_deref();
    let publisher = publisher.map(|publisher| recorded(publisher, ledger)).transpose()?;
    let (cameras, clock) = (config.cameras.clone(), Arc::clone(&wiring.clock));
    let (registry, vitals) = (&wiring.registry, &wiring.vitals);
    let cameras = cameras::start(options, cameras, publisher, clock, registry, vitals)?;
    let watch = cameras.watch();
    wiring.run(cameras);
    Ok(watch)
}
