//! Rate tables: all versions of each, and what a stay costs by them. Pure. A version is added and never
//! changed, so that a bill can be made again as it was.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::Instant;
use rates::{Band, Bill, RateTable, Stay, Unpriced};

/// A version, as it was put.
#[derive(Debug, Clone, PartialEq)]
pub struct Put {
    /// The table; its `version` is its number.
    pub table: RateTable,
    /// Who put it.
    pub by: String,
    /// When.
    pub at: Instant,
    /// Version of the database that brought it.
    pub version: i64,
}

/// Who put a version, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Who.
    pub by: String,
    /// When.
    pub at: Instant,
}

/// All versions of a table.
#[derive(Debug, Clone, Default)]
pub struct Versions {
    /// Number one first, none left out.
    tables: Vec<RateTable>,
    origins: Vec<Origin>,
    /// Whether a line of any of them is for some places alone.
    names_zones: bool,
}

/// Why there is no price. It is never a price of 0.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoPrice {
    /// Nobody has said which table prices the stays of a place.
    #[error("place `{0}` names no rate table: set its `rate_table`")]
    NoTableNamed(String),
    /// There is no table of that id.
    #[error("there is no rate table `{0}`: put it under /admin/rate-tables/{0}")]
    NoTable(String),
    /// There is, and no such version.
    #[error("rate table `{0}` has no version {1}: it has 1 to {2}")]
    NoVersion(String, u32, u32),
    /// The table has none for this stay.
    #[error(transparent)]
    Unpriced(#[from] Unpriced),
}

/// A table cannot become a version of those that are there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "rate table `{id}` has the {what} {had}, and this one {has}: all versions of a table have the same; \
     put it under another id"
)]
pub struct OfAnotherKind {
    /// Which table.
    pub id: String,
    /// What differs: its currency or its time zone.
    pub what: &'static str,
    /// What the versions before have.
    pub had: String,
    /// What the new one has.
    pub has: String,
}

impl Versions {
    /// All of them, number one first.
    pub fn all(&self) -> impl Iterator<Item = (&RateTable, &Origin)> {
        self.tables.iter().zip(&self.origins)
    }

    /// Number of the newest; 0 where there is none yet.
    pub fn newest(&self) -> u32 {
        u32::try_from(self.tables.len()).unwrap_or(u32::MAX)
    }

    /// The one of that number.
    pub fn one(&self, number: u32) -> Option<&RateTable> {
        self.tables.get(usize::try_from(number).ok()?.checked_sub(1)?)
    }

    /// By which a stay is charged that begins then; `None`: by none.
    pub fn at(&self, instant: Instant) -> Option<&RateTable> {
        rates::holds_at(&self.tables, instant)
    }

    /// Whether the price depends on the place, beside the type of its bays.
    pub fn names_zones(&self) -> bool {
        self.names_zones
    }

    /// Whether the newest says the same, whatever its number.
    pub fn says(&self, table: &RateTable) -> bool {
        self.tables
            .last()
            .is_some_and(|last| RateTable { version: last.version, ..table.clone() } == *last)
    }

    /// Whether a table can be the next version.
    pub fn check(&self, table: &RateTable) -> Result<(), OfAnotherKind> {
        let Some(last) = self.tables.last() else { return Ok(()) };
        let wrong = |what, had: &dyn ToString, has: &dyn ToString| {
            let (had, has) = (had.to_string(), has.to_string());
            Err(OfAnotherKind { id: table.id.clone(), what, had, has })
        };
        if last.currency != table.currency {
            return wrong("currency", &last.currency.code(), &table.currency.code());
        }
        if last.time_zone != table.time_zone {
            return wrong("time zone", &last.time_zone, &table.time_zone);
        }
        Ok(())
    }
}

/// All tables, by their ids.
#[derive(Debug, Clone, Default)]
pub struct Tables(BTreeMap<String, Arc<Versions>>);

impl Tables {
    /// The versions of a table.
    pub fn get(&self, id: &str) -> Option<&Arc<Versions>> {
        self.0.get(id)
    }

    /// All of them, in the order of their ids.
    pub fn all(&self) -> impl Iterator<Item = (&str, &Versions)> {
        self.0.iter().map(|(id, versions)| (id.as_str(), &**versions))
    }

    /// Takes in a version, in the order of their numbers; one that is known already changes nothing.
    pub fn learn(&mut self, put: Put) {
        let Put { table, by, at, version: _ } = put;
        let versions = Arc::make_mut(self.0.entry(table.id.clone()).or_default());
        if table.version == versions.newest() + 1 {
            let mut lines = table.products.iter().flat_map(|product| &product.lines);
            versions.names_zones |= lines.any(|line| !line.zones.is_empty());
            versions.tables.push(table);
            versions.origins.push(Origin { by, at });
        }
    }

    /// What a stay costs: by the version that holds at its entry, or, where that says so, by that of each
    /// of its parts.
    pub fn price(&self, id: &str, stay: &Stay) -> Result<Bill, NoPrice> {
        Ok(rates::price_versions(&self.known(id)?.tables, stay)?)
    }

    /// The same by one version, whatever its dates.
    pub fn price_by(&self, id: &str, number: u32, stay: &Stay) -> Result<Bill, NoPrice> {
        let versions = self.known(id)?;
        let table = versions.one(number).ok_or_else(|| {
            let newest = versions.newest();
            NoPrice::NoVersion(id.to_owned(), number, newest)
        })?;
        Ok(rates::price(table, stay)?)
    }

    /// The versions of a table that has to be there.
    pub fn known(&self, id: &str) -> Result<&Arc<Versions>, NoPrice> {
        self.get(id).ok_or_else(|| NoPrice::NoTable(id.to_owned()))
    }
}

/// The band that holds, given where the one before began; with hysteresis.
pub fn band_of(table: &RateTable, before_from: Option<u8>, percent: Option<u8>) -> Option<&Band> {
    let bands = &table.occupancy;
    let before = bands.iter().find(|band| Some(band.from_percent) == before_from);
    rates::band(bands, before, percent?)
}

#[cfg(test)]
pub mod testing;
#[cfg(test)]
mod tests;
