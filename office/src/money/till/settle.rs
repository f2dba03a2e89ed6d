//! What the feed tells of stays becomes presences and charges. Said twice, it is done once: a bill is
//! named by its session and revision, an admission by its entry.

use chrono::TimeDelta;
use domain::{
    AdmissionId, Effect, ExceptionKind, ExceptionRow, HolderId, Instant, ObservationId, Opening,
    PlaceName, Plate, Summary,
};
use serde_json::json;

use super::Till;
use crate::money::book::{Asked, Stage};
use crate::money::charge::{
    Admission, BillState, Billed, CLOCKS_AGREE_WITHIN, Ended, Payer, decide_charge,
};
use crate::money::holder::Credential;
use crate::money::ledger::{Floor, HoldEnd};
use crate::money::vault::About;

/// What these are about.
pub fn settled_about(told: &[Effect]) -> About {
    let mut about = About::default();
    for effect in told {
        about.plates.insert(effect.plate().clone());
        about.credentials.insert(Credential::plate(effect.plate()));
        let (at, place) = match effect {
            Effect::Opened(opening) => {
                about.entries.insert(opening.observation_id.clone());
                (Some(opening.entry_at), &opening.place)
            }
            Effect::Summary(summary) => {
                about.sessions.insert(summary.session_id.to_string());
                about.entries.extend(summary.origin.as_ref().map(|origin| origin.entry_id.clone()));
                (Some(summary.entry_at), &summary.place)
            }
            Effect::Exception(row) => {
                about.sessions.extend(sessions_of(row));
                about.entries.extend(row.observation_id.clone());
                (row.entry_at.or(row.exit_at).map(|at| at - LONGEST_UNREAD), &row.place)
            }
        };
        about.places.insert(place.clone());
        let since = at.map(|at| at - CLOCKS_AGREE_WITHIN);
        about.since = match (about.since, since) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
    }
    about
}

/// An exit whose entry no camera has read ends the stay of who was let in at most so long before.
const LONGEST_UNREAD: TimeDelta = TimeDelta::days(60);

/// The sessions that an exception is about, or makes here: an exit or an entry that has none of its own
/// ends a stay all the same, where the gate has let the vehicle in.
fn sessions_of(row: &ExceptionRow) -> Vec<String> {
    // Two plates may have reads of the same id (R1): the name is made of both, as a session's is.
    let name = |what: &str, id: &ObservationId| {
        format!("{what}:{}", domain::session_id(&row.plate, id, id, 0))
    };
    match (row.kind, &row.observation_id) {
        (ExceptionKind::Withdrawn, _) => row.session_id.iter().map(ToString::to_string).collect(),
        (ExceptionKind::UnmatchedExit, Some(id)) => vec![name("exit", id)],
        (ExceptionKind::MissedExit, Some(id)) => vec![name("entry", id)],
        (ExceptionKind::Repaired, Some(id)) => vec![name("exit", id), name("entry", id)],
        _ => Vec::new(),
    }
}

