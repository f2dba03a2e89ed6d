//! The office: car parks as things, and how full they are. It reads the feed, counts who is inside by
//! the type of the bays, takes the word of people who have counted, and tells of each place when its
//! numbers become others.
//!
//! Reading order, the way of an event: [`platform::feed`] → `reading` (what it tells of a stay) →
//! `keeper` (the actor that changes anything) → `picture` (what is known, pure; on
//! [`domain::occupancy`] and [`domain::place`]) → `store` (SQL: all of a change, or nothing) →
//! `board` (what whoever looks sees), `catalog` (the same for the routes that reckon prices) and `telling` (what the feed
//! is told in turn). `routes` is what people and apps ask, `import` reads their files. What a stay costs
//! is in `tables` (all versions of each rate table) and `prices` (the price now), both pure, on [`rates`].
//!
//! Any number of processes may work on one PostgreSQL: one of them reads the feed and tells, and when
//! it is gone, another; each answers whoever asks it.

mod board;
mod catalog;
mod formats;
mod import;
mod keeper;
mod metrics;
mod options;
mod picture;
mod prices;
mod reading;
mod routes;
mod shapes;
mod store;
mod tables;
mod telling;

use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, Addr};
use actix_web::web::Data;
use async_trait::async_trait;
use domain::place::Place;
use domain::{PlaceName, Plate, SharedClock};
use platform::component::{Component, States};
use platform::feed::{Following, HttpSource, Meters, follow};
use platform::http::Routes;
use platform::runtime::{Part, Vital, Vitals, texts};
use prometheus::Registry;
use rates::RateTable;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tracing::{error, info, warn};
use url::Url;

pub use import::checked;
pub use options::Options;
pub use routes::routes;
pub use store::SqlError;

use board::Board;
use catalog::Catalog;
use keeper::{Do, Failure, Keeper, Reads, Step, Stop};
use metrics::Metrics;
use picture::Act;
use reading::{OfficeReader, wanted};
use routes::Desk;
use store::{Sql, Store};
use telling::Teller;

/// Between two attempts at the database at the start.
const START_PAUSE: Duration = Duration::from_millis(500);
/// Who describes the places of the configuration, and puts its rate tables.
const CONFIGURATION: &str = "carpark.toml";

/// Ends sessions by the operator's word.
#[async_trait]
pub trait Sessions: Send + Sync {
    /// Ends that of a plate; answers whether one stood open. An error says why in words.
    async fn close(&self, plate: &Plate, reason: &str) -> Result<bool, String>;
}

/// What the office is given.
pub struct Parts {
    /// What can be set.
    pub options: Options,
    /// Holds the database, where it is a file.
    pub data_dir: PathBuf,
    /// Places that stand in the configuration: described at the start.
    pub places: Vec<(PlaceName, Place)>,
    /// Rate tables that it names, without faults: put at the start.
    pub rate_tables: Vec<RateTable>,
    /// The web role: `http://host:port`.
    pub web_url: Url,
    /// Opens its feed.
    pub feed_token: Option<String>,
    /// Opens what it is told by.
    pub sink_token: Option<String>,
    /// Who ends sessions, where that is known.
    pub sessions: Option<Arc<dyn Sessions>>,
    /// The clock of processing time.
    pub clock: SharedClock,
    /// Where what is counted is registered.
    pub registry: Registry,
    /// Hears of an actor that dies.
    pub vitals: Vitals,
}

/// The running office.
pub struct Office {
    keeper: Addr<Keeper>,
    store: Store,
    desk: Desk,
    database: Arc<Part>,
    feed: Arc<Feed>,
    tasks: [JoinHandle<()>; 2],
    following: Rc<RefCell<Option<Following>>>,
}

/// How the reading of the feed goes, and the telling.
struct Feed {
    /// Whether this process reads it; otherwise another does.
    is_read: std::sync::atomic::AtomicBool,
    reading: std::sync::Mutex<Option<Arc<Part>>>,
    /// Works once it is known who reads: a process that is ready does not find out later that it is not.
    turn: Part,
    telling: Arc<Part>,
}

