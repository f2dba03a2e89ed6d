//! `/admin/holders`: who has an account, and what is in it.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Data, Json, Path, Query};
use domain::HolderId;
use platform::http::{Problem, ProblemBody, page_size};
use platform::upload;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};

use super::money::paid;
use super::{Desk, not_taken, one_line};
use crate::board::PAGE_MAX;
use crate::money::{Account, Described, Holder, Line, Listed, Pay, PayFor};
use crate::shapes::{ImportReport, RefusedRow, time};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct HoldersQuery {
    /// Holders of a page, 100 unless told, 1,000 at most.
    limit: Option<usize>,
    /// `next` of the page before.
    after: Option<String>,
    /// A part of an id, a name, an address, a plate or a pass.
    q: Option<String>,
}

/// A holder, for the operator.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct HolderShown {
    /// Its name.
    id: String,
    /// As it is described.
    #[schema(value_type = Object)]
    description: Holder,
    /// ISO 4217 of its account.
    currency: String,
    /// Sum of all transfers, in minor units.
    balance: i64,
    /// Of that, set aside for stays that have begun.
    held: i64,
    /// Balance less what is set aside.
    available: i64,
    /// The same of itself and all of its members together.
    available_of_group: i64,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct HoldersPage {
    /// By id.
    holders: Vec<HolderShown>,
    /// For `after`; missing on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

impl From<Listed> for HolderShown {
    fn from(Listed { id, holder, currency, own, together }: Listed) -> Self {
        Self {
            id: id.to_string(),
            description: holder,
            currency,
            balance: own.balance,
            held: own.held,
            available: own.available(),
            available_of_group: together.available(),
        }
    }
}

/// All holders with what they have.
#[utoipa::path(get, path = "/admin/holders", tag = "holders", params(HoldersQuery), responses((status = 200, body = HoldersPage), (status = 503, body = ProblemBody<'_>)))]
pub(super) async fn list(
    desk: Data<Desk>,
    query: Query<HoldersQuery>,
) -> Result<HttpResponse, Problem> {
    let limit = page_size(query.limit, PAGE_MAX)?;
    let (after, part) = (query.after.as_deref().unwrap_or(""), query.q.as_deref().unwrap_or(""));
    let mut holders = desk.vault.holders(after, part.trim(), limit + 1).await?;
    let is_more = holders.len() > limit;
    holders.truncate(limit);
    let next = holders.last().filter(|_| is_more).map(|holder| holder.id.to_string());
    let holders = holders.into_iter().map(HolderShown::from).collect();
    Ok(HttpResponse::Ok().json(HoldersPage { holders, next }))
}

/// A holder with what it has.
#[utoipa::path(get, path = "/admin/holders/{id}", tag = "holders", params(("id" = String, Path)), responses((status = 200, body = HolderShown), (status = 404, body = ProblemBody<'_>)))]
pub(super) async fn show(desk: Data<Desk>, id: Path<String>) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(HolderShown::from(known(&desk, &id).await?)))
}

/// Describes a holder, or describes it anew: 201 where nobody had. A plate or a pass that another holder
/// has is refused.
#[utoipa::path(put, path = "/admin/holders/{id}", tag = "holders", params(("id" = String, Path)), request_body = Object, responses((status = 200), (status = 201), (status = 400, body = ProblemBody<'_>), (status = 422, body = ProblemBody<'_>)))]
pub(super) async fn put(
    desk: Data<Desk>,
    id: Path<String>,
    holder: Json<Holder>,
) -> Result<HttpResponse, Problem> {
    let id = holder_id(&id)?;
    let described = describe(&desk, &id, &holder).await?;
    let described = described.map_err(|(field, why)| not_taken(&field, &why))?;
    let is_new = described == Described::Added;
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok(HttpResponse::build(status).json(json!({ "id": id })))
}

async fn describe(
    desk: &Desk,
    id: &HolderId,
    holder: &Holder,
) -> Result<Result<Described, (String, String)>, Problem> {
    if let Err(wrong) = holder.check(id) {
        return Ok(Err((wrong.field, wrong.why)));
    }
    let now = desk.clock.now();
    let described = desk.vault.put_holder(id, holder, &desk.currency, now).await?;
    Ok(described.map_err(|not_taken| (not_taken.field.to_owned(), not_taken.why)))
}

/// Takes a file of holders: a JSON array of objects with `id` and what a description has. What is wrong
/// is reported with its line and field and not taken; the rest is.
#[utoipa::path(post, path = "/admin/holders/import", tag = "holders", request_body(content = String, content_type = "application/json"), responses((status = 200, body = ImportReport), (status = 400, body = ProblemBody<'_>)))]
pub(super) async fn import(desk: Data<Desk>, body: Bytes) -> Result<HttpResponse, Problem> {
    let unread = |e| Problem::bad_request(format!("{e}; nothing was taken"));
    let no_csv =
        |_: &csv::StringRecord| Err("holders come as JSON: a file that begins with [".to_owned());
    let rows = match upload::read(&body, "{\"id\": …}", no_csv).map_err(unread)? {
        upload::Rows::Json(rows) => rows,
        upload::Rows::Csv(..) => Vec::new(),
    };
    let mut report = ImportReport::default();
    for (line, row) in rows {
        let done = match of_json(row) {
            Ok((id, holder)) => describe(&desk, &id, &holder).await?,
            Err(wrong) => Err(wrong),
        };
        match done {
            Ok(Described::Added) => report.added += 1,
            Ok(Described::Changed) => report.changed += 1,
            Ok(Described::Same) => report.unchanged += 1,
            Err((field, reason)) => {
                report.refused += 1;
                let field = Some(field).filter(|field| !field.is_empty());
                report.refusals.push(RefusedRow { line, field, reason });
            }
        }
    }
    report.refusals.truncate(PAGE_MAX);
    Ok(HttpResponse::Ok().json(report))
}

