//! `/webhooks`: how each webhook does, and what it was told lately; an event that is a test, and a new beginning
//! for one that has said that it wants nothing more.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Json};
use askama::Template;
use platform::http::{Principal, Problem};
use serde::Deserialize;
use serde_json::json;
use tokio::time::timeout;

use super::board::Part;
use super::words::{Shown, Words, number};
use super::{Pages, Shell, page as respond};
use crate::webhooks::WebhookStatus;

/// Attempts that are shown of a webhook.
const SHOWN: usize = 10;
/// Whoever has pressed the button waits no longer; the page itself gives up a little later.
const PATIENCE: Duration = Duration::from_secs(8);

#[derive(Template)]
#[template(path = "webhooks.html")]
struct WebhooksPage {
    shell: Shell,
    /// What went wrong, in words.
    problem: Option<String>,
    rows: Vec<Row>,
}

struct Row {
    name: String,
    url: String,
    /// What it is told of.
    wants: String,
    level: &'static str,
    word: &'static str,
    detail: String,
    last_success: Option<Shown>,
    /// Whether there is something to begin again with.
    is_waiting: bool,
    attempts: Vec<Attempt>,
}

struct Attempt {
    at: Shown,
    level: &'static str,
    outcome: String,
    why: String,
    event: String,
    number: u32,
}

pub(super) async fn page(pages: Data<Pages>, viewer: Principal) -> HttpResponse {
    let words = pages.words();
    let shell = pages.shell(&viewer, "Webhooks", "car-park");
    let mut view = WebhooksPage { shell, problem: None, rows: Vec::new() };
    match rows(&pages, &words).await {
        Ok(rows) => view.rows = rows,
        Err(problem) => view.problem = Some(words.plainly(&problem.to_string())),
    }
    respond(&view)
}

async fn rows(pages: &Pages, words: &Words) -> Result<Vec<Row>, Problem> {
    let mut rows = Vec::new();
    for status in pages.webhooks.statuses().await? {
        let attempts = pages.webhooks.deliveries(&status.name).await?;
        let attempts = attempts.into_iter().take(SHOWN).map(|attempt| Attempt {
            at: words.time(attempt.at),
            level: if attempt.outcome == "delivered" { "ok" } else { "warn" },
            outcome: attempt.outcome,
            why: attempt.why.map(|why| words.plainly(&why)).unwrap_or_default(),
            event: format!("{} {}", attempt.r#type, attempt.position),
            number: attempt.attempt,
        });
        let attempts = attempts.collect();
        let (level, word) = level_of(&status);
        let lists = [("", &status.types), (" of ", &status.places)];
        let wants = lists.map(|(before, list)| match list.is_empty() {
            true => String::new(),
            false => format!("{before}{}", list.join(", ")),
        });
        rows.push(Row {
            detail: detail(&status, words),
            level,
            word,
            is_waiting: status.retries_waiting > 0 || status.disabled_since.is_some(),
            last_success: status.last_success.map(|at| words.time(at)),
            wants: match wants.concat() {
                all if all.is_empty() => "everything".to_owned(),
                places if status.types.is_empty() => format!("everything{places}"),
                some => some,
            },
            name: status.name,
            url: status.url,
            attempts,
        });
    }
    Ok(rows)
}

fn detail(status: &WebhookStatus, words: &Words) -> String {
    let events = |n: u64| match n {
        1 => "1 event".to_owned(),
        n => format!("{} events", number(n)),
    };
    let mut all = Vec::new();
    if let Some(since) = status.disabled_since {
        let since = words.time(since).text;
        all.push(format!("it answered 410 at {since}: nothing is sent until it is begun again"));
    }
    if status.retries_waiting > 0 {
        let next = status.next_retry.filter(|_| status.disabled_since.is_none());
        let next = next.map(|at| format!(", next at {}", words.time(at).text));
        let waiting = events(status.retries_waiting as u64);
        all.push(format!("{waiting} to be sent again{}", next.unwrap_or_default()));
    }
    if status.lag > 0 {
        all.push(format!("{} of the feed before it", events(status.lag)));
    }
    match all.is_empty() {
        true => "everything is delivered".to_owned(),
        false => all.join("; "),
    }
}

/// A class of the style sheet, and the word.
fn level_of(status: &WebhookStatus) -> (&'static str, &'static str) {
    match status.state {
        "delivering" => ("ok", "delivering"),
        "retrying" => ("warn", "retrying"),
        "full" => ("bad", "standing still"),
        _ => ("warn", "ended"),
    }
}

/// All of them in one line; none where there is no webhook.
pub(super) fn part(webhooks: &[WebhookStatus]) -> Option<Part> {
    let badness = |status: &&WebhookStatus| match level_of(status).0 {
        "ok" => 0,
        "warn" => 1,
        _ => 2,
    };
    let worst = webhooks.iter().max_by_key(badness)?;
    let (level, word) = level_of(worst);
    let well = webhooks.iter().filter(|status| badness(status) == 0).count();
    let detail = format!("{well} of {} delivering", webhooks.len());
    Some(Part { name: "Webhooks", level, word, detail, link: Some("/webhooks") })
}

/// Which of them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    name: String,
}

pub(super) async fn test(pages: Data<Pages>, which: Json<Which>) -> Result<HttpResponse, Problem> {
    let name = &which.name;
    let tried = timeout(PATIENCE, pages.webhooks.try_out(name)).await;
    let refused = |why: &str| {
        let detail = format!("{name} did not take the test: {}", pages.words().plainly(why));
        Problem::new(StatusCode::BAD_GATEWAY, detail)
    };
    let tried =
        tried.map_err(|_| refused(&format!("no answer within {} s", PATIENCE.as_secs())))?;
    let tried = tried?;
    if !tried.delivered {
        return Err(refused(tried.why.as_deref().unwrap_or_default()));
    }
    let status = tried.status.unwrap_or_default();
    let outcome = format!("{name} took the test: {status}, after {} ms", tried.milliseconds);
    Ok(HttpResponse::Ok().json(json!({ "outcome": outcome })))
}

pub(super) async fn enable(
    pages: Data<Pages>,
    which: Json<Which>,
) -> Result<HttpResponse, Problem> {
    pages.webhooks.begin_again(&which.name).await?;
    Ok(HttpResponse::Ok().json(json!({ "outcome": "enabled" })))
}
