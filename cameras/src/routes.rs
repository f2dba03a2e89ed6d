//! The HTTP side: find the camera, read the message, ask the actors, answer.

mod body;
mod shapes;

use std::collections::BTreeMap;
use std::sync::Arc;

use actix::Addr;
use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::{self, Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use chrono::TimeDelta;
use domain::policy::AHEAD_MAX;
use domain::{Instant, SharedClock};
use futures_util::future::join_all;
use platform::http::{Problem, Routes, Scope, operation};

use crate::camera::Camera;
use crate::metrics::{MessageKind, Metrics};
use crate::monitor::{Heard, Monitor, Overview};
use crate::passages::{Outcome, Passages, Saw, Trouble};
use crate::read::{Message, Read};
use crate::sighting::{Sighting, sightings};
use crate::token::Token;
use crate::understand::{NotUnderstood, Understood, understand};
use body::{Received, Receiving};
use shapes::{All, Told, ToldRead};

/// A message with more bytes is read on another thread, one at a time: it may take a while.
const SMALL_BYTES: usize = 32 * 1024;
/// What a message without a body is told.
const EMPTY: &str =
    "the message was empty; this address is right, set the camera to POST its reads to it";
/// Seconds after which a camera may send again what was not taken.
const RETRY_AFTER_SECONDS: u32 = 5;

/// What every route needs.
pub(crate) struct State {
    /// The configured cameras, by name.
    pub(crate) cameras: BTreeMap<String, Arc<Camera>>,
    pub(crate) passages: Addr<Passages>,
    pub(crate) monitor: Addr<Monitor>,
    pub(crate) metrics: Metrics,
    pub(crate) clock: SharedClock,
    /// How much is received at once.
    pub(crate) receiving: Receiving,
    /// Held while a large message is read: its values need some memory, and one after the other
    /// needs it once.
    pub(crate) large: tokio::sync::Semaphore,
}

pub(crate) use body::Receiving as Bounds;

/// The routes, without the cameras behind them.
pub fn routes() -> Routes {
    // Some cameras put a path of their own behind the one they are given.
    const AT: &str = "/cameras/{camera}";
    const BEHIND: &str = "/cameras/{camera}/{more:.*}";
    Routes::default()
        .add(Scope::Admin, operation!(overview))
        // The commonest errors of who puts a camera up: another word, no name.
        .pages(Scope::Camera, &["/cameras", "/cameras/", "/camera", "/camera/{more:.*}"], || {
            web::to(no_camera)
        })
        .add(Scope::Camera, operation!(receive))
        .page(Scope::Camera, AT, || web::to(try_out))
        .page(Scope::Camera, BEHIND, || web::post().to(receive))
        .page(Scope::Camera, BEHIND, || web::to(try_out))
}

/// The camera of a path, if the request shows what that one has to show.
fn admitted<'s>(
    state: &'s State,
    name: &str,
    request: &HttpRequest,
) -> Result<&'s Arc<Camera>, Problem> {
    let is_shown = |camera: &Arc<Camera>| {
        let shows = |token: &Token| token.is_shown(request.headers(), request.query_string());
        camera.token.as_ref().is_none_or(shows)
    };
    match state.cameras.get(name) {
        Some(camera) if is_shown(camera) => Ok(camera),
        Some(_) => Err(Problem::new(
            StatusCode::UNAUTHORIZED,
            "this is another camera's token; a camera with its own token must use it",
        )),
        // Names are for who may speak for one of them.
        None if state.cameras.is_empty() || state.cameras.values().any(is_shown) => {
            Err(unknown(&state.cameras))
        }
        None => Err(Problem::new(StatusCode::UNAUTHORIZED, "show the token of a camera")),
    }
}

/// Answers a path that is no camera's address.
async fn no_camera(state: Data<State>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    // No camera has an empty name.
    admitted(&state, "", &request).map(|_| HttpResponse::NotFound().finish())
}

/// Who looks whether the address is right: a person in a browser, a camera's test button.
async fn try_out(
    state: Data<State>,
    path: web::Path<CameraPath>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let camera = admitted(&state, &path.camera, &request)?;
    if !request.method().is_safe() {
        let detail = format!("a camera has to POST its messages to /cameras/{}", camera.name);
        return Err(Problem::new(StatusCode::METHOD_NOT_ALLOWED, detail));
    }
    let vendor = camera.vendor.map_or("of any vendor that carpark knows", crate::Vendor::name);
    Ok(HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(format!(
        "This address is right: it is that of camera {} at lane {} (role {}), messages {vendor}.\n\
         Set the camera to POST its messages to it.\n",
        camera.name,
        camera.lane,
        camera.role.as_str(),
    )))
}