fn of_json(row: serde_json::Value) -> Result<(HolderId, Holder), (String, String)> {
    let serde_json::Value::Object(mut row) = row else {
        return Err((String::new(), "not an object".to_owned()));
    };
    let id = row.remove("id").ok_or_else(|| ("id".to_owned(), "is missing".to_owned()))?;
    let id = id.as_str().unwrap_or_default().parse();
    let id: HolderId = id.map_err(|e| ("id".to_owned(), format!("{e}")))?;
    let holder = serde_json::from_value(serde_json::Value::Object(row));
    Ok((id, holder.map_err(|e| (String::new(), e.to_string()))?))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct StatementQuery {
    /// Lines of a page, 100 unless told, 1,000 at most.
    limit: Option<usize>,
    /// `next` of the page before.
    before: Option<i64>,
}

/// A line of a statement.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LineShown {
    /// Grows with each transfer.
    number: i64,
    /// When.
    at: String,
    /// In minor units: what came in is above zero.
    amount: i64,
    /// `charge`, `reversal`, `payment`, `refund`, `waiver`.
    what: &'static str,
    /// The other side: `revenue:PLACE`, `outside:METHOD`, `due:SESSION`, `holder:ID`.
    with: String,
    /// The stay that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<String>,
    /// Who asked for it.
    by: String,
    /// In words.
    note: String,
    /// Names the transfer.
    key: String,
}

/// What has moved on an account, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct StatementShown {
    /// What it has now.
    account: HolderShown,
    /// The newest first.
    lines: Vec<LineShown>,
    /// For `before`; missing on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<i64>,
}

/// What has moved on the account of a holder, the newest first, and what it has.
#[utoipa::path(get, path = "/admin/holders/{id}/statement", tag = "holders", params(("id" = String, Path), StatementQuery), responses((status = 200, body = StatementShown), (status = 404, body = ProblemBody<'_>)))]
pub(super) async fn statement(
    desk: Data<Desk>,
    id: Path<String>,
    query: Query<StatementQuery>,
) -> Result<HttpResponse, Problem> {
    let limit = page_size(query.limit, PAGE_MAX)?;
    let account = known(&desk, &id).await?;
    let own = Account::Holder(account.id.clone());
    let before = query.before.unwrap_or(i64::MAX);
    let mut lines = desk.vault.statement(&own.to_string(), before, limit + 1).await?;
    let is_more = lines.len() > limit;
    lines.truncate(limit);
    let next = lines.last().filter(|_| is_more).map(|line| line.number);
    let lines = lines.into_iter().map(|line| shown(line, &own)).collect();
    Ok(HttpResponse::Ok().json(StatementShown { account: account.into(), lines, next }))
}

fn shown(Line { number, transfer }: Line, own: &Account) -> LineShown {
    let comes_in = transfer.to == *own;
    let with = if comes_in { &transfer.from } else { &transfer.to };
    LineShown {
        number,
        at: time(transfer.at),
        amount: if comes_in { transfer.amount } else { -transfer.amount },
        what: transfer.what.as_str(),
        with: with.to_string(),
        session: transfer.session,
        by: transfer.by,
        note: transfer.note,
        key: transfer.key,
    }
}

/// Money at the desk.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PaymentBody {
    /// Made by who asks: the same key is the same payment.
    pub key: String,
    /// In minor units; below zero, it is given back.
    pub amount: i64,
    /// ISO 4217; the account's where nothing is said.
    pub currency: Option<String>,
    /// `cash`, `bank` or another name.
    pub method: String,
    /// Who has taken it.
    pub by: String,
    /// In words.
    #[serde(default)]
    pub note: String,
}

/// Puts money into an account, or gives it back: once for each key; the same key with another content is
/// a conflict.
#[utoipa::path(post, path = "/admin/holders/{id}/payments", tag = "holders", params(("id" = String, Path)), request_body = PaymentBody, responses((status = 200, body = HolderShown), (status = 404, body = ProblemBody<'_>), (status = 409, body = ProblemBody<'_>), (status = 422, body = ProblemBody<'_>)))]
pub(super) async fn pay(
    desk: Data<Desk>,
    id: Path<String>,
    body: Json<PaymentBody>,
) -> Result<HttpResponse, Problem> {
    let account = known(&desk, &id).await?;
    let pay = body.into_inner().checked(PayFor::Holder(account.id.clone()), &account.currency)?;
    paid(&desk, pay).await?;
    show(desk, id).await
}

impl PaymentBody {
    /// The payment, if it makes sense.
    pub fn checked(self, of: PayFor, currency: &str) -> Result<Pay, Problem> {
        for (field, text) in [("key", &self.key), ("method", &self.method), ("by", &self.by)] {
            one_line(field, text)?;
        }
        if !self.note.is_empty() {
            one_line("note", &self.note)?;
        }
        Ok(Pay {
            // Nobody's own key is taken for one that the office has made itself.
            key: format!("desk:{}", self.key),
            of,
            method: self.method,
            amount: self.amount,
            currency: self.currency.unwrap_or_else(|| currency.to_owned()),
            by: self.by,
            note: self.note,
        })
    }
}

fn holder_id(text: &str) -> Result<HolderId, Problem> {
    text.parse().map_err(|e| Problem::bad_request(format!("the id of a holder {e}")))
}

async fn known(desk: &Desk, id: &str) -> Result<Listed, Problem> {
    let id = holder_id(id)?;
    let account = desk.vault.account(&id).await?;
    account.ok_or_else(|| Problem::not_found(format!("there is no holder `{id}`")))
}
