//! `/feed`: what became true, in order, page by page or as a stream.

use std::fmt::Display;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use async_trait::async_trait;
use platform::component::Component;
use platform::http::{Problem, Routes, Scope, events, last_event_id, operation};
use platform::settings::Value;

use crate::fact::FactKind;
use crate::feed::{Filter, Following, Gone, Page, Readers};
use crate::openapi::{FeedPage, OfFeed};

/// Events of an answer, where nobody says how many.
const LIMIT: usize = 1000;
/// Most events of an answer.
const LIMIT_MAX: usize = 10_000;
/// Longest wait for news.
const WAIT_MAX: Duration = Duration::from_mins(1);

/// The route, without what is behind it.
pub(crate) fn routes() -> Routes {
    Routes::default().add(Scope::Feed, operation!(feed))
}

/// The feed, as a part of the process.
pub(crate) struct OpenFeed(pub(crate) Arc<Readers>);

#[async_trait(?Send)]
impl Component for OpenFeed {
    fn routes(&self) -> Routes {
        let readers = Arc::clone(&self.0);
        routes().sharing(move || Data::from(Arc::clone(&readers)))
    }

    /// Lets go of all who wait.
    async fn stop(self: Box<Self>) {
        self.0.stop();
    }
}

/// The events behind a position, in order, each exactly once. With `Accept: text/event-stream` a
/// stream of them, whose ids are positions.
#[utoipa::path(get, path = "/feed", tag = "feed", params(OfFeed),
    responses((status = 200, body = FeedPage), (status = 400),
        (status = 410, description = "the position is not in the feed; `after` says where to begin")))]
async fn feed(readers: Data<Readers>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let asked = Asked::of(request.query_string())?;
    let readers = readers.into_inner();
    let filter = Arc::new(asked.filter);
    let accept = request.headers().get(ACCEPT).and_then(|accept| accept.to_str().ok());
    if !accept.is_some_and(|accept| accept.contains("text/event-stream")) {
        let after = asked.after.unwrap_or_else(|| readers.before_first());
        let _reader = readers.arrived();
        let page = readers.read_within(asked.wait, after, asked.limit, &filter).await?;
        return Ok(answer(&page, readers.last()));
    }
    // A browser that comes back asks as it did at first, and says how far it came.
    let resumed = last_event_id(&request).map(|id| number("Last-Event-ID", id)).transpose()?;
    let after = resumed.or(asked.after).unwrap_or_else(|| readers.before_first());
    // What cannot be told is refused here; a stream has no status.
    readers.read(after, 1, &filter).await?;
    Ok(events(&request, Following::new(&readers, after, filter)))
}

fn answer(page: &Page, last: u64) -> HttpResponse {
    let mut body = String::from("{\"events\":[");
    for (at, told) in page.events.iter().enumerate() {
        body.push_str(if at == 0 { "" } else { "," });
        body.push_str(&told.event);
    }
    // One who has read on meanwhile may know of more than the feed that was opened anew.
    let (next, last) = (page.next, last.max(page.next));
    body.extend(["],\"next\":", &next.to_string(), ",\"last\":", &last.to_string(), "}"]);
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "application/json"))
        .insert_header((CACHE_CONTROL, "no-store"))
        .body(body)
}

/// What is asked for.
#[derive(Debug)]
struct Asked {
    after: Option<u64>,
    limit: usize,
    wait: Duration,
    filter: Filter,
}

impl Asked {
    fn of(query: &str) -> Result<Self, Problem> {
        let filter = Filter::default();
        let mut asked = Self { after: None, limit: LIMIT, wait: Duration::ZERO, filter };
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "after" => asked.after = Some(number("after", &value)?),
                "limit" => asked.limit = limit(&value)?,
                "wait" => asked.wait = wait(&value)?,
                "type" => asked.filter.types.extend(kinds(&value)?),
                "place" => asked.filter.places.extend(value.split(',').map(str::to_owned)),
                other => {
                    return Err(Problem::bad_request(format!(
                        "`{other}` is no parameter: known are after, limit, wait, type and place"
                    )));
                }
            }
        }
        Ok(asked)
    }
}

fn number<T: FromStr<Err: Display>>(name: &str, text: &str) -> Result<T, Problem> {
    text.parse().map_err(|error| Problem::bad_request(format!("`{name}`: {error}")))
}

fn limit(text: &str) -> Result<usize, Problem> {
    let limit = number("limit", text)?;
    match (1..=LIMIT_MAX).contains(&limit) {
        true => Ok(limit),
        false => Err(Problem::bad_request(format!("`limit` is 1 to {LIMIT_MAX}"))),
    }
}

/// A longer wait is cut short: whoever hears of nothing asks again.
fn wait(text: &str) -> Result<Duration, Problem> {
    let wait: Option<Duration> = Value::parse(text);
    let wrong = || Problem::bad_request("`wait` is a time, for instance 20s");
    wait.map(|wait| wait.min(WAIT_MAX)).ok_or_else(wrong)
}

fn kinds(text: &str) -> Result<Vec<String>, Problem> {
    let known = |name: &str| {
        let unknown = || {
            let all = FactKind::ALL.map(FactKind::as_str).join(", ");
            Problem::bad_request(format!("`type` is one of {all}"))
        };
        FactKind::parse(name).map(|kind| kind.as_str().to_owned()).ok_or_else(unknown)
    };
    text.split(',').map(known).collect()
}

impl From<Gone> for Problem {
    fn from(gone: Gone) -> Self {
        match &gone {
            Gone::Position { before_first, .. } => {
                let detail = format!("{gone}: begin with after={before_first}");
                Self::new(StatusCode::GONE, detail).begin_after(*before_first)
            }
            Gone::Disk(error) => {
                tracing::error!(%error, "the feed cannot be read");
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "the feed cannot be read")
            }
        }
    }
}

#[cfg(test)]
mod tests;
