//! What an operator looks at. Served out of the binary, live by server-sent events, without a
//! request to any other host.
//!
//! | route | what |
//! |---|---|
//! | `GET /` | the car park |
//! | `GET /events` | what has changed on it (`event_stream`) |
//! | `GET /sessions?plate=` | open stays with a part of a plate |
//! | `GET /sessions/{plate}` | a plate's reads, and what they say and why; the actions |
//! | `POST /sessions/{plate}/close` | an operator saw the vehicle leave |
//! | `GET /exceptions` | what is to be looked at, by kind, page by page (`exceptions`) |
//! | `POST /exceptions/dismiss` | an operator has looked at it |
//! | `GET /dead-letters` | messages that could not be read (`dead_letters`) |
//! | `POST /dead-letters/replay`, `…/discard` | once more into its queue, or away with it |
//! | `GET /webhooks` | how each webhook does, and what it was told lately (`webhooks`) |
//! | `POST /webhooks/test`, `…/enable` | an event that is a test; a new beginning |
//! | `GET /vehicles`, `GET /vehicles/{id}` | the vehicles that report in (`vehicles`) |
//! | `GET /sign-in` | the form (whoever guards the listener takes it) |
//! | `GET /assets/…` | style and script |
//! | paths of the other roles | handed on to them where they are (`elsewhere`) |
//!
//! The way of a piece of news: what the feed tells ([`crate::recent`]), how the actors say they are
//! ([`actors_client`](self)), and who watches the cameras ([`Cameras`]) → `lookout` (looks once for all viewers, while there is one) → `board`
//! (regions, as HTML) → `event_stream` → the page puts the regions that changed in their places.
//! Who may see what is decided around the pages: they ask the [`Principal`].

mod actions;
mod actors_client;
mod answers;
mod assets;
mod board;
mod cameras;
mod chart;
mod chosen;
mod dead_letters;
mod elsewhere;
mod event_stream;
mod exceptions;
mod lookout;
mod nowhere;
mod places;
mod plate;
mod region;
mod search;
mod vehicles;
mod webhooks;
mod words;

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix_web::guard::GuardContext;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::web::{self, Data, Query};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use async_trait::async_trait;
use chrono_tz::Tz;
use domain::{PlaceName, SharedClock};
use platform::component::Component;
use platform::feed::Following;
use platform::http::{Principal, Routes, Scope, events, last_event_id, operation, wants_html};
use platform::runtime::Vital;
use serde::Deserialize;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

pub use actors_client::ActorsAt;
pub use cameras::{Camera, CameraLevel, Cameras};
pub use elsewhere::{to_actors, to_monitor, to_office};
pub use nowhere::nowhere;

use crate::feed::Readers;
use crate::recent::Recent;
use crate::routes::State;
use crate::webhooks::Webhooks;
use actors_client::ActorsClient;
use assets::Paths;
use board::html;
use chosen::{Chosen, Switch};
use event_stream::Watching;
use lookout::{Lookout, Parts};
use words::Words;

/// Who is asked, in the words of an operator.
const PROCESSORS: &str = "the processors";
const VEHICLE_MONITOR: &str = "the vehicle monitor";
const OFFICE: &str = "the office";
/// What says where they are.
const ACTORS_URL: &str = "CARPARK_ACTORS_URL";
const VEHICLES_URL: &str = "CARPARK_VEHICLES_URL";
const PLACES_URL: &str = "CARPARK_PLACES_URL";

/// How long a page waits to know what was told last.
const CAUGHT_UP_WITHIN: Duration = Duration::from_millis(500);

/// Nothing but what the binary itself serves; no script or style in the page; in no frame.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// What the pages are of, and what can be set of them.
#[derive(Clone)]
pub struct Options {
    /// Whose time is shown.
    pub time_zone: Tz,
    /// Who knows the open stays.
    pub actors: ActorsAt,
    /// Who knows the vehicles that report in.
    pub vehicles: ActorsAt,
    /// Who knows the places.
    pub office: ActorsAt,
    /// Who watches the cameras; none where there are none.
    pub cameras: Option<Arc<dyn Cameras>>,
}

/// What the handlers share.
pub(crate) struct Pages {
    options: Options,
    lookout: Arc<Lookout>,
    /// What other processes answer.
    elsewhere: Routes,
    /// The writer, and what the pages know.
    state: Arc<State>,
    /// Who reads the feed.
    readers: Arc<Readers>,
    webhooks: Arc<Webhooks>,
    clock: SharedClock,
    paths: Paths,
    /// Names this process to a page that comes back.
    process: Arc<str>,
}

/// What else this process has, beside the pages.
pub(crate) struct Files<W> {
    /// The writer, and what the pages know.
    pub(crate) state: Arc<State>,
    /// Who reads the feed.
    pub(crate) readers: Arc<Readers>,
    pub(crate) webhooks: Arc<Webhooks>,
    /// Whether rows can be written.
    pub(crate) is_writable: W,
}

