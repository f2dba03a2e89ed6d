//! The feed of a web role, over HTTP: `GET /feed`.

use std::time::Duration;

use async_trait::async_trait;
use awc::http::header::AUTHORIZATION;
use awc::http::{StatusCode, Version};
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::time::timeout;
use url::Url;

use super::{Event, Page, Source, Unread, Wanted};

/// Longest wait for an answer beyond the wait for news.
const PATIENCE: Duration = Duration::from_secs(10);
/// Largest answer that is read: the web role ends one at 8 MB and an event.
const ANSWER_BYTES_MAX: usize = 32 << 20;

/// Asks page by page, and waits for news where there is nothing yet. Of one thread, as its client is.
pub struct HttpSource {
    client: awc::Client,
    url: Url,
    token: Option<String>,
}

#[derive(Deserialize)]
struct Answer {
    events: Vec<Box<RawValue>>,
    next: u64,
    last: u64,
}

/// A refusal (RFC 9457).
#[derive(Deserialize)]
struct Refusal {
    detail: String,
    after: Option<u64>,
}

impl HttpSource {
    /// The feed of the web role at `url` (`http://host:port`), read with `token` where one is set.
    pub fn new(url: &Url, token: Option<String>, wanted: &Wanted) -> Self {
        let mut url = url.clone();
        url.set_path("/feed");
        url.set_query(None);
        for (name, wanted) in [("type", &wanted.types), ("place", &wanted.places)] {
            for value in wanted {
                url.query_pairs_mut().append_pair(name, value);
            }
        }
        // No redirects: the token is for this address. HTTP/1.1 alone: the implementation of HTTP/2
        // that comes with awc (h2 0.3) has a known weakness, RUSTSEC-2026-0258.
        let client = awc::Client::builder()
            .disable_timeout()
            .disable_redirects()
            .max_http_version(Version::HTTP_11)
            .finish();
        Self { client, url, token }
    }

    async fn ask(&self, url: &Url) -> Result<(StatusCode, Vec<u8>), String> {
        let mut request = self.client.get(url.as_str());
        if let Some(token) = &self.token {
            request = request.insert_header((AUTHORIZATION, format!("Bearer {token}")));
        }
        let mut answer = request.send().await.map_err(|e| e.to_string())?;
        // Read to the end whatever it says: else the connection cannot be used again.
        let body = answer.body().limit(ANSWER_BYTES_MAX).await.map_err(|e| e.to_string())?;
        Ok((answer.status(), body.to_vec()))
    }
}

#[async_trait(?Send)]
impl Source for HttpSource {
    async fn read(&self, after: Option<u64>, limit: usize, wait: Duration) -> Result<Page, Unread> {
        let mut url = self.url.clone();
        if let Some(after) = after {
            url.query_pairs_mut().append_pair("after", &after.to_string());
        }
        url.query_pairs_mut()
            .append_pair("limit", &limit.to_string())
            .append_pair("wait", &format!("{}ms", wait.as_millis()));
        let no_answer = |why: &str| {
            Unread::Failed(format!("no answer from the feed at {}: {why}", self.url.authority()))
        };
        let asked = timeout(wait + PATIENCE, self.ask(&url)).await;
        let asked = asked.map_err(|_| no_answer("it took too long"))?;
        let (status, body) = asked.map_err(|why| no_answer(&why))?;
        if status != StatusCode::OK {
            let refusal: Option<Refusal> = serde_json::from_slice(&body).ok();
            let after = refusal.as_ref().and_then(|refusal| refusal.after);
            if let (StatusCode::GONE, Some(after)) = (status, after) {
                return Err(Unread::Gone { after });
            }
            let detail = refusal.map(|refusal| format!(": {}", refusal.detail)).unwrap_or_default();
            return Err(Unread::Failed(format!("the feed answered {status}{detail}")));
        }
        let unknown = |_| {
            Unread::Failed("the answer is not the feed's: is it of another version?".to_owned())
        };
        let Answer { events, next, last } = serde_json::from_slice(&body).map_err(unknown)?;
        let events = events.into_iter().map(|event| Event::parse(Box::<str>::from(event)));
        Ok(Page { events: events.collect::<Result<_, _>>()?, next, last })
    }
}
