//! The effective configuration: flag over environment over `carpark.toml` over default. The one
//! place that reads the environment.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use chrono::TimeDelta;
use domain::{Policy, Silence};
use generators::pings::PingOptions;
use url::Url;

use crate::settings::{SETTINGS, Setting, find};

/// The file that is read where no other is named.
const DEFAULT_FILE: &str = "carpark.toml";

/// Where a value came from, for errors and for `carpark config`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// On the command line.
    Flag(String),
    /// A variable.
    Environment(String),
    /// A file, with its path.
    File(String),
    /// Nobody said anything.
    Default,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => write!(f, "flag --{flag}"),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::File(path) => write!(f, "{path}"),
            Self::Default => f.write_str("default"),
        }
    }
}

/// What is wrong with the configuration, where, and what to do.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(String);

/// A setting's value and where it came from.
#[derive(Debug, Clone)]
struct Value {
    text: String,
    source: Source,
}

/// All values, as text.
#[derive(Debug, Default)]
pub struct Layers {
    values: BTreeMap<&'static str, Value>,
}

/// The configuration, checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// `None`: embedded.
    pub broker_url: Option<String>,
    /// `None`: embedded.
    pub store_url: Option<String>,
    /// `None`: in memory.
    pub generator_store_url: Option<String>,
    /// Directory of all files.
    pub data_dir: PathBuf,
    /// Address of the web role.
    pub web_listen: SocketAddr,
    /// Address of the actors role.
    pub actors_listen: SocketAddr,
    /// Address of the generators role.
    pub generators_listen: SocketAddr,
    /// Address of the vehicles role.
    pub vehicles_listen: SocketAddr,
    /// Of the vehicle monitor; `None`: embedded.
    pub vehicles_store_url: Option<String>,
    /// When a vehicle counts as gone.
    pub silence: Silence,
    /// Of the simulated vehicles.
    pub pings: PingOptions,
    /// Where summaries are posted; `None`: nobody said, so the process that has a web role posts
    /// to itself.
    pub summary_url: Option<Url>,
    /// Where the pages ask the actors; `None`: nobody said, as with `summary_url`.
    pub actors_url: Option<Url>,
    /// Where the pages ask the vehicle monitor; `None`: nobody said.
    pub vehicles_url: Option<Url>,
    /// Whose time the pages show.
    pub time_zone: web::TimeZone,
    /// See [`Tokens`].
    pub tokens: Tokens,
    /// The rules' tunable part.
    pub policy: Policy,
    /// How long a plate with nothing open is remembered.
    pub retention: TimeDelta,
    /// Unacknowledged deliveries per queue.
    pub prefetch: u16,
    /// Unconfirmed reports at which consumption pauses.
    pub outbox_max: usize,
    /// Actors of plates at a time.
    pub residents_max: usize,
    /// Per client address.
    pub requests_per_second: NonZeroU32,
    /// When an actor is passivated.
    pub idle_after: Duration,
    /// How long an unreachable server is tried again at the start.
    pub start_patience: Duration,
    /// Longest wait for the sink's answer.
    pub post_patience: Duration,
    /// Of the web role.
    pub web: web::Options,
    /// Of the simulated cameras.
    pub generators: generators::Options,
    /// Filter of the logs.
    pub log: String,
    /// JSON instead of lines for people.
    pub log_json: bool,
    /// How often progress is printed; zero: never.
    pub progress_every: Duration,
}

/// Who may do what. `Debug` shows none of them.
#[derive(Clone, Default)]
pub struct Tokens {
    /// For `/admin` and the files.
    pub admin: Option<String>,
    /// For posting summaries.
    pub sink: Option<String>,
    /// For posting pings.
    pub ping: Option<String>,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl Layers {
    /// Collects every value. `flags` answers what the command line says of a setting.
    pub fn read(
        file: Option<&Path>,
        flags: impl Fn(&Setting) -> Option<String>,
    ) -> Result<Self, ConfigError> {
        let mut layers = Self::default();
        layers.read_defaults();
        layers.read_file(file)?;
        layers.read_environment()?;
        for setting in SETTINGS {
            if let Some(text) = flags(setting) {
                layers.put(setting, text, Source::Flag(setting.flag()));
            }
        }
        Ok(layers)
    }

    fn put(&mut self, setting: &'static Setting, text: String, source: Source) {
        self.values.insert(setting.key, Value { text, source });
    }

    fn read_defaults(&mut self) {
        for setting in SETTINGS.iter().filter(|setting| !setting.default.is_empty()) {
            self.put(setting, setting.default.to_owned(), Source::Default);
        }
    }

    fn read_file(&mut self, named: Option<&Path>) -> Result<(), ConfigError> {
        let from_environment = variable("CARPARK_CONFIG");
        let named = named.map(Path::to_path_buf).or(from_environment.map(PathBuf::from));
        let path = named.clone().unwrap_or_else(|| PathBuf::from(DEFAULT_FILE));
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound && named.is_none() => return Ok(()),
            Err(e) => {
                return Err(ConfigError(format!(
                    "configuration file {} cannot be read: {e}",
                    path.display()
                )));
            }
        };
        let table: toml::Table = text.parse().map_err(|e: toml::de::Error| {
            ConfigError(format!("{} is not valid TOML: {}", path.display(), e.to_string().trim()))
        })?;
        let mut leaves = Vec::new();
        flatten(&table, "", &mut leaves);
        let source = Source::File(path.display().to_string());
        for (key, value) in leaves {
            let Some(setting) = find(&key) else {
                return Err(unknown_key(&key, &source));
            };
            self.put(setting, value, source.clone());
        }
        Ok(())
    }

