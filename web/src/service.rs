//! The wiring: open the files, start the writer, hand out the routes. `stop` undoes it in reverse.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use actix::Actor;
use actix_web::web::Data;
use async_trait::async_trait;
use domain::SharedClock;
use platform::component::{Component, States};
use platform::feed::{Meters, Source, Wanted, follow};
use platform::http::Routes;
use platform::messaging::amqp::StreamWriter;
use platform::runtime::Vitals;
use platform::storage::FileWatch;
use prometheus::Registry;
use tokio::task::spawn_blocking;

use crate::csv_writer::{CHECKPOINT_EVERY, CsvWriter, Journal, Settings, Stop, watch_of};
use crate::disk::RealDisk;
use crate::feed::{LocalFeed, Readers};
use crate::metrics::Metrics;
use crate::options::Options;
use crate::pages::{self, Files, OpenPages, Pages};
use crate::recent::{PAGES_READER, PagesFeed, PagesReader, Recent};
use crate::routes::{self, OpenFeed, State};
use crate::start_error::StartError;
use crate::stream::OpenStream;
use crate::webhooks::{self, OpenWebhooks};

/// The running service. Dropped without [`Web::stop`], it goes on until its actix system ends.
pub struct Web {
    /// What the routes share; they outlive `self` by the requests that are under way.
    state: Arc<State>,
    /// Who reads the feed.
    readers: Arc<Readers>,
    /// Set by the writer.
    is_writable: Arc<AtomicBool>,
    clock: SharedClock,
    /// Whether the directory is still there.
    watch: Arc<FileWatch>,
    /// Hears of it should the writer, or who looks for the pages, die.
    vitals: Vitals,
}

/// All routes, without what is behind them.
pub fn routes() -> Routes {
    routes::routes().and(routes::feed_routes()).and(webhooks::routes()).and(pages::routes())
}

/// Opens the files of `options.data_dir` and starts the writer on the current arbiter. The
/// directory is locked until [`Web::stop`].
pub async fn start(
    options: Options,
    clock: SharedClock,
    registry: &Registry,
    vitals: Vitals,
) -> Result<Web, StartError> {
    if !(1..=u32::MAX as usize).contains(&options.index_rows) {
        return Err(StartError::IndexRows(options.index_rows));
    }
    let settings = Arc::new(Settings {
        data_dir: options.data_dir.clone(),
        index_rows: options.index_rows,
        rotate_daily: options.rotate_daily,
        feed_retention: options.feed_retention,
        checkpoint_every: CHECKPOINT_EVERY,
        clock,
        disk: Arc::new(RealDisk),
        watch: watch_of(&options.data_dir),
        metrics: Metrics::register(registry, &options.data_dir)?,
    });
    start_with(&options, settings, vitals).await
}

/// [`start`] on any disk.
pub(crate) async fn start_with(
    options: &Options,
    settings: Arc<Settings>,
    vitals: Vitals,
) -> Result<Web, StartError> {
    let opened = spawn_blocking({
        let settings = Arc::clone(&settings);
        move || Journal::open(settings)
    });
    let journal = opened.await.map_err(|_| StartError::Aborted(options.data_dir.clone()))??;
    let (dir, last) = (settings.data_dir.clone(), journal.view().last());
    let read =
        spawn_blocking(move || Recent::read(&dir, last).map_err(StartError::io("read", &dir)));
    let recent = read.await.map_err(|_| StartError::Aborted(options.data_dir.clone()))??;

    let is_writable = Arc::default();
    let readers = Readers::new(journal.view(), settings.metrics.clone());
    let clock = Arc::clone(&settings.clock);
    let watch = Arc::clone(&settings.watch);
    let writer = CsvWriter::new(
        settings,
        journal,
        options.waiting_bytes_max,
        Arc::clone(&is_writable),
        Arc::clone(&readers),
        vitals.of("writer of the files"),
    )
    .start();
    let state = State::new(writer, options.body_bytes_max, options.items_max, Arc::new(recent));
    Ok(Web { state, readers, is_writable, clock, watch, vitals })
}

impl Web {
    /// Where the feed is read. To be stopped before the HTTP server, which waits for the answers that are
    /// under way.
    pub fn feed(&self) -> impl Component + use<> {
        OpenFeed(Arc::clone(&self.readers))
    }

