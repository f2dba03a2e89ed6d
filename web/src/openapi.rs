//! The routes, described (OpenAPI). The shapes are those of [`domain::wire`], which knows nothing
//! of HTTP; a test holds the two together.
#![allow(dead_code, reason = "descriptions are never made")]

use domain::ExceptionKind;
use platform::http::one_of;
use utoipa::openapi::Object;
use utoipa::{IntoParams, OpenApi, ToSchema};

/// A finished session.
#[derive(ToSchema)]
struct Summary {
    /// The plate, in any spelling.
    vehicle_plate: String,
    /// RFC 3339; without an offset it is UTC.
    entry_date_time: String,
    /// RFC 3339, not before the entry.
    exit_date_time: String,
    /// For the reader; the writer reckons it anew.
    duration_seconds: Option<f64>,
    /// Derived from the content where it is missing.
    session_id: Option<String>,
    /// The car park; `main` where it is missing.
    place: Option<String>,
    /// Whether it replaces a verdict that had been reported.
    repaired: Option<bool>,
}

fn kinds() -> Object {
    one_of(ExceptionKind::ALL.map(ExceptionKind::as_str))
}

fn kinds_to_review() -> Object {
    one_of(ExceptionKind::TO_REVIEW.map(ExceptionKind::as_str))
}

/// What makes no session, or no longer.
#[derive(ToSchema)]
struct Exception {
    #[schema(schema_with = kinds)]
    kind: String,
    vehicle_plate: String,
    entry_date_time: Option<String>,
    exit_date_time: Option<String>,
    /// Of all kinds but `withdrawn`.
    observation_id: Option<String>,
    /// Of `withdrawn`, and of `repaired` where a session came of it.
    session_id: Option<String>,
    place: Option<String>,
    /// Of one observation, the row with the highest one holds.
    revision: u64,
    recorded_at: String,
    reason: String,
}

/// What became of one item.
#[derive(ToSchema)]
struct Saved {
    /// `session_id` of a summary; an exception has a `key`.
    session_id: Option<String>,
    key: Option<String>,
    /// `written` or `duplicate`; either way the row is on disk.
    status: String,
}

/// One item, or an array of them; the answer has the same shape.
#[utoipa::path(post, path = "/save_summary", tag = "files", request_body = Summary,
    responses((status = 200, body = Saved), (status = 400), (status = 413), (status = 422),
        (status = 503), (status = 507)), security(("sink" = [])))]
fn save_summary() {}

/// One item, or an array of them; the answer has the same shape.
#[utoipa::path(post, path = "/save_exception", tag = "files", request_body = Exception,
    responses((status = 200, body = Saved), (status = 400), (status = 413), (status = 422),
        (status = 503), (status = 507)), security(("sink" = [])))]
fn save_exception() {}

/// The file of sessions.
#[utoipa::path(get, path = "/summaries.csv", tag = "files",
    responses((status = 200, content_type = "text/csv", body = String)))]
fn summaries() {}

/// The file of exceptions.
#[utoipa::path(get, path = "/exceptions.csv", tag = "files",
    responses((status = 200, content_type = "text/csv", body = String)))]
fn exceptions() {}

/// What is to be looked at: exceptions that hold and that nobody dismissed.
#[derive(ToSchema)]
struct ToLookAt {
    /// The newest first, at most 200.
    exceptions: Vec<Exception>,
}

/// Which exceptions are asked for.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
struct Which {
    /// Only those of this kind.
    #[param(schema_with = kinds_to_review)]
    kind: Option<String>,
}

/// An exception as `/exceptions` shows it.
#[derive(ToSchema)]
struct Dismissing {
    #[schema(schema_with = kinds_to_review)]
    kind: String,
    vehicle_plate: String,
    /// The observation or, of `withdrawn`, the session that it speaks of.
    subject: String,
    /// Must be the one that holds.
    revision: u64,
    /// Kept with the dismissal.
    reason: String,
}

/// An operator's word that a vehicle has left.
#[derive(ToSchema)]
struct Leaving {
    /// Why no camera read it.
    reason: String,
    /// In the place's own time, as `2026-11-20T14:05`; empty or missing: now.
    left_at: Option<String>,
}

/// Exceptions that hold and that nobody dismissed; a page where a browser asks.
#[utoipa::path(get, path = "/exceptions", tag = "pages",
    params(Which),
    responses((status = 200, body = ToLookAt)))]
fn to_look_at() {}

/// An operator has looked at an exception. Its row stays in `exceptions.csv`.
#[utoipa::path(post, path = "/exceptions/dismiss", tag = "pages", request_body = Dismissing,
    responses((status = 200), (status = 400), (status = 409, description = "it no longer holds")))]
fn dismiss() {}

/// An operator saw the vehicle leave; hands on to `/admin/sessions/{plate}/close` of the actors.
#[utoipa::path(post, path = "/sessions/{plate}/close", tag = "pages", params(("plate" = String, Path)),
    request_body = Leaving, responses((status = 200), (status = 404), (status = 422), (status = 503)))]
fn close_session() {}

/// The rows of a plate. For the actors; a person asks `/admin/plates/{plate}`.
#[utoipa::path(get, path = "/plates/{plate}", tag = "files", params(("plate" = String, Path)),
    responses((status = 200)), security(("sink" = [])))]
fn rows_of_a_plate() {}

/// Erases the rows of a plate. For the actors; a person asks `/admin/plates/{plate}`.
#[utoipa::path(delete, path = "/plates/{plate}", tag = "files", params(("plate" = String, Path)),
    responses((status = 200)), security(("sink" = [])))]
fn erase_rows_of_a_plate() {}

#[derive(OpenApi)]
#[openapi(
    paths(
        save_summary,
        save_exception,
        summaries,
        exceptions,
        to_look_at,
        dismiss,
        close_session,
        rows_of_a_plate,
        erase_rows_of_a_plate
    ),
    security(("admin" = []))
)]
struct Described;

/// See the module.
pub fn openapi() -> utoipa::openapi::OpenApi {
    Described::openapi()
}

#[cfg(test)]
mod tests {
    use domain::wire::{ExceptionMessage, SummaryMessage};
    use serde_json::{Value, json};

    use super::*;

    /// The fields that a message may have, by the description.
    fn described(name: &str) -> Vec<String> {
        let api = serde_json::to_value(openapi()).unwrap();
        let fields = &api["components"]["schemas"][name]["properties"];
        fields.as_object().unwrap().keys().cloned().collect()
    }

    fn fields(message: &Value) -> Vec<String> {
        let mut fields: Vec<String> = message.as_object().unwrap().keys().cloned().collect();
        fields.sort();
        fields
    }

    #[test]
    fn a_description_has_the_fields_of_the_message() {
        let summary = json!({
            "vehicle_plate": "A", "entry_date_time": "e", "exit_date_time": "x",
            "duration_seconds": 1.0, "session_id": "s", "place": "p", "repaired": true,
        });
        let summary: SummaryMessage = serde_json::from_value(summary).unwrap();
        let mut names = described("Summary");
        names.sort();
        assert_eq!(names, fields(&serde_json::to_value(summary).unwrap()));

        let exception = json!({
            "kind": "overstay", "vehicle_plate": "A", "entry_date_time": "e",
            "exit_date_time": "x", "observation_id": "o", "session_id": "s", "place": "p",
            "revision": 1, "recorded_at": "r", "reason": "w",
        });
        let exception: ExceptionMessage = serde_json::from_value(exception).unwrap();
        let mut names = described("Exception");
        names.sort();
        assert_eq!(names, fields(&serde_json::to_value(exception).unwrap()));
    }
}
