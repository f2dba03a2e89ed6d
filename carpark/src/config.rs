//! The effective configuration: flag over environment over `carpark.toml` over default. What can be
//! set stands in the options of each room, and for the process itself in [`Config`]. The one place
//! that reads the environment: `layers` reads, `show` shows, `named` has what a car park gives names
//! to.

mod layers;
mod named;
mod show;

use std::fmt;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::LazyLock;
use std::time::Duration;

use generators::pings;
use platform::settings::{
    AmqpUrl, LIMITS, PLACES, RedisUrl, Setting, SettingError, Settings as _, Value, Word, fixed,
    nested, rare, secret, setting,
};
use url::Url;

use crate::client::TrustedProxies;
use crate::telemetry::LogFilter;
pub use layers::Layers;
pub use named::NAMED_SETTINGS;

const SECURITY: &str = "Tokens";
const LOGS: &str = "Logs";

platform::settings! {
    /// The configuration, checked: of the process itself, and of each room.
    #[derive(Debug, Clone)]
    pub struct Config {
        /// RabbitMQ (amqp://user:password@host:5672/vhost, amqps://…; several nodes:
        /// amqp://user:password@a,b,c/vhost), or `embedded`: inside this process
        pub broker_url: Option<AmqpUrl> =
            setting(PLACES, "broker_url", "embedded").or_none("embedded"),
        /// Redis or Valkey (redis://:password@host:6379/0, rediss://…), or `embedded`: a file in the
        /// data directory
        pub store_url: Option<RedisUrl> =
            setting(PLACES, "store_url", "embedded").or_none("embedded"),
        /// Where the simulated vehicles inside are kept: redis://…/1, or `memory`
        pub generator_store_url: Option<RedisUrl> =
            setting(PLACES, "generator_store_url", "memory").or_none("memory"),
        /// Directory of summaries.csv, exceptions.csv and the embedded store
        pub data_dir: PathBuf = setting(PLACES, "data_dir", "./data"),
        /// Publishes the messages of a file, one per line (`-`: of standard input); for `all` and
        /// `serve`
        pub reads: Option<PathBuf> = setting(PLACES, "reads", ""),
        /// Address of the web role, and of everything in `all` and `serve`
        pub web_listen: SocketAddr = setting(PLACES, "web_listen", "127.0.0.1:40000"),
        /// Address of the actors role
        pub actors_listen: SocketAddr = setting(PLACES, "actors_listen", "127.0.0.1:40001"),
        /// Address of the generators role
        pub generators_listen: SocketAddr = setting(PLACES, "generators_listen", "127.0.0.1:40002"),
        /// Address of the vehicles role
        pub vehicles_listen: SocketAddr = setting(PLACES, "vehicles_listen", "127.0.0.1:40004"),
        /// Address of the office role
        pub office_listen: SocketAddr = setting(PLACES, "office_listen", "127.0.0.1:40005"),
        /// Where the actors post summaries; in `all` and `serve` this process itself unless set
        pub summary_url: Option<Url> =
            setting(PLACES, "summary_url", "http://127.0.0.1:40000/save_summary").only_as_said(),
        /// Where the pages ask for open sessions; in `all` and `serve` this process itself unless
        /// set
        pub actors_url: Option<Url> =
            setting(PLACES, "actors_url", "http://127.0.0.1:40001").only_as_said(),
        /// Where the pages ask for vehicles, and the actors for what is held of a plate; in `all`
        /// and `serve` this process itself unless set
        pub vehicles_url: Option<Url> =
            setting(PLACES, "vehicles_url", "http://127.0.0.1:40004").only_as_said(),
        /// Where the pages ask for places, and the actors for where a plate is counted; in `all` and
        /// `serve` this process itself unless set
        pub places_url: Option<Url> =
            setting(PLACES, "places_url", "http://127.0.0.1:40005").only_as_said(),
        /// The feed that the office reads, and beside it where it tells; in `all` and `serve` this
        /// process itself unless set
        pub feed_url: Option<Url> =
            setting(PLACES, "feed_url", "http://127.0.0.1:40000/feed").only_as_said(),
        /// See [`Tokens`].
        pub tokens: Tokens = nested(),
        /// Proxies before this listener, whose X-Forwarded-For is believed: addresses or networks
        /// (10.0.0.0/8, 192.168.1.7)
        pub trusted_proxies: TrustedProxies = setting(SECURITY, "trusted_proxies", ""),
        /// Of the actors' policy.
        pub rules: actors::Rules = nested(),
        /// Of the vehicle monitor.
        pub vehicles: vehicles::Options = nested(),
        /// Of places and their counts.
        pub office: office::Options = nested(),
        /// Unacknowledged deliveries per queue
        pub prefetch: u16 = rare(LIMITS, "prefetch", "1000").at_least(1.0),
        /// Of the actors, with the policy.
        pub actors: actors::Options = nested(),
        /// Requests per second and client address; posts of summaries that show their token are not
        /// counted
        pub requests_per_second: NonZeroU32 = rare(LIMITS, "requests_per_second", "200"),
        /// Connections of others at a time; fewer where the system grants too few descriptors
        /// (ulimit -n)
        pub connections_max: usize = rare(LIMITS, "connections_max", "4096").at_least(1.0),
        /// Connections at a time of one address (IPv6: of a /64), but for this machine's own and
        /// trusted_proxies; raise it where many cameras share one
        pub connections_per_address: usize =
            rare(LIMITS, "connections_per_address", "256").at_least(1.0),
        /// How long an unreachable server is tried again at the start, and a data directory that
        /// vanished is waited for
        pub start_patience: Duration = rare(LIMITS, "start_patience", "60s"),
        /// Longest wait for the sink's answer
        pub post_patience: Duration = rare(LIMITS, "post_patience", "10s"),
        /// Of all cameras together.
        pub camera_options: cameras::Options = nested(),
        /// The cameras that may post reads.
        pub cameras: Vec<cameras::Camera> = fixed(Vec::new()),
        /// The car parks.
        pub places: Vec<(domain::PlaceName, domain::place::Place)> = fixed(Vec::new()),
        /// What a stay costs in them.
        pub rate_tables: Vec<rates::RateTable> = fixed(Vec::new()),
        /// What is logged: error, warn, info, debug, or a filter such as info,actors=debug
        pub log: LogFilter = setting(LOGS, "log", "info"),
        /// `human` or `json`
        pub log_format: LogFormat = setting(LOGS, "log_format", "human"),
        /// How often a line of progress is printed; 0s: never
        pub progress_every: Duration = rare(LOGS, "progress_every", "5s"),
        /// How often simulated cameras and vehicles say in the log what they published; 0s: never;
        /// in `all` never unless set
        pub published_every: Duration = rare(LOGS, "published_every", "60s"),
        /// Of the web role.
        pub web: web::Options = nested(),
        /// Of the simulated cameras.
        pub generators: generators::Options = nested(),
        /// Of the simulated vehicles.
        pub pings: pings::Options = nested(),
    }
}

