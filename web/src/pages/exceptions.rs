//! `/exceptions`: what is to be looked at, by kind, page by page down to the oldest one.

use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use domain::ExceptionKind;
use domain::wire::ExceptionMessage;
use platform::http::{Principal, Problem, wants_html};
use serde::Deserialize;
use serde_json::json;

use super::board::{ExceptionView, KindCount, exception_view, kind_counts};
use super::chosen::Chosen;
use super::words::number;
use super::{Pages, Shell, nowhere, page as respond};
use crate::openapi::{ToLookAt, WhichExceptions};
use crate::recent::{Cursor, Which};

/// Exceptions on a page.
const SHOWN: usize = 200;

/// What a person asks for. Texts: a wrong one is answered in words.
#[derive(Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    kind: String,
    /// The car park; all where it is missing.
    place: Option<String>,
    /// Where the page begins: `next` of the one before.
    #[serde(default)]
    before: String,
}

#[derive(Template)]
#[template(path = "exceptions.html")]
struct ExceptionsPage {
    shell: Shell,
    kinds: Vec<KindCount>,
    chosen: &'static str,
    and_place: String,
    rows: Vec<ExceptionView>,
    /// How many they are, in words.
    foot: String,
    /// Where the next page is, and the first one.
    next: Option<String>,
    first: Option<String>,
}

/// Exceptions that hold and that nobody dismissed; a page where a browser asks.
#[utoipa::path(get, path = "/exceptions", tag = "pages",
    params(WhichExceptions), responses((status = 200, body = ToLookAt)))]
pub(super) async fn page(
    pages: Data<Pages>,
    viewer: Principal,
    chosen: Chosen,
    asked: Query<Asked>,
    request: HttpRequest,
) -> HttpResponse {
    let is_person = wants_html(request.headers());
    // What a browser remembers is nothing to a program.
    let chosen = if is_person || asked.place.is_some() { chosen } else { Chosen::default() };
    let (kind, before) = match parse(&asked) {
        Ok(asked) => asked,
        Err(why) if is_person => {
            return nowhere::wrong(pages.shell(&viewer, "Exceptions", "car-park"), &why);
        }
        Err(why) => return actix_web::ResponseError::error_response(&Problem::bad_request(why)),
    };
    pages.caught_up().await;
    let which = Which { kind, place: chosen.place() };
    let list = pages.state.recent.list(which, before, SHOWN);
    if !is_person {
        let rows: Vec<_> = list.rows.iter().map(ExceptionMessage::from).collect();
        let counts = ExceptionKind::TO_REVIEW.iter().zip(list.counts);
        let counts: serde_json::Map<_, _> =
            counts.map(|(kind, count)| (kind.as_str().to_owned(), json!(count))).collect();
        let next = list.next.map(Cursor::to_text);
        return HttpResponse::Ok()
            .json(json!({ "exceptions": rows, "counts": counts, "next": next }));
    }
    let words = pages.words();
    let total: u64 = ExceptionKind::TO_REVIEW
        .iter()
        .zip(list.counts)
        .filter(|(shown, _)| kind.is_none_or(|kind| kind == **shown))
        .map(|(_, count)| count)
        .sum();
    let name = kind.map_or("", ExceptionKind::as_str);
    let path = |before: Option<Cursor>| {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        if !name.is_empty() {
            query.append_pair("kind", name);
        }
        if let Some(before) = before {
            query.append_pair("before", &before.to_text());
        }
        format!("/exceptions?{}{}", query.finish(), chosen.and())
    };
    let also = if name.is_empty() { Vec::new() } else { vec![("kind", name.to_owned())] };
    let mut foot =
        format!("{} of {}, the newest first.", number(list.rows.len() as u64), number(total));
    if list.unlisted > 0 {
        let unlisted = number(list.unlisted);
        foot = format!("{foot} The {unlisted} oldest are counted but not listed.");
    }
    let page = respond(&ExceptionsPage {
        shell: pages.shell(&viewer, "Exceptions", "car-park").of(
            &chosen,
            &pages,
            "/exceptions",
            also,
        ),
        kinds: kind_counts(list.counts),
        chosen: name,
        and_place: chosen.and(),
        rows: list.rows.iter().map(|row| exception_view(row, &words)).collect(),
        foot,
        next: list.next.map(|next| path(Some(next))),
        first: before.map(|_| path(None)),
    });
    chosen.remember(page)
}

fn parse(asked: &Asked) -> Result<(Option<ExceptionKind>, Option<Cursor>), String> {
    let kinds = ExceptionKind::TO_REVIEW;
    let kind = match asked.kind.as_str() {
        "" => None,
        name => Some(kinds.into_iter().find(|kind| kind.as_str() == name).ok_or_else(|| {
            let names = kinds.map(ExceptionKind::as_str).join(", ");
            format!("There is no such kind of exception: choose one of {names}.")
        })?),
    };
    let before = match asked.before.as_str() {
        "" => None,
        text => {
            Some(Cursor::parse(text).ok_or("There is no such page: start from the first page.")?)
        }
    };
    Ok((kind, before))
}
