//! Brings the actors' desk of plates and the vehicle monitor together, which know nothing of each other:
//! what is held of a plate, and erased, is of both. In the same process, or over HTTP.

use std::time::Duration;

use actors::plate_desk::VehiclesOfPlates;
use async_trait::async_trait;
use domain::Plate;
use serde::Deserialize;
use serde_json::Value;
use url::Url;
use vehicles::plates::Plates;

/// Longest wait for an answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// The monitor in this process.
pub struct Here(pub Plates);

/// The monitor in another one.
pub struct There {
    agent: ureq::Agent,
    url: Url,
    admin_token: Option<String>,
}

#[derive(Deserialize)]
struct Removed {
    vehicles: usize,
}

#[async_trait(?Send)]
impl VehiclesOfPlates for Here {
    async fn held(&self, plate: &Plate) -> Result<Value, String> {
        let held = self.0.held(plate).await.map_err(|e| e.to_string())?;
        serde_json::to_value(Vec::from_iter(held)).map_err(|e| e.to_string())
    }

    async fn erase(&self, plate: &Plate) -> Result<usize, String> {
        self.0.erase(plate).await.map_err(|e| e.to_string())
    }
}

impl There {
    /// At `url`, as the administrator.
    pub fn new(url: Url, admin_token: Option<String>) -> Self {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(PATIENCE))
            .max_redirects(0)
            .build()
            .into();
        Self { agent, url, admin_token }
    }

    async fn ask(&self, method: &'static str, plate: &Plate) -> Result<String, String> {
        let mut url = self.url.clone();
        match url.path_segments_mut() {
            Ok(mut path) => {
                path.pop_if_empty().extend(["admin", "vehicles", "of-plate", plate.as_str()]);
            }
            Err(()) => return Err("CARPARK_VEHICLES_URL leads nowhere".to_owned()),
        }
        let (agent, token) = (self.agent.clone(), self.admin_token.clone());
        let shown = platform::address::masked(self.url.as_str());
        let asked = tokio::task::spawn_blocking(move || {
            let mut request = ureq::http::Request::builder().method(method).uri(url.as_str());
            if let Some(token) = token {
                request = request.header("authorization", format!("Bearer {token}"));
            }
            let request = request.body(()).map_err(|e| e.to_string())?;
            let mut answer = agent.run(request).map_err(|e| e.to_string())?;
            let text = answer.body_mut().read_to_string().map_err(|e| e.to_string())?;
            match answer.status().as_u16() {
                200 => Ok(text),
                status => Err(format!("it answers {status}")),
            }
        });
        asked.await.map_err(|e| e.to_string())?.map_err(|e| format!("{shown}: {e}"))
    }
}

#[async_trait(?Send)]
impl VehiclesOfPlates for There {
    async fn held(&self, plate: &Plate) -> Result<Value, String> {
        let text = self.ask("GET", plate).await?;
        serde_json::from_str(&text).map_err(|e| e.to_string())
    }

    async fn erase(&self, plate: &Plate) -> Result<usize, String> {
        let text = self.ask("DELETE", plate).await?;
        serde_json::from_str::<Removed>(&text)
            .map(|removed| removed.vehicles)
            .map_err(|e| e.to_string())
    }
}
