//! The layers, read and checked: every value, and which go together.

use std::path::PathBuf;
use std::time::Duration;

use domain::{Policy, Silence};
use generators::pings::{PingOptions, Register};
use url::Url;

use super::named::re_read;
use super::{Config, ConfigError, Layers, RABBITMQ, REDIS, Tokens};
use crate::http::client::TrustedProxies;

impl Layers {
    /// Checks every setting; an error names the first that is wrong.
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
            re_reads: self.named.re_reads(self.required(
                "re_read",
                "not a time of up to 1h; write for instance 20s or 90s",
                re_read,
            )?)?,
            ..Policy::default()
        };
        Ok(Config {
            broker_url: self.url("broker_url", "embedded", &RABBITMQ)?,
            store_url: self.url("store_url", "embedded", &REDIS)?,
            generator_store_url: self.url("generator_store_url", "memory", &REDIS)?,
            web: web::Options { data_dir: data_dir.clone(), ..web },
            data_dir,
            reads: self.text("reads").map(|value| PathBuf::from(&value.text)),
            web_listen: self.address("web_listen")?,
            actors_listen: self.address("actors_listen")?,
            generators_listen: self.address("generators_listen")?,
            summary_url: self.http_url("summary_url")?,
            actors_url: self.http_url("actors_url")?,
            vehicles_url: self.http_url("vehicles_url")?,
            time_zone: self.required(
                "pages.time_zone",
                "not a time zone; write for instance Europe/Berlin or UTC",
                |text| text.parse().ok(),
            )?,
            vehicles_listen: self.address("vehicles_listen")?,
            vehicles_store_url: self.url("vehicles.store_url", "embedded", &REDIS)?,
            silence: Silence {
                within: self.time_delta("vehicles.connected_within")?,
                tolerance: self.time_delta("vehicles.tolerance")?,
            },
            pings: self.pings()?,
            tokens: Tokens {
                admin: token("admin_token"),
                sink: token("sink_token"),
                own_cameras: self.named.camera_tokens()?,
                camera: token("camera_token"),
                ping: token("ping_token"),
            },
            trusted_proxies: match self.text("trusted_proxies") {
                None => TrustedProxies::default(),
                Some(_) => self.required(
                    "trusted_proxies",
                    "not addresses or networks; write for instance 10.0.0.0/8, 192.168.1.7",
                    |text| text.parse().ok(),
                )?,
            },
            cameras: self.named.cameras(token("camera_token").as_deref())?,
            camera_options: self.camera_options()?,
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
            connections_max: self.number("connections_max")?,
            connections_per_address: self.number("connections_per_address")?,
            idle_after: self.duration("idle_after")?,
            start_patience: self.duration("start_patience")?,
            post_patience: self.duration("post_patience")?,
            generators,
            log: self.required("log", "a filter", |text| Some(text.to_owned()))?,
            log_json: self.required("log_format", "expected `human` or `json`", |text| {
                ["human", "json"].contains(&text).then_some(text == "json")
            })?,
            progress_every: self.duration("progress_every")?,
            published_every: self.duration("published_every")?,
        })
    }

    fn camera_options(&self) -> Result<cameras::Options, ConfigError> {
        Ok(cameras::Options {
            wait: self.duration("camera_wait")?,
            answer_within: self.duration("camera_answer_within")?,
            events_for: self.duration("camera_events_for")?,
            events_max: self.number("camera_events_max")?,
            reads_within: self.duration("camera_reads_within")?,
            heard_within: self.duration("camera_heard_within")?,
            ..cameras::Options::default()
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
            register: self.required(
                "pings.register",
                "expected `first`, `only` or `no`",
                |text| match text {
                    "first" => Some(Register::First),
                    "only" => Some(Register::Only),
                    "no" => Some(Register::No),
                    _ => None,
                },
            )?,
        })
    }
}
