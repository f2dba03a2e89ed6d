//! How the body of a request is read: within bounds of its length and of the time it may take (G6).

use std::time::Duration;

use actix_web::error::{JsonPayloadError, QueryPayloadError};
use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_LENGTH;
use actix_web::web::{Bytes, BytesMut, JsonConfig, Payload, QueryConfig};
use actix_web::{HttpRequest, ResponseError as _};
use futures_util::StreamExt as _;

use super::Problem;

/// Longest that a body may take to arrive: a client that stalls holds no memory for ever.
const WITHIN: Duration = Duration::from_secs(30);

/// Reads a body of `bytes_max` at most. 413, in the words of `too_large`, at once where a length is
/// declared that is too large, or when more has come; 408 where it does not come; 400 where it breaks
/// off. Before bytes are kept, `room` is asked for room for so many in all.
pub async fn read_body(
    request: &HttpRequest,
    mut payload: Payload,
    bytes_max: usize,
    too_large: impl Fn(usize) -> Problem,
    mut room: impl FnMut(usize) -> Result<(), Problem>,
) -> Result<Bytes, Problem> {
    let declared = request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    let declared = declared.and_then(|length| length.parse::<u64>().ok());
    if declared.is_some_and(|length| length > bytes_max as u64) {
        return Err(too_large(bytes_max));
    }
    let collect = async {
        let mut bytes = BytesMut::new();
        while let Some(chunk) = payload.next().await {
            let chunk = chunk.map_err(|_| Problem::bad_request("the body broke off"))?;
            let length = bytes.len() + chunk.len();
            if length > bytes_max {
                return Err(too_large(bytes_max));
            }
            room(length)?;
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes.freeze())
    };
    tokio::time::timeout(WITHIN, collect).await.unwrap_or_else(|_| {
        Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "the body took too long"))
    })
}

/// How bodies of JSON are read, of so many bytes at most: what is none is refused in the words of the
/// others.
pub fn json(bytes_max: usize) -> JsonConfig {
    JsonConfig::default().limit(bytes_max).error_handler(|error, _| {
        let why = match &error {
            JsonPayloadError::Deserialize(why) => why.to_string(),
            other => other.to_string(),
        };
        let detail = format!("{why}: see /docs for what is expected");
        Problem::new(error.status_code(), detail).into()
    })
}

/// How parameters are read: what is none is refused in the words of the others.
pub(super) fn query() -> QueryConfig {
    QueryConfig::default().error_handler(|error, _| {
        let why = match &error {
            QueryPayloadError::Deserialize(why) => why.to_string(),
            other => other.to_string(),
        };
        Problem::bad_request(format!("parameters: {why}")).into()
    })
}