impl Pages {
    /// Begins to look, on this thread, whenever somebody does.
    pub(crate) fn start(
        options: Options,
        elsewhere: Routes,
        files: Files<impl Fn() -> bool + 'static>,
        clock: SharedClock,
        vital: Vital,
    ) -> Arc<Self> {
        let lookout = Lookout::new();
        let Files { state, readers, webhooks, is_writable } = files;
        let parts = Parts {
            actors: ActorsClient::new(options.actors.clone(), PROCESSORS, ACTORS_URL),
            recent: Arc::clone(&state.recent),
            cameras: options.cameras.clone(),
            webhooks: Arc::clone(&webhooks),
            is_writable: Box::new(is_writable),
            clock: Arc::clone(&clock),
            zone: options.time_zone,
            vital,
        };
        actix::spawn(Arc::clone(&lookout).run(parts));
        let process = format!("{:x}", clock.now().timestamp_micros()).into();
        let paths = Paths::new();
        Arc::new(Self {
            options,
            lookout,
            elsewhere,
            state,
            readers,
            webhooks,
            clock,
            paths,
            process,
        })
    }

    /// Waits until the pages know what the feed has told up to now: who has just been told that a row is
    /// written will find it.
    async fn caught_up(&self) {
        let reaches = self.state.recent.reaches(self.readers.last());
        let _in_time = timeout(CAUGHT_UP_WITHIN, reaches).await;
    }

    fn words(&self) -> Words {
        Words::new(self.options.time_zone, self.clock.now())
    }

    fn shell(&self, viewer: &Principal, title: &'static str, place: &'static str) -> Shell {
        Shell {
            title,
            place,
            paths: self.paths.clone(),
            may_see: viewer.may_see(),
            can_sign_out: viewer.can_sign_out(),
            csrf_token: viewer.csrf_token().to_owned(),
            zone: self.words().zone(),
            now: self.clock.now().timestamp_millis(),
            events: "/events".to_owned(),
            switch: None,
        }
    }
}

/// What stands around each page.
#[derive(Debug)]
pub(crate) struct Shell {
    title: &'static str,
    /// Where its news comes from.
    events: String,
    /// Where a car park is chosen, on pages that are about one.
    switch: Option<Switch>,
    /// Which part of the navigation it is.
    place: &'static str,
    paths: Paths,
    may_see: bool,
    can_sign_out: bool,
    csrf_token: String,
    zone: String,
    now: i64,
}

impl Shell {
    /// Of a page at `path` that is about one car park, or about all; `also` says what else its address says.
    fn of(
        self,
        chosen: &Chosen,
        pages: &Pages,
        path: &'static str,
        also: Vec<(&'static str, String)>,
    ) -> Self {
        let switch = chosen.switch(&pages.state.recent, path, also);
        Self { events: chosen.path("/events"), switch, ..self }
    }
}

/// The routes, without what is behind them.
pub(crate) fn routes() -> Routes {
    Routes::default()
        .page(Scope::Page, "/", || web::get().to(car_park))
        .page(Scope::Page, "/events", || web::get().to(event_stream))
        .page(Scope::Admin, "/sessions", || web::get().to(search::page))
        .page(Scope::Admin, "/sessions/{plate}", || web::get().to(plate::page))
        .add(Scope::Admin, operation!(actions::close))
        .add(Scope::Admin, operation!(exceptions::page))
        .add(Scope::Admin, operation!(actions::dismiss))
        .page(Scope::Admin, "/dead-letters", || web::get().to(dead_letters::page))
        .page(Scope::Admin, "/dead-letters/replay", || web::post().to(dead_letters::replay))
        .page(Scope::Admin, "/dead-letters/discard", || web::post().to(dead_letters::discard))
        .page(Scope::Admin, "/webhooks", || web::get().to(webhooks::page))
        .page(Scope::Admin, "/webhooks/test", || web::post().to(webhooks::test))
        .page(Scope::Admin, "/webhooks/enable", || web::post().to(webhooks::enable))
        // The same path answers programs in JSON, by the office itself.
        .page_if(is_for_person, Scope::Public, "/places", || web::get().to(places::page))
        .page(Scope::Page, "/pages/places", || web::get().to(places::event_stream))
        // The same paths answer programs in JSON, by the monitor itself.
        .page_if(is_for_person, Scope::Admin, "/vehicles", || web::get().to(vehicles::page))
        .page(Scope::Admin, "/pages/vehicles", || web::get().to(vehicles::event_stream))
        .page_if(is_for_person, Scope::Admin, "/vehicles/{vehicle_id}", || {
            web::get().to(vehicles::detail)
        })
        .page(Scope::Public, "/assets/{hash}/{name}", || web::get().to(assets::asset))
}

/// The pages, as a part of the process.
pub(crate) struct OpenPages {
    pub(crate) pages: Arc<Pages>,
    /// Who reads the feed for them.
    pub(crate) following: Following,
    pub(crate) recent: Arc<Recent>,
}

#[async_trait(?Send)]
impl Component for OpenPages {
    fn routes(&self) -> Routes {
        let options = self.pages.options.clone();
        let (at_actors, at_monitor) = (options.actors, options.vehicles);
        let at_office = options.office;
        let pages = Arc::clone(&self.pages);
        // Of the thread that serves: an HTTP client belongs to one.
        routes()
            .and(self.pages.elsewhere.clone())
            .sharing(move || Data::from(Arc::clone(&pages)))
            .sharing(move || {
                Data::new(Actors(ActorsClient::new(at_actors.clone(), PROCESSORS, ACTORS_URL)))
            })
            .sharing(move || {
                let monitor = ActorsClient::new(at_monitor.clone(), VEHICLE_MONITOR, VEHICLES_URL);
                Data::new(Monitor(Rc::new(monitor)))
            })
            .sharing(move || {
                let office = ActorsClient::new(at_office.clone(), OFFICE, PLACES_URL);
                Data::new(Office(Rc::new(office)))
            })
    }

