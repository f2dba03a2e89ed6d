//! What somebody may, beside paying: subscriptions, reservations, permits, and the two lists.

use std::collections::BTreeSet;

use chrono_tz::Tz;
use domain::place::{BayType, WrongField};
use domain::{HolderId, Instant, PlaceName, Plate};
use rates::{Decimal, When};
use serde::{Deserialize, Serialize};

/// What kind of right it is, those first that are used first (APDS: `AssignedRight`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RightKind {
    /// A bay is kept for a time to come.
    Reservation,
    /// Parking is paid for by the month.
    Subscription,
    /// May use bays of a type.
    Permit,
    /// Is let in without an account.
    Allow,
    /// Is not let in. Never keeps anybody from leaving.
    Block,
}

impl RightKind {
    /// As the database and the feed say it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reservation => "reservation",
            Self::Subscription => "subscription",
            Self::Permit => "permit",
            Self::Allow => "allow",
            Self::Block => "block",
        }
    }
}

/// What a right does to the price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Relief {
    /// The times that it covers cost nothing.
    Free,
    /// So many percent are taken off: `"50"`.
    Percent(Decimal),
    /// So much is taken off, in major units: `"2.00"`.
    Amount(Decimal),
    /// Another rate table prices the stay.
    RateTable(String),
}

/// A right, as a person describes it; its id is no part of that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Right {
    /// What kind.
    pub kind: RightKind,
    /// Whose; a right of vehicles alone has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<HolderId>,
    /// For these vehicles; none: for all of the holder.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub plates: BTreeSet<Plate>,
    /// At these places; none: at all.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub places: BTreeSet<PlaceName>,
    /// In bays of this type; none: in those behind the lane.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bay_type: Option<BayType>,
    /// From then on, included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Instant>,
    /// Until then, not included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Instant>,
    /// In these windows of the place's local time; none: always.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub weekly: Vec<When>,
    /// So many vehicles at a time, over all places; none: any number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_once: Option<u32>,
    /// What it does to the price. Where nothing is said, a subscription is free and the others pay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relief: Option<Relief>,
    /// Of a reservation: the bay is kept until then; nothing said: until the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept_until: Option<Instant>,
}

/// Whether a right is about a vehicle at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applies {
    /// It holds.
    Now,
    /// It is, but not at this time.
    NotNow,
    /// It is not.
    No,
}

impl Right {
    /// Says of the first field that makes no sense what is wrong with it.
    pub fn check(&self) -> Result<(), WrongField> {
        let wrong = |field: &str, why: &str| {
            Err(WrongField { field: field.to_owned(), why: why.to_owned() })
        };
        if self.holder.is_none() && self.plates.is_empty() {
            return wrong("holder", "is missing: name a holder, or `plates`");
        }
        if self.from.zip(self.until).is_some_and(|(from, until)| from >= until) {
            return wrong("until", "is not after `from`");
        }
        if self.at_once == Some(0) {
            return wrong("at_once", "is 0: leave the right out, or say how many vehicles");
        }
        if self.weekly.iter().any(|when| when.minutes().is_none()) {
            return wrong("weekly", "has a window that can never hold: `from` is `until`");
        }
        if self.kind == RightKind::Block && (self.relief.is_some() || self.bay_type.is_some()) {
            return wrong(
                "kind",
                "`block` has neither `relief` nor `bay_type`: who is not let in needs none",
            );
        }
        if let Some(Relief::Percent(percent)) = &self.relief
            && (percent.is_negative() || percent.ratio().round(rates::Mode::Up) > 100)
        {
            return wrong("relief", "takes off more than 100 percent, or less than nothing");
        }
        if let Some(Relief::Amount(amount)) = &self.relief
            && amount.is_negative()
        {
            return wrong("relief", "takes off less than nothing");
        }
        if self.kind != RightKind::Reservation {
            return match self.kept_until {
                Some(_) => wrong("kept_until", "is for a reservation alone"),
                None => Ok(()),
            };
        }
        let is_whole = self.places.len() == 1 && self.bay_type.is_some();
        if !is_whole || self.from.is_none() || self.until.is_none() {
            return wrong(
                "kind",
                "a `reservation` needs one place, `bay_type`, `from` and `until`",
            );
        }
        let kept =
            self.kept_until.filter(|kept| Some(*kept) <= self.from || Some(*kept) > self.until);
        if kept.is_some() {
            return wrong("kept_until", "is not between `from` and `until`");
        }
        Ok(())
    }

