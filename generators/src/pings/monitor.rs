//! The vehicle monitor over HTTP: registers vehicles, lists them, takes pings. The one place of the
//! generators that speaks HTTP.

use std::time::Duration;

use domain::VehicleId;
use serde::Deserialize;
use url::Url;

use super::way::WayError;

/// Longest wait for a ping's answer, and for that of an import.
const PING_MAX: Duration = Duration::from_secs(10);
const IMPORT_MAX: Duration = Duration::from_mins(2);
/// Vehicles of a page of the list.
const PAGE: usize = 1_000;

/// Each call takes a thread until it is answered. Cheap to clone.
#[derive(Clone)]
pub struct Monitor {
    agent: ureq::Agent,
    url: String,
    /// For the list and the import.
    admin_token: Option<String>,
    /// The bearer token to show with pings.
    ping_token: Option<String>,
}

#[derive(Deserialize)]
struct Page {
    vehicles: Vec<Listed>,
    next: Option<String>,
}

#[derive(Deserialize)]
struct Listed {
    vehicle_id: String,
}

impl Monitor {
    /// The monitor at `url`.
    pub fn new(url: &Url, admin_token: Option<String>, ping_token: Option<String>) -> Self {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(IMPORT_MAX))
            .max_redirects(0)
            .build()
            .into();
        Self { agent, url: url.as_str().trim_end_matches('/').to_owned(), admin_token, ping_token }
    }

    /// Registers a file of vehicles; those that are registered already stay as they are.
    pub(super) async fn import(&self, csv: String) -> Result<(), String> {
        self.blocking(move |monitor| {
            let url = format!("{}/admin/vehicles/import", monitor.url);
            let request = monitor.agent.post(&url).header("content-type", "text/csv");
            let answer = authorized(request, monitor.admin_token.as_deref()).send(csv.as_str());
            let answer = answer.map_err(|e| e.to_string())?;
            match answer.status().as_u16() {
                200 => Ok(()),
                status => Err(format!("{url} answers {status}")),
            }
        })
        .await?
    }

    /// Every vehicle that is registered.
    pub(super) async fn list(&self) -> Result<Vec<VehicleId>, String> {
        self.blocking(|monitor| {
            let mut vehicles = Vec::new();
            let mut after = None;
            loop {
                let url = format!("{}/vehicles", monitor.url);
                let mut request = monitor.agent.get(&url).query("sort", "id");
                request = request.query("limit", PAGE.to_string());
                if let Some(after) = &after {
                    request = request.query("after", after);
                }
                let answer = authorized(request, monitor.admin_token.as_deref()).call();
                let mut answer = answer.map_err(|e| e.to_string())?;
                if answer.status().as_u16() != 200 {
                    return Err(format!("{url} answers {}", answer.status()));
                }
                let text = answer.body_mut().read_to_string().map_err(|e| e.to_string())?;
                let page: Page = serde_json::from_str(&text).map_err(|e| e.to_string())?;
                let ids = page.vehicles.iter();
                vehicles.extend(ids.filter_map(|listed| VehicleId::parse(&listed.vehicle_id).ok()));
                after = page.next;
                if after.is_none() {
                    return Ok(vehicles);
                }
            }
        })
        .await?
    }

    /// Brings a ping; answers when the monitor has stored it.
    pub(super) async fn ping(&self, vehicle: &VehicleId, body: String) -> Result<(), WayError> {
        let url = format!("{}/vehicles/{}/ping", self.url, vehicle.as_str());
        let sent = self.blocking(move |monitor| {
            let request = monitor.agent.post(&url).config().timeout_global(Some(PING_MAX)).build();
            authorized(request, monitor.ping_token.as_deref())
                .send(body.as_str())
                .map(|answer| answer.status().as_u16())
        });
        match sent.await {
            Ok(Ok(200)) => Ok(()),
            Ok(Ok(400 | 404 | 422)) => Err(WayError::Refused),
            _ => Err(WayError::Away),
        }
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> T + Send + 'static,
    ) -> Result<T, String> {
        let monitor = self.clone();
        tokio::task::spawn_blocking(move || work(&monitor)).await.map_err(|e| e.to_string())
    }
}

fn authorized<B>(request: ureq::RequestBuilder<B>, token: Option<&str>) -> ureq::RequestBuilder<B> {
    match token {
        Some(token) => request.header("authorization", format!("Bearer {token}")),
        None => request,
    }
}
