//! `/places/events`: how full the places are, as it changes, as server-sent events.

use std::sync::Arc;
use std::time::Duration;

use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, HttpResponse};
use platform::http::{Problem, ProblemBody, Telling, event};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

use super::Desk;
use crate::board::{Board, Wanted};
use crate::shapes::{PlaceShown, PlacesQuery};

/// Silence after which a comment says that the line is alive.
const HEARTBEAT_EVERY: Duration = Duration::from_secs(15);
/// What changes meanwhile is told together.
const NO_MORE_OFTEN_THAN: Duration = Duration::from_secs(1);
/// What a client waits before it comes back.
const RETRY: &str = "retry: 2000\n\n";

/// Places as they become otherwise (server-sent events), each at most once a second, beginning with all
/// that match. `event: parking_lot_state` has the place as its data. `state`, `limit` and `after` do not
/// apply: whoever listens hears of a place that fills up, and of all.
#[utoipa::path(get, path = "/places/events", tag = "places", params(PlacesQuery), responses((status = 200, content_type = "text/event-stream", body = PlaceShown), (status = 400, body = ProblemBody<'_>)))]
pub(super) async fn events(
    desk: Data<Desk>,
    query: Query<PlacesQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let board = Arc::clone(&desk.board);
    let (wanted, news) = (Wanted::of(&query)?, board.news());
    let (over, not_before) = (board.over(), Instant::now());
    let listener = Listener { board, wanted, news, over, heard: None, not_before };
    Ok(platform::http::events(&request, listener))
}

struct Listener {
    board: Arc<Board>,
    wanted: Wanted,
    news: watch::Receiver<u64>,
    over: watch::Receiver<bool>,
    /// Number of the last change that it has heard of; `None`: it has just come.
    heard: Option<u64>,
    not_before: Instant,
}

impl Telling for Listener {
    async fn next(&mut self) -> Option<String> {
        let (heard, lead) = match self.heard {
            None => (0, RETRY),
            Some(heard) => {
                let news = async {
                    let _ = self.news.wait_for(|newest| *newest > heard).await;
                    sleep_until(self.not_before).await;
                };
                tokio::select! {
                    () = news => {}
                    () = sleep(HEARTBEAT_EVERY) => return Some(": still here\n\n".to_owned()),
                    _ = self.over.wait_for(|is_over| *is_over) => return None,
                }
                (heard, "")
            }
        };
        let (changed, newest) = self.board.changed_since(heard, &self.wanted);
        self.heard = Some(newest);
        self.not_before = Instant::now() + NO_MORE_OFTEN_THAN;
        let told = changed.iter().map(|posted| event(None, "parking_lot_state", &posted.json));
        // Nothing that is wanted has become otherwise: a comment, for something has to be said.
        Some(format!("{lead}{}", told.collect::<String>()) + ":\n\n")
    }
}
