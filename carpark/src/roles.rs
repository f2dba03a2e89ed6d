//! The roles, wired in reading order and taken apart in reverse.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actors::broker::amqp::{AmqpBroker, masked};
use actors::broker::embedded::{EmbeddedBroker, EmbeddedPublisher};
use actors::broker::{Broker, BrokerError};
use actors::store::{EmbeddedStore, ProcessorId, RedisOptions, RedisStore, Store};
use actors::summary_client::{HttpSink, SinkOptions};
use actors::{Actors, Metrics};
use anyhow::{Context, bail};
use domain::wire::ping::PING_QUEUE;
use domain::{Kind, SharedClock};
use generators::pings::{Monitor, OverHttp, OverQueue, Pings, Way};
use generators::{
    AmqpOptions, AmqpPublisher, Generators, InsideStore, MemoryStore, Publisher, queue_of,
};
use prometheus::Registry;
#[cfg(target_os = "linux")]
use prometheus::process_collector::ProcessCollector;
use tracing::{info, warn};
use url::Url;
use vehicles::Vehicles;
use vehicles::inside::Inside;

use crate::cli::Role;
use crate::config::Config;
use crate::embedded_publisher::Embedded;
use crate::http::rate::Rates;
use crate::http::sign_in::{self, SignIns};
use crate::http::{self, Access, Site};
use crate::inside::OpenStays;
use crate::ping_queue;
use crate::progress::Progress;
use crate::shutdown::Shutdown;

/// Messages that wait in each queue of the embedded broker.
const EMBEDDED_QUEUE: usize = 10_000;
/// File of the embedded broker's dead letters, in the data directory.
pub const EMBEDDED_DEAD_LETTERS: &str = "dead-letters.redb";
/// First and longest pause between attempts at a server that is not there yet.
const ATTEMPT_PAUSES: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(2));
/// How long connections may take to end.
const SERVER_STOPS_WITHIN: Duration = Duration::from_secs(2);

/// What a role consists of.
#[derive(Debug, Clone, Copy)]
struct Plan {
    web: bool,
    actors: bool,
    entries: bool,
    exits: bool,
    vehicles: bool,
    pings: bool,
}

impl Plan {
    fn of(role: Role) -> Self {
        let is = |roles: &[Role]| roles.contains(&role);
        Self {
            web: is(&[Role::All, Role::Serve, Role::Web]),
            actors: is(&[Role::All, Role::Serve, Role::Actors]),
            entries: is(&[Role::All, Role::Generators, Role::EntryGenerator]),
            exits: is(&[Role::All, Role::Generators, Role::ExitGenerator]),
            vehicles: is(&[Role::All, Role::Serve, Role::Vehicles]),
            pings: is(&[Role::All, Role::PingGenerator]),
        }
    }

    fn has_generators(self) -> bool {
        self.entries || self.exits
    }

    /// Combinations that cannot work say so before anything is started.
    fn check(self, config: &Config) -> anyhow::Result<()> {
        let is_split = !(self.web && self.actors) && (self.actors || self.has_generators());
        if config.broker_url.is_none() && is_split {
            bail!(
                "this role needs RabbitMQ: set CARPARK_BROKER_URL=amqp://user:password@host:5672/ \
                 (an embedded broker lives in one process; `carpark all` and `carpark serve` use it)"
            );
        }
        if self.entries != self.exits && config.generator_store_url.is_none() {
            bail!(
                "an entry generator and an exit generator in two processes share the vehicles inside: \
                 set CARPARK_GENERATOR_STORE_URL=redis://host:6379/1 (or run `carpark generators`)"
            );
        }
        let tokens = &config.tokens;
        let (key, address) = self.listen(config);
        let admin = ("admin_token", &tokens.admin);
        if self.web {
            http::check_exposure(address, key, &[admin, ("sink_token", &tokens.sink)])
        } else {
            http::check_exposure(address, key, &[admin])
        }
    }

