//! Tells a person where everything is, at the start.

use std::net::SocketAddr;

use service::masked;

use super::parts::reachable;
use super::plan::Plan;
use crate::config::Config;
use crate::say;

/// The lines that a person sees first.
pub fn announce(plan: Plan, config: &Config, address: SocketAddr) {
    let or = |url: &Option<String>, inside: &str| {
        url.as_deref().map_or_else(|| inside.to_owned(), masked)
    };
    say::line(format_args!("carpark {}", env!("CARGO_PKG_VERSION")));
    let opens = if plan.web { "open        " } else { "listens on  " };
    say::line(format_args!("  {opens}http://{}", reachable(address)));
    if plan.web {
        let dir = config.data_dir.display();
        say::line(format_args!("  writes to   {dir}/summaries.csv and {dir}/exceptions.csv"));
    }
    if plan.actors {
        let store = format!("embedded ({}/carpark.redb)", config.data_dir.display());
        say::line(format_args!("  broker      {}", or(&config.broker_url, "embedded")));
        say::line(format_args!("  store       {}", or(&config.store_url, &store)));
    }
    if plan.web && !config.cameras.is_empty() {
        say::line(format_args!("  cameras     {}, at /cameras/NAME", names(&config.cameras)));
    }
    if plan.vehicles {
        let store = format!("embedded ({}/vehicles.redb)", config.data_dir.display());
        say::line(format_args!("  vehicles    {}", or(&config.vehicles_store_url, &store)));
    }
    if plan.has_generators() {
        let traffic = match config.generators.profile {
            generators::Profile::Steady => {
                format!("{} vehicles per second", config.generators.rate)
            }
            generators::Profile::Campus => {
                format!("a campus day, {} times as fast", config.generators.speed)
            }
        };
        say::line(format_args!("  simulates   {traffic}"));
    }
    say::line("  Ctrl-C ends it; nothing is lost");
}

fn names(cameras: &[cameras::Camera]) -> String {
    cameras.iter().map(|camera| camera.name.as_str()).collect::<Vec<_>>().join(", ")
}