    fn read_environment(&mut self) -> Result<(), ConfigError> {
        for setting in SETTINGS {
            let name = setting.env();
            if let Some(text) = variable(&name) {
                self.put(setting, text, Source::Environment(name.clone()));
            }
            if !setting.may_be_file() {
                continue;
            }
            let file_name = format!("{name}_FILE");
            if let Some(path) = variable(&file_name) {
                let text = std::fs::read_to_string(&path).map_err(|e| {
                    ConfigError(format!("{file_name} names {path}, which cannot be read: {e}"))
                })?;
                let source = Source::Environment(file_name);
                self.put(setting, text.trim().to_owned(), source);
            }
        }
        Ok(())
    }

    fn text(&self, key: &str) -> Option<&Value> {
        self.values.get(key).filter(|value| !value.text.is_empty())
    }

    fn wrong(&self, key: &str, remedy: &str) -> ConfigError {
        let Some(value) = self.text(key) else {
            return ConfigError(format!("`{key}` is not set: {remedy}"));
        };
        let shown = match find(key) {
            Some(setting) if setting.is_secret => "***".to_owned(),
            Some(setting) if setting.is_url_with_password => without_password(&value.text),
            _ => value.text.clone(),
        };
        ConfigError(format!("`{key}` = \"{shown}\" ({}): {remedy}", value.source))
    }