    /// Setting and address of the one listener.
    fn listen(self, config: &Config) -> (&'static str, SocketAddr) {
        if self.web {
            ("web_listen", config.web_listen)
        } else if self.actors {
            ("actors_listen", config.actors_listen)
        } else if self.vehicles {
            ("vehicles_listen", config.vehicles_listen)
        } else {
            ("generators_listen", config.generators_listen)
        }
    }

    /// Namespace of the listener's own metrics.
    fn namespace(self) -> &'static str {
        match self {
            Self { web: true, .. } => "web_backend",
            Self { actors: true, .. } => "backend",
            Self { vehicles: true, .. } => "vehicles_backend",
            Self { entries: true, .. } => "vehicle_entry",
            Self { pings: true, .. } => "vehicle_ping",
            _ => "vehicle_exit",
        }
    }
}

/// What runs in this process.
struct Running {
    web: Option<web::Web>,
    actors: Option<Actors>,
    generators: Option<Generators>,
    vehicles: Option<Vehicles>,
    pings: Option<Pings>,
    server: ServerHandle,
    /// Held for its lines.
    _progress: Option<Progress>,
}

/// Runs a role until it is asked to stop, or until it cannot go on.
pub async fn run(
    role: Role,
    config: Config,
    clock: SharedClock,
    mut shutdown: Shutdown,
) -> anyhow::Result<()> {
    let plan = Plan::of(role);
    plan.check(&config)?;
    let mut running = tokio::select! {
        started = start(plan, &config, clock) => started?,
        () = shutdown.asked() => {
            info!("stopped while starting");
            return Ok(());
        }
    };
    let (actors, vehicles) = (&mut running.actors, &mut running.vehicles);
    let died = async {
        tokio::select! {
            Some(name) = async { Some(actors.as_mut()?.died().await) } => name,
            Some(name) = async { Some(vehicles.as_mut()?.died().await) } => name,
            else => std::future::pending().await,
        }
    };
    let outcome = tokio::select! {
        () = shutdown.asked() => Ok(()),
        name = died => Err(anyhow::anyhow!("the {name} has died; ending, so that a restart can repair it")),
    };
    info!("stopping");
    tokio::select! {
        () = running.stop() => {}
        () = shutdown.asked() => bail!("asked a second time: stopped at once; what was in flight comes again"),
    }
    outcome
}

async fn start(plan: Plan, config: &Config, clock: SharedClock) -> anyhow::Result<Running> {
    let registry = Registry::new();
    #[cfg(target_os = "linux")]
    registry.register(Box::new(ProcessCollector::for_self()))?;
    let site = Arc::new(Mutex::new(Site::default()));
    let (key, address) = plan.listen(config);
    let sign_ins = plan.web.then(|| {
        let tokens = &config.tokens;
        Arc::new(SignIns::new(tokens.admin.clone().or_else(|| tokens.sink.clone())))
    });
    let listener = http::listen(
        address,
        key,
        plan.namespace(),
        Arc::clone(&site),
        Access {
            tokens: config.tokens.clone(),
            rates: Rates::new(config.requests_per_second),
            sign_ins: sign_ins.clone(),
        },
        registry.clone(),
    )?;
    let address = listener.address;

    let web = match plan.web {
        true => {
            let pages = pages_options(plan, config, address)?;
            Some(start_web(config, pages, &clock, &registry, &site).await?)
        }
        false => None,
    };
    if let Some(sign_ins) = sign_ins {
        with_site(&site, |site| site.routes(move |routes| sign_in::routes(&sign_ins, routes)));
    }
    let mut embedded_publisher = None;
    let mut sessions_store = None;
    let (actors, progress) = if plan.actors {
        let summary_url = summary_url(plan, config, address)?;
        let metrics = Arc::new(Metrics::new(&registry)?);
        let (broker, publisher) = open_broker(config, &clock, &metrics)?;
        embedded_publisher = publisher;
        let (store, processor) = open_store(config, &clock)?;
        sessions_store = Some(Arc::clone(&store));
        prepare(&*broker, &*store, config.start_patience).await?;
        let sink = HttpSink::new(SinkOptions {
            summary_url,
            token: config.tokens.sink.clone(),
            patience: config.post_patience,
        });
        let parts = actors::Parts {
            options: actors_options(config),
            broker,
            store,
            sink: Box::new(sink),
            processor,
            clock: Arc::clone(&clock),
            metrics: Arc::clone(&metrics),
        };
        let actors = Actors::start(parts);
        let health = actors.health();
        with_site(&site, |site| {
            site.routes(actors.configure());
            site.describe(Actors::openapi());
            site.check(move || {
                health.parts().map(|(name, part)| (name.to_owned(), part.text())).to_vec()
            });
        });
        let progress =
            Progress::start(config.progress_every, metrics, actors.gate(), Arc::clone(&clock));
        (Some(actors), progress)
    } else {
        (None, None)
    };
    let vehicles = match plan.vehicles {
        true => Some(start_vehicles(config, sessions_store, &clock, &registry, &site).await?),
        false => None,
    };
    // Before the cameras': their routes end with one for whatever else is asked.
    let pings = match plan.pings {
        true => Some(start_pings(plan, config, address, &clock, &registry, &site)?),
        false => None,
    };
    let generators = match plan.has_generators() {
        true => {
            let publisher = open_publisher(plan, config, embedded_publisher)?;
            Some(start_generators(plan, config, publisher, &clock, &registry, &site).await?)
        }
        false => None,
    };
    let server = listener.start();
    announce(plan, config, address);
    Ok(Running { web, actors, generators, vehicles, pings, server, _progress: progress })
}

