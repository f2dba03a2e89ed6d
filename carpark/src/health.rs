//! `carpark health`: asks a running role whether it is ready. For a container that has no other
//! program to ask with.

use std::time::Duration;

use anyhow::{Context, bail};

/// A role answers at once, or it is not well.
const PATIENCE: Duration = Duration::from_secs(3);

/// Asks `url`; an error says what it answered.
pub fn ask(url: &str) -> anyhow::Result<()> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(PATIENCE))
        .max_redirects(0)
        .build()
        .into();
    let mut answer = agent.get(url).call().with_context(|| format!("{url} does not answer"))?;
    if answer.status().is_success() {
        return Ok(());
    }
    let body = answer.body_mut().read_to_string().unwrap_or_default();
    bail!("{url} answers {}: {}", answer.status(), body.trim())
}