    fn required<T>(
        &self,
        key: &str,
        remedy: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<T, ConfigError> {
        self.text(key).and_then(|value| parse(&value.text)).ok_or_else(|| self.wrong(key, remedy))
    }

    fn duration(&self, key: &str) -> Result<Duration, ConfigError> {
        let remedy = "not a duration; write for instance 500ms, 5s, 2m, 24h or 30d";
        self.required(key, remedy, |text| humantime::parse_duration(text).ok())
    }

    fn time_delta(&self, key: &str) -> Result<TimeDelta, ConfigError> {
        TimeDelta::from_std(self.duration(key)?).map_err(|_| self.wrong(key, "far too long"))
    }

    fn number<T: FromStr + PartialOrd + From<u8>>(&self, key: &str) -> Result<T, ConfigError> {
        let at_least_one = |text: &str| text.parse().ok().filter(|n: &T| *n >= T::from(1));
        self.required(key, "not a whole number of at least 1 that fits", at_least_one)
    }

    fn address(&self, key: &str) -> Result<SocketAddr, ConfigError> {
        let remedy = "not an address; write IP:PORT, for instance 127.0.0.1:40000 or 0.0.0.0:40000";
        self.required(key, remedy, |text| text.parse().ok())
    }

    /// `None` for the word that stands for "in this process".
    fn url(
        &self,
        key: &str,
        inside: &str,
        schemes: &[&str],
    ) -> Result<Option<String>, ConfigError> {
        let remedy =
            format!("expected `{inside}` or a URL beginning with {}", schemes.join(" or "));
        self.required(key, &remedy, |text| {
            if text == inside {
                return Some(None);
            }
            let url = Url::parse(text).ok().filter(Url::has_host)?;
            schemes
                .contains(&format!("{}://", url.scheme()).as_str())
                .then(|| Some(text.to_owned()))
        })
    }

    /// `None` where nobody said: the process may be meant itself.
    fn http_url(&self, key: &str) -> Result<Option<Url>, ConfigError> {
        let is_http = |url: &Url| url.has_host() && url.scheme().starts_with("http");
        let url = self.required(key, "not an http:// or https:// URL", |text| {
            Url::parse(text).ok().filter(is_http)
        })?;
        let nobody_said = self.text(key).is_none_or(|value| value.source == Source::Default);
        Ok((!nobody_said).then_some(url))
    }

    /// A section that another crate owns, over that crate's own defaults.
    fn section<T>(&self, name: &str, defaults: T) -> Result<T, ConfigError>
    where
        T: serde::Serialize + serde::de::DeserializeOwned,
    {
        let mut table = toml::Table::try_from(defaults)
            .map_err(|e| ConfigError(format!("section {name}: {e}")))?;
        let prefix = format!("{name}.");
        for (key, value) in &self.values {
            let Some(path) = key.strip_prefix(&prefix).filter(|_| !value.text.is_empty()) else {
                continue;
            };
            insert(&mut table, path, &value.text);
        }
        serde_path_to_error::deserialize(table).map_err(|e| {
            let key = format!("{prefix}{}", e.path());
            let why = e.inner().to_string();
            self.wrong(&key, why.lines().next().unwrap_or("not a valid value"))
        })
    }

    /// Checks everything.
    pub fn check(&self) -> Result<Config, ConfigError> {
        let token = |key| self.text(key).map(|value| value.text.clone());
        let data_dir = PathBuf::from(self.required("data_dir", "a path", |t| Some(t.to_owned()))?);
        let web = self.section("web", web::Options::default())?;
        let generators: generators::Options =
            self.section("generators", generators::Options::default())?;
        generators.check().map_err(|e| self.wrong(&format!("generators.{}", e.setting), &e.why))?;
        let policy = Policy {
            lateness: self.time_delta("lateness")?,
            repair_window: self.time_delta("repair_window")?,
            max_stay: self.time_delta("max_stay")?,
            ..Policy::default()
        };
        let summary_url = self.http_url("summary_url")?;
        let actors_url = self.http_url("actors_url")?;
        Ok(Config {
            broker_url: self.url("broker_url", "embedded", &["amqp://", "amqps://"])?,
            store_url: self.url("store_url", "embedded", &["redis://", "rediss://"])?,
            generator_store_url: self.url(
                "generator_store_url",
                "memory",
                &["redis://", "rediss://"],
            )?,
            web: web::Options { data_dir: data_dir.clone(), ..web },
            data_dir,
            web_listen: self.address("web_listen")?,
            actors_listen: self.address("actors_listen")?,
            generators_listen: self.address("generators_listen")?,
            summary_url,
            actors_url,
            vehicles_url: self.http_url("vehicles_url")?,
            time_zone: self.required(
                "pages.time_zone",
                "not a time zone; write for instance Europe/Berlin or UTC",
                |text| text.parse().ok(),
            )?,
            vehicles_listen: self.address("vehicles_listen")?,
            vehicles_store_url: self.url(
                "vehicles.store_url",
                "embedded",
                &["redis://", "rediss://"],
            )?,
            silence: Silence {
                within: self.time_delta("vehicles.connected_within")?,
                tolerance: self.time_delta("vehicles.tolerance")?,
            },
            pings: self.pings()?,
            tokens: Tokens {
                admin: token("admin_token"),
                sink: token("sink_token"),
                ping: token("ping_token"),
            },
            policy,
            retention: self.time_delta("retention")?,
            prefetch: self.number("prefetch")?,
            outbox_max: self.number("outbox_max")?,
            residents_max: self.number("residents_max")?,
            requests_per_second: self.required(
                "requests_per_second",
                "not a whole number of at least 1 that fits",
                |text| text.parse().ok(),
            )?,
            idle_after: self.duration("idle_after")?,
            start_patience: self.duration("start_patience")?,
            post_patience: self.duration("post_patience")?,
            generators,
            log: self.required("log", "a filter", |text| Some(text.to_owned()))?,
            log_json: self.required("log_format", "expected `human` or `json`", |text| {
                ["human", "json"].contains(&text).then_some(text == "json")
            })?,
            progress_every: self.duration("progress_every")?,
        })
    }

    fn pings(&self) -> Result<PingOptions, ConfigError> {
        let vehicles = match self.text("pings.vehicles") {
            Some(_) => Some(self.number("pings.vehicles")?),
            None => None,
        };
        let share = |text: &str| text.parse().ok().filter(|share| (0.0..=1.0).contains(share));
        let seed = match self.text("pings.ping_seed") {
            Some(_) => Some(
                self.required("pings.ping_seed", "not a whole number", |text| text.parse().ok())?,
            ),
            None => None,
        };
        let url = self.required("pings.monitor_url", "not an http:// URL", |text| {
            Url::parse(text).ok().filter(|url| url.has_host() && url.scheme() == "http")
        })?;
        let at_least = Duration::from_millis(100);
        let every = self.duration("pings.ping_every")?;
        if every < at_least {
            return Err(self.wrong("pings.ping_every", "at least 100ms"));
        }
        Ok(PingOptions {
            vehicles,
            customers: self.number("pings.customers")?,
            every,
            share: self.required("pings.ping_share", "not between 0 and 1", share)?,
            seed,
            monitor_url: url.as_str().trim_end_matches('/').to_owned(),
        })
    }

    /// A value for where nobody has said any.
    pub fn suggest(&mut self, key: &str, text: &str) {
        if let Some(setting) = find(key)
            && self.text(key).is_none_or(|value| value.source == Source::Default)
        {
            self.put(setting, text.to_owned(), Source::Default);
        }
    }

    /// What will run, as TOML with the source of each value; secrets masked.
    pub fn show(&self) -> String {
        let mut lines = Vec::new();
        let mut section = "";
        let section_of = |setting: &Setting| setting.key.split_once('.').map_or("", |(of, _)| of);
        // A section has to stand together, and what is in none before all of them; the table has
        // them in the order of the help.
        let mut settings: Vec<&Setting> = SETTINGS.iter().collect();
        let first_of = |section: &str| SETTINGS.iter().position(|s| section_of(s) == section);
        settings.sort_by_key(|setting| {
            (!section_of(setting).is_empty(), first_of(section_of(setting)))
        });
        for setting in settings {
            let Some(value) = self.text(setting.key) else {
                continue;
            };
            let (of, key) = setting.key.split_once('.').unwrap_or(("", setting.key));
            if of != section {
                lines.push(format!("\n[{of}]"));
                section = of;
            }
            let text = match setting.is_secret {
                true => "***".to_owned(),
                false if value.text.contains("://") => actors::broker::amqp::masked(&value.text),
                false => value.text.clone(),
            };
            let text = quoted_if_needed(&text);
            lines.push(format!("{:<42} # {}", format!("{key} = {text}"), value.source));
        }
        lines.join("\n")
    }
}

/// A URL that is none, or not the right one, as far as it can be shown: of a URL that is hard to
/// read nobody knows which part is the password.
fn without_password(text: &str) -> String {
    let masked = actors::broker::amqp::masked(text);
    let is_masked = Url::parse(text).is_ok_and(|url| url.password().is_some());
    if text.contains('@') && !is_masked {
        "*** (it may hold a password)".to_owned()
    } else {
        masked
    }
}

fn quoted_if_needed(text: &str) -> String {
    let is_plain = text.parse::<f64>().is_ok() || text.parse::<bool>().is_ok();
    if is_plain { text.to_owned() } else { toml::Value::from(text).to_string() }
}

/// The environment variable, where it is set and not empty.
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|text| !text.is_empty())
}