impl Running {
    /// Traffic first, then what processes it, then what takes its results.
    async fn stop(self) {
        if let Some(generators) = self.generators {
            generators.stop().await;
        }
        if let Some(pings) = self.pings {
            pings.stop().await;
        }
        if let Some(vehicles) = self.vehicles {
            vehicles.stop().await;
        }
        if let Some(actors) = self.actors {
            actors.stop().await;
        }
        if let Some(web) = &self.web {
            web.stop_pages();
        }
        if tokio::time::timeout(SERVER_STOPS_WITHIN, self.server.stop(true)).await.is_err() {
            self.server.stop(false).await;
        }
        if let Some(web) = self.web {
            web.stop().await;
        }
        info!("stopped");
    }
}

fn with_site(site: &Mutex<Site>, add: impl FnOnce(&mut Site)) {
    add(&mut site.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
}

async fn start_web(
    config: &Config,
    pages: web::pages::Options,
    clock: &SharedClock,
    registry: &Registry,
    site: &Mutex<Site>,
) -> anyhow::Result<web::Web> {
    let mut web = web::start(config.web.clone(), Arc::clone(clock), registry).await?;
    web.start_pages(pages);
    let is_ready = web.readiness();
    with_site(site, |site| {
        site.routes(web.configure());
        site.describe(web::openapi());
        site.check(move || {
            let state = if is_ready() { "ok" } else { "the files cannot be written" };
            vec![("files".to_owned(), state.to_owned())]
        });
    });
    Ok(web)
}

async fn start_vehicles(
    config: &Config,
    sessions: Option<Arc<dyn Store>>,
    clock: &SharedClock,
    registry: &Registry,
    site: &Mutex<Site>,
) -> anyhow::Result<Vehicles> {
    let store: Arc<dyn vehicles::store::Store> = if let Some(url) = &config.vehicles_store_url {
        let store = vehicles::store::RedisStore::new(url, &nanoid::nanoid!());
        Arc::new(store.context("CARPARK_VEHICLES_STORE_URL")?)
    } else {
        let path = in_data_dir(&config.data_dir, "vehicles.redb")?;
        let store = vehicles::store::EmbeddedStore::open(&path).context(
            "cannot open the embedded store of vehicles: does another carpark use the data \
             directory? Stop it, or set CARPARK_DATA_DIR to another one",
        )?;
        Arc::new(store)
    };
    // In a process of its own it looks into the sessions' store, where there is one to look into.
    let sessions = match (sessions, &config.store_url) {
        (None, Some(_)) => Some(open_store(config, clock)?.0),
        (sessions, _) => sessions,
    };
    let queue = match &config.broker_url {
        Some(url) => {
            // The declarations are counted where the actors run.
            let metrics = Arc::new(Metrics::new(&Registry::new())?);
            let broker = AmqpBroker::new(url, config.prefetch, Arc::clone(clock), metrics)
                .context("CARPARK_BROKER_URL")?;
            Some(ping_queue::consume(&broker))
        }
        None => None,
    };
    let vehicles = Vehicles::start(vehicles::Parts {
        options: vehicles::Options {
            silence: config.silence,
            start_patience: config.start_patience,
            ..vehicles::Options::default()
        },
        queue,
        store,
        inside: sessions.map(|store| Arc::new(OpenStays(store)) as Arc<dyn Inside>),
        clock: Arc::clone(clock),
        metrics: Arc::new(vehicles::Metrics::new(registry)?),
    })
    .await
    .context("the vehicle monitor's store")?;
    let health = vehicles.health();
    with_site(site, |site| {
        site.routes(vehicles.configure());
        site.describe(Vehicles::openapi());
        site.check(move || health.parts().map(|(name, text)| (name.to_owned(), text)).to_vec());
    });
    Ok(vehicles)
}

fn start_pings(
    plan: Plan,
    config: &Config,
    listens: SocketAddr,
    clock: &SharedClock,
    registry: &Registry,
    site: &Mutex<Site>,
) -> anyhow::Result<Pings> {
    let url = match plan.vehicles {
        true => format!("http://{}", reachable(listens)),
        false => config.pings.monitor_url.clone(),
    };
    let tokens = &config.tokens;
    let monitor = Monitor::new(&url, tokens.admin.clone(), tokens.ping.clone());
    let way: Arc<dyn Way> = match &config.broker_url {
        Some(url) => {
            let publisher = AmqpPublisher::start(&AmqpOptions::new(url), &[PING_QUEUE]);
            Arc::new(OverQueue(Arc::new(publisher.context("CARPARK_BROKER_URL")?)))
        }
        None => Arc::new(OverHttp(monitor.clone())),
    };
    let options = config.pings.clone();
    let pings = generators::pings::start(options, monitor, way, Arc::clone(clock), registry)?;
    with_site(site, |site| {
        site.routes(pings.configure());
        site.describe(generators::pings::openapi());
    });
    Ok(pings)
}

fn open_broker(
    config: &Config,
    clock: &SharedClock,
    metrics: &Arc<Metrics>,
) -> anyhow::Result<(Box<dyn Broker>, Option<EmbeddedPublisher>)> {
    if let Some(url) = &config.broker_url {
        let broker = AmqpBroker::new(url, config.prefetch, Arc::clone(clock), Arc::clone(metrics))
            .context("CARPARK_BROKER_URL")?;
        return Ok((Box::new(broker), None));
    }
    let path = in_data_dir(&config.data_dir, EMBEDDED_DEAD_LETTERS)?;
    let broker =
        EmbeddedBroker::open(&path, EMBEDDED_QUEUE, config.prefetch.into(), Arc::clone(clock))
            .with_context(|| format!("cannot open the embedded dead letters {}", path.display()))?;
    let publisher = broker.publisher();
    Ok((Box::new(broker), Some(publisher)))
}

fn open_store(
    config: &Config,
    clock: &SharedClock,
) -> anyhow::Result<(Arc<dyn Store>, ProcessorId)> {
    if let Some(url) = &config.store_url {
        let options = RedisOptions { retention: config.retention, ..RedisOptions::new(url) };
        let store = RedisStore::new(options).context("CARPARK_STORE_URL")?;
        let alphabet: Vec<char> = ('a'..='z').chain('0'..='9').collect();
        let processor = ProcessorId(nanoid::nanoid!(12, &alphabet).into());
        return Ok((Arc::new(store), processor));
    }
    let path = in_data_dir(&config.data_dir, "carpark.redb")?;
    let store = EmbeddedStore::open(&path, config.retention, Arc::clone(clock)).context(
        "cannot open the embedded store: does another carpark use the data directory? Stop it, or \
         set CARPARK_DATA_DIR to another one",
    )?;
    Ok((Arc::new(store), ProcessorId("embedded".into())))
}

fn in_data_dir(data_dir: &Path, name: &str) -> anyhow::Result<std::path::PathBuf> {
    std::fs::create_dir_all(data_dir).with_context(|| {
        format!(
            "the data directory {} cannot be created or written: set CARPARK_DATA_DIR to one that can",
            data_dir.display()
        )
    })?;
    Ok(data_dir.join(name))
}

/// Waits for the servers while there is hope, saying so; gives up with what to do.
async fn prepare(broker: &dyn Broker, store: &dyn Store, patience: Duration) -> anyhow::Result<()> {
    patiently("RabbitMQ", patience, async || match broker.prepare().await {
        Ok(()) => Ok(()),
        Err(e @ BrokerError::Refused { .. }) => Err(Attempt::Hopeless(e.into())),
        Err(e) => Err(Attempt::Failed(e.into())),
    })
    .await?;
    patiently("the store", patience, async || {
        store.counts().await.map(|_| ()).map_err(|e| Attempt::Failed(e.into()))
    })
    .await
}

/// Why an attempt was none.
enum Attempt {
    /// Worth another.
    Failed(anyhow::Error),
    /// Not before somebody changes something.
    Hopeless(anyhow::Error),
}

async fn patiently(
    what: &str,
    patience: Duration,
    attempt: impl AsyncFn() -> Result<(), Attempt>,
) -> anyhow::Result<()> {
    let deadline = tokio::time::Instant::now() + patience;
    let mut backoff = actors::backoff::Backoff::new(ATTEMPT_PAUSES.0, ATTEMPT_PAUSES.1);
    loop {
        let error = match attempt().await {
            Ok(()) => return Ok(()),
            Err(Attempt::Hopeless(error)) => return Err(error),
            Err(Attempt::Failed(error)) => error,
        };
        let left = deadline.saturating_duration_since(tokio::time::Instant::now());
        if left.is_zero() {
            return Err(error.context(format!(
                "gave up on {what} after {}: is it running, and is the URL right? \
                 (CARPARK_START_PATIENCE sets how long to wait)",
                humantime::format_duration(patience)
            )));
        }
        if backoff.attempts() == 0 {
            warn!(error = %format!("{error:#}"), patience_seconds = patience.as_secs(), "waiting for {what}");
        }
        backoff.wait().await;
    }
}

fn actors_options(config: &Config) -> actors::Options {
    actors::Options {
        policy: config.policy,
        idle_after: config.idle_after,
        residents_max: config.residents_max,
        outbox_max: config.outbox_max,
        ..actors::Options::default()
    }
}

/// Where the actors post: to this process where it writes the files itself, unless told otherwise.
fn summary_url(plan: Plan, config: &Config, listens: SocketAddr) -> anyhow::Result<Url> {
    if let Some(url) = &config.summary_url {
        return Ok(url.clone());
    }
    let own = match plan.web {
        true => listens,
        false => SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 40_000),
    };
    Ok(format!("http://{}/save_summary", reachable(own)).parse()?)
}

