//! Simulated vehicles that report in.

use std::cell::Cell;
use std::sync::Arc;

use domain::wire::ping::PING_QUEUE;
use generators::pings::{self, Monitor, OverHttp, OverQueue, Way};
use platform::messaging::amqp::PublisherOptions;

use super::{Wiring, reachable};
use crate::config::Config;
use crate::roles::open;

/// Registers the made vehicles, as the administrator; answers how many they are.
pub async fn register(config: &Config) -> anyhow::Result<usize> {
    let monitor = Monitor::new(&config.pings.monitor_url, config.tokens.admin.clone(), None);
    let registered = Cell::new(0);
    open::patiently("the vehicle monitor", config.start_patience, async || {
        let count = pings::register(&config.pings, &monitor).await;
        registered.set(count.map_err(|e| open::Attempt::Failed(anyhow::Error::msg(e)))?);
        Ok(())
    })
    .await?;
    Ok(registered.get())
}

/// Starts them: over RabbitMQ, or over HTTP where there is none.
pub fn start(wiring: &Wiring<'_>) -> anyhow::Result<()> {
    let config = wiring.config;
    let monitor_url = match wiring.plan.vehicles {
        true => format!("http://{}", reachable(wiring.address)).parse()?,
        false => config.pings.monitor_url.clone(),
    };
    let tokens = &config.tokens;
    let monitor = Monitor::new(&monitor_url, tokens.admin.clone(), tokens.ping.clone());
    let way: Arc<dyn Way> = match &config.broker_url {
        Some(_) => {
            let publishing = PublisherOptions::new("carpark pings");
            Arc::new(OverQueue(open::publisher(&publishing, &[PING_QUEUE], config, None)?))
        }
        None => Arc::new(OverHttp(monitor.clone())),
    };
    let (options, clock) = (config.pings.clone(), Arc::clone(&wiring.clock));
    let mut pings = pings::start(options, monitor, way, clock, &wiring.registry, &wiring.vitals)?;
    pings.tell_every(config.published_every);
    wiring.run(pings);
    Ok(())
}