    /// Where an operator looks, and what is handed on to other processes. To be stopped before the HTTP
    /// server, which waits for the answers that are under way.
    pub fn pages(
        &self,
        options: pages::Options,
        elsewhere: Routes,
        webhooks: &OpenWebhooks,
        registry: &Registry,
    ) -> Result<impl Component + use<>, StartError> {
        let vital = self.vitals.of("lookout of the pages");
        let (state, clock) = (Arc::clone(&self.state), Arc::clone(&self.clock));
        let recent = Arc::clone(&state.recent);
        let readers = Arc::clone(&self.readers);
        let files =
            Files { state, readers, webhooks: webhooks.all(), is_writable: self.readiness() };
        let pages = Pages::start(options, elsewhere, files, Arc::clone(&clock), vital);
        let erasures = Arc::default();
        let feed = LocalFeed::new(&self.readers, Wanted::default());
        let source = PagesFeed::new(feed, Arc::clone(&recent), Arc::clone(&erasures));
        let reader = PagesReader::new(Arc::clone(&recent), clock, erasures);
        let meters = Meters::register(registry, PAGES_READER)?;
        let following = follow(source, reader, meters, self.vitals.of("reader of the pages"));
        Ok(OpenPages { pages, following, recent })
    }

    /// Tells the webhooks of `options` what the feed tells, on this thread. To be stopped before the feed.
    pub async fn webhooks(
        &self,
        options: &Options,
        registry: &Registry,
    ) -> Result<OpenWebhooks, StartError> {
        let (webhooks, clock) = (options.webhooks.clone(), Arc::clone(&self.clock));
        let (dir, readers, vitals) = (&options.data_dir, &self.readers, &self.vitals);
        OpenWebhooks::start(webhooks, dir, readers, clock, registry, vitals).await
    }

    /// Publishes what the feed tells to a stream of RabbitMQ, on this thread. To be stopped before the feed.
    pub fn stream(
        &self,
        writer: StreamWriter,
        registry: &Registry,
    ) -> Result<OpenStream, StartError> {
        OpenStream::start(writer, &self.readers, registry, self.vitals.of("stream of the feed"))
    }

    /// The feed for a reader in this process, which has to be stopped before [`Web::feed`].
    pub fn source(&self, wanted: Wanted) -> impl Source + use<> {
        LocalFeed::new(&self.readers, wanted)
    }

    /// What the readers of the feed share, for tests.
    #[cfg(test)]
    pub(crate) fn readers(&self) -> &Arc<Readers> {
        &self.readers
    }

    /// Who takes the rows, for tests.
    #[cfg(test)]
    pub(crate) fn writer(&self) -> &actix::Addr<CsvWriter> {
        &self.state.writer
    }

    /// Whether what is sent can be written: false from a failed write until the disk takes rows
    /// again (tried every second), and once the service stops.
    pub fn is_ready(&self) -> bool {
        self.readiness()()
    }

    /// [`Web::is_ready`], to be asked from any thread and for as long as one likes.
    pub fn readiness(&self) -> impl Fn() -> bool + Clone + Send + Sync + 'static + use<> {
        let (is_writable, writer) = (Arc::clone(&self.is_writable), self.state.writer.clone());
        let watch = self.watch();
        move || is_writable.load(Ordering::Relaxed) && writer.connected() && watch.lost().is_none()
    }

    /// Whether the data directory is still the one that was opened. To be looked at every second.
    pub fn watch(&self) -> Arc<FileWatch> {
        Arc::clone(&self.watch)
    }
}

#[async_trait(?Send)]
impl Component for Web {
    fn routes(&self) -> Routes {
        let state = Arc::clone(&self.state);
        routes::routes().sharing(move || Data::from(Arc::clone(&state)))
    }

    fn checks(&self) -> Option<States> {
        let is_ready = self.readiness();
        Some(Box::new(move || {
            let state = if is_ready() { "ok" } else { "the files cannot be written" };
            vec![("files".to_owned(), state.to_owned())]
        }))
    }

    /// Writes what waits, closes the files and releases the lock. Stop the HTTP server first:
    /// from here on its requests are answered 503.
    async fn stop(self: Box<Self>) {
        if self.state.writer.send(Stop).await.is_err() {
            tracing::warn!("the writer of the files was not running any more");
        }
    }
}
