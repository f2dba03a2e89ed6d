//! What can be set of the simulated cameras, and which settings make sense. The defaults are a
//! demonstration: vehicles stay for seconds, so that sessions can be watched as they end.

use std::path::PathBuf;

use domain::PlaceName;
use platform::settings::{Refused, Value, Word, nested, rare, setting};

use crate::plate_format::PlateFormat;

const TRAFFIC: &str = "Simulated traffic";
/// Most vehicles per second that may be asked for: beyond it the simulation itself is what is
/// measured.
const RATE_MAX: f64 = 100_000.0;
/// Widest gap between two reads of one passage, in seconds. R2 takes reads up to 20 s apart for
/// one passage; a second is left for clocks that are read in between.
pub const RE_READ_GAP_SECONDS_MAX: f64 = 19.0;

platform::settings! {
    /// How the simulated cameras behave.
    #[derive(Debug, Clone, PartialEq)]
    pub struct Options {
        /// `steady`, or `campus`: a working day hour by hour
        pub profile: Profile = setting(TRAFFIC, "generators.profile", "steady"),
        /// Vehicles that come per second (steady)
        // Exits have no rate of their own, they follow the entries.
        pub rate: f64 = setting(TRAFFIC, "generators.rate", "5").within(0.0, RATE_MAX),
        /// Simulated seconds per second (campus)
        pub speed: f64 = setting(TRAFFIC, "generators.speed", "60").within(0.001, 1_000_000.0),
        /// Share of the exits whose vehicle was seen entering
        // The others are made up: exits that nobody saw enter.
        pub matched_share: f64 =
            setting(TRAFFIC, "generators.matched_share", "0.8").within(0.0, 1.0),
        /// Random seed: the same seed, the same traffic
        // A second run into the same store is taken for a repetition of the first, and every copy of
        // a generator needs a seed of its own. None: a new one at each start.
        pub seed: Option<u64> = setting(TRAFFIC, "generators.seed", ""),
        /// File that gets each confirmed message as a line: of simulated cameras, of real ones, of
        /// `reads`
        pub ledger: Option<PathBuf> = setting(TRAFFIC, "generators.ledger", ""),
        /// Hour of the day at which a campus begins
        pub start_hour: u32 = rare(TRAFFIC, "generators.start_hour", "7").within(0.0, 23.0),
        /// How long vehicles stay. Only with `profile = "steady"`.
        pub dwell: Dwell = nested(),
        /// A any letter, 9 any digit
        // Other capitals and digits stand for themselves; `-`, `.`, `·`, `_` and blanks separate.
        pub plate_format: PlateFormat = rare(TRAFFIC, "generators.plate_format", "AAA-999"),
        /// The car park named in every read; several with commas between
        // Each vehicle has one of them that it always uses.
        pub places: PlaceNames = rare(TRAFFIC, "generators.places", "main"),
        /// Lanes each way
        // `in-1`, `in-2`, … and `out-1`, `out-2`, …
        pub lanes: u32 = rare(TRAFFIC, "generators.lanes", "1").within(1.0, 1000.0),
        /// What goes wrong on purpose.
        pub faults: Faults = nested(),
        /// Unconfirmed passages per generator
        // Those that wait on purpose (`faults`) included. When so many are unconfirmed no vehicle
        // comes: the generator falls behind and says so in `vehicle_entry_turns_skipped_total`.
        pub in_flight_max: usize =
            rare(TRAFFIC, "generators.in_flight_max", "1000").within(1.0, 1_000_000.0),
        /// How long a stop waits for confirmations
        // In seconds. Vehicles whose exit is unconfirmed then are put back.
        pub stop_seconds_max: f64 =
            rare(TRAFFIC, "generators.stop_seconds_max", "5").within(0.0, 3600.0),
    }
}

/// Where traffic comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// Evenly spaced entries at `rate`, stays by `dwell`.
    Steady,
    /// A working day at a campus, hour by hour, visitors and staff, at `speed`.
    Campus,
}

impl Word for Profile {
    const WORDS: &'static [(&'static str, Self)] =
        &[("steady", Self::Steady), ("campus", Self::Campus)];
}

/// Car parks with traffic: at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlaceNames(Vec<PlaceName>);

impl PlaceNames {
    /// In the order they were written; never empty.
    pub fn all(&self) -> &[PlaceName] {
        &self.0
    }
}

impl Value for PlaceNames {
    const HINT: &'static str = "; write for instance main, or north,south";

    fn noun() -> String {
        "names of car parks".to_owned()
    }

    fn parse(text: &str) -> Option<Self> {
        let all: Option<Vec<_>> =
            text.split(',').map(|name| PlaceName::parse(name.trim()).ok()).collect();
        all.map(Self)
    }

    fn remedy(text: &str) -> Option<String> {
        let wrong = text.split(',').find_map(|name| PlaceName::parse(name.trim()).err());
        wrong.map(|error| error.to_string())
    }
}

platform::settings! {
    /// The stays of the steady profile: half are shorter than the median, and none is outside the
    /// two ends.
    #[derive(Debug, Clone, Copy, PartialEq)]
    pub struct Dwell {
        /// Shortest stay (steady)
        pub min_seconds: f64 =
            rare(TRAFFIC, "generators.dwell.min_seconds", "2").within(0.001, 1e9),
        /// Half the stays are shorter (steady)
        pub median_seconds: f64 = rare(TRAFFIC, "generators.dwell.median_seconds", "4"),
        /// Longest stay (steady)
        pub max_seconds: f64 = rare(TRAFFIC, "generators.dwell.max_seconds", "10"),
    }
    check Self::is_in_order;
}

impl Dwell {
    fn is_in_order(&self) -> Result<(), Refused> {
        let Self { min_seconds: min, median_seconds: median, max_seconds: max } = *self;
        let from = |key, min: f64| rare(TRAFFIC, key, "").within(min, 1e9);
        from("generators.dwell.median_seconds", min).allows(&median)?;
        from("generators.dwell.max_seconds", median).allows(&max)
    }
}

platform::settings! {
    /// What goes wrong on purpose, each as the share (0 to 1) of the passages it happens to.
    #[derive(Debug, Clone, Copy, PartialEq)]
    pub struct Faults {
        /// Share of messages sent twice
        pub duplicate_share: f64 =
            rare(TRAFFIC, "generators.faults.duplicate_share", "0").within(0.0, 1.0),
        /// Share of passages read twice
        // A new id, a little later.
        pub re_read_share: f64 =
            rare(TRAFFIC, "generators.faults.re_read_share", "0").within(0.0, 1.0),
        /// Longest gap between the two reads
        // Never more than half the stay.
        pub re_read_gap_seconds_max: f64 =
            rare(TRAFFIC, "generators.faults.re_read_gap_seconds_max", "2")
                .within(0.0, RE_READ_GAP_SECONDS_MAX),
        /// Share of messages that leave late
        // So that others overtake them; their event time stays.
        pub late_share: f64 =
            rare(TRAFFIC, "generators.faults.late_share", "0").within(0.0, 1.0),
        /// By how much at most
        pub late_seconds_max: f64 =
            rare(TRAFFIC, "generators.faults.late_seconds_max", "3").within(0.0, 86_400.0),
        /// Share of exits with one character misread
        pub misread_share: f64 =
            rare(TRAFFIC, "generators.faults.misread_share", "0").within(0.0, 1.0),
    }
}

#[cfg(test)]
mod tests;
