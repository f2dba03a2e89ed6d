//! Places in the formats of others.

use actix_web::http::header::{HeaderValue, LINK};
use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use platform::http::{Problem, ProblemBody};

use super::{Desk, place_name, places};
use crate::board::Wanted;
use crate::formats::{apds as as_apds, datex2 as as_datex2};
use crate::shapes::{ApdsQuery, PlacesQuery};
use url::form_urlencoded;

impl ApdsQuery {
    /// The same in our words.
    fn places(&self) -> Result<PlacesQuery, Problem> {
        let near = match (self.latitude, self.longitude, self.radius) {
            (None, None, None) => None,
            (Some(latitude), Some(longitude), Some(radius)) => {
                Some(format!("{latitude},{longitude},{radius}"))
            }
            _ => {
                let detail = "`latitude`, `longitude` and `radius` go together";
                return Err(Problem::bad_request(detail));
            }
        };
        Ok(PlacesQuery { near, q: self.name.clone(), limit: self.limit, ..PlacesQuery::default() })
    }
}

/// Places as APDS says them (ISO 5206-1), with supply and demand: by id, a page of them from `offset`.
#[utoipa::path(get, path = "/apds/places", tag = "places", params(ApdsQuery), responses((status = 200, body = Object), (status = 400, body = ProblemBody<'_>)))]
pub(super) async fn apds(
    desk: Data<Desk>,
    query: Query<ApdsQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let wanted = Wanted::of(&query.places()?)?;
    let (page, total) = desk.board.part(&wanted, query.offset);
    let list = as_apds::list(&page, query.offset, total, desk.clock.now());
    Ok(places::answer(&request, "application/json", list.to_string()))
}

/// One place as APDS says it.
#[utoipa::path(get, path = "/apds/places/{id}", tag = "places", params(("id" = String, Path)), responses((status = 200, body = Object), (status = 404, body = ProblemBody<'_>)))]
pub(super) async fn apds_one(
    desk: Data<Desk>,
    id: Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let id = place_name(&id)?;
    let posted = desk.board.one(&id);
    let posted = posted.ok_or_else(|| Problem::not_found(format!("there is no place `{id}`")))?;
    let place = as_apds::place(&posted, desk.clock.now());
    Ok(places::answer(&request, "application/json", place.to_string()))
}

/// Places as a `ParkingStatusPublication` of DATEX II 3.6, in XML: those that the same parameters of
/// `/places` choose, 1,000 at most at a time.
#[utoipa::path(get, path = "/datex2/parking-status", tag = "places", params(PlacesQuery), responses((status = 200, body = String, content_type = "application/xml"), (status = 400, body = ProblemBody<'_>), (status = 204, description = "no place is wanted: the format has no empty publication")))]
pub(super) async fn datex2(
    desk: Data<Desk>,
    query: Query<PlacesQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let mut wanted = Wanted::of(&query)?;
    if query.limit.is_none() {
        wanted.limit = crate::board::PAGE_MAX;
    }
    let (page, _, next) = desk.board.page(&wanted);
    if page.is_empty() {
        return Ok(HttpResponse::NoContent().finish());
    }
    let (publisher, now) = (as_datex2::Publisher::default(), desk.clock.now());
    let xml = as_datex2::publication(&publisher, page.iter().map(|posted| &**posted), now);
    let mut answer = places::answer(&request, "application/xml", xml);
    if let Some(link) = next.and_then(|next| next_page(&request, &next)) {
        answer.headers_mut().insert(LINK, link);
    }
    Ok(answer)
}

/// Where the next page is (RFC 8288): the same request, behind `after`.
fn next_page(request: &HttpRequest, after: &str) -> Option<HeaderValue> {
    let asked = form_urlencoded::parse(request.query_string().as_bytes());
    let mut next = form_urlencoded::Serializer::new(String::new());
    next.extend_pairs(asked.filter(|(name, _)| name != "after")).append_pair("after", after);
    HeaderValue::try_from(format!("<{}?{}>; rel=\"next\"", request.path(), next.finish())).ok()
}
