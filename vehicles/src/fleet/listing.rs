//! The list of vehicles: filtered, sorted and cut into pages. One pass over all; only the page is
//! sorted.

use std::collections::{HashMap, HashSet};

use domain::presence::Status;
use domain::{CustomerId, VehicleId};

use super::{Fleet, Known};
use crate::shapes::StatusCounts;

/// By what a list is sorted; the vehicle's id decides between equals.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Sort {
    /// By number plate.
    #[default]
    Plate,
    /// By the vehicle's id.
    Id,
    /// By the customer's name.
    Customer,
    /// Connected, disconnected, never seen.
    Status,
    /// By the newest ping; those never seen first.
    LastSeen,
}

/// Which vehicles, in which order, which part of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of this customer alone.
    pub customer: Option<CustomerId>,
    /// In this state alone.
    pub status: Option<Status>,
    /// That have this in their id, plate or customer's name.
    pub text: Option<String>,
    /// What the list is sorted by.
    pub sort: Sort,
    /// The other way round.
    pub descending: bool,
    /// Most vehicles of a page.
    pub limit: usize,
    /// Those behind this one.
    pub after: Option<Cursor>,
}

/// Where a page ended: sort key and id of its last vehicle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    key: String,
    id: VehicleId,
}

impl Cursor {
    /// Reads what [`Cursor::to_text`] wrote.
    pub fn parse(text: &str) -> Option<Self> {
        let (id, key) = text.split_once(':')?;
        Some(Self { key: key.to_owned(), id: VehicleId::parse(id).ok()? })
    }

    /// For the next page.
    pub fn to_text(&self) -> String {
        format!("{}:{}", self.id.as_str(), self.key)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Key<'a> {
    Text(&'a str),
    Number(i64),
}

/// A page, as ids.
#[derive(Debug)]
pub(crate) struct Page<'a> {
    pub(crate) vehicles: Vec<(&'a VehicleId, &'a Known)>,
    pub(crate) counts: StatusCounts,
    pub(crate) matching: usize,
    pub(crate) next: Option<Cursor>,
}

impl Fleet {
    /// The page of the list that `filter` asks for, in its order.
    pub(crate) fn list(&self, filter: &Filter) -> Page<'_> {
        let text = filter.text.as_deref().map(Text::new);
        let owners: Option<HashSet<&CustomerId>> = text.as_ref().map(|text| {
            let named = |name: &str| name.contains(text.lower.as_str());
            let owners = self.customers.iter().filter(|(_, owning)| named(&owning.name_folded));
            owners.map(|(id, _)| id).collect()
        });
        // Looked up once per vehicle: hashed, not searched.
        let names: HashMap<&CustomerId, &str> = match filter.sort {
            Sort::Customer => {
                let names = self.customers.iter();
                names.map(|(id, owning)| (id, owning.name_folded.as_str())).collect()
            }
            _ => HashMap::new(),
        };
        let mut counts = StatusCounts::default();
        let mut matching = 0;
        let mut found = Vec::new();
        let after = filter.after.as_ref().map(|cursor| (cursor.key(filter.sort), &cursor.id));
        for (id, known) in &self.vehicles {
            if filter.customer.as_ref().is_some_and(|customer| known.customer != *customer) {
                continue;
            }
            if let (Some(text), Some(owners)) = (&text, &owners)
                && !(text.is_in(id, known) || owners.contains(&known.customer))
            {
                continue;
            }
            *counts.of(known.status) += 1;
            if filter.status.is_some_and(|status| known.status != status) {
                continue;
            }
            matching += 1;
            let key = (key(filter.sort, id, known, &names), id);
            let is_behind = after.is_none_or(|after| match filter.descending {
                false => key > after,
                true => key < after,
            });
            if is_behind {
                found.push((key, known));
            }
        }
        let order = |one: &((Key<'_>, &VehicleId), _), other: &((Key<'_>, &VehicleId), _)| {
            let ordering = one.0.cmp(&other.0);
            if filter.descending { ordering.reverse() } else { ordering }
        };
        let is_more = found.len() > filter.limit;
        if is_more && filter.limit > 0 {
            found.select_nth_unstable_by(filter.limit - 1, order);
            found.truncate(filter.limit);
        }
        found.sort_unstable_by(order);
        let last = found.last().filter(|_| is_more);
        let next = last.map(|((key, id), _)| Cursor { key: key.to_text(), id: (*id).clone() });
        let vehicles = found.into_iter().map(|((_, id), known)| (id, known)).collect();
        Page { vehicles, counts, matching, next }
    }
}

fn key<'a>(
    sort: Sort,
    id: &'a VehicleId,
    known: &'a Known,
    names: &HashMap<&CustomerId, &'a str>,
) -> Key<'a> {
    match sort {
        Sort::Plate => Key::Text(known.plate.as_str()),
        Sort::Id => Key::Text(id.as_str()),
        Sort::Customer => Key::Text(names.get(&known.customer).copied().unwrap_or_default()),
        Sort::Status => Key::Number(known.status as i64),
        Sort::LastSeen => {
            let last_seen = known.presence.last_seen();
            Key::Number(last_seen.map_or(i64::MIN, |at| at.timestamp_millis()))
        }
    }
}

impl Key<'_> {
    fn to_text(self) -> String {
        match self {
            Self::Text(text) => text.to_owned(),
            Self::Number(number) => number.to_string(),
        }
    }
}

impl Cursor {
    fn key(&self, sort: Sort) -> Key<'_> {
        match sort {
            Sort::Plate | Sort::Id | Sort::Customer => Key::Text(&self.key),
            Sort::Status | Sort::LastSeen => Key::Number(self.key.parse().unwrap_or(i64::MIN)),
        }
    }
}

/// A text that is looked for: ids and plates are in upper case, names are compared in lower case.
struct Text {
    /// As plates are written: without what is stripped from them.
    plate: String,
    upper: String,
    lower: String,
}

impl Text {
    fn new(text: &str) -> Self {
        let upper = text.trim().to_uppercase();
        let plate = upper.chars().filter(|c| c.is_alphanumeric()).collect();
        Self { plate, upper, lower: text.trim().to_lowercase() }
    }

    fn is_in(&self, id: &VehicleId, known: &Known) -> bool {
        id.as_str().contains(self.upper.as_str())
            || (!self.plate.is_empty() && known.plate.as_str().contains(self.plate.as_str()))
    }
}
