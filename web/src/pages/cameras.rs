//! How the cameras are: asked of whoever watches them in this process, a seam that the binary fills
//! ([`Cameras`]), and shown worst first.

use askama::Template;
use async_trait::async_trait;
use domain::{Instant, PlaceName};

use super::board::Part;
use super::words::{Shown, Words};

/// Cameras on the page; of more, those that need a look.
const SHOWN: usize = 30;

/// Watches the cameras.
#[async_trait]
pub trait Cameras: Send + Sync {
    /// All of them, as they are now.
    async fn all(&self) -> Vec<Camera>;
}

/// A camera, as the pages show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Camera {
    /// The camera's name.
    pub name: String,
    /// The lane it watches.
    pub lane: String,
    /// The car park that its lane leads into.
    pub place: String,
    /// How it does, in words.
    pub state: &'static str,
    /// Since when it has been doing so.
    pub since: Option<Instant>,
    /// How bad that is.
    pub level: CameraLevel,
    /// When it last told of a vehicle.
    pub last_read: Option<Instant>,
    /// When it last said that it is there.
    pub last_heartbeat: Option<Instant>,
    /// Why it is said to do so, in numbers; none where there is nothing to say. Shows no plate.
    pub why: Option<String>,
}

/// How bad the state of a camera is; the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CameraLevel {
    /// Reads are lost.
    Bad,
    /// It needs a look.
    Warn,
    /// Nothing is known of it.
    Unknown,
    /// All is well.
    Ok,
}

impl Camera {
    /// Nothing ever came of it.
    fn is_unheard(&self) -> bool {
        self.last_read.is_none()
            && self.last_heartbeat.is_none()
            && (self.level == CameraLevel::Unknown || self.state == NEVER_HEARD)
    }
}

/// What the cameras' monitor calls one of which nothing ever came.
const NEVER_HEARD: &str = "never heard";

impl CameraLevel {
    /// A class of the style sheet.
    fn class(self) -> &'static str {
        match self {
            Self::Bad => "bad",
            Self::Warn => "warn",
            Self::Unknown => "warn",
            Self::Ok => "ok",
        }
    }
}

#[derive(Template)]
#[template(path = "region_cameras.html")]
pub(super) struct CamerasRegion {
    rows: Vec<Row>,
    total: usize,
}

struct Row {
    name: String,
    lane: String,
    place: String,
    level: &'static str,
    state: &'static str,
    last_read: Option<Shown>,
    last_heartbeat: Option<Shown>,
    since: Option<Shown>,
    why: Option<String>,
}

/// All of them, or those of a place, those first that need a look. Why one does badly is for
/// who has signed in.
pub(super) fn region(
    cameras: &[Camera],
    place: Option<&PlaceName>,
    words: &Words,
    may_see: bool,
) -> CamerasRegion {
    let is_there = |camera: &&Camera| place.is_none_or(|place| camera.place == place.as_str());
    let mut worst_first: Vec<&Camera> = cameras.iter().filter(is_there).collect();
    let total = worst_first.len();
    worst_first.sort_by_key(|camera| camera.level);
    let row = |camera: &Camera| Row {
        name: camera.name.clone(),
        lane: camera.lane.clone(),
        place: camera.place.clone(),
        level: camera.level.class(),
        state: camera.state,
        last_read: camera.last_read.map(|at| words.time(at)),
        last_heartbeat: camera.last_heartbeat.map(|at| words.time(at)),
        since: camera.since.filter(|_| camera.level != CameraLevel::Ok).map(|at| words.time(at)),
        why: camera.why.clone().filter(|_| may_see && camera.level != CameraLevel::Ok),
    };
    CamerasRegion { rows: worst_first.into_iter().take(SHOWN).map(row).collect(), total }
}

/// All of them in one line; none where there is no camera.
pub(super) fn part(cameras: &[Camera]) -> Option<Part> {
    let worst = cameras.iter().min_by_key(|camera| camera.level)?;
    let well = cameras.iter().filter(|camera| camera.level == CameraLevel::Ok).count();
    let never = cameras.iter().filter(|camera| camera.is_unheard()).count();
    // One that was never heard of is not well: nobody knows whether it was ever plugged in.
    let (level, word) = match worst.level {
        CameraLevel::Ok => ("ok", "ok"),
        CameraLevel::Unknown => ("warn", "waiting"),
        level => (level.class(), worst.state),
    };
    let never = match never {
        0 => String::new(),
        1 => "; 1 has never sent anything".to_owned(),
        n => format!("; {n} have never sent anything"),
    };
    let detail = format!("{well} of {} reporting{never}", cameras.len());
    Some(Part { name: "Cameras", level, word, detail, link: None })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::board::html;
    use crate::testing::at;

    fn camera(name: &str, state: &'static str, level: CameraLevel) -> Camera {
        Camera {
            name: name.to_owned(),
            lane: "in".to_owned(),
            place: "main".to_owned(),
            state,
            level,
            last_read: Some(at("2026-11-20T10:00:00Z")),
            last_heartbeat: None,
            since: None,
            why: None,
        }
    }

    #[test]
    fn the_worst_stands_first_and_names_the_state_of_all() {
        let words = Words::new(chrono_tz::UTC, at("2026-11-20T10:00:05Z"));
        let cameras = [
            camera("a", "reading", CameraLevel::Ok),
            Camera { last_read: None, ..camera("b", "never heard", CameraLevel::Unknown) },
            camera("c", "silent", CameraLevel::Warn),
            camera("d", "reads nothing", CameraLevel::Bad),
        ];
        let shown = region(&cameras, None, &words, true);
        let names: Vec<&str> = shown.rows.iter().map(|row| row.name.as_str()).collect();
        assert_eq!(names, ["d", "c", "b", "a"]);
        let elsewhere = domain::PlaceName::parse("north").unwrap();
        assert!(region(&cameras, Some(&elsewhere), &words, true).rows.is_empty());
        let said = part(&cameras).unwrap();
        assert_eq!((said.level, said.word), ("bad", "reads nothing"));
        assert_eq!(said.detail, "1 of 4 reporting; 1 has never sent anything");
        let said = part(&cameras[..2]).unwrap();
        assert_eq!((said.level, said.word), ("warn", "waiting"), "never heard of is not well");
        assert_eq!(part(&cameras[..1]).unwrap().level, "ok");
        assert!(part(&[]).is_none(), "no camera is no state");
    }

    #[test]
    fn of_many_cameras_the_page_leaves_out_the_well_ones_and_says_so() {
        let words = Words::new(chrono_tz::UTC, at("2026-11-20T10:00:05Z"));
        let mut cameras: Vec<Camera> =
            (0..SHOWN).map(|n| camera(&format!("c{n}"), "reading", CameraLevel::Ok)).collect();
        assert!(!html(&region(&cameras, None, &words, true)).contains("of 30"));
        cameras.push(camera("late", "silent", CameraLevel::Warn));
        let shown = html(&region(&cameras, None, &words, true));
        assert!(shown.contains("late") && shown.contains("30 of 31"), "{shown}");
        assert!(!shown.contains(">c29<"), "{shown}");
    }
}
