//! What one transaction knows: loaded and locked by the [`vault`](super::vault), changed in memory by
//! what is asked, written back at once.

use std::collections::{BTreeMap, BTreeSet};

use domain::occupancy::Spot;
use domain::{AdmissionId, HolderId, Instant, ObservationId, PlaceName, Plate, RightId};

use super::admission::{Held, Reason};
use super::charge::Billed;
use super::holder::{Credential, Holder};
use super::ledger::Ledger;
use super::right::Right;
use crate::supply::Supply;

/// The bays of one type, as they are given away.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Bay {
    /// How many there are.
    pub spaces: u32,
    /// See [`Supply`].
    pub admitted: u32,
    /// See [`Supply`].
    pub entered: u32,
    /// See [`Supply`].
    pub derived: u32,
}

/// With whom a credential was, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenure {
    /// Whose.
    pub holder: HolderId,
    /// Since when.
    pub since: Instant,
    /// Until when; none: now.
    pub until: Option<Instant>,
}

/// A right, and how many vehicles are inside with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RightInUse {
    /// What it is.
    pub right: Right,
    /// Vehicles.
    pub in_use: u32,
}

/// How far an admission has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// It was not given.
    Refused(Reason),
    /// The barrier opened; no camera has read the vehicle inside yet.
    Expected,
    /// It is inside.
    Inside,
    /// It has left.
    Left,
    /// It never came in.
    Lapsed,
}

impl Stage {
    /// As the database says it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Refused(_) => "refused",
            Self::Expected => "expected",
            Self::Inside => "inside",
            Self::Left => "left",
            Self::Lapsed => "lapsed",
        }
    }

    /// Whether it takes a bay.
    pub fn takes_bay(self) -> bool {
        matches!(self, Self::Expected | Self::Inside)
    }
}

/// What a gate asked, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Made by the gate.
    pub id: AdmissionId,
    /// Which lane.
    pub lane: String,
    /// At which place, in which bays.
    pub spot: Spot,
    /// What was shown.
    pub credential: Credential,
    /// The vehicle, where it is known.
    pub plate: Option<Plate>,
    /// Whose it is.
    pub holder: Option<HolderId>,
    /// The right that let it in.
    pub right: Option<RightId>,
    /// When it asked.
    pub at: Instant,
    /// How far it has come.
    pub stage: Stage,
    /// The factor by occupancy that was quoted.
    pub factor: Option<rates::Decimal>,
    /// The read that stands for its entry.
    pub entry: Option<ObservationId>,
    /// When the gate asked on its way out.
    pub left_at: Option<Instant>,
    /// What was answered, as JSON.
    pub answer: String,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Book {
    /// The bays of the places that it is about.
    pub bays: BTreeMap<Spot, Bay>,
    /// Credentials, and whose they were.
    pub tenures: BTreeMap<Credential, Vec<Tenure>>,
    /// Those who are asked to pay, and their groups.
    pub holders: BTreeMap<HolderId, Holder>,
    /// The money of these.
    pub ledger: Ledger,
    /// The rights of these, of the vehicles, and the reservations of the places.
    pub rights: BTreeMap<RightId, RightInUse>,
    /// Admissions that it may be about.
    pub admissions: BTreeMap<AdmissionId, Asked>,
    /// Bills that it may be about.
    pub bills: BTreeMap<(String, u64), Billed>,
    /// What has become otherwise.
    pub changed: Changed,
}

/// What of a [`Book`] is to be written, beside its ledger.
#[derive(Debug, Default)]
pub struct Changed {
    /// Bays.
    pub bays: BTreeSet<Spot>,
    /// Admissions.
    pub admissions: BTreeSet<AdmissionId>,
    /// Bills.
    pub bills: BTreeSet<(String, u64)>,
    /// What is to be told in the feed, each as JSON, in this order.
    pub facts: Vec<String>,
}

impl Book {
    /// Whose a credential was at that time.
    pub fn owner(&self, credential: &Credential, at: Instant) -> Option<&HolderId> {
        let tenures = self.tenures.get(credential)?;
        let holds =
            |tenure: &&Tenure| tenure.since <= at && tenure.until.is_none_or(|until| at < until);
        tenures.iter().find(holds).map(|tenure| &tenure.holder)
    }

    /// Whose it is now.
    pub fn owner_now(&self, credential: &Credential) -> Option<&HolderId> {
        let tenures = self.tenures.get(credential)?;
        tenures.iter().find(|tenure| tenure.until.is_none()).map(|tenure| &tenure.holder)
    }