/// Where the pages ask: this process where it has all roles, unless told otherwise.
fn pages_options(
    plan: Plan,
    config: &Config,
    listens: SocketAddr,
) -> anyhow::Result<web::pages::Options> {
    let tokens = &config.tokens;
    let token = tokens.admin.clone().or_else(|| tokens.sink.clone());
    let at = |url: &Option<Url>, port: u16| -> anyhow::Result<web::pages::ActorsAt> {
        let own = match plan.actors {
            true => listens,
            false => SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port),
        };
        let url = match url {
            Some(url) => url.clone(),
            None => format!("http://{}", reachable(own)).parse()?,
        };
        Ok(web::pages::ActorsAt { url, token: token.clone() })
    };
    Ok(web::pages::Options {
        time_zone: config.time_zone,
        actors: at(&config.actors_url, 40_001)?,
        vehicles: at(&config.vehicles_url, 40_004)?,
    })
}

/// An address to call a listener by that listens everywhere.
fn reachable(listens: SocketAddr) -> SocketAddr {
    let ip = match listens.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(std::net::Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, listens.port())
}

fn open_publisher(
    plan: Plan,
    config: &Config,
    embedded: Option<EmbeddedPublisher>,
) -> anyhow::Result<Arc<dyn Publisher>> {
    if let Some(url) = &config.broker_url {
        let queues: Vec<&'static str> = [(plan.entries, Kind::Entry), (plan.exits, Kind::Exit)]
            .into_iter()
            .filter_map(|(runs, kind)| runs.then_some(queue_of(kind)))
            .collect();
        let publisher =
            AmqpPublisher::start(&AmqpOptions::new(url), &queues).context("CARPARK_BROKER_URL")?;
        return Ok(Arc::new(publisher));
    }
    let publisher = embedded.context("an embedded broker needs the actors in the same process")?;
    Ok(Arc::new(Embedded(publisher)))
}

