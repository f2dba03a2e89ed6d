//! What people do with money: payments, refunds, and bills that somebody has to look at.

use domain::HolderId;
use serde_json::json;

use super::Till;
use crate::facts::fact_of;
use crate::money::charge::{BillState, Billed, decide_charge};
use crate::money::ledger::{Account, Floor, Posted, Refusal, Transfer, What};
use crate::money::vault::About;

/// Money comes in, or goes back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pay {
    /// Made by who asks.
    pub key: String,
    /// To whom, or for which stay.
    pub of: PayFor,
    /// By which method: `cash`, `bank`, `stripe`.
    pub method: String,
    /// In minor units: below zero, it goes back.
    pub amount: i64,
    /// ISO 4217.
    pub currency: String,
    /// Who says so.
    pub by: String,
    /// In words.
    pub note: String,
}

/// What money is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PayFor {
    /// An account.
    Holder(HolderId),
    /// What is owed for a stay.
    Session(String),
}

/// A bill is waived: nobody pays it, and what was taken goes back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waive {
    /// Of which stay.
    pub session: String,
    /// Who says so.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// A bill that waits is right: it is charged as it is, or as the tables have it now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approve {
    /// Of which stay.
    pub session: String,
    /// Who says so.
    pub by: String,
}

/// What came of a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paid {
    /// Whether it had been taken already.
    pub again: bool,
}

/// Why money is not taken, or a bill is as it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    /// See there.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// There is none.
    #[error("no bill stands for the stay `{0}`")]
    NoBill(String),
    /// More than is owed.
    #[error("{0} minor units are to be paid for this stay, not {1}")]
    TooMuch(i64, i64),
    /// It is in another currency.
    #[error("the bill is in {0}")]
    OtherCurrency(String),
    /// It does not wait for anybody.
    #[error("the bill is `{0}`: nothing waits there for a person")]
    DoesNotWait(&'static str),
    /// There is still no price.
    #[error("there is still no price: {0}")]
    NoPrice(String),
}

impl Pay {
    /// What it is about.
    pub fn about(&self, about: &mut About) {
        about.transfers.insert(self.key.clone());
        match &self.of {
            PayFor::Holder(id) => about.holders.insert(id.clone()),
            PayFor::Session(session) => about.sessions.insert(session.clone()),
        };
    }
}

