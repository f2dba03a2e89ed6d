//! `carpark vehicles import FILE`: brings a file of vehicles to a running monitor, and says what
//! became of it.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail};
use serde::Deserialize;

use crate::say;

/// 100,000 vehicles take a few seconds.
const PATIENCE: Duration = Duration::from_mins(2);

#[derive(Deserialize)]
struct Report {
    customers_added: usize,
    vehicles_added: usize,
    refused: usize,
    refusals: Vec<Refusal>,
}

#[derive(Deserialize)]
struct Refusal {
    line: u64,
    kind: String,
    reason: String,
}

/// Where a monitor is found that nobody names: a role of its own, or one of the parts of `serve` and
/// `all`; the web role hands on what comes for it.
const USUAL: [&str; 2] = ["http://127.0.0.1:40004", "http://127.0.0.1:40000"];

/// Brings it to `monitor`, or to the first that answers of those that are [`USUAL`]; answers whether
/// every row was taken.
pub fn run(file: &Path, monitor: Option<&str>, token: Option<&str>) -> anyhow::Result<bool> {
    let body = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(PATIENCE))
        .max_redirects(0)
        .build()
        .into();
    let candidates = monitor.as_ref().map_or(&USUAL[..], std::slice::from_ref);
    let url_of = |monitor: &str| format!("{}/admin/vehicles/import", monitor.trim_end_matches('/'));
    let mut unanswered = Vec::new();
    let answered = candidates.iter().find_map(|monitor| {
        let mut request = agent.post(url_of(monitor));
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let sent = request.send(&body[..]);
        sent.map_err(|e| unanswered.push(format!("{monitor} ({e})")))
            .ok()
            .zip(Some(url_of(monitor)))
    });
    let Some((mut answer, url)) = answered else {
        bail!(
            "no answer from {}: is `carpark vehicles`, `serve` or `all` running? --url URL names another",
            unanswered.join(", nor from ")
        );
    };
    let text = answer.body_mut().read_to_string().context("the answer")?;
    if !answer.status().is_success() {
        bail!("{url} answers {}: {}", answer.status(), text.trim());
    }
    let report: Report = serde_json::from_str(&text).context("the answer is not a report")?;
    for refusal in &report.refusals {
        say::result(format_args!("line {}: {}: {}", refusal.line, refusal.kind, refusal.reason))?;
    }
    let unlisted = report.refused - report.refusals.len().min(report.refused);
    if unlisted > 0 {
        say::result(format_args!("and {unlisted} more"))?;
    }
    say::result(format_args!(
        "{} vehicles and {} customers added, {} rows refused",
        report.vehicles_added, report.customers_added, report.refused
    ))?;
    Ok(report.refused == 0)
}
