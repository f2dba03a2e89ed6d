//! Errors as `application/problem+json` (RFC 9457).

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, RETRY_AFTER};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;

use crate::csv_writer::AppendError;

/// Seconds after which a request that found no room may come again.
const RETRY_AFTER_SECONDS: u32 = 1;

/// Why a request was refused, or could not be served. Shows nothing of what was sent (G8).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    status: StatusCode,
    /// In words.
    detail: String,
    /// Which item of the request, from 0.
    index: Option<usize>,
    /// Which of its fields.
    field: Option<String>,
}

#[derive(Serialize)]
struct Body<'a> {
    r#type: &'static str,
    title: &'a str,
    status: u16,
    detail: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
}

impl Problem {
    /// A problem of the request as a whole.
    pub(crate) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into(), index: None, field: None }
    }

    /// 422: an item that cannot be a row.
    pub(crate) fn bad_item(index: usize, field: Option<String>, what: &str) -> Self {
        Self {
            status: StatusCode::UNPROCESSABLE_ENTITY,
            detail: format!("item {index}: {what}; nothing of the request was written"),
            index: Some(index),
            field,
        }
    }

    /// 413: more than is allowed.
    pub(crate) fn too_large(max: usize, of_what: &str) -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("at most {max} {of_what} are allowed in one request"),
        )
    }

    /// 503: the writer takes nothing for now.
    pub(crate) fn unavailable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, detail)
    }
}

impl From<AppendError> for Problem {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::Busy | AppendError::Stopping => Self::unavailable(error.to_string()),
            // The path and the system's words are in the log, for those who may see them.
            AppendError::Failed(failure) if failure.is_disk_full => {
                Self::new(StatusCode::INSUFFICIENT_STORAGE, "the disk is full, nothing was written")
            }
            AppendError::Failed(_) => Self::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "the disk did not take the rows, nothing was written",
            ),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.status, self.detail)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        let body = Body {
            r#type: "about:blank",
            title: self.status.canonical_reason().unwrap_or("Error"),
            status: self.status.as_u16(),
            detail: &self.detail,
            index: self.index,
            field: self.field.as_deref(),
        };
        let mut response = HttpResponse::build(self.status);
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            response.insert_header((RETRY_AFTER, RETRY_AFTER_SECONDS));
        }
        response.insert_header((CONTENT_TYPE, "application/problem+json")).json(body)
    }
}
