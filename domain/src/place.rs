//! A car park as a thing: where it is, and how many bays of which type it has.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::name::TextError;
use crate::{CameraName, LaneName};

/// A kind of bay: one of [`BayType::KNOWN`] or an own one. 1 to 32 of `a` to `z`, digits, `-` and `_`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BayType(String);

/// Most bytes of a bay type.
pub const BAY_TYPE_BYTES_MAX: usize = 32;

/// Why a text is no bay type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BayTypeError {
    /// See [`TextError`].
    #[error(transparent)]
    Text(#[from] TextError),
    /// Another character.
    #[error("has {0:?}: a bay type has small letters (a to z), digits, - and _")]
    Character(char),
}

impl BayType {
    /// Those that every car park may have.
    pub const KNOWN: [&'static str; 6] =
        ["standard", "electric", "disabled", "truck", "motorcycle", "reserved"];

    /// Checks `text`.
    pub fn parse(text: &str) -> Result<Self, BayTypeError> {
        if text.is_empty() {
            return Err(TextError::Empty.into());
        }
        if text.len() > BAY_TYPE_BYTES_MAX {
            return Err(TextError::TooLong(text.len(), BAY_TYPE_BYTES_MAX).into());
        }
        let is_plain = |c: char| matches!(c, 'a'..='z' | '0'..='9' | '-' | '_');
        match text.chars().find(|c| !is_plain(*c)) {
            Some(other) => Err(BayTypeError::Character(other)),
            None => Ok(Self(text.to_owned())),
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Comes before all others.
    pub(crate) fn lowest() -> Self {
        Self(String::new())
    }

    /// Bays that are never sold to who comes by chance.
    pub fn is_reserved(&self) -> bool {
        self.0 == Self::KNOWN[5]
    }
}

impl Default for BayType {
    fn default() -> Self {
        Self(Self::KNOWN[0].to_owned())
    }
}

impl From<BayType> for String {
    fn from(bay_type: BayType) -> Self {
        bay_type.0
    }
}

impl TryFrom<String> for BayType {
    type Error = BayTypeError;

    fn try_from(text: String) -> Result<Self, BayTypeError> {
        Self::parse(&text)
    }
}

/// Degrees, WGS 84.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Location {
    /// -90 to 90, north is positive.
    pub latitude: f64,
    /// -180 to 180, east is positive.
    pub longitude: f64,
}

impl Location {
    /// Metres between two points, along the surface of a ball of the earth's mean radius.
    pub fn metres_to(self, other: Self) -> f64 {
        const RADIUS: f64 = 6_371_008.8;
        let [a, b] =
            [self, other].map(|one| (one.latitude.to_radians(), one.longitude.to_radians()));
        let half = |one: f64, other: f64| ((other - one) / 2.0).sin().powi(2);
        let chord = half(a.0, b.0) + a.0.cos() * b.0.cos() * half(a.1, b.1);
        2.0 * RADIUS * chord.sqrt().min(1.0).asin()
    }
}

impl Location {
    /// Whether both are within their bounds.
    pub fn is_on_earth(self) -> bool {
        (-90.0..=90.0).contains(&self.latitude) && (-180.0..=180.0).contains(&self.longitude)
    }
}

/// The bays of one type.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bays {
    /// How many there are.
    pub spaces: u32,
    /// Vehicles that want these bays may have those, in this order, where these are taken.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub may_use: Vec<BayType>,
}

/// What is known of a lane beside its name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lane {
    /// `entry`, `exit` or `both`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<LaneUse>,
    /// Behind it are bays of this type alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bay_type: Option<BayType>,
    /// Who is let in, where a barrier asks: holders of an account or a right where nobody says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gate: Option<LaneGate>,
}

/// Who is let in by a lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LaneGate {
    /// Who has an account, or stands on a list.
    Holders,
    /// Whoever comes; who has no account pays what is due.
    Everybody,
    /// There is no barrier.
    None,
}

/// Which way a lane leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LaneUse {
    /// In.
    Entry,
    /// Out.
    Exit,
    /// Either way.
    Both,
}

/// A car park, as people describe it; its id is no part of that.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// What people call it; its id where nobody says.
    #[serde(default)]
    pub name: String,
    /// Street and town.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
    /// Its zone in the IANA database; UTC where nobody says.
    #[serde(default = "utc")]
    pub time_zone: String,
    /// Its bays by type.
    #[serde(default)]
    pub bays: BTreeMap<BayType, Bays>,
    /// Its lanes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub lanes: BTreeMap<LaneName, Lane>,
    /// The cameras that watch them.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub cameras: BTreeSet<CameraName>,
    /// Full with this many bays free, or fewer.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub full_at: u32,
    /// Open again with this many free: more than `full_at`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_again_at: Option<u32>,
    /// Id of the rate table that prices its stays; it need not be there yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_table: Option<String>,
    /// Nobody is let in, whatever is free.
    #[serde(default, rename = "closed", skip_serializing_if = "std::ops::Not::not")]
    pub is_closed: bool,
}

