//! The summary service, and the pages that show what it, the cameras and the other roles know.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, OnceLock};

use anyhow::Context;
use async_trait::async_trait;
use cameras::{CameraStatus, Severity, Watch};
use platform::component::Component;
use platform::http::Routes;
use platform::messaging::amqp::{Server, StreamWriter};
use platform::messaging::topology::Declarations;
use url::Url;
use web::pages::{ActorsAt, Camera, CameraLevel, Cameras, Options};
use web::{FEED_STREAM, OpenStream, OpenWebhooks, Web};

use super::{Wiring, reachable};

/// Opens the files.
pub async fn start(wiring: &Wiring<'_>) -> anyhow::Result<Web> {
    let options = wiring.config.web.clone();
    let (clock, vitals) = (Arc::clone(&wiring.clock), wiring.vitals.clone());
    let web = web::start(options, clock, &wiring.registry, vitals).await?;
    wiring.watched.directory("data_dir", web.watch());
    Ok(web)
}

/// Tells those who are to be told of what the feed tells.
pub async fn webhooks(wiring: &Wiring<'_>, files: &Web) -> anyhow::Result<OpenWebhooks> {
    let webhooks = files.webhooks(&wiring.config.web, &wiring.registry).await?;
    if let Some(file) = webhooks.file() {
        wiring.watched.database("webhooks_file", file);
    }
    Ok(webhooks)
}

/// Publishes the feed to RabbitMQ, where that is wanted.
pub fn stream(wiring: &Wiring<'_>, files: &Web) -> anyhow::Result<Option<OpenStream>> {
    let config = wiring.config;
    let Some(url) = config.broker_url.as_deref().filter(|_| config.web.feed_stream) else {
        return Ok(None);
    };
    let server = Server::new(url, Declarations::unseen()?).context("CARPARK_BROKER_URL")?;
    let max_age = config.web.feed_retention.to_std()?;
    let writer = StreamWriter::new(server, FEED_STREAM, max_age);
    Ok(Some(files.stream(writer, &wiring.registry)?))
}

/// The pages, and what is handed on to where it is. `cameras` says how they do, once they run.
pub fn pages(
    wiring: &Wiring<'_>,
    files: &Web,
    webhooks: &OpenWebhooks,
    cameras: &Arc<OnceLock<Watch>>,
) -> anyhow::Result<impl Component + use<>> {
    // Handed on to where they are, so they are found here.
    let mut elsewhere = Routes::default();
    if !wiring.plan.vehicles {
        elsewhere = elsewhere.and(web::pages::to_monitor(vehicles::routes()));
    }
    if !wiring.plan.office {
        elsewhere = elsewhere.and(web::pages::to_office(office::routes()));
    }
    if !wiring.plan.actors {
        elsewhere = elsewhere.and(web::pages::to_actors(actors::routes()));
    }
    let options = pages_options(wiring, cameras)?;
    Ok(files.pages(options, elsewhere, webhooks, &wiring.registry)?)
}

/// Where the pages ask: this process where it has all roles, unless told otherwise.
fn pages_options(wiring: &Wiring<'_>, cameras: &Arc<OnceLock<Watch>>) -> anyhow::Result<Options> {
    let config = wiring.config;
    let token = config.tokens.admin.clone();
    let at = |url: &Option<Url>, is_here: bool, port: u16| -> anyhow::Result<ActorsAt> {
        let own = match is_here {
            true => wiring.address,
            false => SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port),
        };
        let url = match url {
            Some(url) => url.clone(),
            None => format!("http://{}", reachable(own)).parse()?,
        };
        Ok(ActorsAt { url, token: token.clone() })
    };
    Ok(Options {
        time_zone: config.web.time_zone,
        actors: at(&config.actors_url, wiring.plan.actors, 40_001)?,
        vehicles: at(&config.vehicles_url, wiring.plan.vehicles, 40_004)?,
        office: at(&config.places_url, wiring.plan.office, 40_005)?,
        cameras: match config.cameras.is_empty() {
            true => None,
            false => Some(Arc::new(CameraWatch(Arc::clone(cameras)))),
        },
    })
}

/// How the cameras of this process are: the pages ask, the cameras' monitor knows.
struct CameraWatch(Arc<OnceLock<Watch>>);

#[async_trait]
impl Cameras for CameraWatch {
    async fn all(&self) -> Vec<Camera> {
        let Some(watch) = self.0.get() else { return Vec::new() };
        watch.cameras().await.into_iter().map(shown).collect()
    }
}

fn shown(status: CameraStatus) -> Camera {
    Camera {
        name: status.camera,
        lane: status.lane,
        place: status.place,
        state: status.state.words(),
        level: match status.severity {
            Severity::Critical => CameraLevel::Bad,
            Severity::Warning => CameraLevel::Warn,
            Severity::Unknown => CameraLevel::Unknown,
            Severity::Well => CameraLevel::Ok,
        },
        last_read: status.last_read,
        last_heartbeat: status.last_heartbeat,
        since: Some(status.since),
        why: Some(status.why),
    }
}