/// Takes a camera's message as the camera sends it: JSON, XML, multipart with pictures (which are
/// dropped), or `name=value`. Answers 2xx once all it tells of is durable. The token is shown as
/// `Authorization: Bearer`, as the password of `Authorization: Basic`, or as `?token=`.
#[utoipa::path(post, path = "/cameras/{camera}", tag = "cameras",
    params(("camera" = String, Path, description = "its name in carpark.toml"),
        ("token" = Option<String>, Query, description = "for cameras that can set nothing else")),
    request_body(content = String, description = "the vendor's message"),
    responses((status = 200, body = Told<'_>), (status = 400, description = "cannot be parsed"),
        (status = 401), (status = 404, description = "no such camera; names those configured"),
        (status = 413), (status = 415), (status = 422, description = "no message of the vendor"),
        (status = 503, description = "not taken: send it again after `Retry-After`")))]
async fn receive(
    state: Data<State>,
    path: web::Path<CameraPath>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let camera = admitted(&state, &path.camera, &request)?;
    let received = state.clock.now();
    let mut heard = Heard {
        camera: camera.name.clone(),
        kind: MessageKind::Nothing,
        at: received,
        delays: Vec::new(),
        refusal: None,
        ahead: None,
    };
    let body = match state.receiving.read(&request, payload).await {
        Ok(body) if body.trim_ascii().is_empty() => {
            // A camera's test button. It tells of nothing, so nothing is lost behind the 200.
            state.heard(camera, heard, 0).await;
            let said = Told { ignored: Some(EMPTY), ..Told::by(&camera.name) };
            return Ok(HttpResponse::Ok().json(said));
        }
        body => body,
    };
    let understood = match read(&state, camera, &request, body).await {
        Ok(understood) => understood,
        Err(problem) => {
            heard.kind = MessageKind::Refused;
            heard.refusal = Some(problem.detail().to_owned());
            state.heard(camera, heard, 0).await;
            return Err(problem);
        }
    };
    let vendors_answer = understood.vendor.answer(&understood.message);
    let told = match understood.message {
        Message::Heartbeat => {
            heard.kind = MessageKind::Heartbeat;
            state.heard(camera, heard, 0).await;
            Told { heartbeat: Some(true), ..Told::by(&camera.name) }
        }
        Message::Nothing(why) => {
            state.heard(camera, heard, 0).await;
            Told { ignored: Some(why), ..Told::by(&camera.name) }
        }
        Message::Reads(reads) => {
            let reads = Some(take(&state, camera, reads, received, heard).await?);
            Told { reads, ..Told::by(&camera.name) }
        }
    };
    Ok(match vendors_answer {
        Some(answer) => HttpResponse::Ok().content_type("application/json").body(answer),
        None => HttpResponse::Ok().json(told),
    })
}

#[derive(serde::Deserialize)]
struct CameraPath {
    camera: String,
}

/// From the bytes to what they say.
async fn read(
    state: &State,
    camera: &Camera,
    request: &HttpRequest,
    body: Result<Received, Problem>,
) -> Result<Understood, Problem> {
    let body = body?;
    let content_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let vendor = camera.vendor;
    let understood = if body.len() <= SMALL_BYTES {
        understand(&body, content_type, vendor)
    } else {
        let _turn = state.large.acquire().await;
        let content_type = content_type.map(str::to_owned);
        let reading = move || understand(&body, content_type.as_deref(), vendor);
        web::block(reading).await.map_err(|_| stopping())?
    };
    understood.map_err(|why| match why {
        NotUnderstood::Body(crate::BadBody::TooLarge(_)) => Problem::too_large(why.to_string()),
        NotUnderstood::Body(_) => Problem::bad_request(why.to_string()),
        NotUnderstood::NobodysMessage(_) | NotUnderstood::Message(..) => {
            Problem::unprocessable(why.to_string())
        }
    })
}

