//! The summary service, and the pages that show what it, the cameras and the other roles know.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use cameras::Cameras;
use url::Url;
use web::Web;
use web::pages::{ActorsAt, Options};

use super::{Wiring, reachable};
use crate::camera_watch::CameraWatch;
use crate::http::sign_in::{self, SignIns};

/// Opens the files.
pub async fn start(wiring: &Wiring<'_>) -> anyhow::Result<Web> {
    let options = wiring.config.web.clone();
    let web =
        web::start(options, Arc::clone(&wiring.clock), &wiring.registry, wiring.vitals.clone())
            .await?;
    wiring.watched.directory("data_dir", web.watch());
    Ok(web)
}

/// Puts it on the site, with the pages and the way to sign in on them.
pub fn open(
    wiring: &Wiring<'_>,
    web: &mut Web,
    cameras: &Cameras,
    sign_ins: Arc<SignIns>,
) -> anyhow::Result<()> {
    web.start_pages(pages_options(wiring, cameras)?);
    let is_ready = web.readiness();
    wiring.add(|site| {
        site.routes(web.routes());
        // Handed on to where they are, so they are found here.
        if !wiring.plan.vehicles {
            site.routes(web::pages::to_monitor(vehicles::routes()));
        }
        if !wiring.plan.actors {
            site.routes(web::pages::to_actors(actors::routes()));
        }
        site.check(move || {
            let state = if is_ready() { "ok" } else { "the files cannot be written" };
            vec![("files".to_owned(), state.to_owned())]
        });
        site.routes(sign_in::routes_of(sign_ins));
    });
    Ok(())
}

/// Where the pages ask: this process where it has all roles, unless told otherwise.
fn pages_options(wiring: &Wiring<'_>, cameras: &Cameras) -> anyhow::Result<Options> {
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
        cameras: match config.cameras.is_empty() {
            true => None,
            false => Some(Arc::new(CameraWatch(cameras.watch()))),
        },
    })
}