impl Office {
    /// Opens the database, describes the places of the configuration, and begins to read.
    pub async fn start(parts: Parts) -> Result<Self, SqlError> {
        let Parts { options, data_dir, web_url, feed_token, sink_token, .. } = parts;
        let sql = match &options.url {
            Some(url) => Sql::new(url)?,
            None => Sql::file(&data_dir.join("office.sqlite"))?,
        };
        let store = Store::new(sql);
        prepare(&store, options.start_patience).await?;
        let metrics =
            Metrics::new(&parts.registry).map_err(|e| SqlError::lasting(e.to_string()))?;
        let meters = Meters::register(&parts.registry, "office");
        let meters = meters.map_err(|e| SqlError::lasting(e.to_string()))?;
        let (metrics, untold) = (Arc::new(metrics), Arc::new(Notify::new()));
        let (board, database) = (Arc::new(Board::default()), Arc::new(Part::default()));
        let catalog = Arc::new(Catalog::default());
        let keeper = Keeper::new(
            keeper::Parts {
                store: store.clone(),
                board: Arc::clone(&board),
                catalog: Arc::clone(&catalog),
                name: nanoid::nanoid!(12).into(),
                clock: Arc::clone(&parts.clock),
                metrics: Arc::clone(&metrics),
                health: Arc::clone(&database),
                untold: Arc::clone(&untold),
            },
            parts.vitals.of("office's keeper"),
        )
        .start();
        if !parts.rate_tables.is_empty() {
            by_the_configuration(&keeper, Act::Put(parts.rate_tables)).await?;
        }
        if !parts.places.is_empty() {
            by_the_configuration(&keeper, Act::Describe(parts.places)).await?;
        }
        let teller = Teller::new(&web_url, sink_token, store.clone(), untold, metrics);
        let feed = Arc::new(Feed {
            is_read: false.into(),
            reading: std::sync::Mutex::default(),
            turn: Part::default(),
            telling: teller.part(),
        });
        let following: Rc<RefCell<Option<Following>>> = Rc::default();
        let stepping = Stepping {
            keeper: keeper.clone(),
            every: options.step_every,
            feed: Arc::clone(&feed),
            following: Rc::clone(&following),
            begin: Box::new({
                let keeper = keeper.clone();
                move |vitals| {
                    let source = HttpSource::new(&web_url, feed_token.clone(), &wanted());
                    let reader = OfficeReader::new(keeper.clone());
                    follow(source, reader, meters.clone(), vitals.of("office's reader"))
                }
            }),
        };
        let tasks = [
            tokio::task::spawn_local(teller.run(parts.vitals.of("office's teller"))),
            tokio::task::spawn_local(stepping.run(parts.vitals.of("office's clock"))),
        ];
        info!(
            database = if options.url.is_some() { "PostgreSQL" } else { "SQLite" },
            "office started"
        );
        let (clock, sessions) = (parts.clock, parts.sessions);
        let desk = Desk { keeper: keeper.clone(), board, catalog, clock, sessions };
        Ok(Self { keeper, store, desk, database, feed, tasks, following })
    }
}

/// Waits for the database while there is hope, saying so.
async fn prepare(store: &Store, patience: Duration) -> Result<(), SqlError> {
    let deadline = tokio::time::Instant::now() + patience;
    let mut is_told = false;
    loop {
        let Err(error) = store.prepare().await else { return Ok(()) };
        if !error.is_passing || tokio::time::Instant::now() >= deadline {
            return Err(error);
        }
        if !is_told {
            warn!(%error, "office's database not usable yet, waiting");
            is_told = true;
        }
        tokio::time::sleep(START_PAUSE).await;
    }
}

/// What the configuration says of places and prices holds, whatever somebody changed since.
async fn by_the_configuration(keeper: &Addr<Keeper>, act: Act) -> Result<(), SqlError> {
    let done = keeper.send(Do { act, by: CONFIGURATION.to_owned() }).await;
    match done.map_err(|_| SqlError::new("the office's keeper has died".to_owned()))? {
        Ok(_) => Ok(()),
        Err(Failure::Refused(refusal)) => Err(SqlError::lasting(refusal.to_string())),
        Err(failure) => Err(SqlError::new(failure.to_string())),
    }
}

/// Has the keeper look again and again, and reads the feed for as long as it is this process that does.
struct Stepping {
    keeper: Addr<Keeper>,
    every: Duration,
    feed: Arc<Feed>,
    following: Rc<RefCell<Option<Following>>>,
    begin: Box<dyn Fn(&Vitals) -> Following>,
}

impl Stepping {
    async fn run(self, vital: Vital) {
        let mut of_reader = Vitals::default();
        loop {
            vital.may_die_here();
            let reads = self.keeper.send(Step).await.unwrap_or(Reads::Unknown);
            let follows = self.following.borrow().is_some();
            // Who does not know goes on: nothing is taken that is not kept.
            if reads == Reads::Us && !follows {
                info!("this process reads the feed for the office");
                of_reader = Vitals::default();
                self.follow(Some((self.begin)(&of_reader)));
            } else if reads == Reads::Another && follows {
                warn!("another process reads the feed for the office");
                of_reader.rest();
                self.follow(None);
            }
            if reads != Reads::Unknown {
                self.feed.turn.works();
            }
            tokio::select! {
                () = tokio::time::sleep(self.every) => {}
                // It may end without that, where another process reads. If it dies, it takes along the
                // vital of whoever looks after it.
                died = of_reader.died() => {
                    error!("the {died} has died");
                    return;
                }
            }
        }
    }

    fn follow(&self, following: Option<Following>) {
        let part = following.as_ref().map(Following::part);
        *self.feed.reading.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = part;
        self.feed.is_read.store(following.is_some(), std::sync::atomic::Ordering::Relaxed);
        *self.following.borrow_mut() = following;
    }
}

#[async_trait(?Send)]
impl Component for Office {
    fn routes(&self) -> Routes {
        let desk = self.desk.clone();
        routes::routes().sharing(move || Data::new(desk.clone()))
    }

    fn checks(&self) -> Option<States> {
        let (database, feed) = (Arc::clone(&self.database), Arc::clone(&self.feed));
        Some(Box::new(move || {
            let reading =
                feed.reading.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
            let mut parts = vec![("office_database", &*database), ("office_facts", &*feed.telling)];
            parts.push(("office_feed", reading.as_deref().unwrap_or(&feed.turn)));
            texts(parts)
        }))
    }

    /// Reads no more, keeps what is being kept, and lets another process read. What was not told yet
    /// is told after the next start.
    async fn stop(self: Box<Self>) {
        self.tasks.iter().for_each(JoinHandle::abort);
        let following = self.following.borrow_mut().take();
        if let Some(following) = following {
            following.stop().await;
        }
        let _ = self.keeper.send(Stop).await;
        self.desk.board.close();
        self.store.close().await;
        info!("office stopped");
    }
}
