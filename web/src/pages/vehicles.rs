//! `/vehicles`: the vehicles that report in, with their states, live; `/vehicles/{id}`: one
//! of them, with the changes of its state.

use std::rc::Rc;

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use domain::wire::parse_time;
use platform::http::{Principal, events};
use serde::Deserialize;

use super::actors_client::{ActorsClient, AskError};
use super::answers::{Customer, ListedVehicle, StatusCounts, VehicleDetail, VehiclePage};
use super::board::html;
use super::region::{Region, Watching};
use super::words::{Shown, Words, number};
use super::{Monitor, Pages, Shell, page as respond};

/// Vehicles on a page.
const SHOWN: &str = "100";

/// What a person looks for.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    customer: String,
    #[serde(default)]
    status: String,
    #[serde(default)]
    q: String,
    #[serde(default)]
    after: String,
}

#[derive(Template)]
#[template(path = "vehicles.html")]
struct VehiclesPage {
    shell: Shell,
    asked: Asked,
    customers: Vec<Customer>,
    statuses: [(&'static str, &'static str); 3],
    /// Of this filter.
    events: String,
    table: String,
}

#[derive(Template)]
#[template(path = "region_vehicles.html")]
struct Table {
    /// What went wrong, in words.
    problem: Option<String>,
    chips: Vec<Chip>,
    /// What is said where there is no row.
    nothing: &'static str,
    rows: Vec<Row>,
    matching: String,
    /// Where the next page is.
    next: Option<String>,
}

/// How many are in a state, and the way to them.
struct Chip {
    status: &'static str,
    words: &'static str,
    count: String,
    path: String,
    is_chosen: bool,
}

struct Row {
    id: String,
    plate: String,
    customer: String,
    level: &'static str,
    word: &'static str,
    last_seen: Option<Shown>,
    inside: &'static str,
}

#[derive(Template)]
#[template(path = "vehicle.html")]
struct VehicleView {
    shell: Shell,
    id: String,
    problem: Option<String>,
    row: Option<Row>,
    address: String,
    since: Option<Shown>,
    history: Vec<Change>,
}

struct Change {
    level: &'static str,
    word: &'static str,
    at: Shown,
}

/// Name and words of the states, in the order they are shown.
const STATUSES: [(&str, &str); 3] =
    [("connected", "Connected"), ("disconnected", "Disconnected"), ("never_seen", "Never seen")];

/// Colour and word of a state.
fn state(status: &str) -> (&'static str, &'static str) {
    match status {
        "connected" => ("ok", "Connected"),
        "disconnected" => ("bad", "Disconnected"),
        _ => ("quiet", "Never seen"),
    }
}

impl Asked {
    fn filter(&self) -> Vec<(&str, &str)> {
        let all = [("customer", &self.customer), ("status", &self.status), ("q", &self.q)];
        all.into_iter().filter(|(_, v)| !v.is_empty()).map(|(n, v)| (n, v.as_str())).collect()
    }

    fn query(&self) -> Vec<(&str, &str)> {
        let mut query = self.filter();
        query.push(("limit", SHOWN));
        if !self.after.is_empty() {
            query.push(("after", &self.after));
        }
        query
    }

    /// A path with this filter.
    fn path(&self, path: &str, more: &[(&str, &str)]) -> String {
        let query = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(self.filter())
            .extend_pairs(more)
            .finish();
        if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
    }

    fn of_status(&self, status: &str) -> String {
        let asked = Self { status: status.to_owned(), after: String::new(), ..self.clone() };
        asked.path("/vehicles", &[])
    }
}

pub(super) async fn page(
    pages: Data<Pages>,
    monitor: Data<Monitor>,
    viewer: Principal,
    asked: Query<Asked>,
) -> HttpResponse {
    let asked = asked.into_inner();
    let table = table(&asked, monitor.0.vehicles(&asked.query()).await, &pages.words());
    // Of whose vehicles nobody can say, all are shown.
    let customers = monitor.0.customers().await.unwrap_or_default();
    let after = [("from", asked.after.as_str())];
    let more: &[(&str, &str)] = if asked.after.is_empty() { &[] } else { &after };
    respond(&VehiclesPage {
        shell: pages.shell(&viewer, "Vehicles", "vehicles"),
        events: asked.path("/pages/vehicles", more),
        asked,
        customers,
        statuses: STATUSES,
        table,
    })
}

