//! What a stay that is over costs whom, and what becomes of the money. Pure: the same stay and the same
//! knowledge are charged the same, whoever does it and however often (G11).

use chrono::TimeDelta;
use chrono_tz::Tz;
use domain::place::BayType;
use domain::{AdmissionId, HolderId, Instant, PlaceName, RightId};
use rates::{Bill, Decimal, Discount, FreeTime, Off, RateTable, Segment};
use serde::{Deserialize, Serialize};

use super::ledger::{Account, Transfer, What};
use super::right::{Relief, Right};

/// By how much two clocks may differ that saw the same car. Where they differ by more, one of them is
/// wrong, and a person looks before anybody pays.
pub const CLOCKS_AGREE_WITHIN: TimeDelta = TimeDelta::minutes(15);
/// Who asks for what the office does by itself.
pub const BY_ITSELF: &str = "carpark";

/// A stay that is over, as the judgement has told it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// R9.
    pub session: String,
    /// Of the record that says so; of one session the highest holds.
    pub revision: u64,
    /// Where it was, and what it is charged for.
    pub place: PlaceName,
    /// In which bays.
    pub bay_type: BayType,
    /// When it began.
    pub entry_at: Instant,
    /// When it ended.
    pub exit_at: Instant,
}

/// How it was let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admission {
    /// Which admission.
    pub id: AdmissionId,
    /// When the gate asked.
    pub at: Instant,
    /// When the gate asked on its way out, if it did.
    pub left_at: Option<Instant>,
    /// The factor by occupancy that was quoted, and holds.
    pub factor: Option<Decimal>,
    /// The right that it came in with.
    pub right: Option<(RightId, Right)>,
}

/// Who is asked to pay.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Payer {
    /// The holder whose vehicle it was.
    pub holder: Option<HolderId>,
    /// What may be taken of the account once the hold is free, in minor units.
    pub room: i64,
    /// ISO 4217 of the account.
    pub currency: String,
    /// Names of discounts of the table that the holder has.
    pub discounts: Vec<String>,
    /// None: nobody has let it in.
    pub admission: Option<Admission>,
}

/// Where a bill stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BillState {
    /// All of it was taken from the account, or it came to nothing.
    Charged,
    /// A part is owed.
    Due,
    /// A person has to look first.
    Review,
    /// No table has a price for it: a person has to look.
    Unpriced,
    /// What was owed has been paid, or waived.
    Settled,
    /// The stay is no more: all was taken back.
    Reversed,
}

impl BillState {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Charged, Self::Due, Self::Review, Self::Unpriced, Self::Settled, Self::Reversed];

    /// As the database and the feed say it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Charged => "charged",
            Self::Due => "due",
            Self::Review => "review",
            Self::Unpriced => "unpriced",
            Self::Settled => "settled",
            Self::Reversed => "reversed",
        }
    }

    /// The one of that name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// The bill of a stay, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Billed {
    /// What it is for.
    pub stay: Ended,
    /// Who let it in.
    pub admission: Option<AdmissionId>,
    /// Whose it is.
    pub holder: Option<HolderId>,
    /// Where it stands.
    pub state: BillState,
    /// ISO 4217.
    pub currency: String,
    /// What it costs, in minor units.
    pub total: i64,
    /// Of that, taken from the account, less what was given back.
    pub taken: i64,
    /// Of that, owed, less what was waived; paid or not.
    pub owed: i64,
    /// Of what is owed, paid.
    pub paid: i64,
    /// Line by line; none where there is no price.
    pub bill: Option<Bill>,
    /// Why a person has to look.
    pub why: Option<String>,
}

/// What a stay costs by the versions of a table, with what the payer has. The price that was quoted at
/// the entry holds, the factor by occupancy included.
pub fn price_stay(
    versions: &[RateTable],
    zone: Tz,
    stay: &Ended,
    payer: &Payer,
) -> Result<Bill, String> {
    let right = payer.admission.as_ref().and_then(|admission| admission.right.as_ref());
    let mut versions = std::borrow::Cow::Borrowed(versions);
    let mut parts = rates::Stay::of(cut(stay, zone, payer));
    parts.validations.clone_from(&payer.discounts);
    if let Some((id, right)) = right {
        parts.validations.push(id.to_string());
        match right.relief() {
            Some(Relief::Free) => {
                for table in versions.to_mut() {
                    table.covered_by.push(id.to_string());
                    // A table without free times of its own does not say what they do to a unit.
                    table.rules.free_time.get_or_insert(FreeTime::Skip);
                }
            }
            Some(Relief::Percent(percent)) => {
                take_off(versions.to_mut(), id, Off::Percent(percent));
            }
            Some(Relief::Amount(amount)) => take_off(versions.to_mut(), id, Off::Amount(amount)),
            Some(Relief::RateTable(_)) | None => {}
        }
    }
    rates::price_versions(&versions, &parts).map_err(|e| e.to_string())
}