async fn start_generators(
    plan: Plan,
    config: &Config,
    publisher: Arc<dyn Publisher>,
    clock: &SharedClock,
    registry: &Registry,
    site: &Mutex<Site>,
) -> anyhow::Result<Generators> {
    let store: Arc<dyn InsideStore> = match &config.generator_store_url {
        Some(url) => {
            Arc::new(generators::RedisStore::new(url).context("CARPARK_GENERATOR_STORE_URL")?)
        }
        None => Arc::new(MemoryStore::new()),
    };
    let roles = generators::Roles { entries: plan.entries, exits: plan.exits };
    let options = config.generators.clone();
    let generators = generators::start(
        options,
        roles,
        Arc::clone(&publisher),
        store,
        Arc::clone(clock),
        registry,
    )
    .await?;
    with_site(site, |site| {
        site.routes(generators.configure());
        site.describe(generators::openapi());
        site.check(move || {
            let state = if publisher.is_ready() { "ok" } else { "cannot publish" };
            vec![("publisher".to_owned(), state.to_owned())]
        });
    });
    Ok(generators)
}

/// Tells a person where everything is.
#[expect(clippy::print_stdout, reason = "what a person sees at the start")]
fn announce(plan: Plan, config: &Config, address: SocketAddr) {
    let or = |url: &Option<String>, inside: &str| {
        url.as_deref().map_or_else(|| inside.to_owned(), masked)
    };
    println!("carpark {}", env!("CARGO_PKG_VERSION"));
    let opens = if plan.web { "open        " } else { "listens on  " };
    println!("  {opens}http://{}", reachable(address));
    if plan.web {
        let dir = config.data_dir.display();
        println!("  writes to   {dir}/summaries.csv and {dir}/exceptions.csv");
    }
    if plan.actors {
        let store = format!("embedded ({}/carpark.redb)", config.data_dir.display());
        println!("  broker      {}", or(&config.broker_url, "embedded"));
        println!("  store       {}", or(&config.store_url, &store));
    }
    if plan.vehicles {
        let store = format!("embedded ({}/vehicles.redb)", config.data_dir.display());
        println!("  vehicles    {}", or(&config.vehicles_store_url, &store));
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
        println!("  simulates   {traffic}");
    }
    println!("  Ctrl-C ends it; nothing is lost");
}

/// `carpark configure`: declares the queues, then ends.
#[expect(clippy::print_stdout, reason = "the command's result")]
pub async fn configure(config: &Config, clock: SharedClock) -> anyhow::Result<()> {
    let Some(url) = &config.broker_url else {
        bail!("nothing to declare in an embedded broker: set CARPARK_BROKER_URL=amqp://…");
    };
    // Nobody scrapes a command that ends.
    let metrics = Arc::new(Metrics::new(&Registry::new())?);
    let broker =
        AmqpBroker::new(url, config.prefetch, clock, metrics).context("CARPARK_BROKER_URL")?;
    patiently("RabbitMQ", config.start_patience, async || match broker.prepare().await {
        Ok(()) => Ok(()),
        Err(e @ BrokerError::Refused { .. }) => Err(Attempt::Hopeless(e.into())),
        Err(e) => Err(Attempt::Failed(e.into())),
    })
    .await?;
    println!(
        "vehicle_entry, vehicle_exit, vehicle_ping and vehicle_dead_letter stand at {}",
        masked(url)
    );
    Ok(())
}
