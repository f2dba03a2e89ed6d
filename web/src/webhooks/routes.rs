//! What the administrator sees of the webhooks, and may do.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::{Data, Path};
use domain::Instant;
use domain::wire::format_time;
use platform::http::{Problem, Routes, Scope, operation};
use platform::storage::StoreError;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::delivering::RETRIES_MAX;
use super::sender::Sender;
use super::store::{Delivery, News, Retry, Standing};
use super::{Hook, Webhooks};

/// Of an answer to a test so much is shown.
const SHOWN_MAX: usize = 1000;

/// The routes, without what is behind them.
pub(crate) fn routes() -> Routes {
    Routes::default()
        .add(Scope::Admin, operation!(list))
        .add(Scope::Admin, operation!(deliveries))
        .add(Scope::Admin, operation!(test))
        .add(Scope::Admin, operation!(enable))
        .add(Scope::Admin, operation!(retry))
}

/// How a webhook does.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct WebhookStatus {
    /// Its name.
    pub(crate) name: String,
    /// Where events are posted.
    pub(crate) url: String,
    /// Only those of these types; of all where there are none.
    pub(crate) types: Vec<String>,
    /// Only those of these places; of all where there are none.
    pub(crate) places: Vec<String>,
    /// `delivering`; `retrying`: some failed and come again; `full`: so many that nothing new is sent; `disabled`: it
    /// answered 410.
    pub(crate) state: &'static str,
    /// Every event up to here was sent, or waits to be sent again.
    position: Option<u64>,
    /// Positions of the feed behind that.
    pub(crate) lag: u64,
    /// Events that are sent again.
    pub(crate) retries_waiting: usize,
    /// When the next of them is.
    #[schema(value_type = Option<String>)]
    pub(crate) next_retry: Option<Instant>,
    /// When an event was delivered last.
    #[schema(value_type = Option<String>)]
    pub(crate) last_success: Option<Instant>,
    /// When an attempt failed last.
    #[schema(value_type = Option<String>)]
    pub(crate) last_failure: Option<Instant>,
    /// Since when it is disabled.
    #[schema(value_type = Option<String>)]
    pub(crate) disabled_since: Option<Instant>,
}

/// All of them.
#[derive(Serialize, ToSchema)]
struct WebhookList {
    webhooks: Vec<WebhookStatus>,
}

/// The latest attempts, the newest first.
#[derive(Serialize, ToSchema)]
struct DeliveryList {
    deliveries: Vec<Delivery>,
}

/// What came of a test.
#[derive(Serialize, ToSchema)]
pub(crate) struct TestAnswer {
    /// Whether it was taken (2xx).
    pub(crate) delivered: bool,
    /// The status of the answer, where there was one.
    pub(crate) status: Option<u16>,
    /// What is wrong.
    pub(crate) why: Option<String>,
    /// The beginning of the answer.
    said: String,
    /// How long it took.
    pub(crate) milliseconds: u64,
    /// The event that was sent.
    #[schema(value_type = Object)]
    event: serde_json::Value,
}

/// What was done.
#[derive(Serialize, ToSchema)]
struct Done {
    /// `enabled` or `retried`.
    status: &'static str,
}

impl Webhooks {
    fn find(&self, name: &str) -> Result<&Arc<Hook>, Problem> {
        let found = self.hooks.iter().find(|hook| hook.name() == name);
        found.ok_or_else(|| {
            Problem::not_found(format!("no webhook is called `{name}`: see /admin/webhooks"))
        })
    }

    /// How each of them does.
    pub(crate) async fn statuses(&self) -> Result<Vec<WebhookStatus>, StoreError> {
        let mut statuses = Vec::new();
        for hook in &self.hooks {
            let Standing { position, disabled, last_success, last_failure, .. } =
                hook.store.standing().await?;
            let retries = hook.store.retries().await?;
            let state = match retries.len() {
                _ if disabled.is_some() => "disabled",
                RETRIES_MAX.. => "full",
                1.. => "retrying",
                0 => "delivering",
            };
            let last = self.readers.last();
            statuses.push(WebhookStatus {
                name: hook.name().to_owned(),
                url: hook.configured.url.to_string(),
                types: hook.configured.types.clone(),
                places: hook.configured.places.clone(),
                state,
                position,
                lag: last.saturating_sub(position.unwrap_or(last)),
                retries_waiting: retries.len(),
                next_retry: retries.first().map(|retry| retry.due),
                last_success,
                last_failure,
                disabled_since: disabled,
            });
        }
        Ok(statuses)
    }

    /// The latest attempts of one, the newest first.
    pub(crate) async fn deliveries(&self, name: &str) -> Result<Vec<Delivery>, Problem> {
        Ok(self.find(name)?.store.attempts().await?)
    }

