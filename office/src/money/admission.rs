//! Whether a vehicle is let in. Pure: a question and what one transaction has loaded and locked make a
//! decision, and what it takes is written in the same transaction (G10: the check is the write).

use std::collections::BTreeMap;

use chrono_tz::Tz;
use domain::place::{BayType, Place};
use domain::{HolderId, Instant, PlaceName, Plate, RightId};
use serde::{Deserialize, Serialize};

use super::right::{Applies, Relief, Right, RightKind};
use crate::supply::Supply;

/// Who may come in by a lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gate {
    /// Who has an account, or stands on a list.
    Holders,
    /// Whoever comes; who has no account pays what is due.
    Everybody,
}

/// Who stands at the gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// A plate that belongs to nobody.
    Stranger,
    /// A tag or a code that nobody has been given.
    Unknown,
    /// A right holder.
    Holder {
        /// Which.
        id: HolderId,
        /// What may still be set aside of the account, in minor units.
        room: i64,
    },
}

/// A right that may be about the vehicle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Its name.
    pub id: RightId,
    /// What it is.
    pub right: Right,
    /// Vehicles that are inside with it.
    pub in_use: u32,
}

/// A question, and what is known of it.
#[derive(Debug, Clone)]
pub struct Question<'a> {
    /// Where.
    pub place: (&'a PlaceName, &'a Place),
    /// Its zone.
    pub zone: Tz,
    /// Who may come in here.
    pub gate: Gate,
    /// Which bays the lane leads to.
    pub wanted: BayType,
    /// The vehicle, where it is known.
    pub plate: Option<&'a Plate>,
    /// When.
    pub at: Instant,
    /// Who asks.
    pub who: Who,
    /// Rights of the holder, and of the vehicle.
    pub rights: Vec<Held>,
    /// Whether the credential, or the vehicle, is inside already.
    pub is_inside: bool,
    /// The bays of the place.
    pub supply: BTreeMap<BayType, Supply>,
    /// What is set aside of an account for a stay that is paid, in minor units.
    pub hold: i64,
}

/// What is decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It may come in.
    Admitted {
        /// In bays of this type.
        bay_type: BayType,
        /// By this right.
        right: Option<RightId>,
        /// Set aside of the holder's account.
        hold: i64,
    },
    /// It may not.
    Refused(Reason),
}

/// Why somebody is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// No bay is free.
    Full,
    /// The plate belongs to nobody, and here an account is needed.
    NoAccount,
    /// Less is available than is set aside for a stay.
    BalanceBelowMinimum,
    /// It stands on the list of those who are not let in.
    Blocked,
    /// It was let in and has not left.
    AlreadyInside,
    /// There is a right, but not at this time; or the bays are for who has one.
    NotValidNow,
    /// The place is closed.
    Closed,
    /// The tag or the code is nobody's.
    UnknownCredential,
}

impl Reason {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Full,
        Self::NoAccount,
        Self::BalanceBelowMinimum,
        Self::Blocked,
        Self::AlreadyInside,
        Self::NotValidNow,
        Self::Closed,
        Self::UnknownCredential,
    ];

    /// As the answer and the feed say it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::NoAccount => "no_account",
            Self::BalanceBelowMinimum => "balance_below_minimum",
            Self::Blocked => "blocked",
            Self::AlreadyInside => "already_inside",
            Self::NotValidNow => "not_valid_now",
            Self::Closed => "closed",
            Self::UnknownCredential => "unknown_credential",
        }
    }

    /// Words for the driver's display, in German for `de` and in English for any other language.
    pub fn words(self, language: &str) -> &'static str {
        let is_german =
            language.split(['-', '_']).next().is_some_and(|l| l.eq_ignore_ascii_case("de"));
        let (english, german) = match self {
            Self::Full => ("No space is free.", "Kein Platz ist frei."),
            Self::NoAccount => {
                ("This plate has no account here.", "Dieses Kennzeichen hat hier kein Konto.")
            }
            Self::BalanceBelowMinimum => (
                "Your balance is too low. Please top up.",
                "Ihr Guthaben reicht nicht. Bitte laden Sie auf.",
            ),
            Self::Blocked => (
                "You cannot enter. Please contact the operator.",
                "Einfahrt nicht möglich. Bitte wenden Sie sich an den Betreiber.",
            ),
            Self::AlreadyInside => {
                ("This vehicle is already inside.", "Dieses Fahrzeug ist bereits eingefahren.")
            }
            Self::NotValidNow => (
                "You may not enter at this time.",
                "Zu dieser Zeit dürfen Sie hier nicht einfahren.",
            ),
            Self::Closed => ("This car park is closed.", "Dieses Parkhaus ist geschlossen."),
            Self::UnknownCredential => {
                ("This code or card is not known.", "Dieser Code oder diese Karte ist unbekannt.")
            }
        };
        if is_german { german } else { english }
    }
}

