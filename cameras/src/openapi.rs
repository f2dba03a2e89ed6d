//! The routes, described (OpenAPI).
#![allow(dead_code, reason = "descriptions are never made")]

use std::collections::BTreeMap;

use utoipa::{OpenApi, ToSchema};

/// What became of a camera's message. Cameras that want to hear something else get that.
#[derive(ToSchema)]
struct Told {
    /// Its name.
    camera: String,
    /// Of a message that tells of plates: what became of each, in their order.
    reads: Option<Vec<ToldRead>>,
    /// Of a heartbeat.
    heartbeat: Option<bool>,
    /// Of a message of no concern: why.
    ignored: Option<String>,
}

/// What became of one read.
#[derive(ToSchema)]
struct ToldRead {
    /// `published`; or, where it can be no observation, `unread`, `low_confidence`, `no_direction`.
    outcome: String,
    /// The observation's; reads of one passage share it.
    id: Option<String>,
}

/// All cameras.
#[derive(ToSchema)]
struct Overview {
    cameras: Vec<CameraStatus>,
}

/// What is known of a camera.
#[derive(ToSchema)]
struct CameraStatus {
    camera: String,
    lane: String,
    /// `entry`, `exit` or `both`.
    role: String,
    place: String,
    time_zone: String,
    /// None: each message tells.
    vendor: Option<String>,
    min_confidence: f32,
    last_heartbeat: Option<String>,
    seconds_since_heartbeat: Option<f64>,
    /// A plate, or a vehicle without.
    last_read: Option<String>,
    /// Since the start, where there was none yet.
    seconds_since_read: f64,
    /// Of the last 100 passages.
    unread_share: f64,
    /// Of the last 100 passages.
    low_confidence_share: f64,
    /// Received minus captured, median of the last 50 reads; late uploads left out.
    clock_offset_seconds: Option<f64>,
    /// Since the start: `reads`, `heartbeat`, `nothing`, `refused`, `unavailable`.
    messages: BTreeMap<String, u64>,
    /// Since the start: `published`, `unread`, `low_confidence`, `no_direction`.
    passages: BTreeMap<String, u64>,
    last_refusal: Option<Refusal>,
}

/// A message that was refused.
#[derive(ToSchema)]
struct Refusal {
    at: String,
    reason: String,
}

/// Takes a camera's message as the camera sends it: JSON, XML, multipart with pictures (which are
/// dropped), or `name=value`. Answers 2xx once all it tells of is durable. The token is shown as
/// `Authorization: Bearer`, as the password of `Authorization: Basic`, or as `?token=`.
#[utoipa::path(post, path = "/cameras/{camera}", tag = "cameras",
    params(("camera" = String, Path, description = "its name in carpark.toml"),
        ("token" = Option<String>, Query, description = "for cameras that can set nothing else")),
    request_body(content = String, description = "the vendor's message"),
    responses((status = 200, body = Told), (status = 400, description = "cannot be parsed"),
        (status = 401), (status = 404, description = "no such camera; names those configured"),
        (status = 413), (status = 415), (status = 422, description = "no message of the vendor"),
        (status = 503, description = "not taken: send it again after `Retry-After`")),
    security(("camera" = []), ("camera_basic" = [])))]
fn receive() {}

/// All cameras, and how they do: when each was last heard of, what it misses, how wrong its clock is.
#[utoipa::path(get, path = "/admin/cameras", tag = "cameras",
    responses((status = 200, body = Overview)))]
fn overview() {}

#[derive(OpenApi)]
#[openapi(paths(receive, overview), security(("admin" = [])))]
struct Described;

/// See the module.
pub fn openapi() -> utoipa::openapi::OpenApi {
    Described::openapi()
}
