//! The HTTP side: find the camera, read the message, ask the actors, answer. Who may post and who may
//! look is the caller's to check.

mod body;

use std::collections::BTreeMap;
use std::sync::Arc;

use actix::Addr;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::{self, Data, Payload, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use domain::{Instant, SharedClock};
use futures_util::future::join_all;
use serde_json::json;
use service::Problem;

use crate::camera::Camera;
use crate::metrics::{MessageKind, Metrics};
use crate::monitor::{Heard, Monitor, Overview};
use crate::passages::{Outcome, Passages, Saw, Trouble};
use crate::read::{Message, Read};
use crate::sighting::{Sighting, sightings};
use crate::understand::{NotUnderstood, Understood, understand};
use body::Receiving;

/// A message with more bytes is read on another thread, one at a time: it may take a while.
const SMALL_BYTES: usize = 32 * 1024;
/// Seconds after which a camera may send again what was not taken.
const RETRY_AFTER_SECONDS: u32 = 5;

/// What every route needs.
pub(crate) struct State {
    /// By name.
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

/// Adds the routes.
pub(crate) fn configure(state: &Arc<State>, config: &mut ServiceConfig) {
    config
        .app_data(Data::from(Arc::clone(state)))
        .service(web::resource("/admin/cameras").get(overview))
        .service(
            // Some cameras put a path of their own behind the one they are given.
            web::resource(["/cameras/{camera}", "/cameras/{camera}/{more:.*}"]).post(receive),
        );
}

/// Takes a camera's message; answers 2xx once all it tells of is durable.
async fn receive(
    state: Data<State>,
    path: web::Path<CameraPath>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let Some(camera) = state.cameras.get(&path.camera) else {
        return Err(unknown(&state.cameras));
    };
    let received = state.clock.now();
    let mut heard = Heard {
        camera: camera.name.clone(),
        kind: MessageKind::Nothing,
        at: received,
        delays: Vec::new(),
        refusal: None,
        ahead: None,
    };
    let understood = match read(&state, camera, &request, payload).await {
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
            json!({ "camera": camera.name.as_str(), "heartbeat": true })
        }
        Message::Nothing(why) => {
            state.heard(camera, heard, 0).await;
            json!({ "camera": camera.name.as_str(), "ignored": why })
        }
        Message::Reads(reads) => take(&state, camera, reads, received, heard).await?,
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
    payload: Payload,
) -> Result<Understood, Problem> {
    let body = state.receiving.read(request, payload).await?;
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
) -> Result<serde_json::Value, Problem> {
    let seen: Vec<Sighting> = sightings(&reads, camera, received);
    heard.delays = seen.iter().filter_map(|sighting| sighting.delay).collect();
    let count = seen.len();
    let outcomes = join_all(seen.into_iter().map(|sighting| state.passages.send(Saw(sighting))));
    let mut told = Vec::with_capacity(count);
    let mut trouble = None;
    for outcome in outcomes.await {
        match outcome.unwrap_or(Outcome::Unavailable(Trouble::Stopping)) {
            Outcome::Published(id) => {
                told.push(json!({ "outcome": "published", "id": id.as_str() }));
            }
            Outcome::Unfit(why) => told.push(json!({ "outcome": why.as_str() })),
            Outcome::Unavailable(why) => trouble = Some(why),
        }
    }
    heard.kind = match trouble {
        None => MessageKind::Reads,
        Some(_) => MessageKind::Unavailable,
    };
    state.heard(camera, heard, count).await;
    match trouble {
        None => Ok(json!({ "camera": camera.name.as_str(), "reads": told })),
        Some(why) => Err(unavailable(&why.to_string())),
    }
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
    Problem::unavailable(format!("{why}; not taken, send the message again"))
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
        false => format!("no camera has this name; those configured are {}", known.join(", ")),
    })
}

/// All cameras, and how they do.
async fn overview(state: Data<State>) -> Result<HttpResponse, Problem> {
    let cameras = state.monitor.send(Overview).await.map_err(|_| stopping())?;
    Ok(HttpResponse::Ok().json(json!({ "cameras": cameras })))
}

#[cfg(test)]
mod tests;