/// Decides. Of several reasons against it, the one that is said first here is the one that is given.
pub fn decide_admission(question: &Question<'_>) -> Decision {
    match decide(question) {
        Ok(admitted) => admitted,
        Err(reason) => Decision::Refused(reason),
    }
}

fn decide(question: &Question<'_>) -> Result<Decision, Reason> {
    let (id, place) = question.place;
    let applies = |held: &Held| held.right.applies(id, question.plate, question.at, question.zone);
    let about: Vec<(&Held, Applies)> = question
        .rights
        .iter()
        .map(|held| (held, applies(held)))
        .filter(|(_, a)| *a != Applies::No)
        .collect();
    let now = || about.iter().filter(|(_, a)| *a == Applies::Now).map(|(held, _)| *held);
    if now().any(|held| held.right.kind == RightKind::Block) {
        return Err(Reason::Blocked);
    }
    if question.who == Who::Unknown {
        return Err(Reason::UnknownCredential);
    }
    if place.is_closed {
        return Err(Reason::Closed);
    }
    if question.is_inside {
        return Err(Reason::AlreadyInside);
    }
    // Those that hold now and let one more vehicle in, those first that are used first; behind them
    // nothing: whoever has no right pays.
    let mut usable: Vec<&Held> = now()
        .filter(|held| held.right.kind != RightKind::Block)
        .filter(|held| held.right.at_once.is_none_or(|most| held.in_use < most))
        .filter(|held| held.right.kept().is_none() || held.in_use == 0)
        .collect();
    usable.sort_by(|one, other| (one.right.kind, &one.id).cmp(&(other.right.kind, &other.id)));
    if question.who == Who::Stranger && question.gate == Gate::Holders && usable.is_empty() {
        let has_one = about.iter().any(|(held, _)| held.right.kind != RightKind::Block);
        return Err(if has_one { Reason::NotValidNow } else { Reason::NoAccount });
    }
    let mut reason = Reason::Full;
    for held in usable.into_iter().map(Some).chain([None]) {
        if held.is_none() && question.who == Who::Stranger && question.gate == Gate::Holders {
            break;
        }
        let wanted = held.and_then(|held| held.right.bay_type.as_ref()).unwrap_or(&question.wanted);
        if wanted.is_reserved() && held.is_none_or(|held| held.right.bay_type.is_none()) {
            reason = Reason::NotValidNow;
            continue;
        }
        let has_reserved = held.is_some_and(|held| {
            held.right.kept().is_some_and(|(from, until)| (from..until).contains(&question.at))
        });
        let Some(bay_type) = free_bay(question, wanted, has_reserved) else {
            reason = Reason::Full;
            continue;
        };
        let is_free = held.is_some_and(|held| held.right.relief() == Some(Relief::Free));
        let hold = match &question.who {
            Who::Holder { .. } if !is_free => question.hold,
            _ => 0,
        };
        if let Who::Holder { room, .. } = &question.who
            && hold > *room
        {
            return Err(Reason::BalanceBelowMinimum);
        }
        let right = held.map(|held| held.id.clone());
        return Ok(Decision::Admitted { bay_type, right, hold });
    }
    Err(reason)
}

/// The first type of those that may be used that has a bay free.
fn free_bay(question: &Question<'_>, wanted: &BayType, has_reserved: bool) -> Option<BayType> {
    let place = question.place.1;
    let others = place.bays.get(wanted).into_iter().flat_map(|bays| &bays.may_use);
    let others = others.filter(|other| !other.is_reserved());
    let is_free = |bay_type: &&BayType| {
        let supply = question.supply.get(*bay_type).copied().unwrap_or_default();
        match has_reserved && *bay_type == wanted {
            true => supply.free_for_its_own() > 0,
            false => supply.free() > 0,
        }
    };
    std::iter::once(wanted).chain(others).find(is_free).cloned()
}

#[cfg(test)]
mod tests;
