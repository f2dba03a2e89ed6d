//! `/admin/bills`: what stays cost, who has paid, and what waits for a person.

use actix_web::HttpResponse;
use actix_web::web::{Data, Json, Path, Query};
use domain::HolderId;
use platform::http::{Problem, ProblemBody, page_size};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::holders::PaymentBody;
use super::{Desk, one_line};
use crate::board::PAGE_MAX;
use crate::money::{Approve, BillState, Billed, Order, Pay, PayFor, Refusal, Reply, Waive, Wrong};
use crate::shapes::time;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct BillsQuery {
    /// Bills of a page, 100 unless told, 1,000 at most.
    limit: Option<usize>,
    /// `next` of the page before.
    after: Option<String>,
    /// `charged`, `due`, `review`, `unpriced`, `settled`, `reversed`.
    #[param(value_type = Option<String>)]
    state: Option<BillState>,
    /// Whose.
    holder: Option<String>,
}

/// A bill.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BillShown {
    /// The stay.
    session: String,
    /// Which of its revisions.
    revision: u64,
    /// `charged`, `due`, `review`, `unpriced`, `settled`, `reversed`.
    state: &'static str,
    /// By which it came in.
    #[serde(skip_serializing_if = "Option::is_none")]
    admission: Option<String>,
    /// Whose it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    holder: Option<String>,
    /// Where.
    place: String,
    /// In which bays.
    bay_type: String,
    /// When it began.
    entry_at: String,
    /// When it ended.
    exit_at: String,
    /// ISO 4217.
    currency: String,
    /// What it costs, in minor units.
    total: i64,
    /// Of that, taken from the account.
    taken: i64,
    /// Of that, owed.
    owed: i64,
    /// Of what is owed, paid.
    paid: i64,
    /// Why a person has to look, or has.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
    /// Line by line.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    bill: Option<rates::Bill>,
}

