//! At the gate: in, and out.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use domain::place::Place;
use domain::{AdmissionId, HolderId, Instant, LaneName, PlaceName};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{Till, zone};
use crate::money::admission::{Decision, Gate, Question, Reason, Who, decide_admission};
use crate::money::book::{Asked, Stage};
use crate::money::charge::{BillState, CLOCKS_AGREE_WITHIN, Ended, Payer};
use crate::money::holder::{Credential, CredentialKind};
use crate::money::ledger::Posted;
use crate::money::vault::About;

/// Somebody wants to come in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckIn {
    /// Made by the gate.
    pub id: AdmissionId,
    /// Which lane.
    pub lane: LaneName,
    /// Its place.
    pub place: PlaceName,
    /// What was shown.
    pub credential: Credential,
    /// When.
    pub at: Instant,
    /// Whether the gate has said when. Where it has not, it is the same question at another time.
    pub has_said_when: bool,
}

/// Somebody wants to leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckOut {
    /// Made by the gate.
    pub id: AdmissionId,
    /// Which lane.
    pub lane: LaneName,
    /// Its place.
    pub place: PlaceName,
    /// What was shown.
    pub credential: Credential,
    /// When.
    pub at: Instant,
}

/// Why a gate gets no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GateError {
    /// The id is that of another question.
    #[error(
        "`id` \"{0}\" is that of another question: the same id with the same content, or another id"
    )]
    OtherContent(AdmissionId),
    /// Its clock is wrong.
    #[error("`at` is {0}, and the office's clock says {1}: set the clock of the gate")]
    Clock(Instant, Instant),
    /// Nobody has described it.
    #[error("{0}")]
    NoPlace(String),
}

/// Admitted, or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Open.
    Admitted,
    /// Leave it closed.
    Refused,
}

/// What a stay would cost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Quote {
    /// ISO 4217.
    pub currency: String,
    /// For one hour from now, in minor units; missing: there is no price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_hour: Option<i64>,
    /// For 24 hours from now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day: Option<i64>,
    /// The factor by occupancy that holds for this stay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub factor: Option<String>,
    /// Set aside of the account until the stay is over.
    pub hold: i64,
}

/// What a gate is answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Answer {
    /// Whether it opens.
    pub decision: Verdict,
    /// Why not: `full`, `no_account`, `balance_below_minimum`, `blocked`, `already_inside`,
    /// `not_valid_now`, `closed`, `unknown_credential`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The same for the driver's display, in the driver's language.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
    /// Names the admission.
    pub admission_id: String,
    /// Whose it is, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<String>,
    /// Where.
    pub place: String,
    /// In which bays.
    pub bay_type: String,
    /// What it costs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quote: Option<Quote>,
}

/// What a gate is answered to who leaves. It opens in any case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Leaving {
    /// `charged`: the account pays it; `due`: it is to be paid; `not_admitted`: nobody has let it in, and
    /// the bill follows from the reads.
    pub decision: &'static str,
    /// By which it came in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub admission_id: Option<String>,
    /// Whose it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub holder: Option<String>,
    /// Where.
    pub place: String,
    /// What it costs in minor units; missing: there is no price, or nobody knows when it came in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<i64>,
    /// Of that, taken from the account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub charged: Option<i64>,
    /// Of that, to be paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due: Option<i64>,
    /// ISO 4217.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// When it came in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entry_at: Option<String>,
}

impl CheckIn {
    /// What it is about.
    pub fn about(&self, about: &mut About) {
        about.places.insert(self.place.clone());
        about.credentials.insert(self.credential.clone());
        about.admissions.insert(self.id.clone());
        about.since = Some(about.since.map_or(self.at, |since| since.min(self.at)));
    }
}

impl CheckOut {
    /// What it is about.
    pub fn about(&self, about: &mut About) {
        about.places.insert(self.place.clone());
        about.credentials.insert(self.credential.clone());
        about.left_at.insert(self.at);
    }
}

