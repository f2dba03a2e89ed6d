//! What every listener answers: whether it lives and is ready, its metrics, and the description of its
//! routes (`/openapi.json`) with a page to try them on (`/docs`) that comes out of the binary.

use std::sync::Mutex;

use actix_web::HttpResponse;
use actix_web::http::header::{CONTENT_ENCODING, LOCATION};
use actix_web::web::{self, Data, Path};
use platform::http::{Problem, Routes, Scope, operation};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{ComponentsBuilder, OpenApi};
use utoipa_swagger_ui::Config;

use super::Site;

#[derive(utoipa::OpenApi)]
#[openapi(info(
    title = "carpark",
    description = "Turns what number-plate cameras see into parking sessions.\n\nErrors are \
        `application/problem+json` (RFC 9457). Where tokens are set, `admin` is for everything \
        that shows or changes plates, `sink` for the posts of summaries, `camera` for those of cameras, \
         `ping` for those of vehicles, `feed` for who reads the feed and nothing else."
))]
struct Common;

/// The routes of every listener. What has no pages answers `/docs` as well.
pub fn routes() -> Routes {
    Routes::default()
        .add(Scope::Public, operation!(livez))
        .add(Scope::Public, operation!(readyz))
        .add(Scope::Public, operation!(metrics))
        .page(Scope::Public, "/openapi.json", || web::get().to(document))
        .page(Scope::Public, "/docs", || web::get().to(to_page))
        .page(Scope::Public, "/docs/{file:.*}", || web::get().to(page))
}

/// All descriptions in one.
pub fn merged(parts: impl IntoIterator<Item = OpenApi>) -> OpenApi {
    let bearer = || SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build());
    let basic = || SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Basic).build());
    let mut all = <Common as utoipa::OpenApi>::openapi();
    all.security = Some(vec![SecurityRequirement::new("admin", [""; 0])]);
    all.components = Some(
        ComponentsBuilder::new()
            .security_scheme("admin", bearer())
            .security_scheme("sink", bearer())
            .security_scheme("camera", bearer())
            .security_scheme("camera_basic", basic())
            .security_scheme("ping", bearer())
            .security_scheme("feed", bearer())
            .security_scheme("gate", bearer())
            .build(),
    );
    for part in parts {
        all.merge(part);
    }
    all
}

/// Whether the process answers.
#[utoipa::path(get, path = "/livez", tag = "every role", responses((status = 200)))]
async fn livez() -> HttpResponse {
    HttpResponse::Ok().body("ok\n")
}

/// Whether each part that the role depends on is well.
#[utoipa::path(get, path = "/readyz", tag = "every role",
    responses((status = 200), (status = 503, description = "a part is not")))]
async fn readyz(site: Data<Mutex<Site>>) -> HttpResponse {
    super::readyz(&site)
}

// The middleware that counts the requests puts the answer there.
/// For Prometheus.
#[utoipa::path(get, path = "/metrics", tag = "every role",
    responses((status = 200, content_type = "text/plain", body = String)))]
async fn metrics() -> HttpResponse {
    HttpResponse::Ok().finish()
}

async fn document(described: Data<OpenApi>) -> HttpResponse {
    HttpResponse::Ok().json(&*described)
}

async fn to_page() -> HttpResponse {
    HttpResponse::Found().insert_header((LOCATION, "/docs/")).finish()
}

async fn page(file: Path<String>) -> Result<HttpResponse, Problem> {
    let config = Config::new(["/openapi.json"]);
    let found = utoipa_swagger_ui::serve(&file, config.into());
    let found = found.map_err(|e| Problem::unavailable(e.to_string()))?;
    let Some(file) = found else { return Ok(HttpResponse::NotFound().finish()) };
    let mut answer = HttpResponse::Ok();
    if file.gzpipped {
        answer.insert_header((CONTENT_ENCODING, "gzip"));
    }
    Ok(answer.content_type(file.content_type).body(file.bytes.into_owned()))
}