/// Behind all discounts of the table itself, and with the right's name on its line.
fn take_off(versions: &mut [RateTable], id: &RightId, off: Off) {
    for table in versions {
        let order = table.discounts.iter().map(|discount| discount.order).max().unwrap_or(0) + 1;
        let name = id.to_string();
        table.discounts.push(Discount { name: name.clone(), order, for_right: name, off });
    }
}

/// The stay in parts: those in which its right holds, and those in which it does not.
fn cut(stay: &Ended, zone: Tz, payer: &Payer) -> Vec<Segment> {
    let part = |from, until, right: Option<&(RightId, Right)>| Segment {
        bay: stay.bay_type.as_str().to_owned(),
        zone: stay.place.to_string(),
        rights: right
            .map(|(id, right)| vec![id.to_string(), right.kind.as_str().to_owned()])
            .unwrap_or_default(),
        factor: payer.admission.as_ref().and_then(|admission| admission.factor),
        ..Segment::new(from, until)
    };
    let right = payer.admission.as_ref().and_then(|admission| admission.right.as_ref());
    let mut parts = Vec::new();
    let mut from = stay.entry_at;
    for (begin, end) in right.map(|(_, right)| covered(stay, zone, right)).unwrap_or_default() {
        if from < begin {
            parts.push(part(from, begin, None));
        }
        parts.push(part(begin, end, right));
        from = end;
    }
    if from < stay.exit_at || parts.is_empty() {
        parts.push(part(from, stay.exit_at, None));
    }
    parts
}

/// The times of the stay in which a right holds, apart from each other and in order.
fn covered(stay: &Ended, zone: Tz, right: &Right) -> Vec<(Instant, Instant)> {
    let from = right.from.map_or(stay.entry_at, |from| from.max(stay.entry_at));
    let until = right.until.map_or(stay.exit_at, |until| until.min(stay.exit_at));
    if from >= until {
        return Vec::new();
    }
    if right.weekly.is_empty() {
        return vec![(from, until)];
    }
    let mut spans: Vec<_> = right
        .weekly
        .iter()
        .flat_map(|when| rates::spans(when, zone, None, from, until))
        // Windows are reckoned in whole seconds, stays are not.
        .map(|(begin, end)| {
            (begin.max(from), if end.timestamp() == until.timestamp() { until } else { end })
        })
        .filter(|(begin, end)| begin < end)
        .collect();
    spans.sort();
    let mut apart: Vec<(Instant, Instant)> = Vec::new();
    for (begin, end) in spans {
        match apart.last_mut() {
            Some((_, last)) if begin <= *last => *last = end.max(*last),
            _ => apart.push((begin, end)),
        }
    }
    apart
}

/// Decides what becomes of the price of a stay. What nobody has let in is never taken from an account:
/// it is due.
pub fn decide_charge(
    stay: Ended,
    payer: &Payer,
    priced: Result<Bill, String>,
    review_above: Option<i64>,
    now: Instant,
) -> Billed {
    let admission = payer.admission.as_ref();
    let billed = Billed {
        admission: admission.map(|admission| admission.id.clone()),
        holder: payer.holder.clone(),
        state: BillState::Unpriced,
        currency: payer.currency.clone(),
        total: 0,
        taken: 0,
        owed: 0,
        paid: 0,
        bill: None,
        why: None,
        stay,
    };
    let bill = match priced {
        Ok(bill) => bill,
        Err(why) => return Billed { why: Some(why), ..billed },
    };
    let (total, currency) = (bill.due, bill.currency.code().to_owned());
    let why = suspicious(&billed.stay, admission, &bill, review_above, now);
    let is_same_currency = currency == payer.currency;
    let billed = Billed { total, currency, bill: Some(bill), ..billed };
    if why.is_some() {
        return Billed { state: BillState::Review, why, ..billed };
    }
    let may_take = payer.holder.is_some() && admission.is_some() && is_same_currency;
    let taken = if may_take { total.min(payer.room).max(0) } else { 0 };
    let owed = total - taken;
    let state = if owed > 0 { BillState::Due } else { BillState::Charged };
    Billed { state, taken, owed, ..billed }
}

