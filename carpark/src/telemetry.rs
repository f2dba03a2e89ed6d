//! Logs: to standard error, for people or as JSON.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;

use crate::say::Logs;

/// Starts logging. Libraries below `warn` unless the filter names them.
pub fn start(filter: &str, json: bool) -> Result<(), ParseError> {
    let filter = EnvFilter::try_new(format!("lapin=error,actix_server=warn,{filter}"))?;
    let logs = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(|| Logs)
        .log_internal_errors(false);
    if json {
        logs.json().flatten_event(true).init();
    } else {
        logs.with_target(false).with_ansi(Logs::are_on_a_terminal()).init();
    }
    Ok(())
}
