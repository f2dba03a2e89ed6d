//! The roles, wired in reading order and taken apart in reverse: `plan` (what a role consists of) →
//! `open` (its broker and stores) → `parts` (what is started of them) → `announce`.

mod announce;
mod open;
mod parts;
mod plan;
mod watched;

use std::any::Any;
use std::cell::RefCell;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actors::Actors;
use anyhow::bail;
use cameras::Cameras;
use domain::SharedClock;
use domain::wire::{ENTRY_QUEUE, EXIT_QUEUE};
use generators::Generators;
use generators::pings::{Pings, Register};
use platform::address::masked;
use platform::messaging::amqp::PublisherOptions;
use platform::messaging::topology::Declarations;
use platform::runtime::Vitals;
use prometheus::Registry;
#[cfg(target_os = "linux")]
use prometheus::process_collector::ProcessCollector;
use tracing::info;
use vehicles::Vehicles;
use web::Web;

use crate::cli::Role;
use crate::config::Config;
use crate::http::entrance::Access;
use crate::http::guesses::Guesses;
use crate::http::listener::{self, Listener, Listening};
use crate::http::rate::Rates;
use crate::http::sign_in::SignIns;
use crate::http::{self, Site};
use crate::limits;
use crate::progress::Progress;
use crate::reads::{Input, Reads};
use crate::recording::recorded;
use crate::say;
use crate::shutdown::Shutdown;
use crate::vehicles_of_plates::{Here, There};
pub use open::EMBEDDED_DEAD_LETTERS;
use parts::Wiring;
use plan::Plan;
use watched::Watched;

/// How long connections may take to end.
const SERVER_STOPS_WITHIN: Duration = Duration::from_secs(2);

/// What runs in this process.
struct Running {
    web: Option<Web>,
    actors: Option<Actors>,
    cameras: Option<Cameras>,
    vehicles: Option<Vehicles>,
    /// Held for its lines: dropped, it publishes no more.
    reads: Option<Reads>,
    pings: Option<Pings>,
    generators: Option<Generators>,
    server: ServerHandle,
    /// What the parts have to have held.
    _held: Vec<Box<dyn Any>>,
    /// Hears of whatever the others cannot do without.
    vitals: Vitals,
    watched: Watched,
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
    if role == Role::PingGenerator && config.pings.register == Register::Only {
        let vehicles = parts::pings::register(&config).await?;
        info!(vehicles, "simulated vehicles registered");
        return Ok(());
    }
    let config = with_own_tokens(plan, config);
    let started = tokio::select! {
        started = start(plan, &config, clock) => started.map(Some),
        () = shutdown.asked() => Ok(None),
    };
    if !matches!(started, Ok(Some(_))) {
        // An actor that never had its turn has it when it is dropped, where timers are no more.
        tokio::task::yield_now().await;
    }
    let Some(running) = started? else {
        info!("stopped while starting");
        return Ok(());
    };
    let watched = running.watched.clone();
    let outcome = tokio::select! {
        () = shutdown.asked() => Ok(()),
        name = running.vitals.died() => Err(anyhow::anyhow!("the {name} has died; ending, so that a restart can repair it")),
        reason = watched.until_lost(config.start_patience) => Err(anyhow::anyhow!("{reason}; it did not come back")),
    };
    info!("stopping");
    tokio::select! {
        () = running.stop() => {}
        () = shutdown.asked() => bail!("asked a second time: stopped at once; what was in flight comes again"),
    }
    outcome
}

/// Vehicles that are simulated in the monitor's own process show a token that nobody else has, where
/// the others have theirs and none is set for pings.
fn with_own_tokens(plan: Plan, mut config: Config) -> Config {
    let tokens = &mut config.tokens;
    if plan.vehicles && plan.pings && tokens.ping.is_none() && tokens.close_the_rest() {
        tokens.ping = Some(nanoid::nanoid!(32));
    }
    config
}

/// Binds the ports, and prepares what is served there.
async fn listen(
    plan: Plan,
    config: &Config,
    site: Arc<Mutex<Site>>,
    sign_ins: Option<Arc<SignIns>>,
    registry: Registry,
) -> anyhow::Result<Listener> {
    let (key, address) = plan.listen(config);
    let port = http::port::bind(address, key, config.start_patience).await?;
    let own = match plan.asks_itself() {
        true => Some(http::port::bind(listener::OWN, "loopback", config.start_patience).await?),
        false => None,
    };
    let limits = listener::limits(
        config.connections_max,
        config.connections_per_address,
        limits::raise_descriptors(),
    );
    let access = Access {
        tokens: config.tokens.clone(),
        rates: Rates::new(config.requests_per_second),
        sign_ins,
        proxies: config.trusted_proxies.clone(),
        guesses: Guesses::new("in a header or an address"),
    };
    listener::listen(
        Listening { port, own, namespace: plan.namespace(), limits },
        site,
        access,
        registry,
    )
}