    /// Lets go of all viewers, and keeps what the next start need not read again.
    async fn stop(self: Box<Self>) {
        self.pages.lookout.stop();
        self.following.stop().await;
        let recent = self.recent;
        let _kept_or_said = spawn_blocking(move || recent.keep_or_say()).await;
    }
}

fn is_for_person(context: &GuardContext<'_>) -> bool {
    wants_html(&context.head().headers)
}

/// The client of a thread.
pub(crate) struct Actors(ActorsClient);

/// The same to the vehicle monitor.
pub(crate) struct Monitor(Rc<ActorsClient>);

/// The same to the office.
pub(crate) struct Office(Rc<ActorsClient>);

#[derive(Template)]
#[template(path = "car_park.html")]
struct CarPark {
    shell: Shell,
    has_cameras: bool,
    regions: Vec<(&'static str, String)>,
}

impl CarPark {
    fn region(&self, id: &str) -> &str {
        self.regions.iter().find(|(known, _)| *known == id).map_or("", |(_, html)| html)
    }
}

async fn car_park(pages: Data<Pages>, viewer: Principal, chosen: Chosen) -> HttpResponse {
    let news = pages.lookout.fresh(chosen.place(), pages.clock.now()).await;
    let may_see = viewer.may_see();
    let html_of = |region: &board::Region| match may_see {
        true => region.whole.clone(),
        false => region.without_plates.clone(),
    };
    let regions = news.of(chosen.place()).unwrap_or_default();
    let regions = regions.iter().map(|(_, region)| (region.id, html_of(region))).collect();
    let shell = pages.shell(&viewer, "Car park", "car-park").of(&chosen, &pages, "/", Vec::new());
    let has_cameras = pages.options.cameras.is_some();
    chosen.remember(page(&CarPark { shell, has_cameras, regions }))
}

#[derive(Deserialize)]
struct After {
    /// Id of the last event that the page had: a browser says so only where it reconnects by
    /// itself.
    after: Option<String>,
    /// The car park that the page is about; all where it is missing.
    place: Option<String>,
}

async fn event_stream(
    pages: Data<Pages>,
    viewer: Principal,
    query: Query<After>,
    request: HttpRequest,
) -> HttpResponse {
    let last = query.after.as_deref().or(last_event_id(&request));
    // As its page says, whatever the browser remembers by now.
    let place = query.place.as_deref().and_then(|place| PlaceName::parse(place).ok());
    let chosen = Chosen::of(place.as_ref());
    events(&request, Watching::new(&pages.lookout, &pages.process, viewer, &chosen, last))
}

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage {
    shell: Shell,
    next: String,
    problem: Option<String>,
}

/// The page on which a person shows the token. It posts `token` and `next` to `/sign-in`.
pub fn sign_in_page(status: StatusCode, next: &str, problem: Option<&str>) -> HttpResponse {
    let shell = Shell {
        title: "Sign in",
        place: "sign-in",
        paths: Paths::new(),
        may_see: false,
        can_sign_out: false,
        csrf_token: String::new(),
        zone: String::new(),
        now: 0,
        events: String::new(),
        switch: None,
    };
    let problem = problem.map(str::to_owned);
    let mut answer = page(&SignInPage { shell, next: next.to_owned(), problem });
    *answer.status_mut() = status;
    answer
}

/// A page with what protects it.
fn page(template: &impl Template) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/html; charset=utf-8"))
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header(("content-security-policy", CONTENT_SECURITY_POLICY))
        .insert_header(("x-content-type-options", "nosniff"))
        // Not `no-referrer`: with it a browser would not say where a form comes from.
        .insert_header(("referrer-policy", "same-origin"))
        .body(html(template))
}
