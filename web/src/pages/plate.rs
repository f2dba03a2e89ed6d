//! `/sessions/{plate}`: a plate's reads, what they say and why, and what an operator can do.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use askama::Template;
use domain::Plate;
use domain::story::State;
use domain::wire::parse_time;
use platform::http::Principal;

use super::answers::{CameraRead, Stay, Timeline};
use super::words::{Shown, Words, duration};
use super::{Actors, Pages, Shell, page as respond};
use crate::recent::Standing;
use crate::row::subject_of;

#[derive(Template)]
#[template(path = "plate.html")]
struct PlatePage {
    shell: Shell,
    plate: String,
    /// What went wrong, in words.
    problem: Option<String>,
    chapters: Vec<Chapter>,
    reads: Vec<ReadView>,
    exceptions: Vec<ExceptionCard>,
    /// Whether there is a stay to close.
    is_open: bool,
    /// The present, as the field for a time takes it.
    now_field: String,
}

struct Chapter {
    level: &'static str,
    word: &'static str,
    place: String,
    entry: Option<Shown>,
    exit: Option<Shown>,
    length: String,
    /// Of an open session: its begin, seconds since 1970, from which the page counts up.
    open_since: Option<i64>,
    why: String,
}

struct ReadView {
    at: Shown,
    kind: String,
    place: String,
    lane: String,
    camera: String,
    confidence: String,
    as_read: String,
    /// How long after the event it arrived, where that is long.
    late: String,
}

struct ExceptionCard {
    name: &'static str,
    words: &'static str,
    at: Shown,
    reason: String,
    subject: String,
    revision: u64,
    dismissed: Option<Dismissed>,
}

struct Dismissed {
    at: Shown,
    reason: String,
}

/// A read that arrives later than this after its time is said to be late, seconds.
const LATE_SECONDS: i64 = 60;

pub(super) async fn page(
    pages: Data<Pages>,
    actors: Data<Actors>,
    viewer: Principal,
    path: Path<String>,
) -> HttpResponse {
    let words = pages.words();
    let text = path.into_inner();
    let mut view = PlatePage {
        shell: pages.shell(&viewer, "Plate", "car-park"),
        plate: text.trim().to_owned(),
        problem: None,
        chapters: Vec::new(),
        reads: Vec::new(),
        exceptions: Vec::new(),
        is_open: false,
        now_field: words.field(pages.clock.now()),
    };
    let plate = match Plate::parse(&text) {
        Ok(plate) => plate,
        Err(e) => {
            view.problem = Some(e.to_string());
            return with_status(StatusCode::BAD_REQUEST, &view);
        }
    };
    view.plate = plate.to_string();
    pages.caught_up().await;
    let standing = pages.state.recent.of(&plate);
    view.exceptions = standing.iter().map(|standing| card(standing, &words)).collect();
    match actors.0.timeline(plate.as_str()).await {
        Ok(Some(timeline)) => fill(&mut view, timeline, &words),
        Ok(None) if view.exceptions.is_empty() => {
            view.problem = Some("Nothing is known of this plate.".to_owned());
            return with_status(StatusCode::NOT_FOUND, &view);
        }
        Ok(None) => {}
        Err(e) => view.problem = Some(words.plainly(&e.to_string())),
    }
    respond(&view)
}

fn with_status(status: StatusCode, view: &PlatePage) -> HttpResponse {
    let mut answer = respond(view);
    *answer.status_mut() = status;
    answer
}

fn fill(view: &mut PlatePage, timeline: Timeline, words: &Words) {
    view.plate = timeline.vehicle_plate;
    view.is_open = timeline.sessions.iter().any(|stay| stay.state == "open");
    // The newest first: what a person came for.
    view.chapters = timeline.sessions.iter().rev().map(|stay| chapter(stay, words)).collect();
    view.reads = timeline.reads.iter().rev().filter_map(|read| read_view(read, words)).collect();
}

fn chapter(stay: &Stay, words: &Words) -> Chapter {
    let at = |read: &Option<CameraRead>| read.as_ref().and_then(|read| parse_time(&read.at));
    let (entry, exit) = (at(&stay.entry), at(&stay.exit));
    let (level, word) = match (State::parse(&stay.state), stay.exception.is_some()) {
        (Some(State::OPEN), false) => ("ok", "Inside"),
        (Some(State::FINISHED), _) => ("done", "Finished"),
        (Some(State(Some(kind))), _) => ("warn", kind.facts().one),
        _ => ("done", "Other"),
    };
    let length = stay.duration_seconds.map(|seconds| {
        #[expect(clippy::cast_possible_truncation, reason = "a time of this century")]
        duration(chrono::TimeDelta::milliseconds((seconds * 1e3) as i64))
    });
    Chapter {
        level,
        word,
        place: stay.place.clone(),
        open_since: entry.filter(|_| stay.state == "open").map(|at| at.timestamp_millis()),
        entry: entry.map(|at| words.time(at)),
        exit: exit.map(|at| words.time(at)),
        length: length.unwrap_or_default(),
        why: words.plainly(&stay.why),
    }
}

fn read_view(read: &CameraRead, words: &Words) -> Option<ReadView> {
    let at = parse_time(&read.at)?;
    let late = parse_time(&read.received_at).map(|received| received - at);
    let late = late.filter(|late| late.num_seconds() >= LATE_SECONDS);
    Some(ReadView {
        at: words.time(at),
        kind: read.kind.clone(),
        place: read.place.clone(),
        lane: read.lane.clone().unwrap_or_default(),
        camera: read.camera.clone().unwrap_or_default(),
        confidence: read.confidence.map(|c| format!("{:.0} %", c * 100.0)).unwrap_or_default(),
        as_read: read.plate_as_read.clone().unwrap_or_default(),
        late: late.map(|late| format!("arrived {} later", duration(late))).unwrap_or_default(),
    })
}

fn card(standing: &Standing, words: &Words) -> ExceptionCard {
    let row = &standing.row;
    ExceptionCard {
        name: row.kind.as_str(),
        words: row.kind.facts().one,
        at: words.time(row.exit_at.or(row.entry_at).unwrap_or(row.recorded_at)),
        reason: words.plainly(&row.reason),
        subject: subject_of(row).to_owned(),
        revision: row.revision,
        dismissed: standing.dismissed.as_ref().map(|dismissal| Dismissed {
            at: words.time(dismissal.dismissed_at),
            reason: dismissal.reason.to_string(),
        }),
    }
}
