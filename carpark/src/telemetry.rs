//! Logs: to standard error, for people or as JSON.

use platform::settings::Value;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;

use crate::say::Logs;

/// What is logged.
#[derive(Debug, Clone)]
pub struct LogFilter(String);

impl Value for LogFilter {
    const LEAD: &'static str = "expected";

    fn noun() -> String {
        "error, warn, info, debug, or a filter such as info,actors=debug".to_owned()
    }

    fn parse(text: &str) -> Option<Self> {
        let is_filter = !text.trim().is_empty() && EnvFilter::try_new(text).is_ok();
        is_filter.then(|| Self(text.to_owned()))
    }
}

/// Starts logging. Libraries below `warn` unless the filter names them.
pub fn start(LogFilter(filter): &LogFilter, json: bool) -> Result<(), ParseError> {
    // What fails on a channel of RabbitMQ is the answer to who asked there, and who asked says what
    // it means: a user who may not declare queues is refused at each connection, and all is well.
    let libraries = "lapin=error,lapin::channel=off,actix_server=warn";
    let filter = EnvFilter::try_new(format!("{libraries},{filter}"))?;
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