impl Till<'_> {
    /// Takes in what was told, in its order.
    pub fn settle(&mut self, told: &[Effect]) {
        for effect in told {
            match effect {
                Effect::Opened(opening) => self.opened(opening),
                Effect::Summary(summary) => self.closed(summary),
                Effect::Exception(row) => self.exception(row),
            }
        }
    }

    /// Who was let in is inside.
    fn opened(&mut self, opening: &Opening) {
        let Opening { plate, observation_id: entry, entry_at, place, .. } = opening;
        if let Some(asked) = self.by_entry(plate, entry) {
            // Its stay was closed, and is open again; unless this is told again, and the stay that has
            // come of it is charged.
            let is_charged = self.book.bills.values().any(|billed| {
                billed.admission.as_ref() == Some(&asked.id)
                    && billed.state != BillState::Reversed
                    && billed.stay.revision >= opening.revision
            });
            if !asked.stage.takes_bay() && !is_charged {
                let id = asked.id.clone();
                self.book.moves(&id, Stage::Inside);
            }
            return;
        }
        let let_in = self.let_in(plate, place, *entry_at, Instant::MAX_UTC);
        let Some(id) = let_in.map(|asked| asked.id.clone()) else { return };
        self.read_in(&id, plate, entry);
        self.book.moves(&id, Stage::Inside);
    }

    /// A stay is over, and is charged.
    fn closed(&mut self, summary: &Summary) {
        let Some(origin) = &summary.origin else { return };
        let let_in = self.by_entry(&summary.plate, &origin.entry_id).or_else(|| {
            self.let_in(&summary.plate, &summary.place, summary.entry_at, summary.exit_at)
        });
        let let_in = let_in.cloned();
        if let Some(asked) = &let_in {
            self.read_in(&asked.id, &summary.plate, &origin.entry_id);
        }
        let bay_type = let_in.as_ref().map(|asked| asked.spot.1.clone());
        let behind =
            || self.place(&summary.place).map(|place| place.behind(origin.entry_lane.as_ref()));
        let stay = Ended {
            session: summary.session_id.to_string(),
            revision: origin.revision,
            place: summary.place.clone(),
            bay_type: bay_type.or_else(|| behind().ok()).unwrap_or_default(),
            entry_at: summary.entry_at,
            exit_at: summary.exit_at,
        };
        self.charge(stay, let_in.as_ref(), Some(&summary.plate));
    }

    fn exception(&mut self, row: &ExceptionRow) {
        let sessions = sessions_of(row);
        let Some(session) = sessions.first().cloned() else { return };
        match row.kind {
            ExceptionKind::Withdrawn | ExceptionKind::Repaired => {
                let standing = self.standing(|billed| {
                    sessions.contains(&billed.stay.session) && billed.stay.revision <= row.revision
                });
                for billed in standing {
                    self.reverse(billed);
                }
            }
            // No camera read it as it came in, but the gate let it in.
            ExceptionKind::UnmatchedExit => {
                let Some(exit_at) = row.exit_at else { return };
                let is_it = |asked: &&Asked| {
                    asked.stage.takes_bay()
                        && asked.entry.is_none()
                        && asked.spot.0 == row.place
                        // Who asked after that is another visit.
                        && asked.at <= exit_at
                        && self.is_of(asked, &row.plate)
                };
                let let_in =
                    self.book.admissions.values().filter(is_it).max_by_key(|asked| asked.at);
                let Some(asked) = let_in.cloned() else { return };
                self.book.change(&asked.id, |kept| kept.plate = Some(row.plate.clone()));
                self.book.moves(&asked.id, Stage::Left);
                self.charge(
                    Ended {
                        session,
                        revision: row.revision,
                        place: asked.spot.0.clone(),
                        bay_type: asked.spot.1.clone(),
                        entry_at: asked.at.min(exit_at),
                        exit_at,
                    },
                    Some(&asked),
                    Some(&row.plate),
                );
            }
            // It has left, and nobody knows when.
            ExceptionKind::MissedExit => {
                let Some(entry) = &row.observation_id else { return };
                let Some(asked) = self
                    .by_entry(&row.plate, entry)
                    .filter(|asked| asked.stage.takes_bay())
                    .cloned()
                else {
                    return;
                };
                self.book.moves(&asked.id, Stage::Left);
                let why = "the exit was not read: nobody knows how long it stayed".to_owned();
                let entry_at = row.entry_at.unwrap_or(asked.at);
                let stay = Ended {
                    session,
                    revision: row.revision,
                    place: asked.spot.0.clone(),
                    bay_type: asked.spot.1.clone(),
                    entry_at,
                    exit_at: entry_at,
                };
                self.charge_at(stay, Some(&asked), Some(&row.plate), Some(why));
            }
            ExceptionKind::Overstay => {}
        }
    }

    /// Charges a stay, unless this or a later revision of it was charged already; what stood for it
    /// before is taken back.
    pub(super) fn charge(
        &mut self,
        stay: Ended,
        let_in: Option<&Asked>,
        plate: Option<&Plate>,
    ) -> Billed {
        self.charge_at(stay, let_in, plate, None)
    }

    fn charge_at(
        &mut self,
        stay: Ended,
        let_in: Option<&Asked>,
        plate: Option<&Plate>,
        unknown: Option<String>,
    ) -> Billed {
        let newest = self.book.bills.range((stay.session.clone(), stay.revision)..);
        let newest = newest.take_while(|((session, _), _)| *session == stay.session).next();
        if let Some((_, billed)) = newest {
            return billed.clone();
        }
        let admission = let_in.map(|asked| asked.id.clone());
        for before in self.standing(|billed| {
            billed.stay.session == stay.session
                || admission.is_some() && billed.admission == admission
        }) {
            self.reverse(before);
        }
        if let Some(asked) = let_in {
            self.book.moves(&asked.id, Stage::Left);
            self.book.ledger.resolve(asked.id.as_str(), HoldEnd::Captured);
        }
        // Read again: what was set aside is free now.
        let let_in = let_in.and_then(|asked| self.book.admissions.get(&asked.id)).cloned();
        let payer = match &let_in {
            Some(asked) => self.payer(asked),
            None => self.unadmitted(plate, stay.entry_at),
        };
        let priced = match unknown {
            Some(why) => Err(why),
            None => self.price(&stay, &payer),
        };
        let billed = decide_charge(stay, &payer, priced, self.rules.review_above, self.now);
        let billed = self.post(billed);
        self.tell_charge(&billed, let_in.as_ref());
        self.book.bill(billed.clone());
        billed
    }

    /// Takes a bill back.
    pub(super) fn reverse(&mut self, billed: Billed) {
        for transfer in billed.reversal(self.now) {
            // It takes from revenue and from what is due: neither has a floor.
            let posted = self.book.ledger.post(transfer, Floor::MayBreak);
            debug_assert!(posted.is_ok(), "{posted:?}");
        }
        let stay = &billed.stay;
        self.tell(
            "charge.reversed",
            billed.key(),
            &stay.place.clone(),
            &stay.session.clone(),
            json!({ "session": stay.session, "revision": stay.revision, "holder": billed.holder,
                "place": stay.place, "taken": billed.taken, "owed": billed.owed, "paid": billed.paid,
                "currency": billed.currency }),
            self.now,
        );
        self.book.bill(Billed { state: BillState::Reversed, ..billed });
    }

    /// Who pays for who was let in.
    pub(super) fn payer(&self, asked: &Asked) -> Payer {
        let right = asked
            .right
            .as_ref()
            .and_then(|id| Some((id.clone(), self.book.rights.get(id)?.right.clone())));
        let admission = Admission {
            id: asked.id.clone(),
            at: asked.at,
            left_at: asked.left_at,
            factor: asked.factor,
            right,
        };
        Payer { admission: Some(admission), ..self.of(asked.holder.as_ref()) }
    }

    /// Whose vehicle it was, where nobody has let it in.
    fn unadmitted(&self, plate: Option<&Plate>, at: Instant) -> Payer {
        let owner = plate.and_then(|plate| self.book.owner(&Credential::plate(plate), at));
        self.of(owner)
    }

    pub(super) fn of(&self, holder: Option<&HolderId>) -> Payer {
        let known = holder.and_then(|id| self.book.holders.get(id).map(|known| (id, known)));
        let Some((id, known)) = known else {
            return Payer { currency: self.rules.currency.clone(), ..Payer::default() };
        };
        let purse = self.book.ledger.purse(id);
        Payer {
            holder: Some(id.clone()),
            room: self.book.ledger.room(id),
            currency: purse
                .map_or_else(|| self.rules.currency.clone(), |purse| purse.currency.clone()),
            discounts: known.discounts.clone(),
            admission: None,
        }
    }

    fn tell_charge(&mut self, billed: &Billed, let_in: Option<&Asked>) {
        let stay = &billed.stay;
        let (place, session) = (stay.place.clone(), stay.session.clone());
        let exit = json!({ "session": session, "revision": stay.revision, "admission": billed.admission,
            "holder": billed.holder, "place": place, "bay_type": stay.bay_type,
            "method": let_in.map_or("plate", |asked| asked.credential.kind.as_str()),
            "entry_at": crate::shapes::time(stay.entry_at), "exit_at": crate::shapes::time(stay.exit_at),
            "duration_ms": (stay.exit_at - stay.entry_at).num_milliseconds(),
            "amount": billed.taken, "currency": billed.currency });
        self.tell("exit", billed.key(), &place, &session, exit, stay.exit_at);
        let charge = json!({ "session": session, "revision": stay.revision, "admission": billed.admission,
            "holder": billed.holder, "place": place, "state": billed.state, "total": billed.total,
            "taken": billed.taken, "owed": billed.owed, "currency": billed.currency, "why": billed.why });
        self.tell("charge.posted", billed.key(), &place, &session, charge, self.now);
    }

    /// The admission whose entry that read stands for. Ids of reads are the cameras', and count per plate.
    fn by_entry(&self, plate: &Plate, entry: &ObservationId) -> Option<&Asked> {
        let is_it = |asked: &&Asked| {
            asked.entry.as_ref() == Some(entry) && asked.plate.as_ref() == Some(plate)
        };
        self.book.admissions.values().find(is_it)
    }

    /// The admission by which that vehicle came in there and then, which no camera has read yet. Who
    /// asked after it had left is there for another visit.
    fn let_in(
        &self,
        vehicle: &Plate,
        place: &PlaceName,
        at: Instant,
        left_at: Instant,
    ) -> Option<&Asked> {
        let is_it = |asked: &&Asked| {
            !matches!(asked.stage, Stage::Refused(_))
                && asked.entry.is_none()
                && asked.spot.0 == *place
                && (asked.at - at).abs() <= CLOCKS_AGREE_WITHIN
                && asked.at <= left_at
                && self.is_of(asked, vehicle)
        };
        self.book.admissions.values().filter(is_it).min_by_key(|asked| (asked.at - at).abs())
    }

    /// Whether a vehicle may have come in by it: it is its plate, or one of the same holder's who has
    /// shown a pass.
    fn is_of(&self, asked: &Asked, plate: &Plate) -> bool {
        match &asked.plate {
            Some(known) => known == plate,
            None => {
                asked.holder.is_some()
                    && asked.holder.as_ref() == self.book.owner(&Credential::plate(plate), asked.at)
            }
        }
    }

    fn read_in(&mut self, id: &AdmissionId, plate: &Plate, entry: &ObservationId) {
        self.book.change(id, |kept| {
            kept.plate.get_or_insert_with(|| plate.clone());
            kept.entry.get_or_insert_with(|| entry.clone());
        });
    }

    fn standing(&self, is_it: impl Fn(&Billed) -> bool) -> Vec<Billed> {
        let bills = self.book.bills.values();
        bills
            .filter(|billed| billed.state != BillState::Reversed && is_it(billed))
            .cloned()
            .collect()
    }
}
