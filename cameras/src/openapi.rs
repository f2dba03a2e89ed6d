//! The routes, described (OpenAPI).
#![allow(dead_code, reason = "descriptions are never made")]

use utoipa::{OpenApi, ToSchema};

use crate::monitor::status::CameraStatus;

/// What became of a camera's message. Cameras that want to hear something else get that.
#[derive(ToSchema)]
struct Told {
    /// The camera's name.
    camera: String,
    /// Of a message that tells of plates: what became of each, in their order.
    reads: Option<Vec<ToldRead>>,
    /// True where the message was a heartbeat.
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

/// All cameras, and how each is doing.
#[derive(ToSchema)]
struct Overview {
    cameras: Vec<CameraStatus>,
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
