//! The effective configuration: flag over environment over `carpark.toml` over default. The one
//! place that reads the environment. The layers are read here; `check` makes a [`Config`] of them,
//! `show` shows them, `named` has what a car park gives names to.

mod check;
mod named;
mod show;

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
use platform::address::each_host;
use url::Url;

use crate::http::client::TrustedProxies;
use crate::settings::{SETTINGS, Setting, find};
use named::Named;
use show::quoted_if_needed;

/// What the URL of a server looks like.
struct ServerUrl {
    schemes: [&'static str; 2],
    example: &'static str,
    /// Whether it may name several nodes.
    may_be_several: bool,
}

const RABBITMQ: ServerUrl = ServerUrl {
    schemes: ["amqp://", "amqps://"],
    example: "amqp://user:password@host:5672/vhost",
    may_be_several: true,
};
const REDIS: ServerUrl = ServerUrl {
    schemes: ["redis://", "rediss://"],
    example: "redis://:password@host:6379/0",
    may_be_several: false,
};

/// The file that is read where no other is named.
const DEFAULT_FILE: &str = "carpark.toml";

/// Where a value came from, for errors and for `carpark config`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// On the command line.
    Flag(String),
    /// The environment variable of that name.
    Environment(String),
    /// A file, with its path.
    File(String),
    /// Nobody set it.
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
    /// Places, lanes and cameras.
    named: Named,
    /// What was said that changes nothing, in words.
    ignored: Vec<String>,
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
    /// See `reads` of the settings.
    pub reads: Option<PathBuf>,
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
    /// Time zone of the pages.
    pub time_zone: web::TimeZone,
    /// See [`Tokens`].
    pub tokens: Tokens,
    /// Whose word on a client's address is taken.
    pub trusted_proxies: TrustedProxies,
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
    /// How many requests a client address may make in a second.
    pub requests_per_second: NonZeroU32,
    /// Of others, at a time.
    pub connections_max: usize,
    /// Of each of their addresses.
    pub connections_per_address: usize,
    /// When an actor is passivated.
    pub idle_after: Duration,
    /// How long an unreachable server is tried again at the start.
    pub start_patience: Duration,
    /// Longest wait for the sink's answer.
    pub post_patience: Duration,
    /// The cameras that may post reads.
    pub cameras: Vec<cameras::Camera>,
    /// Of all cameras together.
    pub camera_options: cameras::Options,
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
    /// Between two lines of the log that say what a simulation published; zero: never.
    pub published_every: Duration,
}

/// Who may do what. `Debug` shows none of them.
#[derive(Clone, Default)]
pub struct Tokens {
    /// For `/admin` and the files.
    pub admin: Option<String>,
    /// Shown by whoever posts summaries.
    pub sink: Option<String>,
    /// For cameras that post reads and have no token of their own.
    pub camera: Option<String>,
    /// Of the cameras that have one of their own.
    pub own_cameras: Vec<String>,
    /// Shown by whoever posts pings.
    pub ping: Option<String>,
}

