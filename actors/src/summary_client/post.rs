//! One post to the sink: the seam, and the sink over HTTP.

use std::time::Duration;

use async_trait::async_trait;
use awc::http::StatusCode;
use awc::http::header::{AUTHORIZATION, CONTENT_TYPE};
use domain::wire::Saved;
use serde::Deserialize;
use url::Url;

use crate::store::OutboxKind;

/// Largest answer that is read.
const ANSWER_BYTES_MAX: usize = 16 << 20;

/// Where the sink is.
#[derive(Debug, Clone)]
pub struct SinkOptions {
    /// Takes summaries. Exceptions go to `save_exception` in the same folder.
    pub summary_url: Url,
    /// Bearer token.
    pub token: Option<String>,
    /// Longest wait for an answer.
    pub patience: Duration,
}

/// Why nothing is known to be written.
#[derive(Debug, Clone, thiserror::Error)]
pub enum PostError {
    /// No answer.
    #[error("no answer: {0}")]
    NoAnswer(String),
    /// Another answer than success.
    #[error("the sink answered {status}: {text}")]
    Status {
        /// HTTP status code.
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
    /// For logs.
    fn shown(&self) -> String;

    /// Posts the items, JSON objects, in one request; they are durable when it answers. An error
    /// says nothing about whether they are.
    async fn post(&self, kind: OutboxKind, items: &[&str]) -> Result<(), PostError>;
}

/// The web service that writes the rows, over HTTP.
pub struct HttpSink {
    client: awc::Client,
    options: SinkOptions,
    exception_url: Url,
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
        let client = awc::Client::builder().timeout(options.patience).finish();
        let exception_url = options
            .summary_url
            .join("save_exception")
            .unwrap_or_else(|_| options.summary_url.clone());
        Self { client, options, exception_url }
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
        };
        let mut request =
            self.client.post(url.as_str()).insert_header((CONTENT_TYPE, "application/json"));
        if let Some(token) = &self.options.token {
            request = request.insert_header((AUTHORIZATION, format!("Bearer {token}")));
        }
        let mut response = request
            .send_body(format!("[{}]", items.join(",")))
            .await
            .map_err(|e| PostError::NoAnswer(e.to_string()))?;
        // Read to the end whatever it says: else the connection cannot be used again.
        let body = response.body().limit(ANSWER_BYTES_MAX).await;
        let body = body.map_err(|e| PostError::NoAnswer(e.to_string()))?;
        if response.status() != StatusCode::OK {
            return Err(PostError::Status {
                status: response.status().as_u16(),
                text: String::from_utf8_lossy(&body).chars().take(200).collect(),
            });
        }
        let answers: Vec<Item> =
            serde_json::from_slice(&body).map_err(|e| PostError::Answer(e.to_string()))?;
        if answers.len() != items.len() {
            let (got, posted) = (answers.len(), items.len());
            return Err(PostError::Answer(format!("{got} items for {posted}")));
        }
        Ok(())
    }
}
