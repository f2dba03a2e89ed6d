//! Errors as `application/problem+json` (RFC 9457).

use std::fmt;

use actix::MailboxError;
use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::{HttpResponse, ResponseError};

use super::shapes::ProblemBody;
use crate::fleet::Refused;

/// Why a request was refused, or could not be served.
#[derive(Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    /// In words, with what would help. Shows no plate (G8).
    detail: String,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into() }
    }

    pub(crate) fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    pub(crate) fn unprocessable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
    }

    pub(crate) fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }
}

impl From<MailboxError> for Problem {
    fn from(_: MailboxError) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "the vehicle monitor is stopping")
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        let status = match refused {
            Refused::NoCustomer(_) | Refused::NoVehicle(_) => StatusCode::NOT_FOUND,
            Refused::PlateTaken(_) | Refused::HasVehicles(_) => StatusCode::CONFLICT,
        };
        Self::new(status, refused.to_string())
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
        HttpResponse::build(self.status)
            .insert_header((CONTENT_TYPE, "application/problem+json"))
            .json(ProblemBody {
                r#type: "about:blank",
                title: self.status.canonical_reason().unwrap_or("Error"),
                status: self.status.as_u16(),
                detail: self.detail.clone(),
            })
    }
}