fn flatten(table: &toml::Table, prefix: &str, into: &mut Vec<(String, String)>) {
    for (name, value) in table {
        let key = format!("{prefix}{name}");
        match value {
            toml::Value::Table(table) => flatten(table, &format!("{key}."), into),
            toml::Value::String(text) => into.push((key, text.clone())),
            other => into.push((key, other.to_string())),
        }
    }
}

/// Puts a text under a dotted path, with the type that stands there, or the one it looks like.
fn insert(table: &mut toml::Table, path: &str, text: &str) {
    if let Some((section, rest)) = path.split_once('.') {
        let section =
            table.entry(section).or_insert_with(|| toml::Value::Table(toml::Table::new()));
        if let toml::Value::Table(section) = section {
            insert(section, rest, text);
        }
        return;
    }
    let is_text = matches!(table.get(path), Some(toml::Value::String(_)));
    let typed = text
        .parse::<bool>()
        .map(toml::Value::from)
        .or_else(|_| text.parse::<i64>().map(toml::Value::from))
        .or_else(|_| text.parse::<f64>().map(toml::Value::from));
    let value = match typed {
        Ok(typed) if !is_text => typed,
        _ => toml::Value::from(text),
    };
    table.insert(path.to_owned(), value);
}

fn unknown_key(key: &str, source: &Source) -> ConfigError {
    let nearest = SETTINGS
        .iter()
        .map(|setting| (strsim::damerau_levenshtein(setting.key, key), setting.key))
        .min()
        .filter(|(distance, _)| *distance <= 3);
    let remedy = match nearest {
        Some((_, known)) => format!("did you mean `{known}`?"),
        None => "`carpark config` lists the known ones".to_owned(),
    };
    ConfigError(format!("unknown key `{key}` in {source}: {remedy}"))
}

#[cfg(test)]
mod tests;