impl Till<'_> {
    /// Takes money in, or gives it back, once for each key.
    pub fn pay(&mut self, pay: &Pay) -> Result<Paid, Wrong> {
        let outside = Account::Outside(pay.method.clone());
        let is_refund = pay.amount < 0;
        let (account, session, bill) = match &pay.of {
            PayFor::Holder(id) => (Account::Holder(id.clone()), None, None),
            PayFor::Session(session) => {
                let bill = self.bill_of(session)?;
                if bill.currency != pay.currency {
                    return Err(Wrong::OtherCurrency(bill.currency));
                }
                (bill.due(), Some(session.clone()), Some(bill))
            }
        };
        let (from, to) = if is_refund { (account, outside) } else { (outside, account) };
        let transfer = Transfer {
            key: pay.key.clone(),
            from,
            to,
            amount: pay.amount.saturating_abs(),
            currency: pay.currency.clone(),
            what: if is_refund { What::Refund } else { What::Payment },
            session: session.clone(),
            by: pay.by.clone(),
            note: pay.note.clone(),
            at: self.now,
        };
        if let Some(bill) = &bill {
            let (least, most) = (-bill.paid, bill.open());
            let is_known = self.book.ledger.transfer(&pay.key).is_some();
            if !is_known && !(least..=most).contains(&pay.amount) {
                return Err(Wrong::TooMuch(most, pay.amount));
            }
        }
        let posted = self.book.ledger.post(transfer, Floor::Holds)?;
        if posted == Posted::Again {
            return Ok(Paid { again: true });
        }
        let holder = match &pay.of {
            PayFor::Holder(id) => Some(id.clone()),
            PayFor::Session(_) => bill.as_ref().and_then(|bill| bill.holder.clone()),
        };
        let place = bill.as_ref().map(|bill| bill.stay.place.clone());
        let data = json!({ "key": pay.key, "holder": holder, "session": session, "method": pay.method,
            "amount": pay.amount, "currency": pay.currency, "by": pay.by });
        let subject = holder.map_or_else(|| pay.key.clone(), |id| id.to_string());
        let place = place.map_or_else(String::new, |place| place.to_string());
        let fact = fact_of("payment.received", pay.key.clone(), &place, &subject, data, self.now);
        self.book.changed.facts.push(fact);
        if let Some(mut bill) = bill {
            bill.paid += pay.amount;
            bill.state = if bill.open() == 0 { BillState::Settled } else { BillState::Due };
            self.book.bill(bill);
        }
        Ok(Paid { again: false })
    }

    /// Lets somebody off a bill.
    pub fn waive(&mut self, waive: &Waive) -> Result<Billed, Wrong> {
        let mut bill = self.bill_of(&waive.session)?;
        let revenue = Account::Revenue(bill.stay.place.clone());
        let open = bill.open();
        let mut back = vec![("waiver", bill.due(), open)];
        if let Some(holder) = bill.holder.clone() {
            back.push(("waiver:back", Account::Holder(holder), bill.taken));
        }
        for (part, to, amount) in back {
            if amount == 0 {
                continue;
            }
            let transfer = Transfer {
                key: format!("{}:{part}", bill.key()),
                from: revenue.clone(),
                to,
                amount,
                currency: bill.currency.clone(),
                what: What::Waiver,
                session: Some(bill.stay.session.clone()),
                by: waive.by.clone(),
                note: waive.reason.clone(),
                at: self.now,
            };
            self.book.ledger.post(transfer, Floor::MayBreak)?;
        }
        let data = json!({ "session": bill.stay.session, "revision": bill.stay.revision,
            "holder": bill.holder, "place": bill.stay.place, "taken": bill.taken, "owed": open,
            "paid": 0, "currency": bill.currency, "by": waive.by, "reason": waive.reason });
        let place = bill.stay.place.clone();
        let subject = bill.stay.session.clone();
        let key = format!("{}:waived", bill.key());
        self.tell("charge.reversed", key, &place, &subject, data, self.now);
        bill.taken = 0;
        bill.owed -= open;
        bill.state = BillState::Settled;
        bill.why = Some(format!("waived by {}: {}", waive.by, waive.reason));
        self.book.bill(bill.clone());
        Ok(bill)
    }

    /// Charges a bill that has waited.
    pub fn approve(&mut self, approve: &Approve) -> Result<Billed, Wrong> {
        let bill = self.bill_of(&approve.session)?;
        if !matches!(bill.state, BillState::Review | BillState::Unpriced) {
            return Err(Wrong::DoesNotWait(bill.state.as_str()));
        }
        let asked = bill.admission.as_ref().and_then(|id| self.book.admissions.get(id)).cloned();
        let mut payer = match &asked {
            Some(asked) => self.payer(asked),
            None => self.of(bill.holder.as_ref()),
        };
        let priced = match &bill.bill {
            Some(priced) => Ok(priced.clone()),
            None => self.price(&bill.stay, &payer),
        };
        let mut priced = priced.map_err(Wrong::NoPrice)?;
        // A person has looked: neither its amount nor its clocks are in question any more.
        priced.held = None;
        if let Some(admission) = &mut payer.admission {
            (admission.at, admission.left_at) = (bill.stay.entry_at, None);
        }
        let now = self.now.max(bill.stay.exit_at);
        let billed = decide_charge(bill.stay.clone(), &payer, Ok(priced), None, now);
        let billed = self.post(billed);
        let stay = &billed.stay;
        let data = json!({ "session": stay.session, "revision": stay.revision,
            "admission": billed.admission, "holder": billed.holder, "place": stay.place,
            "state": billed.state, "total": billed.total, "taken": billed.taken, "owed": billed.owed,
            "currency": billed.currency, "by": approve.by });
        let (place, subject) = (stay.place.clone(), stay.session.clone());
        let key = format!("{}:approved", billed.key());
        self.tell("charge.posted", key, &place, &subject, data, self.now);
        self.book.bill(billed.clone());
        Ok(billed)
    }

    fn bill_of(&self, session: &str) -> Result<Billed, Wrong> {
        let bills = self.book.bills.values();
        let stands =
            |bill: &&Billed| bill.stay.session == session && bill.state != BillState::Reversed;
        let standing = bills.rev().find(stands);
        standing.cloned().ok_or_else(|| Wrong::NoBill(session.to_owned()))
    }
}
