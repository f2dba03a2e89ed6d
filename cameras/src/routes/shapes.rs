//! What the routes answer, in JSON.

use domain::CameraName;
use serde::Serialize;
use utoipa::ToSchema;

use crate::monitor::status::CameraStatus;

/// What became of a camera's message. Cameras that want to hear something else get that.
#[derive(Serialize, ToSchema)]
pub(super) struct Told<'a> {
    /// The camera's name.
    pub(super) camera: &'a str,
    /// Of a message that tells of plates: what became of each, in their order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reads: Option<Vec<ToldRead>>,
    /// True where the message was a heartbeat.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) heartbeat: Option<bool>,
    /// Of a message of no concern: why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ignored: Option<&'a str>,
}

impl<'a> Told<'a> {
    /// Nothing yet.
    pub(super) fn by(camera: &'a CameraName) -> Self {
        Self { camera: camera.as_str(), reads: None, heartbeat: None, ignored: None }
    }
}

/// What became of one read.
#[derive(Serialize, ToSchema)]
pub(super) struct ToldRead {
    /// The observation's; reads of one passage share it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<String>,
    /// `published`; or, where it can be no observation, `unread`, `low_confidence`, `no_direction`.
    pub(super) outcome: &'static str,
}

/// All cameras, and how each is doing.
#[derive(Serialize, ToSchema)]
#[schema(as = Overview)]
pub(super) struct All {
    pub(super) cameras: Vec<CameraStatus>,
}