impl Till<'_> {
    /// Lets in, or does not. The same id is answered the same.
    pub fn check_in(&mut self, asked: &CheckIn) -> Result<Answer, GateError> {
        if let Some(before) = self.book.admissions.get(&asked.id) {
            let is_again = before.lane == asked.lane.as_str()
                && before.credential == asked.credential
                && (before.at == asked.at || !asked.has_said_when);
            let answer = serde_json::from_str(&before.answer).ok().filter(|_| is_again);
            return answer.ok_or_else(|| GateError::OtherContent(asked.id.clone()));
        }
        if (asked.at - self.now).abs() > CLOCKS_AGREE_WITHIN {
            return Err(GateError::Clock(asked.at, self.now));
        }
        let place = self.place(&asked.place).map_err(GateError::NoPlace)?;
        let wanted = place.behind(Some(&asked.lane));
        let kept = Asked {
            id: asked.id.clone(),
            lane: asked.lane.to_string(),
            spot: (asked.place.clone(), wanted),
            credential: asked.credential.clone(),
            plate: asked.credential.as_plate(),
            holder: self.book.owner_now(&asked.credential).cloned(),
            right: None,
            at: asked.at,
            stage: Stage::Expected,
            factor: self.rules.catalog.factor_now(&asked.place),
            entry: None,
            left_at: None,
            answer: String::new(),
        };
        let day = self.quote(&kept, TimeDelta::hours(24)).map(|(amount, _)| amount);
        let hold = self.rules.hold.or(day).unwrap_or(0);
        Ok(match self.decide(&kept, &place, gate_of(&place, &asked.lane), hold) {
            Decision::Admitted { bay_type, right, hold } => {
                let spot = (asked.place.clone(), bay_type);
                self.admit(Asked { spot, right, ..kept }, hold, day)
            }
            Decision::Refused(reason) => self.refuse(kept, reason),
        })
    }

    fn decide(&self, kept: &Asked, place: &Place, gate: Gate, hold: i64) -> Decision {
        let (holder, vehicle) = (kept.holder.as_ref(), kept.plate.as_ref());
        let who = match (holder, kept.credential.kind) {
            (Some(id), _) => Who::Holder { id: id.clone(), room: self.book.ledger.room(id) },
            (None, CredentialKind::Plate) => Who::Stranger,
            (None, _) => Who::Unknown,
        };
        decide_admission(&Question {
            place: (&kept.spot.0, place),
            zone: zone(place),
            gate,
            wanted: kept.spot.1.clone(),
            plate: vehicle,
            at: kept.at,
            who,
            rights: self.book.rights_of(holder, vehicle),
            is_inside: self.book.inside(&kept.credential, vehicle).is_some(),
            supply: self.book.supply(&kept.spot.0, kept.at),
            hold,
        })
    }

    fn admit(&mut self, mut kept: Asked, hold: i64, day: Option<i64>) -> Answer {
        if hold > 0
            && let Some(id) = &kept.holder
            && self.book.ledger.set_aside(kept.id.as_str(), id, hold) != Ok(Posted::New)
        {
            // It had the room when it was asked for, in this very book.
            return self.refuse(kept, Reason::BalanceBelowMinimum);
        }
        let hour = self.quote(&kept, TimeDelta::hours(1));
        let currency = hour.as_ref().map(|(_, currency)| currency.clone());
        let quote = Quote {
            currency: currency.unwrap_or_else(|| self.rules.currency.clone()),
            first_hour: hour.map(|(amount, _)| amount),
            day,
            factor: kept.factor.map(|factor| factor.to_string()),
            hold,
        };
        let answer = Answer { quote: Some(quote), ..answer(&kept, Verdict::Admitted) };
        // Nobody reads a pass inside: who shows one at the gate is in.
        if kept.credential.kind != CredentialKind::Plate {
            kept.stage = Stage::Inside;
        }
        kept.answer = written(&answer);
        let data = json!({ "admission": kept.id, "holder": kept.holder, "place": kept.spot.0,
            "bay_type": kept.spot.1, "lane": kept.lane, "method": kept.credential.kind,
            "right": kept.right, "hold": hold });
        self.tell_of("check_in", &kept, data);
        self.book.admit(kept);
        answer
    }

    fn refuse(&mut self, kept: Asked, reason: Reason) -> Answer {
        let known = kept.holder.as_ref().and_then(|id| self.book.holders.get(id));
        let language = known.and_then(|holder| holder.language.as_deref()).unwrap_or("en");
        let (said, words) = (reason.as_str().to_owned(), reason.words(language).to_owned());
        let answer = answer(&kept, Verdict::Refused);
        let answer = Answer { reason: Some(said), words: Some(words), ..answer };
        let data = json!({ "admission": kept.id, "holder": kept.holder, "place": kept.spot.0,
            "bay_type": kept.spot.1, "lane": kept.lane, "method": kept.credential.kind,
            "reason": reason });
        self.tell_of("admission.refused", &kept, data);
        self.book.admit(Asked { stage: Stage::Refused(reason), answer: written(&answer), ..kept });
        answer
    }

    fn tell_of(&mut self, kind: &str, kept: &Asked, data: Value) {
        self.tell(kind, kept.id.to_string(), &kept.spot.0, kept.id.as_str(), data, kept.at);
    }

    /// Says what it costs, and charges who shows a pass and was read by no camera. Who was read pays by
    /// the reads.
    pub fn check_out(&mut self, asked: &CheckOut) -> Result<Leaving, GateError> {
        if (asked.at - self.now).abs() > CLOCKS_AGREE_WITHIN {
            return Err(GateError::Clock(asked.at, self.now));
        }
        let plate = asked.credential.as_plate();
        let inside = self.book.inside(&asked.credential, plate.as_ref());
        let last = || {
            let of_it =
                self.book.admissions.values().filter(|one| {
                    one.credential == asked.credential && one.left_at == Some(asked.at)
                });
            of_it.max_by_key(|one| one.at)
        };
        let Some(admission) = inside.or_else(last).cloned() else {
            let holder = self.book.owner_now(&asked.credential).map(HolderId::to_string);
            return Ok(Leaving {
                decision: "not_admitted",
                admission_id: None,
                holder,
                place: asked.place.to_string(),
                amount: None,
                charged: None,
                due: None,
                currency: None,
                entry_at: None,
            });
        };
        let id = admission.id.clone();
        self.book.change(&id, |kept| kept.left_at = Some(asked.at));
        let stay = Ended {
            session: format!("pass:{id}"),
            revision: 1,
            place: admission.spot.0.clone(),
            bay_type: admission.spot.1.clone(),
            entry_at: admission.at,
            exit_at: asked.at.max(admission.at),
        };
        let is_read = admission.entry.is_some() || admission.plate.is_some();
        let billed = if is_read {
            let payer = self.payer(&admission);
            // What is set aside for this stay is there for it.
            let held = self.book.ledger.hold(id.as_str()).filter(|hold| hold.end.is_none());
            let payer = Payer { room: payer.room + held.map_or(0, |hold| hold.amount), ..payer };
            let priced = self.price(&stay, &payer);
            crate::money::charge::decide_charge(
                stay,
                &payer,
                priced,
                self.rules.review_above,
                self.now,
            )
        } else {
            self.charge(stay, Some(&admission), None)
        };
        let is_known = !matches!(billed.state, BillState::Review | BillState::Unpriced);
        Ok(Leaving {
            decision: if is_known && billed.owed == 0 { "charged" } else { "due" },
            admission_id: Some(id.to_string()),
            holder: admission.holder.as_ref().map(HolderId::to_string),
            place: admission.spot.0.to_string(),
            amount: billed.bill.as_ref().map(|_| billed.total),
            charged: is_known.then_some(billed.taken),
            due: is_known.then_some(billed.owed),
            currency: billed.bill.as_ref().map(|_| billed.currency.clone()),
            entry_at: Some(crate::shapes::time(admission.at)),
        })
    }

    /// What a stay of that length would cost, and in which currency.
    fn quote(&self, kept: &Asked, length: TimeDelta) -> Option<(i64, String)> {
        let stay = Ended {
            session: String::new(),
            revision: 0,
            place: kept.spot.0.clone(),
            bay_type: kept.spot.1.clone(),
            entry_at: kept.at,
            exit_at: kept.at + length,
        };
        let bill = self.price(&stay, &self.payer(kept)).ok()?;
        Some((bill.due, bill.currency.code().to_owned()))
    }
}

