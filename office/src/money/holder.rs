//! Right holders, and what they are known by.

use std::collections::BTreeSet;

use domain::place::WrongField;
use domain::{HolderId, Plate};
use serde::{Deserialize, Serialize};

/// Most bytes of a pass.
const PASS_BYTES_MAX: usize = 256;
/// Most plates, passes and discounts of a holder.
const PARTS_MAX: usize = 1_000;
/// Deepest floor, in minor units.
const FLOOR_MIN: i64 = -1_000_000_000_000;

/// What kind of thing somebody shows at a gate.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum CredentialKind {
    /// The number plate of the vehicle.
    Plate,
    /// A code that an app shows.
    Qr,
    /// The id of a registered tag: an identifier, not a proof.
    Nfc,
}

impl CredentialKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Plate, Self::Qr, Self::Nfc];

    /// As the database and the feed say it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Plate => "plate",
            Self::Qr => "qr",
            Self::Nfc => "nfc",
        }
    }

    /// The one of that name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// What somebody shows at a gate. A plate is in its one spelling.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Credential {
    /// What kind.
    pub kind: CredentialKind,
    /// What is on it.
    pub value: String,
}

impl Credential {
    /// Checks what was shown.
    pub fn parse(kind: CredentialKind, value: &str) -> Result<Self, WrongField> {
        let wrong = |why: String| WrongField { field: "credential.value".to_owned(), why };
        if kind == CredentialKind::Plate {
            let plate = Plate::parse(value).map_err(|e| wrong(e.to_string()))?;
            return Ok(Self::plate(&plate));
        }
        let value = value.trim();
        if value.is_empty() || value.len() > PASS_BYTES_MAX || value.chars().any(char::is_control) {
            let why = format!("has to have 1 to {PASS_BYTES_MAX} bytes and no control characters");
            return Err(wrong(why));
        }
        Ok(Self { kind, value: value.to_owned() })
    }

    /// A plate.
    pub fn plate(plate: &Plate) -> Self {
        Self { kind: CredentialKind::Plate, value: plate.as_str().to_owned() }
    }

    /// The plate, if it is one.
    pub fn as_plate(&self) -> Option<Plate> {
        Plate::parse(&self.value).ok().filter(|_| self.kind == CredentialKind::Plate)
    }
}

/// A pass: a registered tag, or a code.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pass {
    /// `qr` or `nfc`.
    pub kind: CredentialKind,
    /// What the reader reads.
    pub value: String,
}

/// A right holder, as a person describes it; its id is no part of that.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Holder {
    /// A person's, or a firm's.
    #[serde(default)]
    pub name: String,
    /// Where receipts go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Of what is shown and sent: `de`, `en`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// The vehicles.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub plates: BTreeSet<Plate>,
    /// The tags and codes.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub passes: BTreeSet<Pass>,
    /// The group that it belongs to: its own limit and the group's limit both hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member_of: Option<HolderId>,
    /// Least that may be available, in minor units: 0, or below for who may owe. Of a group: what all of
    /// its members and itself have together.
    #[serde(default)]
    pub floor: i64,
    /// ISO 4217 of the account; the office's where nothing is said. It cannot be changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// Names of discounts of the rate tables.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub discounts: Vec<String>,
    /// Methods by which it pays, the first first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pays_by: Vec<String>,
}

impl Holder {
    /// Says of the first field that makes no sense what is wrong with it.
    pub fn check(&self, id: &HolderId) -> Result<(), WrongField> {
        let wrong = |field: &str, why: String| Err(WrongField { field: field.to_owned(), why });
        if self.member_of.as_ref() == Some(id) {
            return wrong("member_of", "is the holder itself".to_owned());
        }
        if !(FLOOR_MIN..=0).contains(&self.floor) {
            let why = format!("is {}: 0, or below for who may owe, in minor units", self.floor);
            return wrong("floor", why);
        }
        if let Some(email) = &self.email
            && (!email.contains('@') || email.len() > 254 || email.chars().any(char::is_control))
        {
            return wrong("email", format!("\"{email}\" is no address"));
        }
        if let Some(currency) = &self.currency
            && rates::Currency::new(currency).is_none()
        {
            return wrong(
                "currency",
                format!("\"{currency}\" is no currency: write for instance EUR"),
            );
        }
        for pass in &self.passes {
            if pass.kind == CredentialKind::Plate {
                return wrong("passes", "has a plate: plates stand under `plates`".to_owned());
            }
            if let Err(WrongField { why, .. }) = Credential::parse(pass.kind, &pass.value) {
                return wrong("passes", why);
            }
        }
        for (field, count) in [
            ("plates", self.plates.len()),
            ("passes", self.passes.len()),
            ("discounts", self.discounts.len()),
        ] {
            if count > PARTS_MAX {
                return wrong(field, format!("has more than {PARTS_MAX} entries"));
            }
        }
        let texts = [&self.name]
            .into_iter()
            .chain(&self.language)
            .chain(&self.pays_by)
            .chain(&self.discounts);
        match texts.into_iter().find(|text| text.chars().any(char::is_control) || text.len() > 400)
        {
            Some(_) => {
                wrong("name", "or another text is too long, or has a control character".to_owned())
            }
            None => Ok(()),
        }
    }

    /// All that it is known by.
    pub fn credentials(&self) -> BTreeSet<Credential> {
        let plates = self.plates.iter().map(Credential::plate);
        let passes =
            self.passes.iter().filter_map(|pass| Credential::parse(pass.kind, &pass.value).ok());
        plates.chain(passes).collect()
    }
}