async fn start(plan: Plan, config: &Config, clock: SharedClock) -> anyhow::Result<Running> {
    // First: a path that is wrong leaves nothing behind.
    let input = config.reads.as_deref().map(Input::open).transpose()?;
    let registry = Registry::new();
    #[cfg(target_os = "linux")]
    registry.register(Box::new(ProcessCollector::for_self()))?;
    let site = Arc::new(Mutex::new(Site::default()));
    let sign_ins = plan.web.then(|| Arc::new(SignIns::new(config.tokens.admin.clone())));
    let listener = listen(plan, config, Arc::clone(&site), sign_ins.clone(), registry.clone());
    let listener = listener.await?;
    let address = listener.address;
    let (watched, vitals) = (Watched::default(), Vitals::default());
    let wiring = Wiring {
        plan,
        config,
        address: listener.own.unwrap_or(address),
        clock,
        registry,
        site,
        watched: watched.clone(),
        vitals: vitals.clone(),
        held: RefCell::default(),
    };

    let mut web = match plan.web {
        true => Some(parts::web::start(&wiring).await?),
        false => None,
    };
    let (actors, embedded, sessions, progress) = match plan.actors {
        true => {
            let started = parts::actors::start(&wiring).await?;
            (Some(started.actors), started.publisher, Some(started.store), started.progress)
        }
        false => (None, None, None, None),
    };
    let cameras = match plan.web {
        true => Some(parts::cameras::start(&wiring, embedded.clone())?),
        false => None,
    };
    if let (Some(web), Some(cameras), Some(sign_ins)) = (&mut web, &cameras, sign_ins) {
        parts::web::open(&wiring, web, cameras, sign_ins)?;
    }
    let vehicles = match plan.vehicles {
        true => Some(parts::vehicles::start(&wiring, sessions).await?),
        false => None,
    };
    if let Some(actors) = &actors {
        match (&vehicles, &config.vehicles_url) {
            (Some(vehicles), _) => actors.know_vehicles(Here(vehicles.plates())),
            (None, Some(url)) => {
                actors.know_vehicles(There::new(url.clone(), config.tokens.admin.clone()));
            }
            (None, None) => {}
        }
    }
    let reads = match input {
        Some(input) => {
            let publishing = PublisherOptions::new("carpark reads");
            let queues = [ENTRY_QUEUE, EXIT_QUEUE];
            let publisher = open::publisher(&publishing, &queues, config, embedded.clone())?;
            let publisher = recorded(publisher, config.generators.ledger.as_deref())?;
            Some(Reads::start(input, publisher))
        }
        None => None,
    };
    // Before the generators': their routes end with one for whatever else is asked.
    let pings = match plan.pings {
        true => Some(parts::pings::start(&wiring)?),
        false => None,
    };
    let generators = match plan.has_generators() {
        true => Some(parts::generators::start(&wiring, embedded).await?),
        false => None,
    };
    let of_files = watched.clone();
    wiring.add(|site| site.check(move || of_files.states()));
    let server = listener.start(vitals.of("listener"));
    announce::announce(plan, config, address);
    Ok(Running {
        web,
        actors,
        cameras,
        vehicles,
        reads,
        pings,
        generators,
        server,
        _held: wiring.held.into_inner(),
        vitals,
        watched,
        _progress: progress,
    })
}

impl Running {
    /// Traffic first, then what processes it, then what takes its results.
    async fn stop(self) {
        self.vitals.rest();
        drop(self.reads);
        if let Some(generators) = self.generators {
            generators.stop().await;
        }
        if let Some(pings) = self.pings {
            pings.stop().await;
        }
        if let Some(cameras) = self.cameras {
            cameras.stop().await;
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
        self.watched.close().await;
        info!("stopped");
    }
}

/// `carpark configure`: declares the queues, then ends.
pub async fn configure(config: &Config, clock: SharedClock) -> anyhow::Result<()> {
    let Some(url) = &config.broker_url else {
        bail!("nothing to declare in an embedded broker: set CARPARK_BROKER_URL=amqp://…");
    };
    // Nobody scrapes a command that ends.
    let broker = open::amqp_broker(url, config, &clock, Declarations::unseen()?)?;
    open::prepare_broker(&broker, config.start_patience).await?;
    say::result(format_args!(
        "vehicle_entry, vehicle_exit, vehicle_ping and vehicle_dead_letter stand at {}",
        masked(url)
    ))
}
