//! `carpark camera`: what a camera's message would become, and a way to post it as the camera would.
//! For the person who puts a camera up, so plates are shown.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::str::FromStr as _;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use cameras::sighting::{Fit, Sighting, sightings};
use cameras::understand::understand;
use cameras::{Camera, CapturedAt, Heading, Message, PlateText, Read, Stage, Vendor};
use domain::{Instant, Plate, wire};

use crate::config::Config;
use crate::say;

/// Longer than carpark lets a camera wait.
const PATIENCE: Duration = Duration::from_secs(30);
/// The file that stands for standard input.
const STDIN: &str = "-";

/// What is asked for.
#[derive(Debug)]
pub enum Request {
    /// Shows what a message would become.
    Test {
        /// The file with the message; `-`: standard input.
        file: PathBuf,
        /// None, or `auto`: the message tells.
        vendor: Option<String>,
        /// The camera of the configuration to treat as the sender.
        camera: Option<String>,
        /// As the camera says it.
        content_type: Option<String>,
    },
    /// Posts the message as a camera would.
    Send {
        /// The file with the message; `-`: standard input.
        file: PathBuf,
        /// The address to post it to, `…/cameras/NAME`.
        url: String,
        /// As the camera says it.
        content_type: Option<String>,
    },
}

/// Does it, and prints what came of it. False where a message was not taken.
pub fn run(request: &Request, config: &Config, now: Instant) -> anyhow::Result<bool> {
    let (text, is_well) = match request {
        Request::Test { file, vendor, camera, content_type } => {
            let body = read(file)?;
            let camera = camera.as_deref().map(|name| find(name, config)).transpose()?;
            let asked = vendor.as_deref().filter(|vendor| *vendor != "auto");
            let vendor = asked.map(Vendor::from_str).transpose()?;
            let vendor = vendor.or(camera.as_ref().and_then(|camera| camera.vendor));
            (test(&body, content_type.as_deref(), vendor, camera.as_ref(), now)?, true)
        }
        Request::Send { file, url, content_type } => {
            send(&read(file)?, file, url, content_type.as_deref(), config)?
        }
    };
    say::result(text)?;
    Ok(is_well)
}

fn read(file: &Path) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if file == Path::new(STDIN) {
        std::io::stdin().read_to_end(&mut bytes).context("standard input cannot be read")?;
        return Ok(bytes);
    }
    std::fs::read(file).with_context(|| format!("{} cannot be read", file.display()))
}

fn find(name: &str, config: &Config) -> anyhow::Result<Arc<Camera>> {
    let camera = config.cameras.iter().find(|camera| camera.name.as_str() == name);
    let known = || config.cameras.iter().map(|camera| camera.name.as_str()).collect::<Vec<_>>();
    match camera {
        Some(camera) => Ok(Arc::new(camera.clone())),
        None if config.cameras.is_empty() => {
            bail!("no camera is configured: is carpark.toml here, or named with --config?")
        }
        None => bail!("no camera is called `{name}`; configured are {}", known().join(", ")),
    }
}

/// What the message says; for a camera of the configuration also what becomes of it.
fn test(
    body: &[u8],
    content_type: Option<&str>,
    vendor: Option<Vendor>,
    camera: Option<&Arc<Camera>>,
    now: Instant,
) -> anyhow::Result<String> {
    let understood = understand(body, content_type, vendor)?;
    let how = if vendor.is_some() { "" } else { " (by its content)" };
    let mut lines = vec![format!("vendor       {}{how}", understood.vendor)];
    let reads = match understood.message {
        Message::Heartbeat => {
            lines.push("a heartbeat: the camera is there".to_owned());
            return Ok(lines.join("\n"));
        }
        Message::Nothing(why) => {
            lines.push(format!("nothing for carpark: {why}"));
            return Ok(lines.join("\n"));
        }
        Message::Reads(reads) => reads,
    };
    let seen = camera.map(|camera| sightings(&reads, camera, now));
    for (number, read) in reads.iter().enumerate() {
        lines.push(format!("\nread {} of {}", number + 1, reads.len()));
        lines.extend(said(read));
        if let Some(sighting) = seen.as_ref().and_then(|seen| seen.get(number)) {
            lines.extend(becomes(sighting));
        }
    }
    if camera.is_none() {
        lines.push(
            "\n--camera NAME shows what becomes of it with the lane, the time zone and the \
             confidence of a camera in carpark.toml"
                .to_owned(),
        );
    }
    Ok(lines.join("\n"))
}

