//! What is known of the cameras, in a file: a restart forgets no camera that is bad, and no camera
//! that was never heard of looks as if it had been put up just now.
//!
//! It holds times, numbers and words, and no plate (G8). It is convenience, not a record: where it
//! cannot be read the cameras are watched anew, where it cannot be written the log says so once.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use domain::Instant;
use serde::{Deserialize, Serialize};

use super::state::CameraState;
use crate::sighting::Unfit;

/// What is kept of each camera, by its name.
pub(super) type Kept = BTreeMap<String, KeptCamera>;

/// Of one camera. Unknown fields are ignored and missing ones are empty: another version wrote it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct KeptCamera {
    pub(super) since: Option<Instant>,
    pub(super) state: Option<CameraState>,
    pub(super) state_since: Option<Instant>,
    pub(super) was_heard: bool,
    pub(super) last_heartbeat: Option<Instant>,
    pub(super) last_read: Option<Instant>,
    pub(super) ended: Vec<KeptPassage>,
    pub(super) without: Vec<KeptPassage>,
    /// Delays of its last reads, received minus captured, seconds.
    pub(super) delays: Vec<f64>,
    pub(super) last_refusal: Option<KeptRefusal>,
    pub(super) not_understood_at: Option<Instant>,
    /// When it came, and by how many seconds.
    pub(super) ahead: Option<(Instant, f64)>,
}

/// One of a camera's last passages, of which its shares are reckoned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct KeptPassage {
    pub(super) at: Instant,
    /// `None`: it made an observation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) unfit: Option<Unfit>,
}

/// The last message that was refused, for the camera's page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct KeptRefusal {
    pub(super) at: Instant,
    pub(super) reason: String,
}

/// What outlives the process, in a file; without it the cameras are watched as if they were new.
pub(super) struct Memory {
    path: PathBuf,
    /// It could not be written, and that was said.
    is_failing: AtomicBool,
}

impl Memory {
    pub(super) fn at(path: PathBuf) -> Self {
        Self { path, is_failing: AtomicBool::new(false) }
    }

    /// What the last process knew; nothing, where there is no file, or none that can be read.
    pub(super) fn load(&self) -> Kept {
        let read = fs::read(&self.path).and_then(|bytes| {
            serde_json::from_slice(&bytes)
                .map_err(|e| io::Error::new(io::ErrorKind::InvalidData, e))
        });
        match read {
            Ok(kept) => kept,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Kept::new(),
            Err(error) => {
                tracing::warn!(
                    file = %self.path.display(),
                    %error,
                    "what was known of the cameras cannot be read; they are watched anew"
                );
                Kept::new()
            }
        }
    }

    /// Writes it beside and puts it in its place: a process that dies on the way leaves the last one.
    pub(super) fn keep(&self, kept: &Kept) {
        match self.write(kept) {
            Ok(()) => self.is_failing.store(false, Ordering::Relaxed),
            Err(error) if !self.is_failing.swap(true, Ordering::Relaxed) => tracing::warn!(
                file = %self.path.display(),
                %error,
                "what is known of the cameras cannot be written; a restart would forget it"
            ),
            Err(_) => {}
        }
    }

    fn write(&self, kept: &Kept) -> io::Result<()> {
        let beside = self.path.with_extension("json.new");
        fs::write(&beside, serde_json::to_vec(kept)?)?;
        fs::rename(&beside, &self.path)
    }
}
