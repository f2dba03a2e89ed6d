//! `/sessions?plate=`: open stays with a part of a plate.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::web::{Data, Query};
use askama::Template;
use domain::plate::PlatePart;
use platform::http::Principal;
use serde::Deserialize;
use tokio::task::spawn_blocking;

use super::board::{OpenRow, open_row};
use super::chosen::Chosen;
use super::{Pages, Shell, page as respond};

/// Found stays on the page of a search.
const FOUND_SHOWN: usize = 50;
#[derive(Deserialize)]
pub(super) struct Search {
    #[serde(default)]
    plate: String,
}

#[derive(Template)]
#[template(path = "search.html")]
struct Found {
    shell: Shell,
    asked: String,
    /// What went wrong, in words.
    problem: Option<String>,
    rows: Vec<OpenRow>,
    is_all: bool,
}

pub(super) async fn page(
    pages: Data<Pages>,
    viewer: Principal,
    chosen: Chosen,
    query: Query<Search>,
) -> HttpResponse {
    let words = pages.words();
    let asked = query.into_inner().plate.trim().to_owned();
    let also = vec![("plate", asked.clone())];
    let mut found = Found {
        shell: pages.shell(&viewer, "Search", "car-park").of(&chosen, &pages, "/sessions", also),
        asked,
        problem: None,
        rows: Vec::new(),
        is_all: true,
    };
    match PlatePart::parse(&found.asked).filter(|part| part.length() >= 2) {
        Some(part) => {
            pages.caught_up().await;
            let recent = Arc::clone(&pages.state.recent);
            let place = chosen.place().cloned();
            // Of a million stays it takes its time.
            let searched =
                spawn_blocking(move || recent.search(&part, place.as_ref(), FOUND_SHOWN)).await;
            let (open, is_all) = searched.unwrap_or_default();
            found.is_all = is_all;
            found.rows = open.iter().map(|stay| open_row(stay, &words)).collect();
        }
        None => found.problem = Some("Type at least two letters or digits of a plate.".to_owned()),
    }
    chosen.remember(respond(&found))
}
