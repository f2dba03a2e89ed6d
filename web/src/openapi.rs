//! What is sent and answered, for the description of the routes (OpenAPI). The shapes are those of
//! [`domain::wire`], which knows nothing of HTTP; a test holds the two together.
#![allow(dead_code, reason = "descriptions are never made")]

use domain::ExceptionKind;
use platform::http::one_of;
use utoipa::openapi::Object;
use utoipa::{IntoParams, ToSchema};

use crate::fact::FactKind;

/// A finished session.
#[derive(ToSchema)]
pub(crate) struct Summary {
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
    /// What it was made of; told in the feed, no column of the file.
    origin: Option<Origin>,
}

/// What a stay was made of.
#[derive(ToSchema)]
pub(crate) struct Origin {
    /// Version of the plate's record at the verdict.
    revision: u64,
    entry_observation_id: String,
    entry_lane: Option<String>,
    exit_observation_id: String,
    /// The car park that it left.
    exit_place: String,
    exit_lane: Option<String>,
}

/// A stay that has begun.
#[derive(ToSchema)]
pub(crate) struct Opening {
    /// The plate, in any spelling.
    vehicle_plate: String,
    /// The read of the entry.
    observation_id: String,
    /// RFC 3339.
    entry_date_time: String,
    /// The car park; `main` where it is missing.
    place: Option<String>,
    lane: Option<String>,
    /// Version of the plate's record that says so.
    revision: u64,
}

fn kinds_of_others() -> Object {
    one_of(FactKind::TOLD_BY_OTHERS.map(FactKind::as_str))
}

/// A fact that another part than the actors tells.
#[derive(ToSchema)]
pub(crate) struct FactOfOthers {
    #[schema(schema_with = kinds_of_others)]
    r#type: String,
    /// Names it among all of its type: every retry has the same key, and no other fact has it.
    key: String,
    /// When it became true, RFC 3339.
    at: String,
    /// The car park; missing where it is about none.
    place: Option<String>,
    /// What it is about, never a plate.
    subject: String,
    /// What is to be known of it: an object.
    data: Object,
}

fn kinds() -> Object {
    one_of(ExceptionKind::ALL.map(ExceptionKind::as_str))
}

pub(crate) fn kinds_to_review() -> Object {
    one_of(ExceptionKind::TO_REVIEW.map(ExceptionKind::as_str))
}

/// What makes no session, or no longer.
#[derive(ToSchema)]
pub(crate) struct Exception {
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
pub(crate) struct Saved {
    /// `session_id` of a summary; an exception has a `key`.
    session_id: Option<String>,
    key: Option<String>,
    /// `written` or `duplicate`; either way the row is on disk.
    status: String,
}

/// What is to be looked at: exceptions that hold and that nobody dismissed.
#[derive(ToSchema)]
pub(crate) struct ToLookAt {
    /// The newest first, at most 200.
    exceptions: Vec<Exception>,
}

fn fact_kinds() -> Object {
    one_of(FactKind::ALL.map(FactKind::as_str))
}

/// A piece of the feed.
#[derive(ToSchema)]
pub(crate) struct FeedPage {
    /// In the order of their positions.
    events: Vec<Event>,
    /// To be asked for next, as `after`: everything up to here was looked at.
    next: u64,
    /// The newest position there is: how far behind whoever asks is.
    last: u64,
}

/// A fact: `CloudEvents` 1.0 in JSON.
#[derive(ToSchema)]
pub(crate) struct Event {
    /// `1.0`.
    specversion: String,
    /// The same for every retry of the same fact.
    id: String,
    source: String,
    #[schema(schema_with = fact_kinds)]
    r#type: String,
    /// When it became true.
    time: String,
    /// The session or the observation that it is about.
    subject: String,
    datacontenttype: String,
    /// The car park; missing where it is about none.
    place: Option<String>,
    /// The row as it was posted; its `vehicle_plate` is null once the plate was erased.
    data: Object,
    /// Grows from event to event; never given twice.
    position: u64,
    /// When it was recorded.
    recordedat: String,
}

/// Which events are asked for.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct OfFeed {
    /// Events behind this position; the oldest that there are where it is missing.
    after: Option<u64>,
    /// Most events of the answer, 1 to 10000; 1000 where it is missing.
    limit: Option<usize>,
    /// Where there are none, how long to wait for news, at most a minute: `20s`.
    wait: Option<String>,
    /// Only those of this type; several by comma, or said again.
    #[param(schema_with = fact_kinds)]
    r#type: Option<String>,
    /// Only those of this car park; several by comma, or said again.
    place: Option<String>,
}

/// Which exceptions are asked for.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct WhichExceptions {
    /// Only those of this kind.
    #[param(schema_with = kinds_to_review)]
    kind: Option<String>,
    /// Only those of this car park.
    place: Option<String>,
}

#[cfg(test)]
mod tests {
    use domain::wire::{ExceptionMessage, OpeningMessage, SummaryMessage};
    use serde_json::{Value, json};

    /// The fields that a message may have, by the description.
    fn described(name: &str) -> Vec<String> {
        let routes = crate::routes();
        let apis = routes.described().map(|api| serde_json::to_value(api).unwrap());
        let mut schemas = apis.map(|api| api["components"]["schemas"][name].clone());
        let fields = &schemas.find(serde_json::Value::is_object).unwrap()["properties"];
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
            "origin": {
                "revision": 2, "entry_observation_id": "e", "entry_lane": "1",
                "exit_observation_id": "x", "exit_place": "p", "exit_lane": "2",
            },
        });
        let summary: SummaryMessage = serde_json::from_value(summary).unwrap();
        let origin = serde_json::to_value(&summary.origin).unwrap();
        let is_described = |name: &str, message: &Value| {
            let mut names = described(name);
            names.sort();
            assert_eq!(names, fields(message));
        };
        is_described("Summary", &serde_json::to_value(summary).unwrap());
        is_described("Origin", &origin);

        let opening = json!({
            "vehicle_plate": "A", "observation_id": "o", "entry_date_time": "e", "place": "p",
            "lane": "1", "revision": 1,
        });
        let opening: OpeningMessage = serde_json::from_value(opening).unwrap();
        is_described("Opening", &serde_json::to_value(opening).unwrap());

        let exception = json!({
            "kind": "overstay", "vehicle_plate": "A", "entry_date_time": "e",
            "exit_date_time": "x", "observation_id": "o", "session_id": "s", "place": "p",
            "revision": 1, "recorded_at": "r", "reason": "w",
        });
        let exception: ExceptionMessage = serde_json::from_value(exception).unwrap();
        is_described("Exception", &serde_json::to_value(exception).unwrap());
    }
}
