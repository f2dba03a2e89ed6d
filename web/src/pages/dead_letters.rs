//! `/dead-letters`: messages that could not be read or processed, with why; once more into their queue,
//! or away with them. The actors keep them; this asks.

use std::fmt;

use actix_web::HttpResponse;
use actix_web::web::{Data, Json, Query};
use askama::Template;
use domain::wire::parse_time;
use platform::http::{Principal, Problem};
use serde::Deserialize;
use serde_json::{Value, json};

use super::words::{Shown, number};
use super::{Actors, Pages, Shell, page as respond};

/// Letters on a page.
const SHOWN: usize = 100;
/// Characters of a message that are shown.
const MESSAGE_CHARS_MAX: usize = 300;

#[derive(Deserialize)]
pub(super) struct Asked {
    /// Where the page begins: behind the letter of this id.
    #[serde(default)]
    after: String,
}

#[derive(Template)]
#[template(path = "dead_letters.html")]
struct DeadLettersPage {
    shell: Shell,
    /// What went wrong, in words.
    problem: Option<String>,
    rows: Vec<Letter>,
    total: String,
    next: Option<String>,
}

struct Letter {
    id: String,
    reason: String,
    at: Option<Shown>,
    queue: String,
    /// Where its message names one.
    camera: String,
    message: String,
}

pub(super) async fn page(
    pages: Data<Pages>,
    actors: Data<Actors>,
    viewer: Principal,
    asked: Query<Asked>,
) -> HttpResponse {
    let words = pages.words();
    let mut view = DeadLettersPage {
        shell: pages.shell(&viewer, "Refused messages", "car-park"),
        problem: None,
        rows: Vec::new(),
        total: number(0),
        next: None,
    };
    match actors.0.dead_letters(&asked.after, SHOWN).await {
        Ok(listed) => {
            view.total = number(listed.total);
            view.next = listed.next;
            view.rows = listed
                .listed
                .into_iter()
                .map(|letter| Letter {
                    at: parse_time(&letter.at).map(|at| words.time(at)),
                    reason: words.plainly(&letter.reason),
                    camera: camera_of(&letter.message),
                    message: beginning(&letter.message),
                    id: letter.id,
                    queue: letter.queue,
                })
                .collect();
        }
        Err(e) => view.problem = Some(words.plainly(&e.to_string())),
    }
    respond(&view)
}

/// The camera that a message names, or the lane, or the vehicle.
fn camera_of(message: &str) -> String {
    let message: Value = serde_json::from_str(message).unwrap_or_default();
    let names = ["camera", "lane", "place", "vehicle_id"];
    let text = |name: &&str| message.get(*name)?.as_str().map(str::to_owned);
    names.iter().find_map(text).unwrap_or_default()
}

fn beginning(message: &str) -> String {
    match message.char_indices().nth(MESSAGE_CHARS_MAX) {
        Some((end, _)) => format!("{} …", &message[..end]),
        None => message.to_owned(),
    }
}

/// Which of them; without an id all.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    #[serde(default)]
    id: String,
}

/// What is done with them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Replay,
    Discard,
}

impl fmt::Display for Fate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Replay => "replayed",
            Self::Discard => "discarded",
        })
    }
}

pub(super) async fn replay(
    pages: Data<Pages>,
    actors: Data<Actors>,
    which: Json<Which>,
) -> Result<HttpResponse, Problem> {
    decide(&pages, &actors, &which, Fate::Replay).await
}

pub(super) async fn discard(
    pages: Data<Pages>,
    actors: Data<Actors>,
    which: Json<Which>,
) -> Result<HttpResponse, Problem> {
    decide(&pages, &actors, &which, Fate::Discard).await
}

async fn decide(
    pages: &Pages,
    actors: &Actors,
    which: &Which,
    fate: Fate,
) -> Result<HttpResponse, Problem> {
    let id = Some(which.id.as_str()).filter(|id| !id.is_empty());
    let outcome: Value =
        actors.0.decide_dead_letters(id, fate).await.map_err(|e| e.to_problem(&pages.words()))?;
    let is_all = id.is_none();
    tracing::info!(dead_letters.all = is_all, dead_letters.fate = %fate, "decided by an operator");
    Ok(HttpResponse::Ok().json(json!({ "outcome": outcome })))
}
