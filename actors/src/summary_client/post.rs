//! One post to the sink: the seam, and the sink over HTTP.

use std::cell::Cell;
use std::time::Duration;

use async_trait::async_trait;
use awc::http::header::{AUTHORIZATION, CONTENT_TYPE};
use awc::http::{Method, StatusCode, Version};
use domain::Plate;
use domain::wire::Saved;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tracing::info;
use url::Url;

use crate::store::OutboxKind;

/// Largest answer that is read.
const ANSWER_BYTES_MAX: usize = 16 << 20;

/// Where the sink is.
#[derive(Debug, Clone)]
pub struct SinkOptions {
    /// Takes summaries. Exceptions go to `save_exception` in the same folder, stays that have begun to
    /// `save_opened`.
    pub summary_url: Url,
    /// The bearer token to show, where the sink asks for one.
    pub token: Option<String>,
    /// Longest wait for an answer.
    pub patience: Duration,
}

/// Why nothing is known to be written.
#[derive(Debug, Clone, thiserror::Error)]
pub enum PostError {
    /// The sink did not answer; why, in words.
    #[error("no answer: {0}")]
    NoAnswer(String),
    /// Another answer than success.
    #[error("the sink answered {status}: {text}")]
    Status {
        /// The HTTP status code of its answer.
        status: u16,
        /// The beginning of the body.
        text: String,
    },
    /// Success, but not for what was posted.
    #[error("the sink's answer is not the contract's: {0}")]
    Answer(String),
}

impl PostError {
    /// The sink is well but will not take this content; waiting does not help.
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::Status { status: 400 | 413 | 422, .. })
    }
}

/// Takes reports and keeps them.
#[async_trait(?Send)]
pub trait Sink {
    /// Where it posts to, as logs show it.
    fn shown(&self) -> String;

    /// Posts the items, JSON objects, in one request; they are durable when it answers. An error
    /// says nothing about whether they are.
    async fn post(&self, kind: OutboxKind, items: &[&str]) -> Result<(), PostError>;

    /// The rows it keeps of a plate.
    async fn held(&self, plate: &Plate) -> Result<Value, PostError>;

    /// Erases the rows it keeps of a plate; answers how many they were.
    async fn erase(&self, plate: &Plate) -> Result<usize, PostError>;
}

/// The web service that writes the rows, over HTTP.
pub struct HttpSink {
    client: awc::Client,
    options: SinkOptions,
    exception_url: Url,
    opened_url: Url,
    /// That the sink does not take stays which have begun was logged.
    is_told_so: Cell<bool>,
}

#[derive(Deserialize)]
struct ErasedRows {
    erased: usize,
}

/// Either status means that the row is there; anything else does not parse.
#[derive(Deserialize)]
struct Item {
    #[serde(rename = "status")]
    _status: Saved,
}

impl HttpSink {
    /// Connects on the first post.
    pub fn new(options: SinkOptions) -> Self {
        // HTTP/1.1 alone: nothing here is better over HTTP/2, and its implementation (h2 0.3, which
        // comes with awc) has a known weakness, RUSTSEC-2026-0258.
        let client = awc::Client::builder()
            .timeout(options.patience)
            .max_http_version(Version::HTTP_11)
            .finish();
        let beside = |name: &str| {
            options.summary_url.join(name).unwrap_or_else(|_| options.summary_url.clone())
        };
        let (exception_url, opened_url) = (beside("save_exception"), beside("save_opened"));
        Self { client, options, exception_url, opened_url, is_told_so: Cell::new(false) }
    }

    /// `plates/{plate}` in the folder of the route of summaries.
    fn plate_url(&self, plate: &Plate) -> Result<Url, PostError> {
        let wrong = |e| PostError::NoAnswer(format!("{e}"));
        let mut url = self.options.summary_url.join("plates/").map_err(wrong)?;
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().push(plate.as_str());
        }
        Ok(url)
    }

    /// One request; what it answers with 200.
    async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        url: &Url,
        body: String,
    ) -> Result<T, PostError> {
        let mut request = self
            .client
            .request(method, url.as_str())
            .insert_header((CONTENT_TYPE, "application/json"));
        if let Some(token) = &self.options.token {
            request = request.insert_header((AUTHORIZATION, format!("Bearer {token}")));
        }
        let mut response =
            request.send_body(body).await.map_err(|e| PostError::NoAnswer(e.to_string()))?;
        // Read to the end whatever it says: else the connection cannot be used again.
        let body = response.body().limit(ANSWER_BYTES_MAX).await;
        let body = body.map_err(|e| PostError::NoAnswer(e.to_string()))?;
        if response.status() != StatusCode::OK {
            return Err(PostError::Status {
                status: response.status().as_u16(),
                text: String::from_utf8_lossy(&body).chars().take(200).collect(),
            });
        }
        serde_json::from_slice(&body).map_err(|e| PostError::Answer(e.to_string()))
    }
}

#[async_trait(?Send)]
impl Sink for HttpSink {
    fn shown(&self) -> String {
        self.options.summary_url.to_string()
    }

    async fn post(&self, kind: OutboxKind, items: &[&str]) -> Result<(), PostError> {
        let url = match kind {
            OutboxKind::Summary => &self.options.summary_url,
            OutboxKind::Exception => &self.exception_url,
            OutboxKind::Opened => &self.opened_url,
        };
        let items_json = format!("[{}]", items.join(","));
        let answers: Vec<Item> = match self.ask(Method::POST, url, items_json).await {
            // A sink that writes rows and nothing else.
            Err(PostError::Status { status: 404 | 405, .. }) if kind == OutboxKind::Opened => {
                if !self.is_told_so.replace(true) {
                    let url = url.as_str();
                    info!(url, "the sink takes no stays that have begun: nobody is told of them");
                }
                return Ok(());
            }
            answers => answers?,
        };
        if answers.len() != items.len() {
            let (got, posted) = (answers.len(), items.len());
            return Err(PostError::Answer(format!("{got} items for {posted}")));
        }
        Ok(())
    }

    async fn held(&self, plate: &Plate) -> Result<Value, PostError> {
        self.ask(Method::GET, &self.plate_url(plate)?, String::new()).await
    }

    async fn erase(&self, plate: &Plate) -> Result<usize, PostError> {
        let erased: ErasedRows =
            self.ask(Method::DELETE, &self.plate_url(plate)?, String::new()).await?;
        Ok(erased.erased)
    }
}
