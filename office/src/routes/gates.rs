//! `/gates/{lane}`: who may come in, and what it costs who leaves.

use actix_web::HttpResponse;
use actix_web::web::{Data, Json, Path};
use chrono::SubsecRound as _;
use domain::place::{LaneGate, WrongField};
use domain::{AdmissionId, Instant, LaneName, PlaceName};
use platform::http::{Problem, ProblemBody};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{Desk, not_taken};
use crate::catalog::LaneError;
use crate::money::{
    Answer, CheckIn, CheckOut, Credential, CredentialKind, GateError, Leaving, Order, Reply,
};

/// What somebody shows.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CredentialBody {
    /// `plate`, `qr` or `nfc`.
    kind: CredentialKind,
    /// The plate as it was read, or what is in the code or on the tag.
    value: String,
}

/// What a gate asks.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct GateBody {
    /// Made by the gate: the same id is answered the same. It names the admission.
    id: String,
    /// What was shown.
    credential: CredentialBody,
    /// When, RFC 3339; now, where nothing is said.
    #[schema(value_type = Option<String>)]
    at: Option<Instant>,
}

/// Asks whether somebody may come in. The answer is durable, and a bay and money are set aside with it;
/// the same `id` is answered the same. `plate`, `qr` and `nfc` are known by the holder that has them.
#[utoipa::path(post, path = "/gates/{lane}/check-in", tag = "gates", params(("lane" = String, Path)), request_body = GateBody, responses((status = 200, body = Answer), (status = 404, body = ProblemBody<'_>), (status = 409, body = ProblemBody<'_>), (status = 422, body = ProblemBody<'_>), (status = 503, body = ProblemBody<'_>)))]
pub(super) async fn check_in(
    desk: Data<Desk>,
    lane: Path<String>,
    body: Json<GateBody>,
) -> Result<HttpResponse, Problem> {
    let (lane, place) = gate(&desk, &lane)?;
    let GateBody { id, credential, at } = body.into_inner();
    let id: AdmissionId = id.parse().map_err(|e| not_taken("id", &format!("{e}")))?;
    let (credential, has_said_when) = (shown(&credential)?, at.is_some());
    let at = when(&desk, at);
    let order = Order::CheckIn(CheckIn { id, lane, place, credential, at, has_said_when });
    match desk.ask(order).await? {
        Reply::In(answer) => Ok(HttpResponse::Ok().json(answer?)),
        other => Err(unexpected(&other)),
    }
}

/// Says that somebody leaves: what it costs, what the account pays of it, and what is due. Whoever was
/// read by cameras is charged by their reads, which follow; who came in with a code or a tag and was
/// never read is charged here. The barrier opens in any case.
#[utoipa::path(post, path = "/gates/{lane}/check-out", tag = "gates", params(("lane" = String, Path)), request_body = GateBody, responses((status = 200, body = Leaving), (status = 404, body = ProblemBody<'_>), (status = 422, body = ProblemBody<'_>), (status = 503, body = ProblemBody<'_>)))]
pub(super) async fn check_out(
    desk: Data<Desk>,
    lane: Path<String>,
    body: Json<GateBody>,
) -> Result<HttpResponse, Problem> {
    let (lane, place) = gate(&desk, &lane)?;
    let GateBody { id, credential, at } = body.into_inner();
    let id: AdmissionId = id.parse().map_err(|e| not_taken("id", &format!("{e}")))?;
    let (credential, at) = (shown(&credential)?, when(&desk, at));
    let order = Order::CheckOut(CheckOut { id, lane, place, credential, at });
    match desk.ask(order).await? {
        Reply::Out(leaving) => Ok(HttpResponse::Ok().json(leaving?)),
        other => Err(unexpected(&other)),
    }
}

/// The lane, and the place that it leads to.
fn gate(desk: &Desk, lane: &str) -> Result<(LaneName, PlaceName), Problem> {
    let lane: LaneName =
        lane.parse().map_err(|e| Problem::bad_request(format!("the name of a lane {e}")))?;
    let place = desk.catalog.place_of_lane(&lane).map_err(|e| match e {
        // An office that has just started has not read any, and a gate must not take that for an answer.
        LaneError::NoSuchLane(_) if desk.catalog.is_empty() => {
            Problem::unavailable("no place is known yet: ask again, or describe one")
        }
        LaneError::NoSuchLane(_) => Problem::not_found(e.to_string()),
        LaneError::SeveralPlaces(..) => Problem::conflict(e.to_string()),
    })?;
    let described = desk.catalog.place(&place);
    let gate = described.and_then(|described| described.place.lanes.get(&lane)?.gate);
    if gate == Some(LaneGate::None) {
        let why = format!("lane `{lane}` has no gate: its `gate` is none");
        return Err(Problem::not_found(why));
    }
    Ok((lane, place))
}

/// To the microsecond, as it is kept: asked again, it is the same.
fn when(desk: &Desk, at: Option<Instant>) -> Instant {
    at.unwrap_or_else(|| desk.clock.now()).trunc_subsecs(6)
}

fn shown(body: &CredentialBody) -> Result<Credential, Problem> {
    let parsed = Credential::parse(body.kind, &body.value);
    parsed.map_err(|WrongField { field, why }| not_taken(&field, &why))
}

fn unexpected(reply: &Reply) -> Problem {
    tracing::error!(?reply, "not an answer to what was asked");
    Problem::unavailable("not an answer to what was asked")
}

impl From<GateError> for Problem {
    fn from(error: GateError) -> Self {
        match error {
            GateError::OtherContent(_) => Self::conflict(error.to_string()),
            GateError::Clock(..) => not_taken("at", &error.to_string()),
            GateError::NoPlace(_) => Self::not_found(error.to_string()),
        }
    }
}