/// Why nobody should pay this before a person has looked.
fn suspicious(
    stay: &Ended,
    admission: Option<&Admission>,
    bill: &Bill,
    review_above: Option<i64>,
    now: Instant,
) -> Option<String> {
    let show = |amount| format!("{} {}", bill.currency.show(amount), bill.currency.code());
    if let Some(above) = review_above.filter(|above| bill.due > *above) {
        return Some(format!("{} is more than {}", show(bill.due), show(above)));
    }
    if let Some(held) = bill.held {
        let above = held.minor(&bill.currency).map_or(0, |minor| minor.round(rates::Mode::Down));
        let above = i64::try_from(above).unwrap_or(i64::MAX);
        return Some(format!("{} is more than the table's {}", show(bill.due), show(above)));
    }
    let pairs = [
        ("entry", stay.entry_at, admission.map(|admission| admission.at)),
        ("exit", stay.exit_at, admission.and_then(|admission| admission.left_at)),
    ];
    for (what, read, asked) in pairs {
        let Some(asked) = asked else { continue };
        if (read - asked).abs() > CLOCKS_AGREE_WITHIN {
            return Some(format!(
                "the {what} was read at {read}, and the gate asked at {asked}: one of the clocks is wrong"
            ));
        }
    }
    let is_to_come = stay.exit_at - now > CLOCKS_AGREE_WITHIN;
    is_to_come.then(|| format!("the exit was read at {}, which is still to come", stay.exit_at))
}

impl Billed {
    /// `session:revision`: what it is charged once for.
    pub fn key(&self) -> String {
        format!("{}:{}", self.stay.session, self.stay.revision)
    }

    /// The transfers that it makes.
    pub fn transfers(&self, at: Instant) -> Vec<Transfer> {
        let (due, revenue) = (self.due(), Account::Revenue(self.stay.place.clone()));
        let mut transfers = Vec::new();
        if let Some(holder) = self.holder.clone().filter(|_| self.taken > 0) {
            transfers.push(self.transfer(
                "charge",
                Account::Holder(holder),
                revenue.clone(),
                self.taken,
                at,
            ));
        }
        if self.owed > 0 {
            transfers.push(self.transfer("due", due, revenue, self.owed, at));
        }
        transfers
    }

    /// Those that take it back. What was paid of what was owed goes to the holder, if there is one; else
    /// it stays with the stay, to be given back by a person.
    pub fn reversal(&self, at: Instant) -> Vec<Transfer> {
        let revenue = || Account::Revenue(self.stay.place.clone());
        let back = |part, from, to, amount| Transfer {
            what: What::Reversal,
            note: "taken back: the stay is another one".to_owned(),
            ..self.transfer(part, from, to, amount, at)
        };
        let mut transfers = Vec::new();
        if let Some(holder) = self.holder.clone().filter(|_| self.taken > 0) {
            transfers.push(back("charge:back", revenue(), Account::Holder(holder), self.taken));
        }
        if self.owed > 0 {
            transfers.push(back("due:back", revenue(), self.due(), self.owed));
        }
        if let Some(holder) = self.holder.clone().filter(|_| self.paid > 0) {
            transfers.push(back("paid:back", self.due(), Account::Holder(holder), self.paid));
        }
        transfers
    }

    /// What is still to be paid of it.
    pub fn open(&self) -> i64 {
        (self.owed - self.paid).max(0)
    }

    /// The account of what is owed for it.
    pub fn due(&self) -> Account {
        Account::Due(self.stay.session.clone())
    }

    fn transfer(
        &self,
        part: &str,
        from: Account,
        to: Account,
        amount: i64,
        at: Instant,
    ) -> Transfer {
        Transfer {
            key: format!("{}:{part}", self.key()),
            from,
            to,
            amount,
            currency: self.currency.clone(),
            what: What::Charge,
            session: Some(self.stay.session.clone()),
            by: BY_ITSELF.to_owned(),
            note: self.stay.place.to_string(),
            at,
        }
    }
}

#[cfg(test)]
mod tests;
