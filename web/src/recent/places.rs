//! The car parks that are known: by a number, which is smaller than a name in what there is much of.

use std::collections::HashMap;

use domain::PlaceName;

/// One of [`Places`].
pub(super) type PlaceNo = u32;

/// More than anybody has; what goes beyond is one place, so that no camera's fancies fill the memory.
const PLACES_MAX: usize = 100_000;

/// See the module.
#[derive(Default)]
pub(super) struct Places {
    names: Vec<PlaceName>,
    numbers: HashMap<PlaceName, PlaceNo>,
    /// What people call them, where somebody has said so.
    titles: HashMap<PlaceNo, String>,
}

impl Places {
    /// Its number, from now on.
    pub(super) fn number(&mut self, name: &PlaceName) -> PlaceNo {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let name = match self.names.len() {
            ..PLACES_MAX => name.clone(),
            _ => PlaceName::parse("others").unwrap_or_default(),
        };
        let number = PlaceNo::try_from(self.names.len()).unwrap_or(PlaceNo::MAX);
        *self.numbers.entry(name.clone()).or_insert_with(|| {
            self.names.push(name);
            number
        })
    }

    /// Its number, where it is known.
    pub(super) fn find(&self, name: &PlaceName) -> Option<PlaceNo> {
        self.numbers.get(name).copied()
    }

    /// What it is called in the reads.
    pub(super) fn name(&self, number: PlaceNo) -> PlaceName {
        self.names.get(number as usize).cloned().unwrap_or_default()
    }

    /// What people call it; none: nothing else than the reads do.
    pub(super) fn set_title(&mut self, name: &PlaceName, title: Option<String>) {
        let number = self.number(name);
        match title.filter(|title| title != name.as_str()) {
            Some(title) => _ = self.titles.insert(number, title),
            None => _ = self.titles.remove(&number),
        }
    }

    /// See [`Places::set_title`].
    pub(super) fn title(&self, number: PlaceNo) -> Option<&str> {
        self.titles.get(&number).map(String::as_str)
    }

    /// All of them, in the order in which they became known.
    pub(super) fn all(&self) -> impl Iterator<Item = (&PlaceName, Option<&str>)> {
        let numbered = self.names.iter().zip(0..);
        numbered.map(|(name, number)| (name, self.title(number)))
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.names.len()
    }
}