    /// Sends an event that is a test, and waits for what comes back.
    pub(crate) async fn try_out(&self, name: &str) -> Result<TestAnswer, Problem> {
        let hook = self.find(name)?;
        let now = hook.clock.now();
        let nanos = now.timestamp_nanos_opt().unwrap_or_default();
        let said = format!("carpark.test\n{name}\n{nanos}");
        let id = Uuid::new_v5(&Uuid::NAMESPACE_OID, said.as_bytes()).to_string();
        let event = json!({
            "specversion": "1.0", "id": id, "source": "/carpark", "type": "carpark.test",
            "time": format_time(now), "subject": "test", "datacontenttype": "application/json",
            "place": hook.configured.places.first().map_or("main", String::as_str),
            "data": { "webhook": hook.name() },
        });
        let answered = Sender::new(hook).send(&id, &event.to_string()).await;
        Ok(TestAnswer {
            delivered: answered.status.is_some_and(|status| (200..300).contains(&status)),
            status: answered.status,
            why: answered.why,
            said: answered.said.chars().take(SHOWN_MAX).collect(),
            milliseconds: u64::try_from(answered.took.as_millis()).unwrap_or(u64::MAX),
            event,
        })
    }

    /// Begins again with one that was disabled; what waits to be sent again is due.
    pub(crate) async fn begin_again(&self, name: &str) -> Result<(), Problem> {
        let hook = self.find(name)?;
        hook.store.enable(hook.clock.now()).await?;
        tracing::info!(webhook = hook.name(), "an administrator has enabled a webhook");
        hook.is_changed();
        Ok(())
    }
}

fn answer(of: &impl Serialize) -> HttpResponse {
    HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(of)
}

/// The webhooks, and how each of them does.
#[utoipa::path(get, path = "/admin/webhooks", tag = "webhooks",
    responses((status = 200, body = WebhookList), (status = 503)))]
async fn list(webhooks: Data<Webhooks>) -> Result<HttpResponse, Problem> {
    Ok(answer(&WebhookList { webhooks: webhooks.statuses().await? }))
}

/// The latest attempts to deliver something, the newest first.
#[utoipa::path(get, path = "/admin/webhooks/{name}/deliveries", tag = "webhooks",
    params(("name" = String, Path, description = "Of the webhook")),
    responses((status = 200, body = DeliveryList), (status = 404), (status = 503)))]
async fn deliveries(webhooks: Data<Webhooks>, name: Path<String>) -> Result<HttpResponse, Problem> {
    Ok(answer(&DeliveryList { deliveries: webhooks.deliveries(&name).await? }))
}

/// Sends an event of the type `carpark.test` now, and answers what came back.
#[utoipa::path(post, path = "/admin/webhooks/{name}/test", tag = "webhooks",
    params(("name" = String, Path, description = "Of the webhook")),
    responses((status = 200, body = TestAnswer), (status = 404)))]
async fn test(webhooks: Data<Webhooks>, name: Path<String>) -> Result<HttpResponse, Problem> {
    Ok(answer(&webhooks.try_out(&name).await?))
}

/// One that was disabled is told again, from where it stood; what waits to be sent again is sent now.
#[utoipa::path(post, path = "/admin/webhooks/{name}/enable", tag = "webhooks",
    params(("name" = String, Path, description = "Of the webhook")),
    responses((status = 200, body = Done), (status = 404), (status = 503)))]
async fn enable(webhooks: Data<Webhooks>, name: Path<String>) -> Result<HttpResponse, Problem> {
    webhooks.begin_again(&name).await?;
    Ok(answer(&Done { status: "enabled" }))
}

/// Sends an event again now, whatever became of it before: one of the latest attempts, by the event's id.
#[utoipa::path(post, path = "/admin/webhooks/{name}/deliveries/{id}/retry", tag = "webhooks",
    params(("name" = String, Path, description = "Of the webhook"),
        ("id" = String, Path, description = "Of the event")),
    responses((status = 200, body = Done), (status = 404), (status = 503)))]
async fn retry(
    webhooks: Data<Webhooks>,
    path: Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let (name, id) = path.into_inner();
    let hook = webhooks.find(&name)?;
    let attempts = hook.store.attempts().await?;
    let Some(attempt) = attempts.into_iter().find(|attempt| attempt.id == id) else {
        let detail = format!("no event of this id is among the latest attempts of `{name}`");
        return Err(Problem::not_found(detail));
    };
    let failed = if attempt.outcome == "delivered" { 0 } else { attempt.attempt };
    let Delivery { position, r#type: kind, .. } = attempt;
    let retries = vec![Retry { position, id, kind, failed, due: hook.clock.now() }];
    hook.store.keep(News { retries, ..News::default() }).await?;
    hook.is_changed();
    Ok(answer(&Done { status: "retried" }))
}
