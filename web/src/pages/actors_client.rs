//! Asks the actors, and the vehicle monitor, over their own routes: the one seam to them, in the
//! same process or in another. The one place of this crate that knows an HTTP client.

mod hand_on;

use std::time::Duration;

use actix_web::http::StatusCode;
use awc::http::Version;
use awc::http::header::{AUTHORIZATION, CONTENT_TYPE};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

pub(super) use hand_on::Body;

use super::answers::{
    Customer, DeadLetters, PlacesPage, Status, Timeline, VehicleDetail, VehiclePage,
};
use super::dead_letters::Fate;

/// Longest wait for an answer.
const PATIENCE: Duration = Duration::from_secs(3);
/// The same for what takes its time: every one of many letters.
const LONG_PATIENCE: Duration = Duration::from_mins(1);
const DEAD_LETTERS: &str = "/admin/dead-letters";
/// Largest answer that is read.
const ANSWER_BYTES_MAX: usize = 4 << 20;

/// Where they are.
#[derive(Debug, Clone)]
pub struct ActorsAt {
    /// `http://host:port`.
    pub url: Url,
    /// The admin token to show, if any.
    pub token: Option<String>,
}

/// Asks the actors over HTTP. Of one thread, as its client is.
#[derive(Clone)]
pub(crate) struct ActorsClient {
    client: awc::Client,
    /// For what is handed on: its answers may take any time.
    streaming: awc::Client,
    at: ActorsAt,
    /// Who is asked, in words.
    who: &'static str,
    /// The setting that says where they are.
    setting: &'static str,
}

