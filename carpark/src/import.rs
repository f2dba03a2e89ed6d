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

/// Brings it; answers whether every row was taken.
pub fn run(file: &Path, monitor: &str, token: Option<&str>) -> anyhow::Result<bool> {
    let body = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let url = format!("{}/admin/vehicles/import", monitor.trim_end_matches('/'));
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(PATIENCE))
        .max_redirects(0)
        .build()
        .into();
    let mut request = agent.post(&url);
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let mut answer = request.send(&body[..]).with_context(|| {
        format!("{url} does not answer: is `carpark vehicles` running? (--url names another)")
    })?;
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
