//! Tells in the feed what the office has to tell: the facts that wait in the database go to the web
//! role, in their order, and leave when it has kept them. A retry is recognised there.

use std::sync::Arc;
use std::time::Duration;

use awc::http::header::{AUTHORIZATION, CONTENT_TYPE};
use awc::http::{StatusCode, Version};
use platform::runtime::{Backoff, Part, Vital};
use tokio::sync::Notify;
use tokio::time::timeout;
use url::Url;

use crate::metrics::Metrics;
use crate::store::{SqlError, Store};

/// Facts of one post.
const AT_ONCE: u32 = 500;
/// Longest wait for an answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// Facts that another process has left behind are looked for this often.
const LOOKED_FOR_EVERY: Duration = Duration::from_secs(10);
/// Largest answer that is read.
const ANSWER_BYTES_MAX: usize = 1 << 20;

/// Whoever tells.
pub struct Teller {
    client: awc::Client,
    url: Url,
    token: Option<String>,
    store: Store,
    untold: Arc<Notify>,
    metrics: Arc<Metrics>,
    part: Arc<Part>,
}

#[derive(Debug, thiserror::Error)]
enum NotTold {
    #[error(transparent)]
    Sql(#[from] SqlError),
    #[error("{url}: {why}")]
    Post { url: String, why: String },
}

impl Teller {
    /// Tells the web role at `url` (`http://host:port`).
    pub fn new(
        url: &Url,
        token: Option<String>,
        store: Store,
        untold: Arc<Notify>,
        metrics: Arc<Metrics>,
    ) -> Self {
        let mut url = url.clone();
        url.set_path("/save_facts");
        url.set_query(None);
        // HTTP/1.1 alone: the implementation of HTTP/2 that comes with awc (h2 0.3) has a known
        // weakness, RUSTSEC-2026-0258.
        let client = awc::Client::builder()
            .timeout(PATIENCE)
            .disable_redirects()
            .max_http_version(Version::HTTP_11)
            .finish();
        Self { client, url, token, store, untold, metrics, part: Arc::default() }
    }

    /// Whether it can tell.
    pub fn part(&self) -> Arc<Part> {
        Arc::clone(&self.part)
    }

    /// Tells whatever there is, for as long as nobody drops it.
    pub async fn run(self, vital: Vital) {
        let mut backoff = Backoff::default();
        loop {
            vital.may_die_here();
            match self.tell_some().await {
                Ok(0) => {
                    self.part.works();
                    backoff.reset();
                    let _news_or_not = timeout(LOOKED_FOR_EVERY / 2, self.untold.notified()).await;
                }
                Ok(told) => {
                    self.part.works();
                    self.metrics.told.inc_by(told);
                    backoff.reset();
                }
                Err(error) => {
                    self.metrics.failures.with_label_values(&["feed"]).inc();
                    if self.part.fails(&error.to_string()) {
                        tracing::warn!(%error, "what the office has to tell waits, trying again");
                    }
                    backoff.wait().await;
                }
            }
        }
    }

    /// Tells the first that wait; answers how many they were.
    async fn tell_some(&self) -> Result<u64, NotTold> {
        let facts = self.store.facts(AT_ONCE).await?;
        let Some((last, _)) = facts.last() else { return Ok(0) };
        let texts: Vec<&str> = facts.iter().map(|(_, fact)| fact.as_str()).collect();
        self.post(format!("[{}]", texts.join(","))).await.map_err(|why| {
            let url = platform::address::masked(self.url.as_str());
            NotTold::Post { url, why }
        })?;
        self.store.forget_facts(*last).await?;
        Ok(facts.len() as u64)
    }

    async fn post(&self, body: String) -> Result<(), String> {
        let mut request =
            self.client.post(self.url.as_str()).insert_header((CONTENT_TYPE, "application/json"));
        if let Some(token) = &self.token {
            request = request.insert_header((AUTHORIZATION, format!("Bearer {token}")));
        }
        let mut answer = request.send_body(body).await.map_err(|e| e.to_string())?;
        let body = answer.body().limit(ANSWER_BYTES_MAX).await.map_err(|e| e.to_string())?;
        if answer.status() == StatusCode::OK {
            return Ok(());
        }
        let text: String = String::from_utf8_lossy(&body).chars().take(200).collect();
        Err(format!("it answers {}: {text}", answer.status().as_u16()))
    }
}
