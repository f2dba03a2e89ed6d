//! `/quotes`: what a stay to come costs.

use actix_web::HttpResponse;
use actix_web::web::{Data, Json, Query};
use chrono::TimeDelta;
use domain::place::BayType;
use platform::http::{Problem, ProblemBody};
use rates::{Segment, Stay};

use super::{Desk, place_name};
use crate::shapes::tables::{LanguageQuery, Priced, Quote, QuoteBody};
use crate::shapes::time;
use crate::tables::NoPrice;

/// Longest stay that is quoted: whoever asks is not known, and a stay of years takes its time.
const LONGEST: TimeDelta = TimeDelta::days(366);

/// What a stay to come costs at a place, by the rate table that it names, and why. The factor by how full
/// it is is that of now. No price is 422, with the reason.
#[utoipa::path(post, path = "/quotes", tag = "places", params(LanguageQuery), request_body = QuoteBody, responses((status = 200, body = Quote), (status = 400, body = ProblemBody<'_>), (status = 404, body = ProblemBody<'_>), (status = 422, body = ProblemBody<'_>)))]
pub(super) async fn quote(
    desk: Data<Desk>,
    query: Query<LanguageQuery>,
    body: Json<QuoteBody>,
) -> Result<HttpResponse, Problem> {
    let QuoteBody { place: id, bay_type, from, to } = body.into_inner();
    let id = place_name(&id)?;
    let place = desk.catalog.place(&id);
    let place = place.ok_or_else(|| Problem::not_found(format!("there is no place `{id}`")))?;
    let place = &place.place;
    let wrong = |field: &str, why: String| {
        Problem::unprocessable(format!("`{field}` {why}")).of_item(0, Some(field.to_owned()))
    };
    let bay_type = match bay_type {
        None => place.behind(None),
        Some(text) => {
            let known = BayType::parse(&text).ok().filter(|known| place.bays.contains_key(known));
            known.ok_or_else(|| {
                let known: Vec<&str> = place.bays.keys().map(BayType::as_str).collect();
                let why = format!("is \"{text}\": `{id}` has {}", known.join(", "));
                wrong("bay_type", why)
            })?
        }
    };
    if to <= from {
        return Err(wrong("to", format!("is {}: it has to be later than `from`", time(to))));
    }
    if to - from > LONGEST {
        let days = LONGEST.num_days();
        return Err(wrong("to", format!("is more than {days} days after `from`")));
    }
    let table = place.rate_table.as_ref();
    let table = table.ok_or_else(|| NoPrice::NoTableNamed(id.to_string()))?;
    let tables = desk.catalog.tables();
    // That it is not there is nothing that whoever asks for a quote can mend.
    let versions =
        tables.known(table).map_err(|e| Problem::unprocessable(format!("no price: {e}")))?;
    let factor = desk.catalog.factor_now(&id);
    let segment = Segment {
        zone: id.to_string(),
        bay: bay_type.as_str().to_owned(),
        factor,
        ..Segment::new(from, to)
    };
    let bill = tables.price(table, &Stay::of(vec![segment]))?;
    Ok(HttpResponse::Ok().json(Quote {
        place: id.to_string(),
        bay_type,
        from: time(from),
        to: time(to),
        factor: factor.map(|factor| factor.to_string()),
        priced: Priced::of(bill, versions, query.language.into()),
    }))
}
