//! The summary service.

use std::sync::Arc;

use web::Web;

use super::Wiring;

/// Starts it.
pub async fn start(wiring: &Wiring<'_>) -> anyhow::Result<Web> {
    let options = wiring.config.web.clone();
    let web = web::start(options, Arc::clone(&wiring.clock), &wiring.registry).await?;
    let is_ready = web.readiness();
    wiring.add(|site| {
        site.routes(web.configure());
        site.describe(web::openapi());
        site.check(move || {
            let state = if is_ready() { "ok" } else { "the files cannot be written" };
            vec![("files".to_owned(), state.to_owned())]
        });
    });
    Ok(web)
}
