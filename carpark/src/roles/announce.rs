//! Tells a person where everything is, at the start.

use std::net::SocketAddr;

use platform::address::masked;

use super::parts::reachable;
use super::plan::Plan;
use crate::config::Config;
use crate::say;

/// The lines that a person sees first.
pub fn announce(plan: Plan, config: &Config, address: SocketAddr) {
    let or = |url: Option<&str>, inside: &str| url.map_or_else(|| inside.to_owned(), masked);
    say::line(format_args!("carpark {}", env!("CARGO_PKG_VERSION")));
    say::line(format_args!("  {}", place(plan.web, address)));
    if plan.web {
        let dir = config.data_dir.display();
        say::line(format_args!("  writes to   {dir}/summaries.csv and {dir}/exceptions.csv"));
    }
    if plan.actors {
        let store = format!("embedded ({}/carpark.redb)", config.data_dir.display());
        say::line(format_args!("  broker      {}", or(config.broker_url.as_deref(), "embedded")));
        say::line(format_args!("  store       {}", or(config.store_url.as_deref(), &store)));
    }
    if plan.web && !config.cameras.is_empty() {
        say::line(format_args!("  cameras     {}, at /cameras/NAME", names(&config.cameras)));
    }
    if plan.vehicles {
        let store = format!("embedded ({}/vehicles.redb)", config.data_dir.display());
        say::line(format_args!(
            "  vehicles    {}",
            or(config.vehicles.store_url.as_deref(), &store)
        ));
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
    // A container has nobody who could.
    if say::is_to_a_person() {
        say::line("  Ctrl-C ends it; nothing is lost");
    }
}

/// Where it is found. What a listener on all addresses is called from outside it cannot know: a
/// container's name, or the machine's.
fn place(is_page: bool, address: SocketAddr) -> String {
    let here = reachable(address);
    if address.ip().is_unspecified() {
        format!("listens on  port {} of every address; from here http://{here}", address.port())
    } else if is_page {
        format!("open        http://{here}")
    } else {
        format!("listens on  http://{here}")
    }
}

fn names(cameras: &[cameras::Camera]) -> String {
    cameras.iter().map(|camera| camera.name.as_str()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_is_only_right_from_here_says_so() {
        let said = |is_page, address: &str| place(is_page, address.parse().unwrap());
        assert_eq!(said(true, "127.0.0.1:40000"), "open        http://127.0.0.1:40000");
        assert_eq!(said(false, "192.0.2.7:40002"), "listens on  http://192.0.2.7:40002");
        for (address, from_here) in
            [("0.0.0.0:40002", "http://127.0.0.1:40002"), ("[::]:40002", "http://[::1]:40002")]
        {
            let said = said(false, address);
            assert!(said.contains("port 40002 of every address"), "{said}");
            assert!(said.ends_with(&format!("from here {from_here}")), "{said}");
        }
    }
}
