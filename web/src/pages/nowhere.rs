//! What a browser is shown that asks for something that is not there, or asks wrongly: a page with the
//! way back. Programs are answered in JSON.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use askama::Template;
use platform::http::{Principal, Problem, wants_html};

use super::{Pages, Shell, page as respond};

#[derive(Template)]
#[template(path = "nowhere.html")]
struct Nowhere {
    shell: Shell,
    heading: &'static str,
    why: String,
}

/// Whatever path no part of the program answers: a page where this process has pages.
pub async fn nowhere(viewer: Principal, request: HttpRequest) -> HttpResponse {
    let path = request.path();
    match request.app_data::<Data<Pages>>() {
        Some(pages) if wants_html(request.headers()) => {
            let shell = pages.shell(&viewer, "Not found", "");
            let why = format!("There is nothing at {path}.");
            shown(StatusCode::NOT_FOUND, &Nowhere { shell, heading: "Not found", why })
        }
        _ => {
            Problem::not_found(format!("{path} is not here; /docs lists what is")).error_response()
        }
    }
}

/// A page that was asked for wrongly.
pub(super) fn wrong(shell: Shell, why: &str) -> HttpResponse {
    let page = Nowhere { shell, heading: "This cannot be shown", why: why.to_owned() };
    shown(StatusCode::BAD_REQUEST, &page)
}

fn shown(status: StatusCode, page: &Nowhere) -> HttpResponse {
    let mut answer = respond(page);
    *answer.status_mut() = status;
    answer
}
