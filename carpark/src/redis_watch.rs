//! Whether each Redis that a role uses is set so that it keeps what it is given: looked at before the
//! role starts, and again and again while it runs, because somebody may change it meanwhile. One
//! mechanism for all roles; asking is the stores', judging [`RedisSettings`]'s.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::bail;
use async_trait::async_trait;
use platform::component::{Component, States};
use platform::runtime::{Asking, Part, Register, keep_asking, texts};
use platform::storage::RedisSettings;
use prometheus::{IntGauge, IntGaugeVec, Opts, Registry};
use tracing::{error, info, warn};

/// A store that may be a Redis.
#[async_trait]
pub trait Settings: Send + Sync {
    /// How it is set; `None`: it is no Redis.
    async fn settings(&self) -> Result<Option<RedisSettings>, String>;
}

#[async_trait]
impl Settings for Arc<dyn actors::store::Store> {
    async fn settings(&self) -> Result<Option<RedisSettings>, String> {
        (**self).settings().await.map_err(|e| e.to_string())
    }
}

#[async_trait]
impl Settings for Arc<dyn vehicles::store::Store> {
    async fn settings(&self) -> Result<Option<RedisSettings>, String> {
        (**self).settings().await.map_err(|e| e.to_string())
    }
}

#[async_trait]
impl Settings for Arc<dyn generators::InsideStore> {
    async fn settings(&self) -> Result<Option<RedisSettings>, String> {
        (**self).settings().await.map_err(|e| e.to_string())
    }
}

/// Which of them, for people and for metrics.
#[derive(Debug, Clone, Copy)]
pub struct Name {
    /// In `/readyz`: `store_settings`.
    pub part: &'static str,
    /// The setting that says where it is.
    pub key: &'static str,
}

/// The store of the sessions.
pub const SESSIONS: Name = Name { part: "store_settings", key: "store_url" };
/// The store of the vehicle monitor.
pub const VEHICLES: Name = Name { part: "vehicles_store_settings", key: "vehicles.store_url" };
/// The store of the simulated vehicles.
pub const GENERATORS: Name = Name { part: "generator_store_settings", key: "generator_store_url" };

/// Watches one Redis until it is dropped.
pub struct RedisWatch {
    /// Whether its settings keep what is written, shown by `/readyz`.
    pub part: Arc<Part>,
    name: Name,
    _asking: Asking,
}

/// The two things that are looked at, as gauges.
struct Gauges {
    keeps_keys: IntGauge,
    keeps_log: IntGauge,
}

impl RedisWatch {
    /// Looks once: an error where the Redis must not be used. Then watches. `None` where there is no
    /// Redis. One that does not answer is judged when it does.
    pub async fn start(
        name: Name,
        store: impl Settings + 'static,
        registry: &Registry,
    ) -> anyhow::Result<Option<Self>> {
        let first = tokio::time::timeout(Duration::from_secs(3), store.settings()).await;
        let first = first.unwrap_or_else(|_| Err("no answer within 3 s".to_owned()));
        if matches!(first, Ok(None)) {
            return Ok(None);
        }
        if let Ok(Some(settings)) = &first
            && let Some(refusal) = settings.refusal()
        {
            bail!("`{}`: {refusal}", name.key);
        }
        let gauges = Gauges::register(name, registry)?;
        let part = Arc::new(Part::default());
        if let Ok(Some(settings)) = &first {
            judge(name, &part, &gauges, settings);
        }
        let found = Arc::new(Mutex::new(None));
        let (asked, told) = (Arc::clone(&found), Arc::clone(&part));
        let asking = keep_asking(
            async move || {
                let settings = store.settings().await?;
                if let Ok(mut asked) = asked.lock() {
                    *asked = settings;
                }
                Ok(())
            },
            move |answer| match answer {
                Ok(()) => {
                    let settings = found.lock().ok().and_then(|mut found| found.take());
                    if let Some(settings) = settings {
                        judge(name, &told, &gauges, &settings);
                    }
                }
                // Whether it is there the store's own part says, in its own words.
                Err(reason) => {
                    told.does_not_answer(reason);
                }
            },
        );
        Ok(Some(Self { part, name, _asking: asking }))
    }
}

impl Component for RedisWatch {
    fn checks(&self) -> Option<States> {
        let (name, part) = (self.name.part, Arc::clone(&self.part));
        Some(Box::new(move || texts(vec![(name, &*part)])))
    }

    fn remarks(&self) -> Option<States> {
        let (name, part) = (self.name.part, Arc::clone(&self.part));
        Some(Box::new(move || {
            part.remarked().map(|remark| (name.to_owned(), remark)).into_iter().collect()
        }))
    }
}

impl Gauges {
    /// Of one store; the vector is registered by the first.
    fn register(name: Name, registry: &Registry) -> prometheus::Result<Self> {
        let options = Opts::new(
            "carpark_redis_setting_ok",
            "1 where a Redis is set as it has to be, else 0: eviction (maxmemory-policy is \
             noeviction, or nothing limits it), persistence (appendonly is on).",
        )
        .const_label("store", name.part.trim_end_matches("_settings"));
        let gauges = IntGaugeVec::new(options, &["setting"]);
        let gauges = Register(registry).add("carpark_redis_setting_ok", gauges)?;
        Ok(Self {
            keeps_keys: gauges.with_label_values(&["eviction"]),
            keeps_log: gauges.with_label_values(&["persistence"]),
        })
    }
}

fn judge(name: Name, part: &Part, gauges: &Gauges, settings: &RedisSettings) {
    gauges.keeps_keys.set(i64::from(settings.keeps_keys()));
    gauges.keeps_log.set(i64::from(settings.keeps_log()));
    match settings.refusal() {
        Some(refusal) => {
            if part.fails(&refusal) {
                error!(setting = name.key, "{refusal}");
            }
        }
        None => {
            part.works();
        }
    }
    let remark = settings.remark();
    if part.remark(remark.as_deref()) {
        if let Some(remark) = remark {
            warn!(setting = name.key, "{remark}");
        } else {
            info!(setting = name.key, "Redis is set as it should be");
        }
    }
}
