//! The parts that roles consist of, one file each: a part is made of the configuration, started, and
//! put on the process's one site.

pub mod actors;
pub mod cameras;
pub mod generators;
pub mod office;
pub mod pings;
pub mod vehicles;
pub mod web;

use std::cell::RefCell;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use domain::SharedClock;
use platform::component::Component;
use platform::runtime::Vitals;
use prometheus::Registry;

use super::plan::Plan;
use super::watched::Watched;
use crate::config::Config;
use crate::http::Site;

/// What every part is started with.
pub struct Wiring<'a> {
    /// The parts of this process.
    pub plan: Plan,
    /// What was asked for.
    pub config: &'a Config,
    /// Where the process asks itself.
    pub address: SocketAddr,
    /// The files that it keeps.
    pub watched: Watched,
    /// What time it is.
    pub clock: SharedClock,
    /// The registry of the process' metrics.
    pub registry: Registry,
    /// What the listener serves.
    pub site: Arc<Mutex<Site>>,
    /// Hears of a part that dies.
    pub vitals: Vitals,
    /// What runs, in reading order.
    pub running: RefCell<Vec<Box<dyn Component>>>,
}

impl Wiring<'_> {
    /// Puts a component on the site, and behind those that run already: it stops before them.
    pub fn run(&self, component: impl Component + 'static) {
        self.site.lock().unwrap_or_else(PoisonError::into_inner).add(&component);
        self.running.borrow_mut().push(Box::new(component));
    }

    /// The same of one that this process may not have.
    pub fn run_if_any(&self, component: Option<impl Component + 'static>) {
        if let Some(component) = component {
            self.run(component);
        }
    }
}

/// An address at which to reach a listener that listens on all of them.
pub fn reachable(listens: SocketAddr) -> SocketAddr {
    let ip = match listens.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, listens.port())
}
