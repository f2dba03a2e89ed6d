//! One request to a webhook, and what came of it. The one place of the webhooks that knows awc.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use actix_web::http::StatusCode;
use awc::http::Version;
use awc::http::header::{CONTENT_TYPE, RETRY_AFTER, USER_AGENT};
use chrono::DateTime;
use domain::Instant;
use tokio::time::{self, timeout};

use super::Hook;
use super::address::Guarded;
use super::signature::signatures;

/// Of an answer's body nothing behind this is read.
const ANSWER_BYTES_MAX: usize = 4 << 10;
/// Longest wait for it, once the status is there: it is read for the sake of the connection.
const BODY_PATIENCE: Duration = Duration::from_secs(1);
const AGENT: &str = concat!("carpark/", env!("CARGO_PKG_VERSION"), " (webhooks)");

/// What became of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// 2xx.
    Delivered,
    /// Anything else: it is tried again.
    Failed,
    /// 410: nothing more is wanted.
    Ended,
    /// The event is in the feed no more: it was never taken.
    Expired,
}

impl Outcome {
    pub(super) const ALL: [Self; 4] = [Self::Delivered, Self::Failed, Self::Ended, Self::Expired];

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Ended => "ended",
            Self::Expired => "expired",
        }
    }
}

/// What a request has come to.
#[derive(Debug)]
pub(super) struct Answered {
    pub(super) outcome: Outcome,
    /// The status of the answer, where there was one.
    pub(super) status: Option<u16>,
    /// What is wrong, in our words: an answer's may show a plate.
    pub(super) why: Option<String>,
    pub(super) took: Duration,
    /// What the receiver asks for.
    pub(super) retry_after: Option<Duration>,
    /// The beginning of the answer's body; kept nowhere.
    pub(super) said: String,
}

/// Posts to one webhook. Of one thread, as its client is.
pub(super) struct Sender {
    client: awc::Client,
    hook: Arc<Hook>,
}

impl Sender {
    pub(super) fn new(hook: &Arc<Hook>) -> Self {
        let guarded = Guarded { allow_private: hook.configured.allow_private };
        // HTTP/1.1 alone: the implementation of HTTP/2 that comes with awc (h2 0.3) has a known
        // weakness, RUSTSEC-2026-0258.
        let client = awc::Client::builder()
            .connector(awc::Connector::new().connector(guarded).timeout(hook.configured.timeout))
            .disable_timeout()
            .disable_redirects()
            .max_http_version(Version::HTTP_11)
            .finish();
        Self { client, hook: Arc::clone(hook) }
    }

    /// Posts an event once.
    pub(super) async fn send(&self, id: &str, body: &str) -> Answered {
        let began = time::Instant::now();
        let hook = &self.hook.configured;
        let now = self.hook.clock.now();
        let timestamp = now.timestamp();
        let request = self
            .client
            .post(hook.url.as_str())
            .insert_header((CONTENT_TYPE, "application/json"))
            .insert_header((USER_AGENT, AGENT))
            .insert_header(("webhook-id", id))
            .insert_header(("webhook-timestamp", timestamp.to_string()))
            .insert_header(("webhook-signature", signatures(&hook.secrets, id, timestamp, body)));
        let sent = timeout(hook.timeout, request.send_body(body.to_owned())).await;
        let mut answered = Answered {
            outcome: Outcome::Failed,
            status: None,
            why: None,
            took: began.elapsed(),
            retry_after: None,
            said: String::new(),
        };
        let mut answer = match sent {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => {
                answered.why = Some(words(&error));
                return answered;
            }
            Err(_) => {
                answered.why = Some(format!("no answer within {} s", hook.timeout.as_secs_f64()));
                return answered;
            }
        };
        let status = answer.status();
        answered.status = Some(status.as_u16());
        answered.outcome = match status {
            status if status.is_success() => Outcome::Delivered,
            StatusCode::GONE => Outcome::Ended,
            _ => Outcome::Failed,
        };
        answered.why = match status {
            status if status.is_success() => None,
            status if status.is_redirection() => {
                Some(format!("{status}: a redirect is not followed, set the url that it leads to"))
            }
            status => Some(status.to_string()),
        };
        let asked = answer.headers().get(RETRY_AFTER).and_then(|asked| asked.to_str().ok());
        answered.retry_after = asked.and_then(|asked| retry_after(asked, now));
        let body = timeout(BODY_PATIENCE, answer.body().limit(ANSWER_BYTES_MAX)).await;
        if let Ok(Ok(body)) = body {
            answered.said = String::from_utf8_lossy(&body).into_owned();
        }
        answered.took = began.elapsed();
        answered
    }
}

/// Seconds, or a date.
fn retry_after(text: &str, now: Instant) -> Option<Duration> {
    if let Ok(seconds) = text.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = DateTime::parse_from_rfc2822(&text.trim().replace("GMT", "+0000")).ok()?;
    (date.to_utc() - now).to_std().ok()
}

/// An error with what caused it: most say no more than that there was one.
fn words(error: &dyn Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !words.contains(&more) {
            words = format!("{words}: {more}");
        }
        cause = error.source();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::at;

    #[test]
    fn a_receiver_says_when_in_seconds_or_with_a_date() {
        let now = at("2026-11-20T12:00:00Z");
        assert_eq!(retry_after("120", now), Some(Duration::from_mins(2)));
        assert_eq!(retry_after("Fri, 20 Nov 2026 12:05:00 GMT", now), Some(Duration::from_mins(5)));
        for text in ["", "soon", "-5", "Fri, 20 Nov 2026 11:05:00 GMT"] {
            assert_eq!(retry_after(text, now), None, "{text}");
        }
    }
}