/// Why there is no answer to show.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AskError {
    /// Nobody answers; who was asked, in words.
    #[error("no answer from {0}")]
    NoAnswer(&'static str),
    /// They answered, and refused.
    #[error("{detail}")]
    Refused {
        /// The HTTP status code of the answer.
        status: u16,
        /// What the answer says, in words.
        detail: String,
    },
    /// They answered something else than is known here.
    #[error("the answer of {0} is not understood: are they of another version?")]
    Answer(&'static str),
}

#[derive(Deserialize)]
struct Customers {
    customers: Vec<Customer>,
}

/// Words of a refusal (RFC 9457).
#[derive(Deserialize)]
struct Problem {
    detail: String,
}

impl ActorsClient {
    /// Asks `who`; `setting` says where they are.
    pub(crate) fn new(at: ActorsAt, who: &'static str, setting: &'static str) -> Self {
        // HTTP/1.1 alone: nothing here is better over HTTP/2, and its implementation (h2 0.3, which
        // comes with awc) has a known weakness, RUSTSEC-2026-0258.
        let builder =
            || awc::Client::builder().disable_redirects().max_http_version(Version::HTTP_11);
        let client = builder().timeout(PATIENCE).finish();
        let streaming = builder().disable_timeout().finish();
        Self { client, streaming, at, who, setting }
    }

    /// Asks for their status.
    pub(crate) async fn status(&self) -> Result<Status, AskError> {
        self.get("/admin/status", &[]).await
    }

    /// All that is known of a plate; `None`: nothing.
    pub(crate) async fn timeline(&self, plate: &str) -> Result<Option<Timeline>, AskError> {
        match self.get(&format!("/admin/sessions/{plate}"), &[]).await {
            Ok(timeline) => Ok(Some(timeline)),
            Err(AskError::Refused { status: 404, .. }) => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// An operator saw the vehicle leave.
    pub(crate) async fn close(&self, plate: &str, body: &Value) -> Result<Value, AskError> {
        let request = self.request(
            awc::http::Method::POST,
            &self.url(&format!("/admin/sessions/{plate}/close"), &[]),
        );
        let body = body.to_string();
        let sent = request.insert_header((CONTENT_TYPE, "application/json")).send_body(body);
        self.read(sent).await
    }

    /// Messages that could not be processed, the oldest first, behind the one of the id `after`.
    pub(crate) async fn dead_letters(
        &self,
        after: &str,
        limit: usize,
    ) -> Result<DeadLetters, AskError> {
        let limit = limit.to_string();
        let mut query = vec![("limit", limit.as_str())];
        if !after.is_empty() {
            query.push(("after", after));
        }
        let request = self.request(awc::http::Method::GET, &self.url(DEAD_LETTERS, &query));
        self.read(request.timeout(LONG_PATIENCE).send()).await
    }

    /// Replays or discards one, or all.
    pub(crate) async fn decide_dead_letters(
        &self,
        id: Option<&str>,
        fate: Fate,
    ) -> Result<Value, AskError> {
        let mut path = DEAD_LETTERS.to_owned();
        if let Some(id) = id {
            path = format!("{path}/{id}");
        }
        let method = match fate {
            Fate::Replay => {
                path.push_str("/replay");
                awc::http::Method::POST
            }
            Fate::Discard => awc::http::Method::DELETE,
        };
        let request = self.request(method, &self.url(&path, &[]));
        self.read(request.timeout(LONG_PATIENCE).send()).await
    }

    /// Places as the office lists them.
    pub(crate) async fn places(&self, query: &[(&str, &str)]) -> Result<PlacesPage, AskError> {
        self.get("/places", query).await
    }

    /// Vehicles as the monitor lists them.
    pub(crate) async fn vehicles(&self, query: &[(&str, &str)]) -> Result<VehiclePage, AskError> {
        self.get("/vehicles", query).await
    }

    /// One of them, with its history; `None`: it is not registered.
    pub(crate) async fn vehicle(&self, id: &str) -> Result<Option<VehicleDetail>, AskError> {
        match self.get(&format!("/vehicles/{id}"), &[]).await {
            Ok(vehicle) => Ok(Some(vehicle)),
            Err(AskError::Refused { status: 404, .. }) => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// Whose vehicles there are, by id, the first ones.
    pub(crate) async fn customers(&self) -> Result<Vec<Customer>, AskError> {
        let query = [("limit", "1000")];
        Ok(self.get::<Customers>("/admin/customers", &query).await?.customers)
    }

    async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<T, AskError> {
        let request = self.request(awc::http::Method::GET, &self.url(path, query));
        self.read(request.send()).await
    }

    fn url(&self, path: &str, query: &[(&str, &str)]) -> Url {
        let mut url = self.at.url.clone();
        // Sets and escapes.
        url.set_path(path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }

    fn request(&self, method: awc::http::Method, url: &Url) -> awc::ClientRequest {
        let request = self.client.request(method, url.as_str());
        match &self.at.token {
            Some(token) => request.insert_header((AUTHORIZATION, format!("Bearer {token}"))),
            None => request,
        }
    }

    async fn read<T: DeserializeOwned>(&self, sent: awc::SendClientRequest) -> Result<T, AskError> {
        let mut response = sent.await.map_err(|e| {
            tracing::debug!(error = %e, "the actors do not answer");
            AskError::NoAnswer(self.who)
        })?;
        let body = response
            .body()
            .limit(ANSWER_BYTES_MAX)
            .await
            .map_err(|_| AskError::NoAnswer(self.who))?;
        let status = response.status();
        if status == StatusCode::UNAUTHORIZED {
            let detail = format!("{} do not take this service's admin token", self.who);
            return Err(AskError::Refused { status: status.as_u16(), detail });
        }
        if !status.is_success() {
            let said = serde_json::from_slice::<Problem>(&body).map(|problem| problem.detail);
            let detail = said.unwrap_or_else(|_| format!("{} answered {status}", self.who));
            return Err(AskError::Refused { status: status.as_u16(), detail });
        }
        serde_json::from_slice(&body).map_err(|e| {
            tracing::warn!(error.line = e.line(), "an answer of the actors is not understood");
            AskError::Answer(self.who)
        })
    }
}
