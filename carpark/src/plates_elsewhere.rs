//! Brings the actors and the other rooms together, which know nothing of each other: what is held of a
//! plate, and erased, is of all of them; and a session is ended where the sessions are. In the same
//! process, or over HTTP.

use std::time::Duration;

use actors::plate_desk::HoldsPlates;
use async_trait::async_trait;
use domain::Plate;
use serde_json::{Value, json};
use url::Url;
use vehicles::plates::Plates;

/// Longest wait for an answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// The vehicle monitor in this process.
pub struct Here(pub Plates);

#[async_trait(?Send)]
impl HoldsPlates for Here {
    async fn held(&self, plate: &Plate) -> Result<Value, String> {
        let held = self.0.held(plate).await.map_err(|e| e.to_string())?;
        serde_json::to_value(Vec::from_iter(held)).map_err(|e| e.to_string())
    }

    async fn erase(&self, plate: &Plate) -> Result<usize, String> {
        self.0.erase(plate).await.map_err(|e| e.to_string())
    }
}

/// A room in another process, or in this one, asked over HTTP as the administrator.
pub struct There {
    agent: ureq::Agent,
    url: Url,
    admin_token: Option<String>,
    /// Which one it is.
    room: Room,
}

/// Who is asked.
pub struct Room {
    /// Its part of the address: `/admin/PATH/of-plate/…`.
    pub path: &'static str,
    /// What its answer calls the number of what was erased.
    pub erased: &'static str,
}

/// The vehicle monitor.
pub const MONITOR: Room = Room { path: "vehicles", erased: "vehicles" };
/// The office.
pub const OFFICE: Room = Room { path: "places", erased: "stays" };

impl There {
    /// At `url`.
    pub fn new(room: Room, url: Url, admin_token: Option<String>) -> Self {
        Self { agent: agent(), url, admin_token, room }
    }

    async fn ask(&self, method: &'static str, plate: &Plate) -> Result<Value, String> {
        let path = ["admin", self.room.path, "of-plate", plate.as_str()];
        let ask = Ask { method, path: &path, body: None };
        match ask.of(&self.agent, &self.url, self.admin_token.as_deref()).await? {
            (200, text) => serde_json::from_str(&text).map_err(|e| e.to_string()),
            (status, _) => Err(format!(
                "{}: it answers {status}",
                platform::address::masked(self.url.as_str())
            )),
        }
    }
}

#[async_trait(?Send)]
impl HoldsPlates for There {
    async fn held(&self, plate: &Plate) -> Result<Value, String> {
        self.ask("GET", plate).await
    }

    async fn erase(&self, plate: &Plate) -> Result<usize, String> {
        let erased = self.ask("DELETE", plate).await?[self.room.erased].as_u64();
        let erased = erased.ok_or("it does not say how much it has erased")?;
        usize::try_from(erased).map_err(|e| e.to_string())
    }
}

/// The actors, who end sessions.
pub struct SessionsAt {
    agent: ureq::Agent,
    url: Url,
    admin_token: Option<String>,
}

impl SessionsAt {
    /// At `url`, as the administrator.
    pub fn new(url: Url, admin_token: Option<String>) -> Self {
        Self { agent: agent(), url, admin_token }
    }
}

#[async_trait]
impl office::Sessions for SessionsAt {
    async fn close(&self, plate: &Plate, reason: &str) -> Result<bool, String> {
        let path = ["admin", "sessions", plate.as_str(), "close"];
        let body = Some(json!({ "reason": reason }).to_string());
        let ask = Ask { method: "POST", path: &path, body };
        match ask.of(&self.agent, &self.url, self.admin_token.as_deref()).await? {
            (200, _) => Ok(true),
            // It has ended meanwhile.
            (404 | 422, _) => Ok(false),
            (status, _) => Err(format!("the actors answer {status}")),
        }
    }
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(PATIENCE))
        .max_redirects(0)
        .build()
        .into()
}

/// A question to another process.
struct Ask<'a> {
    method: &'static str,
    path: &'a [&'a str],
    /// JSON.
    body: Option<String>,
}

impl Ask<'_> {
    /// Its status and what it answers.
    async fn of(
        self,
        agent: &ureq::Agent,
        url: &Url,
        token: Option<&str>,
    ) -> Result<(u16, String), String> {
        let mut address = url.clone();
        match address.path_segments_mut() {
            Ok(mut path) => {
                path.pop_if_empty().extend(self.path);
            }
            Err(()) => {
                return Err(format!("{} leads nowhere", platform::address::masked(url.as_str())));
            }
        }
        let mut request = ureq::http::Request::builder().method(self.method).uri(address.as_str());
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        if self.body.is_some() {
            request = request.header("content-type", "application/json");
        }
        let (agent, body) = (agent.clone(), self.body.unwrap_or_default());
        let asked = tokio::task::spawn_blocking(move || {
            let request = request.body(body).map_err(|e| e.to_string())?;
            let mut answer = agent.run(request).map_err(|e| e.to_string())?;
            let text = answer.body_mut().read_to_string().map_err(|e| e.to_string())?;
            Ok((answer.status().as_u16(), text))
        });
        let shown = platform::address::masked(url.as_str());
        asked.await.map_err(|e| e.to_string())?.map_err(|e: String| format!("{shown}: {e}"))
    }
}
