//! Hands a request on to another role, and its answer back, as both come: so what the other roles
//! answer is found where the pages are, whichever processes the roles run in.

use std::time::Duration;

use actix_web::http::header::{
    ACCEPT, AUTHORIZATION, CACHE_CONTROL, CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH,
    CONTENT_TYPE, HeaderName, TRANSFER_ENCODING,
};
use actix_web::web::{Bytes, Payload};
use actix_web::{HttpRequest, HttpResponse};
use futures_util::StreamExt;
use platform::http::Problem;

use super::ActorsClient;

/// Longest wait for the head of an answer. What follows may take any time: an event stream does.
const HEAD_WITHIN: Duration = Duration::from_secs(10);
/// The same where a file comes with the request, and its rows are read before the answer.
const FILE_TAKEN_WITHIN: Duration = Duration::from_mins(2);
/// Largest body that is gathered before it is handed on.
const BODY_BYTES_MAX: usize = 64 << 10;
/// Says that a request was handed on once; it is not handed on again.
const HANDED_ON: HeaderName = HeaderName::from_static("x-carpark-handed-on");
/// What is handed on of a request's head.
const OF_REQUEST: [HeaderName; 4] =
    [ACCEPT, CONTENT_TYPE, CONTENT_ENCODING, HeaderName::from_static("last-event-id")];
/// What of an answer's head belongs to one connection.
const OF_CONNECTION: [HeaderName; 4] =
    [CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING, HeaderName::from_static("keep-alive")];

/// What comes with a request.
pub(in crate::pages) enum Body {
    /// Nothing, or what a program says: gathered.
    Said(Payload),
    /// A file, of any size that the other takes: as it comes.
    File(Payload),
}

impl ActorsClient {
    /// Hands it on with the token that the caller shows; one who is signed in on the pages shows
    /// none, and has this service's. The answer ends at the latest when `until` comes.
    pub(in crate::pages) async fn hand_on(
        &self,
        request: &HttpRequest,
        body: Body,
        until: impl Future<Output = ()> + 'static,
    ) -> Result<HttpResponse, Problem> {
        if request.headers().contains_key(HANDED_ON) {
            return Err(Problem::unavailable(format!(
                "this path is answered by {}, and {} leads back here: set it to where they are",
                self.who, self.setting
            )));
        }
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
        // Put together, not resolved: the path stays as it was when it was let through.
        let url = format!("{}{path}", self.at.url.origin().ascii_serialization());
        let mut onward = self.streaming.request(request.method().clone(), url).no_decompress();
        for name in OF_REQUEST {
            if let Some(value) = request.headers().get(&name) {
                onward = onward.insert_header((name, value.clone()));
            }
        }
        onward = onward.insert_header((HANDED_ON, "1"));
        let token = self.at.token.as_ref().map(|token| format!("Bearer {token}"));
        onward = match (request.headers().get(AUTHORIZATION), token) {
            (Some(shown), _) => onward.insert_header((AUTHORIZATION, shown.clone())),
            (None, Some(own)) => onward.insert_header((AUTHORIZATION, own)),
            (None, None) => onward,
        };
        let (sent, within) = match body {
            Body::Said(payload) => {
                let body: Bytes = payload
                    .to_bytes_limited(BODY_BYTES_MAX)
                    .await
                    .map_err(|_| {
                        Problem::too_large(format!("a body has {BODY_BYTES_MAX} bytes at most"))
                    })?
                    .map_err(|e| Problem::bad_request(format!("the body did not arrive: {e}")))?;
                (onward.send_body(body), HEAD_WITHIN)
            }
            Body::File(payload) => (onward.send_stream(payload), FILE_TAKEN_WITHIN),
        };
        let answer = match tokio::time::timeout(within, sent).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(e)) => return Err(self.away(&e)),
            Err(_) => return Err(self.away(&format!("nothing within {} s", within.as_secs()))),
        };
        let mut response = HttpResponse::build(answer.status());
        for (name, value) in answer.headers() {
            if !OF_CONNECTION.contains(name) {
                response.append_header((name.clone(), value.clone()));
            }
        }
        if !answer.headers().contains_key(CACHE_CONTROL) {
            response.insert_header((CACHE_CONTROL, "no-store"));
        }
        Ok(response.streaming(answer.take_until(Box::pin(until))))
    }

    fn away(&self, why: &dyn std::fmt::Display) -> Problem {
        tracing::debug!(error = %why, "a request could not be handed on");
        Problem::unavailable(format!(
            "no answer from {} at {} ({why}): is it running, and does {} lead to it?",
            self.who,
            self.at.url.origin().ascii_serialization(),
            self.setting
        ))
    }
}