fn table(asked: &Asked, answer: Result<VehiclePage, AskError>, words: &Words) -> String {
    html(&match answer {
        Ok(page) => Table {
            problem: None,
            chips: chips(asked, page.counts),
            nothing: match asked.filter().is_empty() {
                true => {
                    "No vehicle is registered. Register them with: carpark vehicles import FILE."
                }
                false => "No vehicles match these filters.",
            },
            rows: page.vehicles.iter().map(|vehicle| row(vehicle, words)).collect(),
            matching: number(page.matching),
            next: page.next.map(|next| asked.path("/vehicles", &[("after", &next)])),
        },
        Err(e) => {
            let problem = match e {
                AskError::Refused { status: 404, .. } => "No vehicle monitor runs here.".to_owned(),
                e => e.to_string(),
            };
            Table {
                problem: Some(problem),
                chips: Vec::new(),
                nothing: "",
                rows: Vec::new(),
                matching: String::new(),
                next: None,
            }
        }
    })
}

fn chips(asked: &Asked, counts: StatusCounts) -> Vec<Chip> {
    let counts = [counts.connected, counts.disconnected, counts.never_seen];
    let chips = STATUSES.iter().zip(counts);
    chips
        .map(|((status, words), count)| {
            let is_chosen = asked.status == *status;
            // Chosen once more, it is let go of.
            let path = asked.of_status(if is_chosen { "" } else { status });
            Chip { status, words, count: number(count), path, is_chosen }
        })
        .collect()
}

fn row(vehicle: &ListedVehicle, words: &Words) -> Row {
    let (level, word) = state(&vehicle.status);
    let last_seen = vehicle.last_seen.as_deref().and_then(parse_time);
    Row {
        id: vehicle.vehicle_id.clone(),
        plate: vehicle.plate.clone(),
        customer: vehicle.customer.name.clone(),
        level,
        word,
        // What counts up is left to the page: else each second would be news.
        last_seen: last_seen.map(|at| words.time(at)),
        inside: match vehicle.inside {
            Some(true) => "Inside",
            Some(false) => "No",
            None => "–",
        },
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct Streamed {
    #[serde(flatten)]
    asked: Asked,
    /// The page's own place in the list; `after` is the stream's.
    #[serde(default)]
    from: String,
}

/// The table under a filter.
struct Vehicles {
    monitor: Rc<ActorsClient>,
    asked: Asked,
}

impl Region for Vehicles {
    const NAME: &'static str = "vehicles";
    const IS_PRIVATE: bool = true;

    async fn html(&self, words: &Words) -> String {
        table(&self.asked, self.monitor.vehicles(&self.asked.query()).await, words)
    }
}

pub(super) async fn event_stream(
    pages: Data<Pages>,
    monitor: Data<Monitor>,
    viewer: Principal,
    streamed: Query<Streamed>,
    request: HttpRequest,
) -> HttpResponse {
    let Streamed { asked, from } = streamed.into_inner();
    let asked = Asked { after: from, ..asked };
    let region = Vehicles { monitor: Rc::clone(&monitor.0), asked };
    events(&request, Watching::new(pages, viewer, region))
}

pub(super) async fn detail(
    pages: Data<Pages>,
    monitor: Data<Monitor>,
    viewer: Principal,
    id: Path<String>,
) -> HttpResponse {
    let words = pages.words();
    let mut view = VehicleView {
        shell: pages.shell(&viewer, "Vehicle", "vehicles"),
        id: id.into_inner(),
        problem: None,
        row: None,
        address: String::new(),
        since: None,
        history: Vec::new(),
    };
    let mut status = StatusCode::OK;
    match monitor.0.vehicle(&view.id).await {
        Ok(Some(detail)) => fill(&mut view, detail, &words),
        Ok(None) => {
            status = StatusCode::NOT_FOUND;
            view.problem = Some("No such vehicle is registered.".to_owned());
        }
        Err(e) => view.problem = Some(e.to_string()),
    }
    let mut answer = respond(&view);
    *answer.status_mut() = status;
    answer
}

fn fill(view: &mut VehicleView, detail: VehicleDetail, words: &Words) {
    view.row = Some(row(&detail.vehicle, words));
    view.address = detail.address;
    view.since = detail.vehicle.since.as_deref().and_then(parse_time).map(|at| words.time(at));
    let change = |status: &str, at: &str| {
        let (level, word) = state(status);
        Some(Change { level, word, at: words.time(parse_time(at)?) })
    };
    view.history = detail.history.iter().filter_map(|c| change(&c.status, &c.at)).collect();
}