fn said(read: &Read) -> Vec<String> {
    let plate = match &read.plate {
        PlateText::Unread => "not read".to_owned(),
        PlateText::Read(text) => match Plate::parse(&text.0) {
            Ok(plate) if plate.as_str() == text.0 => plate.to_string(),
            Ok(plate) => format!("{plate} (as read: {:?})", text.0.as_str()),
            Err(why) => format!("{:?} is none: {why}", text.0.as_str()),
        },
    };
    let time = match read.at {
        CapturedAt::Instant(at) => wire::format_time(at),
        CapturedAt::Local(at) => format!("{at}, without a zone: the camera's"),
        CapturedAt::Missing => "not stated: the moment of arrival".to_owned(),
    };
    let mut lines = vec![format!("  plate      {plate}"), format!("  time       {time}")];
    let mut line = |name: &str, value: Option<String>| {
        lines.extend(value.map(|value| format!("  {name:<10} {value}")));
    };
    line("confidence", read.confidence.map(|share| format!("{share:.3}")));
    line(
        "direction",
        read.direction.map(|direction| match direction {
            Heading::In => "in".to_owned(),
            Heading::Out => "out".to_owned(),
            Heading::Approaching => "towards the camera".to_owned(),
            Heading::Leaving => "away from the camera".to_owned(),
        }),
    );
    line("camera", read.camera.clone());
    line("lane", read.lane.clone());
    line("event", read.event.clone());
    line(
        "stage",
        match read.stage {
            Stage::New => Some("new, more is to come".to_owned()),
            Stage::Update => Some("update, more is to come".to_owned()),
            Stage::Final => None,
        },
    );
    line("uploaded", read.is_late_upload.then(|| "late, or again".to_owned()));
    let others = read.candidates.iter().map(|candidate| match candidate.confidence {
        Some(share) => format!("{} {share:.3}", candidate.plate.0),
        None => candidate.plate.0.to_string(),
    });
    let others = others.collect::<Vec<_>>().join(", ");
    line("candidates", (!others.is_empty()).then_some(others));
    lines
}

fn becomes(sighting: &Sighting) -> Vec<String> {
    match &sighting.fit {
        Fit::Observation(observation) => vec![
            format!(
                "  becomes    an {} at place {}, lane {}",
                observation.direction.as_str(),
                observation.place,
                sighting.camera.lane
            ),
            format!("  published  {}", wire::observation_to_json(observation)),
        ],
        Fit::Unfit(why) => {
            vec![format!("  becomes    nothing: counted as `{}`", why.as_str())]
        }
    }
}

fn send(
    body: &[u8],
    file: &Path,
    url: &str,
    content_type: Option<&str>,
    config: &Config,
) -> anyhow::Result<(String, bool)> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(PATIENCE))
        .max_redirects(0)
        .build()
        .into();
    let content_type = content_type.map_or_else(|| guessed(body, file), str::to_owned);
    let mut request = agent.post(url).header("content-type", content_type);
    if let Some(token) = token_for(url, config) {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    // A URL may have the token in it: it is not repeated.
    let mut answer = request.send(body).context("nobody answers there")?;
    let (status, said) = (answer.status(), answer.body_mut().read_to_string().unwrap_or_default());
    Ok((format!("{status} {}", said.trim()), status.is_success()))
}

/// The token of the camera that the URL names, or that of all cameras.
fn token_for<'c>(url: &str, config: &'c Config) -> Option<&'c str> {
    let (_, behind) = url.split_once("/cameras/")?;
    let name = behind.split(['/', '?']).next()?;
    let camera = config.cameras.iter().find(|camera| camera.name.as_str() == name);
    let own = camera.and_then(|camera| camera.token.as_ref()).map(cameras::Token::as_str);
    own.or(config.tokens.camera.as_deref())
}

/// What a camera would say its message is.
fn guessed(body: &[u8], file: &Path) -> String {
    if let Some(rest) = body.strip_prefix(b"--") {
        let boundary = rest.split(|byte| matches!(byte, b'\r' | b'\n')).next().unwrap_or_default();
        return format!("multipart/form-data; boundary={}", String::from_utf8_lossy(boundary));
    }
    match file.extension().and_then(|extension| extension.to_str()) {
        Some("json") => "application/json",
        Some("xml") => "application/xml",
        _ => "text/plain",
    }
    .to_owned()
}