fn utc() -> String {
    "UTC".to_owned()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// Most characters of a name or an address.
pub const WORDS_MAX: usize = 200;
/// Most bays of a type, and most types, lanes and cameras of a place.
pub const SPACES_MAX: u32 = 1_000_000;
/// See [`SPACES_MAX`].
pub const PARTS_MAX: usize = 1_000;

/// Most letters of the id of a rate table.
pub const RATE_TABLE_BYTES_MAX: usize = 64;

/// Says of what is no id of a rate table what would be one: it stands in addresses, in bills and in
/// sections of files.
pub fn check_rate_table(id: &str) -> Result<(), String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if (1..=RATE_TABLE_BYTES_MAX).contains(&id.len()) && id.chars().all(is_plain) {
        return Ok(());
    }
    Err(format!(
        "is \"{id}\": the id of a rate table has 1 to {RATE_TABLE_BYTES_MAX} letters (a to z), digits, - \
         or _"
    ))
}

/// A field of a place that makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{field}` {why}")]
pub struct WrongField {
    /// Its name, as people write it.
    pub field: String,
    /// What is wrong, and what would be right.
    pub why: String,
}

impl Place {
    /// Says of the first field that makes no sense what is wrong with it. Whether the zone is known is
    /// for who has the zones.
    pub fn check(&self) -> Result<(), WrongField> {
        let wrong = |field: &str, why: String| Err(WrongField { field: field.to_owned(), why });
        let texts = [("name", Some(&self.name)), ("address", self.address.as_ref())];
        for (field, text) in texts {
            let Some(text) = text else { continue };
            if text.chars().count() > WORDS_MAX {
                return wrong(field, format!("has more than {WORDS_MAX} characters"));
            }
            if text.chars().any(char::is_control) {
                return wrong(field, "has a control character: write one line".to_owned());
            }
        }
        if self.location.is_some_and(|location| !location.is_on_earth()) {
            let why = "is not on earth: latitude is -90 to 90, longitude -180 to 180".to_owned();
            return wrong("location", why);
        }
        for (bay_type, bays) in &self.bays {
            let field = format!("bays.{}", bay_type.as_str());
            if bays.spaces > SPACES_MAX {
                return wrong(&field, format!("has more than {SPACES_MAX} spaces"));
            }
            let unknown = bays.may_use.iter().find(|other| !self.bays.contains_key(other));
            if let Some(other) = unknown {
                let why = format!("may use `{}`, which this place has not", other.as_str());
                return wrong(&field, why);
            }
            if bays.may_use.contains(bay_type) {
                return wrong(&field, "may use itself: name other types".to_owned());
            }
        }
        for (field, count) in [
            ("bays", self.bays.len()),
            ("lanes", self.lanes.len()),
            ("cameras", self.cameras.len()),
        ] {
            if count > PARTS_MAX {
                return wrong(field, format!("has more than {PARTS_MAX} entries"));
            }
        }
        for (name, lane) in &self.lanes {
            let Some(bay_type) = &lane.bay_type else { continue };
            if !self.bays.contains_key(bay_type) {
                let why = format!("leads to `{}`, which this place has not", bay_type.as_str());
                return wrong(&format!("lanes.{name}"), why);
            }
        }
        if let Some(Err(why)) = self.rate_table.as_deref().map(check_rate_table) {
            return wrong("rate_table", why);
        }
        if let Some(again) = self.open_again_at.filter(|again| *again <= self.full_at) {
            let why = format!("is {again}: it has to be more than `full_at`, {}", self.full_at);
            return wrong("open_again_at", why);
        }
        Ok(())
    }

    /// All bays but the reserved ones, which are nobody's who comes by chance.
    pub fn capacity(&self) -> u32 {
        let open = self.bays.iter().filter(|(bay_type, _)| !bay_type.is_reserved());
        open.fold(0, |sum, (_, bays)| sum.saturating_add(bays.spaces))
    }

    /// Where vehicles park that came by this lane: in the bays behind it, else in standard ones, else in
    /// those of the first type.
    pub fn behind(&self, lane: Option<&LaneName>) -> BayType {
        let of_lane = lane.and_then(|lane| self.lanes.get(lane)?.bay_type.clone());
        of_lane.unwrap_or_else(|| {
            let standard = BayType::default();
            match self.bays.keys().find(|bay_type| !bay_type.is_reserved()) {
                Some(first) if !self.bays.contains_key(&standard) => first.clone(),
                _ => standard,
            }
        })
    }
}

/// Whether there is room.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Openness {
    /// There is.
    #[default]
    Open,
    /// There is none.
    Full,
    /// Nobody is let in.
    Closed,
}

impl Openness {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Open, Self::Full, Self::Closed];

    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Full => "full",
            Self::Closed => "closed",
        }
    }

    /// The one of that name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == text)
    }
}

