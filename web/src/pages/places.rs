//! `/places`: all car parks in one table, live: free or full. Open to all, as what an app asks is.

use std::rc::Rc;

use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use domain::wire::parse_time;
use platform::http::{Principal, events};
use serde::Deserialize;

use super::actors_client::{ActorsClient, AskError};
use super::answers::{ListedPlace, PlacesPage};
use super::board::html;
use super::region::{Region, Watching};
use super::words::{Shown, Words, number};
use super::{Office, Pages, Shell, page as respond};

/// Places on a page.
const SHOWN: &str = "100";
/// The states, in the order they are chosen from.
const STATES: [(&str, &str); 3] = [("open", "Open"), ("full", "Full"), ("closed", "Closed")];

/// What a person looks for.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    q: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    after: String,
}

#[derive(Template)]
#[template(path = "places.html")]
struct PlacesView {
    shell: Shell,
    asked: Asked,
    states: [(&'static str, &'static str); 3],
    /// Of this filter.
    events: String,
    table: String,
}

#[derive(Template)]
#[template(path = "region_places.html")]
struct Table {
    /// What went wrong, in words.
    problem: Option<String>,
    /// What is said where there is no row.
    nothing: &'static str,
    rows: Vec<Row>,
    matching: String,
    /// Where the next page is.
    next: Option<String>,
}

struct Row {
    id: String,
    name: String,
    address: String,
    level: &'static str,
    word: &'static str,
    free: String,
    spaces: String,
    inside: String,
    /// Free of how many, by the type of the bays, where there are several.
    bays: String,
    last_read: Option<Shown>,
}

impl Asked {
    fn filter(&self) -> impl Iterator<Item = (&str, &str)> {
        let all = [("q", self.q.as_str()), ("state", self.state.as_str())];
        all.into_iter().filter(|(_, value)| !value.is_empty())
    }

    /// A path with this filter, behind a place.
    fn path(&self, path: &str, key: &str, behind: &str) -> String {
        let after = (!behind.is_empty()).then_some((key, behind));
        let query = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(self.filter().chain(after))
            .finish();
        if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
    }

    async fn table(&self, office: &ActorsClient, words: &Words) -> String {
        let after = (!self.after.is_empty()).then_some(("after", self.after.as_str()));
        let query: Vec<_> = self.filter().chain([("limit", SHOWN)]).chain(after).collect();
        self.shown(office.places(&query).await, words)
    }

    fn shown(&self, answer: Result<PlacesPage, AskError>, words: &Words) -> String {
        let mut table = Table {
            problem: None,
            nothing: match self.filter().next() {
                None => "No place is described. Describe them in carpark.toml, or import them.",
                Some(_) => "No places match these filters.",
            },
            rows: Vec::new(),
            matching: String::new(),
            next: None,
        };
        match answer {
            Ok(page) => {
                table.rows = page.places.into_iter().map(|place| row(place, words)).collect();
                table.matching = number(page.matching);
                table.next = page.next.map(|next| self.path("/places", "after", &next));
            }
            Err(AskError::Refused { status: 404, .. }) => {
                table.problem = Some("No office runs here.".to_owned());
            }
            Err(e) => table.problem = Some(e.to_string()),
        }
        html(&table)
    }
}

fn row(place: ListedPlace, words: &Words) -> Row {
    let (level, word) = match place.state.as_str() {
        "open" => ("ok", "Open"),
        "full" => ("bad", "Full"),
        _ => ("quiet", "Closed"),
    };
    let bays = place.bays.iter().filter(|_| place.bays.len() > 1).map(|(bay_type, bays)| {
        format!("{bay_type} {} of {}", number(bays.free), number(bays.spaces))
    });
    Row {
        bays: bays.collect::<Vec<_>>().join(", "),
        id: place.id,
        name: place.name,
        address: place.address.unwrap_or_default(),
        level,
        word,
        free: number(place.free),
        spaces: number(place.spaces),
        inside: number(place.derived),
        // What counts up is left to the page: else each second would be news.
        last_read: place.as_of.as_deref().and_then(parse_time).map(|at| words.time(at)),
    }
}

pub(super) async fn page(
    pages: Data<Pages>,
    office: Data<Office>,
    viewer: Principal,
    asked: Query<Asked>,
) -> HttpResponse {
    let asked = asked.into_inner();
    let table = asked.table(&office.0, &pages.words()).await;
    respond(&PlacesView {
        shell: pages.shell(&viewer, "Places", "places"),
        events: asked.path("/pages/places", "from", &asked.after),
        asked,
        states: STATES,
        table,
    })
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
struct Places {
    office: Rc<ActorsClient>,
    asked: Asked,
}

impl Region for Places {
    const NAME: &'static str = "places";
    const IS_PRIVATE: bool = false;

    async fn html(&self, words: &Words) -> String {
        self.asked.table(&self.office, words).await
    }
}

pub(super) async fn event_stream(
    pages: Data<Pages>,
    office: Data<Office>,
    viewer: Principal,
    streamed: Query<Streamed>,
    request: HttpRequest,
) -> HttpResponse {
    let Streamed { asked, from } = streamed.into_inner();
    let asked = Asked { after: from, ..asked };
    let region = Places { office: Rc::clone(&office.0), asked };
    events(&request, Watching::new(pages, viewer, region))
}
