//! The program: reads the command line and the configuration, runs a role, ends cleanly.
//!
//! Thin on purpose. What a role does is in `actors`, `web` and `generators`; this crate alone knows
//! the environment, the clock and the signals.

mod camera;
mod cli;
mod client;
mod clock;
mod config;
mod demo;
mod health;
mod http;
mod import;
mod limits;
mod plates_elsewhere;
mod progress;
mod rates;
mod reads;
mod recording;
mod redis_watch;
mod roles;
mod say;
mod shutdown;
mod telemetry;
mod verify;

use std::process::ExitCode;

use anyhow::Context;

use crate::cli::{Asked, Role};
use crate::config::{Layers, LogFormat};
use crate::shutdown::Shutdown;

/// Nearly a third of a processor's samples were in the system's allocator (docs/performance.md).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What a shell expects of a program that was told wrong things.
const USAGE: u8 = 2;

#[actix_rt::main]
async fn main() -> ExitCode {
    let _failpoints = platform::runtime::failpoint::Failpoints::begin();
    limits::keep_files_from_others();
    let asked = Asked::parse();
    // Before anything else: who asks for another's health needs no configuration.
    if asked.role == Role::Health {
        return match health::ask(asked.health_url()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(e) => fail(&e, 1),
        };
    }
    if asked.role == Role::Rates {
        return match asked.rates().map(|request| crate::rates::run(&request)) {
            Some(Ok(outcome)) => ExitCode::from(outcome.code()),
            Some(Err(e)) => fail(&e, USAGE),
            None => ExitCode::from(USAGE),
        };
    }
    if asked.role == Role::WebhookSecret {
        let secret = web::Secret::generate().context("the system has no random numbers");
        return match secret.and_then(say::result) {
            Ok(()) => ExitCode::SUCCESS,
            Err(e) => fail(&e, 1),
        };
    }
    let layers = Layers::read(asked.file.as_deref(), |setting| asked.flag(setting));
    let layers = layers.map(|mut layers| {
        if asked.role == Role::All {
            demo::suggest(&mut layers);
        }
        layers
    });
    let (layers, mut config) = match layers.and_then(|layers| layers.check().map(|c| (layers, c))) {
        Ok(ready) => ready,
        Err(e) => return fail(&anyhow::Error::new(e).context("configuration"), USAGE),
    };
    if asked.role == Role::All && !layers.has_file() {
        demo::describe(&mut config);
    }
    warn_of(layers.ignored());
    if asked.role == Role::Config {
        return match say::result(layers.show()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(e) => fail(&e, 1),
        };
    }
    if asked.role == Role::VehiclesImport {
        let (file, url) = asked.import();
        return match import::run(&file, url, config.tokens.admin.as_deref()) {
            Ok(true) => ExitCode::SUCCESS,
            Ok(false) => ExitCode::FAILURE,
            Err(e) => fail(&e, USAGE),
        };
    }
    if asked.role == Role::Verify {
        if asked.verify().is_ok_and(|request| request.office) {
            return match verify::office_books::run(&config).await {
                Ok(true) => ExitCode::SUCCESS,
                Ok(false) => ExitCode::FAILURE,
                Err(e) => fail(&e, USAGE),
            };
        }
        return match asked.verify().map(|request| verify::run(&request, &config, now())) {
            Ok(Ok(true)) => ExitCode::SUCCESS,
            Ok(Ok(false)) => ExitCode::FAILURE,
            Ok(Err(e)) => fail(&e, USAGE),
            Err(e) => fail(&anyhow::Error::msg(e), USAGE),
        };
    }
    if asked.role == Role::Camera {
        return match asked.camera().map(|request| camera::run(&request, &config, now())) {
            Some(Ok(true)) => ExitCode::SUCCESS,
            Some(Ok(false)) => ExitCode::FAILURE,
            Some(Err(e)) => fail(&e, USAGE),
            None => ExitCode::from(USAGE),
        };
    }
    match run(asked.role, config).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => fail(&e, 1),
    }
}

fn now() -> domain::Instant {
    clock::system().now()
}

async fn run(role: Role, config: config::Config) -> anyhow::Result<()> {
    telemetry::start(&config.log, config.log_format == LogFormat::Json)
        .context("`log` is not a filter of logs")?;
    // TLS to RabbitMQ, Redis and the sink all use the process' provider.
    rustls::crypto::ring::default_provider()
        .install_default()
        .map_err(|_| anyhow::anyhow!("a provider of cryptography was installed already"))?;
    let clock = clock::system();
    if role == Role::Configure {
        return roles::configure(&config, clock).await;
    }
    let shutdown = Shutdown::listen().context("cannot listen for signals")?;
    roles::run(role, config, clock, shutdown).await
}

/// What was said and changes nothing is most likely misspelt. Logs are not running yet.
fn warn_of(ignored: &[String]) {
    for what in ignored {
        say::error(format_args!("carpark: warning: {what}"));
    }
}

/// On standard error, for logs may not be running yet.
fn fail(error: &anyhow::Error, code: u8) -> ExitCode {
    say::error(format_args!("carpark: {error:#}"));
    ExitCode::from(code)
}
