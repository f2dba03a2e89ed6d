//! Places, and how full they are.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use anyhow::Context;
use office::{Office, Sessions};
use url::Url;

use super::{Wiring, reachable};
use crate::plates_elsewhere::{OFFICE, SessionsAt, There};
use crate::roles::open;

/// Starts it.
pub async fn start(wiring: &Wiring<'_>) -> anyhow::Result<()> {
    let config = wiring.config;
    let tokens = &config.tokens;
    let sessions = at(wiring, config.actors_url.as_ref(), wiring.plan.actors, 40_001)?;
    let office = Office::start(office::Parts {
        options: config.office.clone(),
        data_dir: open::data_dir(&config.data_dir)?,
        places: config.places.clone(),
        rate_tables: config.rate_tables.clone(),
        web_url: at(wiring, config.feed_url.as_ref(), wiring.plan.web, 40_000)?,
        feed_token: tokens.feed.clone().or_else(|| tokens.admin.clone()),
        sink_token: tokens.sink.clone(),
        sessions: Some(
            Arc::new(SessionsAt::new(sessions, tokens.admin.clone())) as Arc<dyn Sessions>
        ),
        clock: Arc::clone(&wiring.clock),
        registry: wiring.registry.clone(),
        vitals: wiring.vitals.clone(),
    })
    .await
    .context("CARPARK_OFFICE_URL")?;
    wiring.run(office);
    Ok(())
}

/// What the office holds of plates, for the actors: where it is in this process, or is said to be.
pub fn plates(wiring: &Wiring<'_>) -> anyhow::Result<Option<There>> {
    let config = wiring.config;
    if !wiring.plan.office && config.places_url.is_none() {
        return Ok(None);
    }
    let url = at(wiring, config.places_url.as_ref(), wiring.plan.office, 40_005)?;
    Ok(Some(There::new(OFFICE, url, config.tokens.admin.clone())))
}

/// Another role: where it is said to be, in this process, or where it would be on this machine.
fn at(wiring: &Wiring<'_>, url: Option<&Url>, is_here: bool, port: u16) -> anyhow::Result<Url> {
    if let Some(url) = url {
        return Ok(url.clone());
    }
    let own = match is_here {
        true => wiring.address,
        false => SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port),
    };
    Ok(format!("http://{}", reachable(own)).parse()?)
}