impl Place {
    /// How it is with that many bays free, after how it was: a place that is full is open again only
    /// when enough are free, so that a sign at the street does not flicker.
    pub fn openness(&self, free: u32, before: Openness) -> Openness {
        let open_again_at = self.open_again_at.unwrap_or(self.full_at + 1).max(self.full_at + 1);
        match before {
            _ if self.is_closed => Openness::Closed,
            Openness::Full if free < open_again_at => Openness::Full,
            _ if free <= self.full_at => Openness::Full,
            _ => Openness::Open,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_place_is_open_again_when_enough_is_free_and_not_before() {
        let place = |full_at, open_again_at| Place { full_at, open_again_at, ..Place::default() };
        let play = |place: &Place, free: &[u32]| {
            let mut now = Openness::Open;
            let mut told = String::new();
            for free in free {
                now = place.openness(*free, now);
                told.push(match now {
                    Openness::Open => 'o',
                    Openness::Full => 'f',
                    Openness::Closed => 'c',
                });
            }
            told
        };
        assert_eq!(play(&place(0, None), &[2, 1, 0, 1, 0]), "oofof");
        assert_eq!(play(&place(2, Some(5)), &[3, 2, 3, 4, 5, 3, 2]), "offfoof");
        assert_eq!(play(&place(3, Some(1)), &[4, 3, 4]), "ofo", "never open and full at once");
        assert_eq!(play(&Place { is_closed: true, ..place(0, None) }, &[9, 0]), "cc");
    }

    #[test]
    fn what_makes_no_sense_is_named_by_its_field() {
        let wrong = |json: &str| -> String {
            let place: Place = serde_json::from_str(json).unwrap();
            place.check().unwrap_err().to_string()
        };
        let long = format!("{{\"name\":\"{}\"}}", "x".repeat(201));
        assert_eq!(wrong(&long), "`name` has more than 200 characters");
        let text = wrong(r#"{"location":{"latitude":91,"longitude":0}}"#);
        assert!(text.starts_with("`location` is not on earth"), "{text}");
        let text = wrong(r#"{"bays":{"electric":{"spaces":4,"may_use":["standard"]}}}"#);
        assert_eq!(text, "`bays.electric` may use `standard`, which this place has not");
        let text = wrong(r#"{"lanes":{"in":{"bay_type":"truck"}}}"#);
        assert_eq!(text, "`lanes.in` leads to `truck`, which this place has not");
        let text = wrong(r#"{"full_at":5,"open_again_at":5}"#);
        assert!(text.starts_with("`open_again_at` is 5"), "{text}");
        for table in ["", "city centre", "a/b", &"x".repeat(65)] {
            let text = wrong(&format!("{{\"rate_table\":\"{table}\"}}"));
            assert!(text.starts_with(&format!("`rate_table` is \"{table}\"")), "{text}");
        }
        assert!(serde_json::from_str::<Place>(r#"{"nmae":"x"}"#).is_err(), "no key is passed over");
    }

    #[test]
    fn a_vehicle_parks_where_its_lane_leads_else_in_standard_bays_else_in_the_first() {
        let place = |json: &str| serde_json::from_str::<Place>(json).unwrap();
        let lane: LaneName = "in-2".parse().unwrap();
        let lanes = r#"{"bays":{"truck":{"spaces":1},"standard":{"spaces":1}},
            "lanes":{"in-2":{"bay_type":"truck"}}}"#;
        assert_eq!(place(lanes).behind(Some(&lane)).as_str(), "truck");
        assert_eq!(place(lanes).behind(None).as_str(), "standard");
        let trucks = r#"{"bays":{"reserved":{"spaces":2},"truck":{"spaces":7}}}"#;
        assert_eq!(place(trucks).behind(Some(&lane)).as_str(), "truck");
        assert_eq!(place(trucks).capacity(), 7, "reserved bays are nobody's who comes by chance");
        assert_eq!(place("{}").behind(None).as_str(), "standard");
    }

    #[test]
    fn a_distance_is_that_of_the_map() {
        let berlin = Location { latitude: 52.520_008, longitude: 13.404_954 };
        let hamburg = Location { latitude: 53.551_086, longitude: 9.993_682 };
        let metres = berlin.metres_to(hamburg);
        assert!((254_000.0..257_000.0).contains(&metres), "{metres}");
        assert!(berlin.metres_to(berlin) < 0.001);
    }

    #[test]
    fn a_bay_type_is_a_plain_word() {
        for known in BayType::KNOWN {
            assert_eq!(BayType::parse(known).unwrap().as_str(), known);
        }
        assert_eq!(BayType::parse("").unwrap_err().to_string(), "is empty");
        assert!(BayType::parse("Wide").unwrap_err().to_string().starts_with("has 'W'"));
        assert!(BayType::parse(&"x".repeat(33)).is_err());
        assert!(serde_json::from_str::<BayType>("\"a b\"").is_err());
    }
}
