//! Refusals as `application/problem+json` (RFC 9457): the one shape of all of them.

use std::fmt;

use actix::MailboxError;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, RETRY_AFTER};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;
use utoipa::ToSchema;

use crate::messaging::BrokerError;
use crate::storage::StoreError;

/// Seconds after which a request that could not be served may come again, unless told otherwise.
const RETRY_AFTER_SECONDS: u32 = 1;

/// Why a request was refused, or could not be served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    status: StatusCode,
    /// In words, with what would help. Shows no plate (G8): it may be logged on the way.
    detail: String,
    index: Option<usize>,
    field: Option<String>,
    after: Option<u64>,
    retry_after_seconds: Option<u32>,
}

/// What it looks like (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody<'a> {
    r#type: &'static str,
    /// The words of the status.
    title: &'static str,
    status: u16,
    /// What went wrong this time, and what would help.
    detail: &'a str,
    /// Of a request with several items: which of them, from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<usize>,
    /// Which of its fields.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
    /// Of a position that is gone: the one to begin with instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<u64>,
}

impl Problem {
    /// A problem of the request as a whole.
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        Self { status, detail, index: None, field: None, after: None, retry_after_seconds: None }
    }

    /// 400: the request is wrong.
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    /// 404: there is no such thing.
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    /// 409: it is at odds with what is there.
    pub fn conflict(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, detail)
    }

    /// 413: the body is too large.
    pub fn too_large(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
    }

    /// 422: the body is well formed and its content is wrong.
    pub fn unprocessable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
    }

    /// 503: it may come again.
    pub fn unavailable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, detail).again_after(RETRY_AFTER_SECONDS)
    }

    /// Says when the request may come again.
    #[must_use]
    pub fn again_after(self, seconds: u32) -> Self {
        Self { retry_after_seconds: Some(seconds), ..self }
    }

    /// Says which item of the request it is, and which field of that.
    #[must_use]
    pub fn of_item(self, index: usize, field: Option<String>) -> Self {
        Self { index: Some(index), field, ..self }
    }

    /// Says with which position to begin instead of one that is gone.
    #[must_use]
    pub fn begin_after(self, position: u64) -> Self {
        Self { after: Some(position), ..self }
    }

    /// What is wrong, in words.
    pub fn detail(&self) -> &str {
        &self.detail
    }
}

/// An actor that is gone: they go one after the other while the process ends.
impl From<MailboxError> for Problem {
    fn from(_: MailboxError) -> Self {
        Self::unavailable("carpark is stopping")
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.status, self.detail)
    }
}

impl From<BrokerError> for Problem {
    fn from(error: BrokerError) -> Self {
        Self::unavailable(error.to_string())
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Self::unavailable(format!("the store is not usable: {error}"))
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        response.insert_header((CONTENT_TYPE, "application/problem+json"));
        if let Some(seconds) = self.retry_after_seconds {
            response.insert_header((RETRY_AFTER, seconds));
        }
        response.json(ProblemBody {
            r#type: "about:blank",
            title: self.status.canonical_reason().unwrap_or("Error"),
            status: self.status.as_u16(),
            detail: &self.detail,
            index: self.index,
            field: self.field.as_deref(),
            after: self.after,
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use actix_web::body::to_bytes;
    use serde_json::{Value, json};

    use super::*;

    /// Status, content type, `Retry-After`, body.
    async fn answer(problem: Problem) -> (u16, String, Option<String>, Value) {
        let (head, body) = problem.error_response().into_parts();
        let header = |name| head.headers().get(name).map(|v| v.to_str().unwrap().to_owned());
        let body = serde_json::from_slice(&to_bytes(body).await.unwrap()).unwrap();
        (head.status().as_u16(), header(CONTENT_TYPE).unwrap(), header(RETRY_AFTER), body)
    }

    #[actix_rt::test]
    async fn a_refusal_says_in_one_shape_what_went_wrong() {
        let (status, content_type, again, body) = answer(Problem::not_found("no such thing")).await;
        assert_eq!((status, content_type.as_str()), (404, "application/problem+json"));
        assert_eq!(again, None);
        let expected = json!({
            "type": "about:blank", "title": "Not Found", "status": 404, "detail": "no such thing",
        });
        assert_eq!(body, expected);
        let item = Problem::unprocessable("bad").of_item(3, Some("exit_date_time".to_owned()));
        let (.., body) = answer(item).await;
        assert_eq!((&body["index"], &body["field"]), (&json!(3), &json!("exit_date_time")));
    }

    #[actix_rt::test]
    async fn what_cannot_be_served_now_says_when_to_come_again() {
        let (status, _, again, _) = answer(Problem::unavailable("busy")).await;
        assert_eq!((status, again.as_deref()), (503, Some("1")));
        let (.., again, _) = answer(Problem::unavailable("away").again_after(5)).await;
        assert_eq!(again.as_deref(), Some("5"));
    }
}
