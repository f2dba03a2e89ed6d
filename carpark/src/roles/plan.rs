//! What a role consists of, and whether it can work the way it is configured.

use std::net::SocketAddr;

use anyhow::bail;
use tracing::warn;

use crate::cli::Role;
use crate::config::Config;
use crate::http;

/// The parts of a role.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// The summary service, with the cameras' side.
    pub web: bool,
    /// Consumers, registry, sessions, summary client.
    pub actors: bool,
    /// Simulated entry cameras.
    pub entries: bool,
    /// Simulated exit cameras.
    pub exits: bool,
    /// The vehicle monitor.
    pub vehicles: bool,
    /// Simulated vehicles.
    pub pings: bool,
    /// Places, and how full they are.
    pub office: bool,
}

impl Plan {
    /// The parts of `role`.
    pub fn of(role: Role) -> Self {
        let is = |roles: &[Role]| roles.contains(&role);
        Self {
            web: is(&[Role::All, Role::Serve, Role::Web]),
            actors: is(&[Role::All, Role::Serve, Role::Actors]),
            entries: is(&[Role::All, Role::Generators, Role::EntryGenerator]),
            exits: is(&[Role::All, Role::Generators, Role::ExitGenerator]),
            vehicles: is(&[Role::All, Role::Serve, Role::Vehicles]),
            pings: is(&[Role::All, Role::PingGenerator]),
            office: is(&[Role::All, Role::Serve, Role::Office]),
        }
    }

    /// Whether one part asks another over HTTP.
    pub fn asks_itself(self) -> bool {
        self.web && self.actors
    }

    /// Whether cameras are simulated.
    pub fn has_generators(self) -> bool {
        self.entries || self.exits
    }

    /// Combinations that cannot work say so before anything is started.
    pub fn check(self, config: &Config) -> anyhow::Result<()> {
        let is_split = !(self.web && self.actors) && (self.actors || self.has_generators());
        if config.broker_url.is_none() && is_split {
            bail!(
                "this role needs RabbitMQ: set CARPARK_BROKER_URL=amqp://user:password@host:5672/ \
                 (an embedded broker lives in one process; `carpark all` and `carpark serve` use it)"
            );
        }
        if self.web && config.web.feed_stream && config.broker_url.is_none() {
            bail!(
                "`feed.stream` publishes to RabbitMQ: set CARPARK_BROKER_URL=amqp://user:password@host:5672/, \
                 or leave it out (GET /feed tells the same)"
            );
        }
        if self.entries != self.exits && config.generator_store_url.is_none() {
            bail!(
                "an entry generator and an exit generator in two processes share the vehicles inside: \
                 set CARPARK_GENERATOR_STORE_URL=redis://host:6379/1 (or run `carpark generators`)"
            );
        }
        if let Some(path) = config.reads.as_ref().filter(|_| !(self.web && self.actors)) {
            bail!(
                "`reads` = \"{}\" is for `carpark all` and `carpark serve`: leave it out, or choose one of them",
                path.display()
            );
        }
        let tokens = &config.tokens;
        let (key, address) = self.listen(config);
        let admin = ("admin_token", &tokens.admin);
        if self.web {
            let sink = ("sink_token", &tokens.sink);
            let camera = ("camera_token", &tokens.camera);
            let needed = [admin, sink, camera];
            // A camera has one of its own or needs that of all; without a camera nothing is posted.
            let is_needed = config.cameras.iter().any(|camera| camera.token.is_none());
            let needed = if is_needed { &needed } else { &needed[..2] };
            http::check_exposure(address, key, needed)?;
        } else {
            http::check_exposure(address, key, &[admin])?;
        }
        let faults = http::tokens::check(address, key, tokens)?;
        if !faults.is_empty() {
            warn!(faults = faults.join("; "), "tokens that are easily guessed");
        }
        if tokens.admin.is_none() && tokens.close_the_rest() {
            warn!(
                "no admin token is set, and the sink's does not stand in for it: what shows or changes plates is closed; set \
                 CARPARK_ADMIN_TOKEN"
            );
        }
        Ok(())
    }

    /// Setting and address of the one listener.
    pub fn listen(self, config: &Config) -> (&'static str, SocketAddr) {
        if self.web {
            ("web_listen", config.web_listen)
        } else if self.actors {
            ("actors_listen", config.actors_listen)
        } else if self.vehicles {
            ("vehicles_listen", config.vehicles_listen)
        } else if self.office {
            ("office_listen", config.office_listen)
        } else {
            ("generators_listen", config.generators_listen)
        }
    }

    /// Namespace of the listener's own metrics.
    pub fn namespace(self) -> &'static str {
        match self {
            Self { web: true, .. } => "web_backend",
            Self { actors: true, .. } => "backend",
            Self { vehicles: true, .. } => "vehicles_backend",
            Self { office: true, .. } => "office_backend",
            Self { entries: true, .. } => "vehicle_entry",
            Self { pings: true, .. } => "vehicle_ping",
            _ => "vehicle_exit",
        }
    }
}

#[cfg(test)]
mod tests {
    use platform::settings::{AmqpUrl, Value as _};

    use super::*;

    #[test]
    fn what_cannot_work_is_refused_with_the_setting_that_helps() {
        let token = |name: &str| Some(format!("{name}-token-of-a-test"));
        let refused = |role: Role, change: &dyn Fn(&mut Config)| {
            let broker_url = AmqpUrl::parse("amqp://broker");
            let mut config = Config { broker_url, ..Config::default() };
            change(&mut config);
            Plan::of(role).check(&config).err().map(|e| e.to_string()).unwrap_or_default()
        };
        let to_strangers = |config: &mut Config| {
            let anyone = "0.0.0.0:1".parse().unwrap();
            (config.web_listen, config.actors_listen) = (anyone, anyone);
        };
        let embedded = |config: &mut Config| config.broker_url = None;
        let nothing = |_: &mut Config| {};
        let with_reads = |config: &mut Config| config.reads = Some("reads".into());
        let with_admin = |config: &mut Config| {
            to_strangers(config);
            config.tokens.admin = token("admin");
        };
        for role in [Role::Web, Role::Actors, Role::Generators, Role::All] {
            assert_eq!(refused(role, &nothing), "");
        }
        assert!(refused(Role::Actors, &embedded).contains("CARPARK_BROKER_URL"));
        assert_eq!(refused(Role::Serve, &embedded), "");
        for role in [Role::EntryGenerator, Role::ExitGenerator] {
            assert!(refused(role, &nothing).contains("CARPARK_GENERATOR_STORE_URL"));
        }
        assert!(refused(Role::Actors, &with_reads).contains("`reads` = \"reads\""));
        assert_eq!(refused(Role::Serve, &with_reads), "");
        assert!(refused(Role::Actors, &to_strangers).contains("CARPARK_ADMIN_TOKEN"));
        assert_eq!(refused(Role::Actors, &with_admin), "");
        assert!(refused(Role::Web, &with_admin).contains("CARPARK_SINK_TOKEN"));
    }
}