    /// The bays of a place, as an admission sees them at that time.
    pub fn supply(
        &self,
        place: &PlaceName,
        at: Instant,
    ) -> BTreeMap<domain::place::BayType, Supply> {
        let here = self.bays.iter().filter(|((at, _), _)| at == place);
        here.map(|((_, bay_type), bay)| {
            let is_kept = |held: &&RightInUse| {
                held.in_use == 0
                    && held.right.bay_type.as_ref() == Some(bay_type)
                    && held.right.places.contains(place)
                    && held.right.kept().is_some_and(|(from, until)| (from..until).contains(&at))
            };
            let reserved = self.rights.values().filter(is_kept).count();
            let supply = Supply {
                spaces: bay.spaces,
                admitted: bay.admitted,
                entered: bay.entered,
                reserved: u32::try_from(reserved).unwrap_or(u32::MAX),
                derived: bay.derived,
            };
            (bay_type.clone(), supply)
        })
        .collect()
    }

    /// The rights that may be about a vehicle of a holder.
    pub fn rights_of(&self, holder: Option<&HolderId>, plate: Option<&Plate>) -> Vec<Held> {
        let is_about = |right: &Right| match &right.holder {
            Some(of) => Some(of) == holder,
            None => plate.is_some_and(|plate| right.plates.contains(plate)),
        };
        let about = self.rights.iter().filter(|(_, held)| is_about(&held.right));
        about
            .map(|(id, held)| Held {
                id: id.clone(),
                right: held.right.clone(),
                in_use: held.in_use,
            })
            .collect()
    }

    /// The admission by which a credential, or the vehicle, is inside.
    pub fn inside(&self, credential: &Credential, plate: Option<&Plate>) -> Option<&Asked> {
        self.admissions.values().find(|asked| {
            asked.stage.takes_bay()
                && (asked.credential == *credential
                    || plate.is_some() && asked.plate.as_ref() == plate)
        })
    }

    /// Takes in an admission that is new.
    pub fn admit(&mut self, asked: Asked) {
        if asked.stage.takes_bay() {
            self.count(&asked.spot, 1, i64::from(asked.stage == Stage::Inside));
            self.uses(asked.right.as_ref(), 1);
        }
        self.changed.admissions.insert(asked.id.clone());
        self.admissions.insert(asked.id.clone(), asked);
    }

    /// An admission comes further; bays and rights follow.
    pub fn moves(&mut self, id: &AdmissionId, to: Stage) {
        let Some(asked) = self.admissions.get_mut(id) else { return };
        let (from, spot, right) = (asked.stage, asked.spot.clone(), asked.right.clone());
        asked.stage = to;
        let takes = |stage: Stage| i64::from(stage.takes_bay());
        let is_in = |stage: Stage| i64::from(stage == Stage::Inside);
        self.count(&spot, takes(to) - takes(from), is_in(to) - is_in(from));
        self.uses(right.as_ref(), takes(to) - takes(from));
        self.changed.admissions.insert(id.clone());
    }

    /// An admission is to be written anew.
    pub fn change(&mut self, id: &AdmissionId, change: impl FnOnce(&mut Asked)) {
        if let Some(asked) = self.admissions.get_mut(id) {
            change(asked);
            self.changed.admissions.insert(id.clone());
        }
    }

    /// A bill is as it is from now on.
    pub fn bill(&mut self, billed: Billed) {
        let key = (billed.stay.session.clone(), billed.stay.revision);
        self.changed.bills.insert(key.clone());
        self.bills.insert(key, billed);
    }

    fn count(&mut self, spot: &Spot, admitted: i64, entered: i64) {
        if admitted == 0 && entered == 0 {
            return;
        }
        let bay = self.bays.entry(spot.clone()).or_default();
        let add = |number: u32, more: i64| u32::try_from(i64::from(number) + more).unwrap_or(0);
        bay.admitted = add(bay.admitted, admitted);
        bay.entered = add(bay.entered, entered);
        self.changed.bays.insert(spot.clone());
    }

    fn uses(&mut self, right: Option<&RightId>, more: i64) {
        let Some(held) = right.and_then(|id| self.rights.get_mut(id)) else { return };
        held.in_use = u32::try_from(i64::from(held.in_use) + more).unwrap_or(0);
    }
}
