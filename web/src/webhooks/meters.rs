//! What is counted of webhooks.

use platform::runtime::Register;
use prometheus::{IntCounterVec, IntGauge, IntGaugeVec, Registry};

use super::sender::Outcome;

const DELIVERIES: &str = "carpark_webhook_deliveries_total";
const RETRIES_WAITING: &str = "carpark_webhook_retries_waiting";
const DISABLED: &str = "carpark_webhook_disabled";

/// Of all webhooks.
#[derive(Clone)]
pub(super) struct WebhookMeters {
    deliveries: IntCounterVec,
    waiting: IntGaugeVec,
    disabled: IntGaugeVec,
    name: String,
}

impl WebhookMeters {
    pub(super) fn register(registry: &Registry) -> prometheus::Result<Self> {
        let make = Register(registry);
        Ok(Self {
            deliveries: make.counters(
                DELIVERIES,
                "Attempts to deliver an event to a webhook, by what became of them.",
                &["webhook", "outcome"],
            )?,
            waiting: make.gauges(
                RETRIES_WAITING,
                "Events that a webhook did not take, and that are sent again.",
                &["webhook"],
            )?,
            disabled: make.gauges(
                DISABLED,
                "1: the webhook answered that it is gone, nothing is sent to it.",
                &["webhook"],
            )?,
            name: String::new(),
        })
    }

    /// Those of one; they are there from the start.
    pub(super) fn of(&self, name: &str) -> Self {
        let of = Self { name: name.to_owned(), ..self.clone() };
        for outcome in Outcome::ALL {
            of.deliveries.with_label_values(&[name, outcome.as_str()]);
        }
        of.stands(0, false);
        of
    }

    pub(super) fn delivered(&self, outcome: Outcome) {
        self.deliveries.with_label_values(&[&*self.name, outcome.as_str()]).inc();
    }

    pub(super) fn stands(&self, waiting: usize, is_disabled: bool) {
        let gauge = |of: &IntGaugeVec| -> IntGauge { of.with_label_values(&[&self.name]) };
        gauge(&self.waiting).set(i64::try_from(waiting).unwrap_or(i64::MAX));
        gauge(&self.disabled).set(is_disabled.into());
    }
}
