//! How the cameras are: the pages ask, the cameras' monitor knows. Pages and cameras know nothing of
//! each other, this crate knows both.

use async_trait::async_trait;
use cameras::{CameraStatus, Severity, Watch};
use web::pages::{Camera, CameraLevel, Cameras};

/// The cameras of this process.
pub struct CameraWatch(pub Watch);

#[async_trait]
impl Cameras for CameraWatch {
    async fn all(&self) -> Vec<Camera> {
        self.0.cameras().await.into_iter().map(shown).collect()
    }
}

fn shown(status: CameraStatus) -> Camera {
    Camera {
        name: status.camera,
        lane: status.lane,
        place: status.place,
        state: status.state.words(),
        level: match status.severity {
            Severity::Critical => CameraLevel::Bad,
            Severity::Warning => CameraLevel::Warn,
            Severity::Unknown => CameraLevel::Unknown,
            Severity::Well => CameraLevel::Ok,
        },
        last_read: status.last_read,
        last_heartbeat: status.last_heartbeat,
        since: Some(status.since),
        why: Some(status.why),
    }
}
