//! From the bytes of a request to rows that are valid, or to the item and the field that is not.

use actix_web::http::StatusCode;
use domain::wire::Unsavable;
use platform::http::Problem;
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use serde_path_to_error::Segment;

use crate::problem::{bad_item, too_large};
use crate::row::Posted;

/// How much one request may bring.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// A larger body is refused: [`crate::Options::body_bytes_max`].
    pub(crate) body_bytes_max: usize,
    /// More rows in one body are refused: [`crate::Options::items_max`].
    pub(crate) items_max: usize,
}

/// The rows of a request; the answer has the same shape.
pub(crate) enum Items<R> {
    /// It was one object.
    One(R),
    /// It was an array.
    Many(Vec<R>),
}

impl<R> Items<R> {
    /// All rows of the request.
    pub(crate) fn rows(&self) -> &[R] {
        match self {
            Self::One(row) => std::slice::from_ref(row),
            Self::Many(rows) => rows,
        }
    }
}

/// Reads one item or an array of them. The first bad item refuses the whole request.
pub(crate) fn parse<R: Posted>(bytes: &[u8], items_max: usize) -> Result<Items<R>, Problem> {
    if bytes.trim_ascii_start().starts_with(b"[") {
        let messages: Vec<R::Message> = parse_json(bytes)?;
        if messages.len() > items_max {
            return Err(too_large(items_max, "items"));
        }
        let rows = messages.iter().enumerate().map(|(index, message)| to_row(index, message));
        Ok(Items::Many(rows.collect::<Result<_, _>>()?))
    } else {
        let message: R::Message = parse_json(bytes)?;
        Ok(Items::One(to_row(0, &message)?))
    }
}

fn to_row<R: Posted>(index: usize, message: &R::Message) -> Result<R, Problem> {
    R::try_from(message).map_err(|e| bad_item(index, Some(field_of(&e).to_owned()), &e.to_string()))
}

fn field_of(error: &Unsavable) -> &'static str {
    match error {
        Unsavable::Plate(_) => "vehicle_plate",
        Unsavable::Backwards => "exit_date_time",
        Unsavable::Kind => "type",
        Unsavable::Time(field) | Unsavable::Text(field, _) | Unsavable::NoSubject(field) => field,
    }
}

fn parse_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(bytes).map_err(|error| match error.classify() {
        Category::Data => locate::<T>(bytes),
        Category::Syntax | Category::Eof | Category::Io => Problem::new(
            StatusCode::BAD_REQUEST,
            format!("malformed JSON at line {}, column {}", error.line(), error.column()),
        ),
    })
}

/// Reads again what is JSON but not what is expected, this time with an eye on where. Only then:
/// it costs twice the time.
fn locate<T: DeserializeOwned>(bytes: &[u8]) -> Problem {
    let mut track = serde_path_to_error::Track::new();
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let outcome = T::deserialize(serde_path_to_error::Deserializer::new(&mut json, &mut track));
    let words = outcome.err().map(|error| error.to_string()).unwrap_or_default();

    let mut index = None;
    let mut field = None;
    for segment in &track.path() {
        match segment {
            Segment::Seq { index: at } => index = index.or(Some(*at)),
            Segment::Map { key } => field = field.or_else(|| Some(key.clone())),
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    // Of serde's words only the names of fields are used: the rest may quote a plate.
    let named = |prefix| words.strip_prefix(prefix)?.split('`').next().map(str::to_owned);
    let missing = named("missing field `");
    let twice = named("duplicate field `");
    let what = match (&missing, &twice, &field) {
        (Some(missing), _, _) => format!("`{missing}` is missing"),
        (_, Some(twice), _) => format!("`{twice}` is given twice"),
        (_, _, Some(field)) => format!("`{field}` has a value that is not allowed there"),
        _ => "a JSON object is expected".to_owned(),
    };
    bad_item(index.unwrap_or(0), missing.or(twice).or(field), &what)
}