    /// Whether it is about that vehicle of that holder, there and then.
    pub fn applies(
        &self,
        place: &PlaceName,
        vehicle: Option<&Plate>,
        at: Instant,
        zone: Tz,
    ) -> Applies {
        let is_of_vehicle =
            self.plates.is_empty() || vehicle.is_some_and(|one| self.plates.contains(one));
        if !is_of_vehicle || !(self.places.is_empty() || self.places.contains(place)) {
            return Applies::No;
        }
        let has_begun = self.from.is_none_or(|from| from <= at);
        let is_over = self.until.is_some_and(|until| until <= at);
        let second = chrono::TimeDelta::seconds(1);
        let in_window = |when: &When| !rates::spans(when, zone, None, at, at + second).is_empty();
        let in_week = self.weekly.is_empty() || self.weekly.iter().any(in_window);
        if has_begun && !is_over && in_week { Applies::Now } else { Applies::NotNow }
    }

    /// What it does to the price.
    pub fn relief(&self) -> Option<Relief> {
        match (&self.relief, self.kind) {
            (None, RightKind::Subscription) => Some(Relief::Free),
            (relief, _) => relief.clone(),
        }
    }

    /// Of a reservation: from when until when a bay is kept.
    pub fn kept(&self) -> Option<(Instant, Instant)> {
        let is_one = self.kind == RightKind::Reservation;
        self.from.zip(self.kept_until.or(self.until)).filter(|_| is_one)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn right(json: &str) -> Right {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn what_makes_no_sense_is_named_by_its_field() {
        for (json, field) in [
            (r#"{"kind":"allow"}"#, "holder"),
            (
                r#"{"kind":"allow","holder":"a","from":"2026-01-02T00:00:00Z","until":"2026-01-02T00:00:00Z"}"#,
                "until",
            ),
            (r#"{"kind":"subscription","holder":"a","at_once":0}"#, "at_once"),
            (
                r#"{"kind":"subscription","holder":"a","weekly":[{"from":"08:00","until":"08:00"}]}"#,
                "weekly",
            ),
            (r#"{"kind":"block","holder":"a","relief":"free"}"#, "kind"),
            (r#"{"kind":"permit","holder":"a","relief":{"percent":"101"}}"#, "relief"),
            (r#"{"kind":"permit","holder":"a","relief":{"amount":"-1"}}"#, "relief"),
            (r#"{"kind":"permit","holder":"a","kept_until":"2026-01-02T00:00:00Z"}"#, "kept_until"),
            (r#"{"kind":"reservation","holder":"a","places":["p"],"bay_type":"standard"}"#, "kind"),
            (
                r#"{"kind":"reservation","holder":"a","places":["p"],"bay_type":"standard","from":"2026-01-02T00:00:00Z","until":"2026-01-03T00:00:00Z","kept_until":"2026-01-04T00:00:00Z"}"#,
                "kept_until",
            ),
        ] {
            assert_eq!(right(json).check().unwrap_err().field, field, "{json}");
        }
        assert!(serde_json::from_str::<Right>(r#"{"kind":"allow","holder":"a","x":1}"#).is_err());
    }

    #[test]
    fn it_holds_at_its_places_for_its_vehicles_in_its_windows() {
        let zone = chrono_tz::Europe::Berlin;
        let right = right(
            r#"{"kind":"subscription","holder":"a","plates":["B-AB 1"],"places":["p"],
                "from":"2026-01-01T00:00:00Z","until":"2026-02-01T00:00:00Z",
                "weekly":[{"days":["mon"],"from":"08:00","until":"18:00"}]}"#,
        );
        right.check().unwrap();
        let (here, there): (PlaceName, PlaceName) = ("p".parse().unwrap(), "q".parse().unwrap());
        let (own, other) = (Plate::parse("BAB1").unwrap(), Plate::parse("HH2").unwrap());
        let applies =
            |place, plate, at: &str| right.applies(place, plate, at.parse().unwrap(), zone);
        // Monday, 5 January: eight in Berlin is seven in UTC.
        assert_eq!(applies(&here, Some(&own), "2026-01-05T07:00:00Z"), Applies::Now);
        assert_eq!(applies(&here, Some(&own), "2026-01-05T06:59:59Z"), Applies::NotNow);
        assert_eq!(applies(&here, Some(&own), "2026-01-05T17:00:00Z"), Applies::NotNow);
        assert_eq!(applies(&here, Some(&own), "2026-02-02T08:00:00Z"), Applies::NotNow, "over");
        assert_eq!(applies(&there, Some(&own), "2026-01-05T07:00:00Z"), Applies::No);
        assert_eq!(applies(&here, Some(&other), "2026-01-05T07:00:00Z"), Applies::No);
        assert_eq!(applies(&here, None, "2026-01-05T07:00:00Z"), Applies::No);
        assert_eq!(right.relief(), Some(Relief::Free));
    }
}