/// Has each read published; one that cannot be lets the camera keep the message. Those that were
/// are recognised when it comes again.
async fn take(
    state: &State,
    camera: &Arc<Camera>,
    reads: Vec<Read>,
    received: Instant,
    mut heard: Heard,
) -> Result<Vec<ToldRead>, Problem> {
    let mut seen: Vec<Sighting> = sightings(&reads, camera, received);
    heard.delays = seen.iter().filter_map(|sighting| sighting.delay).collect();
    let count = seen.len();
    // No queue takes them (R8): the camera hears of it now, not an operator of a dead letter later.
    let ahead: Vec<TimeDelta> = seen.iter().filter_map(|s| s.too_far_ahead(received)).collect();
    seen.retain(|sighting| sighting.too_far_ahead(received).is_none());
    let outcomes = join_all(seen.into_iter().map(|sighting| state.passages.send(Saw(sighting))));
    let mut told = Vec::with_capacity(count);
    let mut trouble = None;
    for outcome in outcomes.await {
        match outcome.unwrap_or(Outcome::Unavailable(Trouble::Stopping)) {
            Outcome::Published(id) => {
                let id = Some(id.as_str().to_owned());
                told.push(ToldRead { id, outcome: "published" });
            }
            Outcome::Unfit(why) => told.push(ToldRead { id: None, outcome: why.as_str() }),
            Outcome::Unavailable(why) => trouble = Some(why),
        }
    }
    state.metrics.ahead(camera, ahead.len());
    let refused = ahead.iter().max().copied().map(|furthest| {
        heard.ahead = Some(furthest);
        let problem = in_future(furthest, ahead.len(), count);
        heard.refusal = Some(problem.detail().to_owned());
        problem
    });
    heard.kind = match (&trouble, &refused) {
        (Some(_), _) => MessageKind::Unavailable,
        (None, Some(_)) => MessageKind::Future,
        (None, None) => MessageKind::Reads,
    };
    state.heard(camera, heard, count).await;
    match (trouble, refused) {
        (Some(why), _) => Err(unavailable(&why.to_string())),
        (None, Some(problem)) => Err(problem),
        (None, None) => Ok(told),
    }
}

/// Reads of a time that has not come.
fn in_future(furthest: TimeDelta, ahead: usize, count: usize) -> Problem {
    let reads =
        if count == 1 { "the read".to_owned() } else { format!("{ahead} of {count} reads") };
    Problem::unprocessable(format!(
        "not taken: {reads} lie{s} {} s ahead of carpark's clock, at most {} s are allowed; set the \
         camera's clock by a time server, and see that its time zone is right, in the camera and in \
         carpark.toml",
        furthest.num_seconds(),
        AHEAD_MAX.num_seconds(),
        s = if ahead == 1 { "s" } else { "" },
    ))
}

impl State {
    async fn heard(&self, camera: &Camera, heard: Heard, reads: usize) {
        self.metrics.message(camera, heard.kind, reads);
        // A monitor that is gone keeps no read from being taken.
        let _gone = self.monitor.send(heard).await;
    }
}

/// The camera has to keep the message.
fn unavailable(why: &str) -> Problem {
    Problem::unavailable(format!("{why}; not accepted; send it again"))
        .again_after(RETRY_AFTER_SECONDS)
}

fn stopping() -> Problem {
    unavailable("carpark is stopping")
}

fn unknown(cameras: &BTreeMap<String, Arc<Camera>>) -> Problem {
    let known: Vec<&str> = cameras.keys().map(String::as_str).collect();
    Problem::not_found(match known.is_empty() {
        true => "no camera is configured: add [places.NAME], [lanes.NAME] and [cameras.NAME] to \
                 carpark.toml"
            .to_owned(),
        false => format!(
            "no camera has this address: POST to /cameras/NAME; those configured are {}",
            known.join(", ")
        ),
    })
}

/// All cameras, and how they do: when each was last heard of, what it misses, how wrong its clock is.
#[utoipa::path(get, path = "/admin/cameras", tag = "cameras",
    responses((status = 200, body = All)))]
async fn overview(state: Data<State>) -> Result<HttpResponse, Problem> {
    let cameras = state.monitor.send(Overview).await.map_err(|_| stopping())?;
    Ok(HttpResponse::Ok().json(All { cameras }))
}

#[cfg(test)]
mod tests;
