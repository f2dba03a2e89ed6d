//! What happened: when and where a car stood, and what its driver may.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::money::Decimal;

/// One stay, as far as its price needs to know it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stay {
    /// Its parts in the order of time, each beginning where the one before ended. A stay without a
    /// known entry has none.
    pub segments: Vec<Segment>,
    /// The rights and the merchants' validations that came with the stay.
    #[serde(default)]
    pub validations: Vec<String>,
    /// When it was paid, if it was paid before the exit.
    #[serde(default)]
    pub paid_at: Option<DateTime<Utc>>,
    /// Prepaid credit, in minor units. It pays the bill after tax: it is money, not a discount.
    #[serde(default)]
    pub credit: i64,
    /// The visits before, of the same car, the oldest first.
    #[serde(default)]
    pub earlier: Vec<Visit>,
}

/// A part of a stay in which nothing changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Segment {
    /// Its first instant, included.
    pub from: DateTime<Utc>,
    /// The instant that ends it; not in it.
    pub until: DateTime<Utc>,
    /// The place, where places are nested.
    #[serde(default)]
    pub zone: String,
    /// The type of the bay.
    #[serde(default)]
    pub bay: String,
    /// The rights (subscriptions, permits) that held.
    #[serde(default)]
    pub rights: Vec<String>,
    /// The factor by occupancy that was announced when it began. That of the first segment is
    /// locked, unless the table says `segment`.
    #[serde(default)]
    pub factor: Option<Decimal>,
}

/// A visit before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Visit {
    /// When it began.
    pub from: DateTime<Utc>,
    /// When it ended.
    pub until: DateTime<Utc>,
    /// What was paid for it, in minor units.
    pub paid: i64,
}

impl Stay {
    /// A stay in one place and bay type, without rights.
    pub fn simple(from: DateTime<Utc>, until: DateTime<Utc>) -> Self {
        Self::of(vec![Segment::new(from, until)])
    }

    /// A stay of these parts.
    pub fn of(segments: Vec<Segment>) -> Self {
        Self { segments, validations: Vec::new(), paid_at: None, credit: 0, earlier: Vec::new() }
    }

    /// A stay whose entry nobody knows.
    pub fn without_entry() -> Self {
        Self::of(Vec::new())
    }

    /// The first instant, if it is known.
    pub fn entry(&self) -> Option<DateTime<Utc>> {
        self.segments.first().map(|segment| segment.from)
    }

    /// The instant that ends it, if the entry is known.
    pub fn exit(&self) -> Option<DateTime<Utc>> {
        self.segments.last().map(|segment| segment.until)
    }
}

impl Segment {
    /// A part without a place, a bay type, rights or a factor of its own.
    pub fn new(from: DateTime<Utc>, until: DateTime<Utc>) -> Self {
        Self {
            from,
            until,
            zone: String::new(),
            bay: String::new(),
            rights: Vec::new(),
            factor: None,
        }
    }
}