impl From<Billed> for BillShown {
    fn from(billed: Billed) -> Self {
        Self {
            session: billed.stay.session,
            revision: billed.stay.revision,
            state: billed.state.as_str(),
            admission: billed.admission.map(|id| id.to_string()),
            holder: billed.holder.map(|id| id.to_string()),
            place: billed.stay.place.to_string(),
            bay_type: billed.stay.bay_type.into(),
            entry_at: time(billed.stay.entry_at),
            exit_at: time(billed.stay.exit_at),
            currency: billed.currency,
            total: billed.total,
            taken: billed.taken,
            owed: billed.owed,
            paid: billed.paid,
            why: billed.why,
            bill: billed.bill,
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BillsPage {
    /// The oldest exit first.
    bills: Vec<BillShown>,
    /// For `after`; missing on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// Bills, the oldest first.
#[utoipa::path(get, path = "/admin/bills", tag = "bills", params(BillsQuery), responses((status = 200, body = BillsPage), (status = 503, body = ProblemBody<'_>)))]
pub(super) async fn bills(
    desk: Data<Desk>,
    query: Query<BillsQuery>,
) -> Result<HttpResponse, Problem> {
    let limit = page_size(query.limit, PAGE_MAX)?;
    let after = match &query.after {
        None => (i64::MIN, ""),
        Some(text) => {
            let parts =
                text.split_once(':').and_then(|(at, session)| Some((at.parse().ok()?, session)));
            let wrong = || Problem::bad_request("`after` is not the `next` of an earlier page");
            parts.ok_or_else(wrong)?
        }
    };
    let holder = query.holder.as_deref().map(str::parse::<HolderId>).transpose();
    let holder = holder.map_err(|e| Problem::bad_request(format!("`holder` {e}")))?;
    let mut bills = desk.vault.bills(query.state, holder.as_ref(), after, limit + 1).await?;
    let is_more = bills.len() > limit;
    bills.truncate(limit);
    let next = bills.last().filter(|_| is_more);
    let next =
        next.map(|bill| format!("{}:{}", bill.stay.exit_at.timestamp_micros(), bill.stay.session));
    let bills = bills.into_iter().map(BillShown::from).collect();
    Ok(HttpResponse::Ok().json(BillsPage { bills, next }))
}

/// The bills of a stay, one for each of its revisions; at most one of them stands.
#[utoipa::path(get, path = "/admin/bills/{session}", tag = "bills", params(("session" = String, Path)), responses((status = 200, body = [BillShown]), (status = 404, body = ProblemBody<'_>)))]
pub(super) async fn bill(desk: Data<Desk>, session: Path<String>) -> Result<HttpResponse, Problem> {
    let bills = desk.vault.bills_of(&session).await?;
    if bills.is_empty() {
        return Err(Wrong::NoBill(session.into_inner()).into());
    }
    Ok(HttpResponse::Ok().json(bills.into_iter().map(BillShown::from).collect::<Vec<_>>()))
}

/// Takes what is due for a stay, once for each key; an amount below zero gives back what was paid.
#[utoipa::path(post, path = "/admin/bills/{session}/payments", tag = "bills", params(("session" = String, Path)), request_body = PaymentBody, responses((status = 200, body = [BillShown]), (status = 404, body = ProblemBody<'_>), (status = 409, body = ProblemBody<'_>), (status = 422, body = ProblemBody<'_>)))]
pub(super) async fn pay(
    desk: Data<Desk>,
    session: Path<String>,
    body: Json<PaymentBody>,
) -> Result<HttpResponse, Problem> {
    let pay = body.into_inner().checked(PayFor::Session(session.clone()), &desk.currency)?;
    paid(&desk, pay).await?;
    bill(desk, session).await
}

/// Takes or gives money.
pub(super) async fn paid(desk: &Desk, pay: Pay) -> Result<(), Problem> {
    match desk.ask(Order::Pay(pay)).await? {
        Reply::Paid(done) => Ok(done.map(|_| ())?),
        other => Err(Problem::unavailable(format!("not an answer to what was asked: {other:?}"))),
    }
}

/// Who looks after a bill, and why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WaiveBody {
    /// Who says so.
    by: String,
    /// Why.
    reason: String,
}

/// Lets somebody off a bill: what is due is due no more, and what was taken goes back.
#[utoipa::path(post, path = "/admin/bills/{session}/waive", tag = "bills", params(("session" = String, Path)), request_body = WaiveBody, responses((status = 200, body = BillShown), (status = 404, body = ProblemBody<'_>)))]
pub(super) async fn waive(
    desk: Data<Desk>,
    session: Path<String>,
    body: Json<WaiveBody>,
) -> Result<HttpResponse, Problem> {
    let WaiveBody { by, reason } = body.into_inner();
    one_line("by", &by)?;
    one_line("reason", &reason)?;
    looked_after(&desk, Order::Waive(Waive { session: session.into_inner(), by, reason })).await
}

/// Who says that a bill is right.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ApproveBody {
    /// Who says so.
    by: String,
}

/// Charges a bill that waits for a person: as it is, or, where there was no price, as the tables have it
/// now.
#[utoipa::path(post, path = "/admin/bills/{session}/approve", tag = "bills", params(("session" = String, Path)), request_body = ApproveBody, responses((status = 200, body = BillShown), (status = 404, body = ProblemBody<'_>), (status = 409, body = ProblemBody<'_>)))]
pub(super) async fn approve(
    desk: Data<Desk>,
    session: Path<String>,
    body: Json<ApproveBody>,
) -> Result<HttpResponse, Problem> {
    let ApproveBody { by } = body.into_inner();
    one_line("by", &by)?;
    looked_after(&desk, Order::Approve(Approve { session: session.into_inner(), by })).await
}

async fn looked_after(desk: &Desk, order: Order) -> Result<HttpResponse, Problem> {
    match desk.ask(order).await? {
        Reply::Bill(done) => Ok(HttpResponse::Ok().json(BillShown::from((*done)?))),
        other => Err(Problem::unavailable(format!("not an answer to what was asked: {other:?}"))),
    }
}

impl From<Wrong> for Problem {
    fn from(wrong: Wrong) -> Self {
        let text = wrong.to_string();
        match wrong {
            Wrong::NoBill(_) | Wrong::Refused(Refusal::NoAccount(_)) => Self::not_found(text),
            Wrong::Refused(Refusal::OtherContent(_)) | Wrong::DoesNotWait(_) => {
                Self::conflict(text)
            }
            Wrong::TooMuch(..)
            | Wrong::Refused(Refusal::Amount(_) | Refusal::BelowFloor { .. }) => {
                Self::unprocessable(text).of_item(0, Some("amount".to_owned()))
            }
            _ => Self::unprocessable(text),
        }
    }
}
