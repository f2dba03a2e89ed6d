//! `/openapi.json` and `/docs`: the routes of a listener, described, and a page to try them on that
//! comes out of the binary.

use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpResponse, http::header};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ComponentsBuilder, OpenApi};
use utoipa_swagger_ui::SwaggerUi;

/// Whether the process answers.
#[utoipa::path(get, path = "/livez", tag = "every role", responses((status = 200)))]
#[expect(dead_code, reason = "descriptions are never called")]
fn livez() {}

/// Whether each part that the role depends on is well.
#[utoipa::path(get, path = "/readyz", tag = "every role",
    responses((status = 200), (status = 503, description = "a part is not")))]
#[expect(dead_code, reason = "descriptions are never called")]
fn readyz() {}

/// For Prometheus.
#[utoipa::path(get, path = "/metrics", tag = "every role",
    responses((status = 200, content_type = "text/plain", body = String)))]
#[expect(dead_code, reason = "descriptions are never called")]
fn metrics() {}

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "carpark",
        description = "Turns what number-plate cameras see into parking sessions.\n\nErrors are \
            `application/problem+json` (RFC 9457). Where tokens are set, `admin` is for everything \
            that shows or changes plates, `sink` for the posts of summaries, `ping` for those of vehicles."
    ),
    paths(livez, readyz, metrics)
)]
struct Common;

/// All descriptions in one.
pub fn merged(parts: impl IntoIterator<Item = OpenApi>) -> OpenApi {
    let bearer = || SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build());
    let mut all = <Common as utoipa::OpenApi>::openapi();
    all.components = Some(
        ComponentsBuilder::new()
            .security_scheme("admin", bearer())
            .security_scheme("sink", bearer())
            .security_scheme("ping", bearer())
            .build(),
    );
    for part in parts {
        all.merge(part);
    }
    all
}

/// Adds both routes.
pub fn routes(described: OpenApi, config: &mut ServiceConfig) {
    let to_page =
        || async { HttpResponse::Found().insert_header((header::LOCATION, "/docs/")).finish() };
    config
        .route("/docs", web::get().to(to_page))
        .service(SwaggerUi::new("/docs/{_:.*}").url("/openapi.json", described));
}