platform::settings! {
    /// Who may do what. `Debug` shows none of them.
    #[derive(Clone)]
    pub struct Tokens {
        /// Bearer token for /admin and the files, and to sign in on the pages
        pub admin: Option<String> = secret(SECURITY, "admin_token"),
        /// Bearer token for posting summaries
        pub sink: Option<String> = secret(SECURITY, "sink_token"),
        /// Token for cameras that post reads: bearer, basic, or ?token=
        pub camera: Option<String> = secret(SECURITY, "camera_token"),
        /// Of the cameras that have one of their own.
        pub own_cameras: Vec<String> = fixed(Vec::new()),
        /// Bearer token for posting pings; no other token stands in for it
        pub ping: Option<String> = secret(SECURITY, "ping_token"),
        /// Bearer token for reading the feed, and nothing else; the admin token reads it as well
        pub feed: Option<String> = secret(SECURITY, "feed_token"),
        /// Bearer token for gates that ask who may come in; no other token stands in for it
        pub gate: Option<String> = secret(SECURITY, "gate_token"),
    }
}

/// How a line of the log looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Human,
    /// For programs.
    Json,
}

impl Word for LogFormat {
    const WORDS: &'static [(&'static str, Self)] = &[("human", Self::Human), ("json", Self::Json)];
}

impl Value for TrustedProxies {
    const HINT: &'static str = "; write for instance 10.0.0.0/8, 192.168.1.7";

    fn noun() -> String {
        "addresses or networks".to_owned()
    }

    fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

/// All settings but those of named things, in the order they are shown.
pub static SETTINGS: LazyLock<Vec<Setting>> = LazyLock::new(Config::settings);

/// The setting of that key.
fn find(key: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.key == key)
}

impl Layers {
    /// Checks every setting; an error names the first that is wrong.
    pub fn check(&self) -> Result<Config, SettingError> {
        let mut config = Config::of(&self.values)?;
        config.actors.policy = config.rules.policy(self.named.re_reads()?);
        config.cameras = self.named.cameras(config.tokens.camera.as_deref())?;
        config.places = self.named.described_places()?;
        config.rate_tables = self.named.rate_tables()?;
        config.tokens.own_cameras = self.named.camera_tokens()?;
        config.vehicles.start_patience = config.start_patience;
        config.office.start_patience = config.start_patience;
        config.web.data_dir.clone_from(&config.data_dir);
        config.web.webhooks = self.named.webhooks()?;
        Ok(config)
    }
}

impl Tokens {
    /// Those that are set, each with its variable.
    pub fn named(&self) -> Vec<(String, &str)> {
        let all = [
            ("ADMIN", &self.admin),
            ("SINK", &self.sink),
            ("CAMERA", &self.camera),
            ("PING", &self.ping),
            ("FEED", &self.feed),
            ("GATE", &self.gate),
        ];
        let named = all.into_iter().filter_map(|(name, token)| Some((name, token.as_deref()?)));
        let named = named.map(|(name, token)| (format!("CARPARK_{name}_TOKEN"), token));
        let own = self
            .own_cameras
            .iter()
            .map(|token| ("a camera's own token".to_owned(), token.as_str()));
        named.chain(own).collect()
    }

    /// Whether the operator's side is closed: by the administrator's token, or by the sink's, which only
    /// carpark's own parts know. What cameras and vehicles show closes their own paths alone.
    pub fn close_the_rest(&self) -> bool {
        self.admin.is_some() || self.sink.is_some()
    }

    /// Whatever a camera may show.
    pub fn cameras(&self) -> impl Iterator<Item = &str> {
        self.camera.iter().chain(&self.own_cameras).map(String::as_str)
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests;