impl Tokens {
    /// Those that are set, each with its variable.
    pub fn named(&self) -> Vec<(String, &str)> {
        let all = [
            ("ADMIN", &self.admin),
            ("SINK", &self.sink),
            ("CAMERA", &self.camera),
            ("PING", &self.ping),
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
        layers.ignored = strange_variables(variables());
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
        let mut table: toml::Table = text.parse().map_err(|e: toml::de::Error| {
            ConfigError(format!("{} is not valid TOML: {}", path.display(), e.to_string().trim()))
        })?;
        let source = Source::File(path.display().to_string());
        self.named.take_from(&mut table, &source)?;
        let mut leaves = Vec::new();
        flatten(&table, "", &mut leaves);
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

    /// Variables that look like settings and are none, each with what may have been meant.
    pub fn ignored(&self) -> &[String] {
        &self.ignored
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
        server: &ServerUrl,
    ) -> Result<Option<String>, ConfigError> {
        let ServerUrl { schemes, example, may_be_several } = server;
        let schemes_shown = schemes.join(" or ");
        let remedy = format!(
            "expected `{inside}` or a URL beginning with {schemes_shown}, for instance {example}"
        );
        self.required(key, &remedy, |text| {
            if text == inside {
                return Some(None);
            }
            let urls = if *may_be_several { each_host(text) } else { vec![text.to_owned()] };
            let is_one = |url: &String| {
                Url::parse(url)
                    .ok()
                    .filter(Url::has_host)
                    .is_some_and(|url| schemes.contains(&format!("{}://", url.scheme()).as_str()))
            };
            urls.iter().all(is_one).then(|| Some(text.to_owned()))
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

    /// A value for where nobody has said any.
    pub fn suggest(&mut self, key: &str, text: &str) {
        if let Some(setting) = find(key)
            && self.text(key).is_none_or(|value| value.source == Source::Default)
        {
            self.put(setting, text.to_owned(), Source::Default);
        }
    }
}

/// A URL that is none, or not the right one, as far as it can be shown: of a URL that is hard to
/// read nobody knows which part is the password.
fn without_password(text: &str) -> String {
    // A password stands before an `@`.
    if !text.contains('@') {
        return text.to_owned();
    }
    match each_host(text).first().map(|url| Url::parse(url)) {
        Some(Ok(url)) if url.password().is_some() => platform::address::masked(text),
        _ => "*** (it may hold a password)".to_owned(),
    }
}

/// The environment variable, where it is set and not empty.
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|text| !text.is_empty())
}

/// The names of all variables that are set.
fn variables() -> impl Iterator<Item = String> {
    std::env::vars_os().filter_map(|(name, _)| name.into_string().ok())
}

/// Variables that begin as a setting's does and name none. A warning, no error: another program's
/// may begin so too, and the tools around this one have some of their own.
fn strange_variables(names: impl IntoIterator<Item = String>) -> Vec<String> {
    /// Not of a setting.
    const OTHERS: &[&str] =
        &["CARPARK_CONFIG", "CARPARK_BIN", "CARPARK_IMAGE", "CARPARK_VERSION", "CARPARK_REVISION"];
    /// What Kubernetes sets beside a service that is called carpark.
    const OF_A_SERVICE: &[&str] = &["CARPARK_SERVICE_", "CARPARK_PORT"];
    let known: Vec<String> = SETTINGS
        .iter()
        .flat_map(|setting| {
            let file = setting.may_be_file().then(|| format!("{}_FILE", setting.env()));
            [Some(setting.env()), file].into_iter().flatten()
        })
        .collect();
    let is_strange = |name: &String| {
        name.to_uppercase().starts_with("CARPARK_")
            && !known.contains(name)
            && !OTHERS.contains(&name.as_str())
            && !OF_A_SERVICE.iter().any(|start| name.starts_with(start))
    };
    let mut strange: Vec<String> = names.into_iter().filter(is_strange).collect();
    strange.sort();
    strange
        .iter()
        .map(|name| {
            let remedy =
                match nearest(name.to_uppercase().as_str(), known.iter().map(String::as_str)) {
                    Some(known) => format!("did you mean {known}?"),
                    None => "`carpark --help` lists the known ones".to_owned(),
                };
            format!("the environment variable {name} is not a setting and has no effect: {remedy}")
        })
        .collect()
}

/// The known name that is most like it, if one is much like it.
fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let distances = known.map(|known| (strsim::damerau_levenshtein(known, name), known));
    distances.min().filter(|(distance, _)| *distance <= 3).map(|(_, known)| known)
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
    let remedy = match nearest(key, SETTINGS.iter().map(|setting| setting.key)) {
        Some(known) => format!("did you mean `{known}`?"),
        None => "`carpark config` lists the known ones".to_owned(),
    };
    ConfigError(format!("unknown key `{key}` in {source}: {remedy}"))
}

#[cfg(test)]
mod tests;