/// Who may come in by a lane.
fn gate_of(place: &Place, lane: &LaneName) -> Gate {
    match place.lanes.get(lane).and_then(|lane| lane.gate) {
        Some(domain::place::LaneGate::Everybody) => Gate::Everybody,
        _ => Gate::Holders,
    }
}

/// Who was let in, and was not read inside in time, has not come: its bay and its money are free again.
impl Till<'_> {
    /// Lets these lapse, if they are still expected; answers how many did.
    pub fn lapse(&mut self, ids: &BTreeSet<AdmissionId>) -> usize {
        let mut lapsed = 0;
        for id in ids {
            let Some(asked) = self.book.admissions.get(id) else { continue };
            if asked.stage != Stage::Expected || self.now - asked.at < self.rules.lapses_after {
                continue;
            }
            self.book.moves(id, Stage::Lapsed);
            self.book.ledger.resolve(id.as_str(), crate::money::ledger::HoldEnd::Expired);
            lapsed += 1;
        }
        lapsed
    }
}

fn answer(kept: &Asked, decision: Verdict) -> Answer {
    Answer {
        decision,
        reason: None,
        words: None,
        admission_id: kept.id.to_string(),
        holder: kept.holder.as_ref().map(HolderId::to_string),
        place: kept.spot.0.to_string(),
        bay_type: kept.spot.1.as_str().to_owned(),
        quote: None,
    }
}

fn written(answer: &Answer) -> String {
    serde_json::to_string(answer).expect("texts and numbers can be said in JSON")
}
