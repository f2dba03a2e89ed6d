//! The roles: a list of components, started in reading order and stopped in the reverse one. `plan`
//! (what a role consists of) → `open` (its broker and stores) → `parts` (what is started of them) →
//! `announce`.

mod announce;
mod open;
mod parts;
mod plan;
mod watched;

use std::cell::{OnceCell, RefCell};
use std::rc::Rc;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actors::plate_desk::HoldsPlates;
use anyhow::bail;
use async_trait::async_trait;
use domain::SharedClock;
use domain::wire::{ENTRY_QUEUE, EXIT_QUEUE};
use generators::pings::Register;
use platform::address::masked;
use platform::component::Component;
use platform::messaging::amqp::PublisherOptions;
use platform::messaging::topology::Declarations;
use platform::runtime::Vitals;
use prometheus::Registry;
#[cfg(target_os = "linux")]
use prometheus::process_collector::ProcessCollector;
use tracing::info;

use crate::cli::Role;
use crate::config::Config;
use crate::http::entrance::Access;
use crate::http::guesses::Guesses;
use crate::http::listener::{self, Listener, Listening};
use crate::http::rate::Rates;
use crate::http::sign_in::{self, SignIns};
use crate::http::{self, Site};
use crate::limits;
use crate::plates_elsewhere::{Here, MONITOR, There};
use crate::reads::{Input, Reads};
use crate::recording::recorded;
use crate::say;
use crate::shutdown::Shutdown;
use parts::Wiring;
use plan::Plan;
use watched::Watched;

/// How long connections may take to end.
const SERVER_STOPS_WITHIN: Duration = Duration::from_secs(2);

/// What runs in this process.
struct Running {
    /// In reading order: stopped from its end.
    components: Vec<Box<dyn Component>>,
    /// Hears of whatever the others cannot do without.
    vitals: Vitals,
    watched: Watched,
}

/// The server: it begins to answer when all others run.
struct Served(Rc<OnceCell<ServerHandle>>);

#[async_trait(?Send)]
impl Component for Served {
    async fn stop(self: Box<Self>) {
        let Some(server) = self.0.get() else { return };
        if tokio::time::timeout(SERVER_STOPS_WITHIN, server.stop(true)).await.is_err() {
            server.stop(false).await;
        }
    }
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
/// the others have theirs and none is set for pings; so does the office to the feed of its own process.
fn with_own_tokens(plan: Plan, mut config: Config) -> Config {
    let tokens = &mut config.tokens;
    if plan.vehicles && plan.pings && tokens.ping.is_none() && tokens.close_the_rest() {
        tokens.ping = Some(nanoid::nanoid!(32));
    }
    let reads_the_feed = tokens.feed.is_some() || tokens.admin.is_some();
    if plan.office && plan.web && !reads_the_feed && tokens.close_the_rest() {
        tokens.feed = Some(nanoid::nanoid!(32));
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
        running: RefCell::default(),
    };

    // What takes the results, what processes, the traffic: each stops before what it needs.
    let server = Rc::new(OnceCell::new());
    let watch = Arc::new(OnceLock::new());
    wiring.run(watched.clone());
    let files = match plan.web {
        true => Some(parts::web::start(&wiring).await?),
        false => None,
    };
    let webhooks = match &files {
        Some(files) => Some(parts::web::webhooks(&wiring, files).await?),
        None => None,
    };
    let pages = match (&files, &webhooks) {
        (Some(files), Some(webhooks)) => Some(parts::web::pages(&wiring, files, webhooks, &watch)?),
        _ => None,
    };
    let feed = files.as_ref().map(web::Web::feed);
    let stream = files.as_ref().map(|files| parts::web::stream(&wiring, files)).transpose()?;
    wiring.run_if_any(files);
    wiring.run(Served(Rc::clone(&server)));
    wiring.run_if_any(feed);
    wiring.run_if_any(webhooks);
    wiring.run_if_any(stream.flatten());
    wiring.run_if_any(pages);
    if let Some(sign_ins) = sign_ins {
        wiring.run(sign_in::routes_of(sign_ins));
    }
    let actors = match plan.actors {
        true => Some(parts::actors::start(&wiring).await?),
        false => None,
    };
    let embedded = actors.as_ref().and_then(|actors| actors.publisher.clone());
    let sessions = actors.as_ref().map(|actors| Arc::clone(&actors.store));
    let plates = match plan.vehicles {
        true => Some(parts::vehicles::start(&wiring, sessions).await?),
        false => None,
    };
    if let Some(actors) = actors {
        let others: Option<Box<dyn HoldsPlates>> = match (plates, &config.vehicles_url) {
            (Some(plates), _) => Some(Box::new(Here(plates))),
            (None, Some(url)) => {
                Some(Box::new(There::new(MONITOR, url.clone(), config.tokens.admin.clone())))
            }
            (None, None) => None,
        };
        let _known_already = others.map(|others| actors.vehicles.set(others));
        if let Some(office) = parts::office::plates(&wiring)? {
            let _known_already = actors.places.set(Box::new(office));
        }
    }
    if plan.office {
        parts::office::start(&wiring).await?;
    }
    if plan.web {
        let _seen_already = watch.set(parts::cameras::start(&wiring, embedded.clone())?);
    }
    if plan.pings {
        parts::pings::start(&wiring)?;
    }
    if plan.has_generators() {
        parts::generators::start(&wiring, embedded.clone()).await?;
    }
    if let Some(input) = input {
        let publishing = PublisherOptions::new("carpark reads");
        let queues = [ENTRY_QUEUE, EXIT_QUEUE];
        let publisher = open::publisher(&publishing, &queues, config, embedded)?;
        let publisher = recorded(publisher, config.generators.ledger.as_deref())?;
        wiring.run(Reads::start(input, publisher));
    }
    let _served_already = server.set(listener.start(vitals.of("listener")));
    announce::announce(plan, config, address);
    Ok(Running { components: wiring.running.into_inner(), vitals, watched })
}

impl Running {
    /// Traffic first, then what processes it, then what takes its results.
    async fn stop(self) {
        self.vitals.rest();
        for component in self.components.into_iter().rev() {
            component.stop().await;
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    struct Noting(&'static str, Rc<RefCell<Vec<&'static str>>>);

    #[async_trait(?Send)]
    impl Component for Noting {
        async fn stop(self: Box<Self>) {
            tokio::time::sleep(Duration::from_millis(1)).await;
            self.1.borrow_mut().push(self.0);
        }
    }

    #[actix_rt::test]
    async fn what_came_last_stops_first_and_to_its_end_before_the_next() {
        let stopped = Rc::default();
        let noting = |name| Box::new(Noting(name, Rc::clone(&stopped))) as Box<dyn Component>;
        let running = Running {
            components: ["files", "sessions", "traffic"].map(noting).into(),
            vitals: Vitals::default(),
            watched: Watched::default(),
        };
        let vital = running.vitals.of("actor");
        let vitals = running.vitals.clone();
        running.stop().await;
        assert_eq!(*stopped.borrow(), ["traffic", "sessions", "files"]);
        drop(vital);
        let died = tokio::time::timeout(Duration::ZERO, vitals.died()).await;
        assert!(died.is_err(), "they are meant to end");
    }
}
