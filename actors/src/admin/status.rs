//! `/admin/status`: how the processor is, in figures.

use actix_web::HttpResponse;
use actix_web::web::Data;
use chrono::DateTime;
use domain::wire::format_time;
use domain::{Direction, Instant};
use platform::http::Problem;
use platform::runtime::Part;
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::Desks;
use crate::flow::{Passed, minute_of};
use crate::operator_desk::{GetFlow, GetWatermarks};

/// Minutes of passages, the present one included.
const MINUTES_SHOWN: i64 = 60;

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Status {
    /// The processor's id.
    processor: String,
    /// How many share the store, this one included.
    processors_alive: i64,
    /// `ok`, or why not, of each part it depends on.
    #[schema(value_type = std::collections::HashMap<String, String>)]
    parts: Map<String, Value>,
    /// What to know of a part although it works.
    #[schema(value_type = std::collections::HashMap<String, String>)]
    remarks: Map<String, Value>,
    /// Messages that could not be processed and wait for a person, as of the last count.
    dead_letters_waiting: i64,
    vehicle_entry: Queue,
    vehicle_exit: Queue,
    /// Reports that are stored and not confirmed by the sink.
    outbox_pending: i64,
    /// Vehicles inside.
    sessions_open: i64,
    /// Actors of plates in memory.
    session_actors: i64,
    /// Sessions and unmatched exits reported since the start.
    matched_events: u64,
    unmatched_events: u64,
    /// Commits that met another version.
    commit_conflicts: u64,
    /// Vehicles that passed in the last hour, as all processors counted them, the oldest minute
    /// first; a minute without any is left out.
    passed: Vec<Minute>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Minute {
    /// When it begins, event time.
    at: String,
    entries: u64,
    exits: u64,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Queue {
    /// Messages that wait in the broker.
    waiting: i64,
    /// Event time up to which all has been read, by all processors.
    watermark: Option<String>,
    /// How far that lies behind the present.
    lag_seconds: Option<f64>,
    /// Observations stored since the start.
    observations: u64,
}

/// How the processor is, in figures.
#[utoipa::path(get, path = "/admin/status", tag = "status", responses((status = 200, body = Status)))]
pub(super) async fn status(desks: Data<Desks>) -> Result<HttpResponse, Problem> {
    let watermarks = desks.operator.send(GetWatermarks).await?;
    let (metrics, now) = (&desks.metrics, desks.clock.now());
    let since_minute = minute_of(now) - MINUTES_SHOWN + 1;
    // Without the store the status says so; it does not fail.
    let passed = desks.operator.send(GetFlow { since_minute }).await?.unwrap_or_default();
    let queue = |direction: Direction, watermark: Option<Instant>| Queue {
        waiting: metrics.queue_depth(direction).get(),
        watermark: watermark.map(format_time),
        lag_seconds: watermark.map(|mark| (now - mark).num_milliseconds() as f64 / 1e3),
        observations: metrics.observations(direction),
    };
    let parts = desks.health.parts();
    let texts = parts.iter().map(|(name, part)| ((*name).to_owned(), json!(part.text())));
    let remark = |(name, part): &(&'static str, &Part)| {
        part.remarked().map(|remark| ((*name).to_owned(), json!(remark)))
    };
    Ok(HttpResponse::Ok().json(Status {
        processor: desks.processor.to_string(),
        processors_alive: metrics.processors.get(),
        parts: texts.collect(),
        remarks: parts.iter().filter_map(remark).collect(),
        dead_letters_waiting: metrics.dead_letters_waiting.get(),
        vehicle_entry: queue(Direction::Entry, watermarks.entries),
        vehicle_exit: queue(Direction::Exit, watermarks.exits),
        outbox_pending: metrics.outbox_pending.get(),
        sessions_open: metrics.sessions_open.get(),
        session_actors: metrics.residents.get(),
        matched_events: metrics.matched.get(),
        unmatched_events: metrics.unmatched.get(),
        commit_conflicts: metrics.conflicts.get(),
        passed: passed.iter().filter_map(minute).collect(),
    }))
}

fn minute(passed: &Passed) -> Option<Minute> {
    let at = DateTime::from_timestamp(passed.minute * 60, 0)?;
    Some(Minute { at: format_time(at), entries: passed.entries, exits: passed.exits })
}
