//! What can be set of the simulated cameras, and which settings make sense.

use std::path::PathBuf;

use domain::Label;
use serde::{Deserialize, Serialize};

use crate::plate_format::PlateFormat;

/// Most vehicles per second that may be asked for: beyond it the simulation itself is what is
/// measured.
pub const RATE_MAX: f64 = 100_000.0;
/// Widest gap between two reads of one passage, in seconds. R2 takes reads up to 20 s apart for
/// one passage; a second is left for clocks that are read in between.
pub const RE_READ_GAP_SECONDS_MAX: f64 = 19.0;

/// How the simulated cameras behave. The defaults are a demonstration: vehicles stay for seconds,
/// so that sessions can be watched as they end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Vehicles that come, per second. Only with `profile = "steady"`: a campus has its own curve.
    /// Exits have no rate of their own, they follow the entries.
    pub rate: f64,
    /// Where the number of entries and the length of the stays come from.
    pub profile: Profile,
    /// Simulated seconds per second. Only with `profile = "campus"`: 60 makes a minute of an hour.
    pub speed: f64,
    /// Hour of the day (0 to 23) at which a simulated campus begins.
    pub start_hour: u32,
    /// How long vehicles stay. Only with `profile = "steady"`.
    pub dwell: Dwell,
    /// Share of the exits (0 to 1) whose vehicle was seen entering. The others are made up: exits
    /// that nobody saw enter.
    pub matched_share: f64,
    /// What a plate looks like: `A` stands for any letter, `9` for any digit, other capitals and
    /// digits for themselves, and `-`, `.`, `·`, `_` and blanks separate.
    pub plate_format: PlateFormat,
    /// Random seed. The same seed gives the same plates, ids and faults again, so a second
    /// run into the same store is taken for a repetition of the first, and every copy of a
    /// generator needs a seed of its own. None: a new one at each start.
    pub seed: Option<u64>,
    /// What goes wrong on purpose.
    pub faults: Faults,
    /// The car park that is named in every read.
    pub place: String,
    /// Lanes each way: `in-1`, `in-2`, … and `out-1`, `out-2`, …
    pub lanes: u32,
    /// Most passages of each kind under way at once, those that wait on purpose (`faults`)
    /// included. When so many are unconfirmed no vehicle comes: the generator falls behind and
    /// says so in `vehicle_entry_turns_skipped_total`.
    pub in_flight_max: usize,
    /// How long a stop waits for confirmations before it gives up, in seconds. Vehicles whose exit
    /// is unconfirmed then are put back.
    pub stop_seconds_max: f64,
    /// File that gets each confirmed message as a line, to compare with what came of it. None: no
    /// such file.
    pub ledger: Option<PathBuf>,
}

/// Where traffic comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Profile {
    /// Evenly spaced entries at `rate`, stays by `dwell`.
    #[default]
    Steady,
    /// A working day at a campus, hour by hour, visitors and staff, at `speed`.
    Campus,
}

/// The stays of the steady profile: half are shorter than the median, and none is outside the two
/// ends.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Dwell {
    /// The shortest stay, in seconds, above 0.
    pub min_seconds: f64,
    /// The stay that half of all exceed, in seconds.
    pub median_seconds: f64,
    /// The longest stay, in seconds.
    pub max_seconds: f64,
}

/// What goes wrong on purpose, each as the share (0 to 1) of the passages it happens to.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Faults {
    /// The same message, with the same id, is sent once more.
    pub duplicate_share: f64,
    /// The camera reads the same passage once more: a new id, a little later.
    pub re_read_share: f64,
    /// By how much later at most, in seconds, up to [`RE_READ_GAP_SECONDS_MAX`]. Never more than
    /// half the stay.
    pub re_read_gap_seconds_max: f64,
    /// The message leaves late, so that others overtake it; its event time stays.
    pub late_share: f64,
    /// By how much at most, in seconds.
    pub late_seconds_max: f64,
    /// One character of the plate is wrong at the exit.
    pub misread_share: f64,
}

/// A setting that makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("generators.{setting}: {why}")]
pub struct OptionsError {
    /// Its name, with dots.
    pub setting: &'static str,
    /// What is wrong, and what would be right.
    pub why: String,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            rate: 5.0,
            profile: Profile::default(),
            speed: 60.0,
            start_hour: 7,
            dwell: Dwell::default(),
            matched_share: 0.8,
            plate_format: PlateFormat::default(),
            seed: None,
            faults: Faults::default(),
            place: domain::observation::DEFAULT_PLACE.to_owned(),
            lanes: 1,
            in_flight_max: 1000,
            stop_seconds_max: 5.0,
            ledger: None,
        }
    }
}

impl Default for Dwell {
    fn default() -> Self {
        Self { min_seconds: 2.0, median_seconds: 4.0, max_seconds: 10.0 }
    }
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            duplicate_share: 0.0,
            re_read_share: 0.0,
            re_read_gap_seconds_max: 2.0,
            late_share: 0.0,
            late_seconds_max: 3.0,
            misread_share: 0.0,
        }
    }
}

impl Options {
    /// Says of the first setting that makes no sense what is wrong with it.
    pub fn check(&self) -> Result<(), OptionsError> {
        check_rate(self.rate)?;
        within("speed", self.speed, 0.001, 1_000_000.0)?;
        within("start_hour", f64::from(self.start_hour), 0.0, 23.0)?;
        share("matched_share", self.matched_share)?;
        within("lanes", f64::from(self.lanes), 1.0, 1000.0)?;
        within("in_flight_max", self.in_flight_max as f64, 1.0, 1_000_000.0)?;
        within("stop_seconds_max", self.stop_seconds_max, 0.0, 3600.0)?;
        self.place().map_err(|why| OptionsError { setting: "place", why: why.to_string() })?;
        self.dwell.check()?;
        self.faults.check()
    }

    /// The place as the label of an observation.
    pub(crate) fn place(&self) -> Result<Label, domain::observation::TextError> {
        Label::parse(&self.place)
    }
}

impl Dwell {
    fn check(&self) -> Result<(), OptionsError> {
        within("dwell.min_seconds", self.min_seconds, 0.001, 1e9)?;
        within("dwell.median_seconds", self.median_seconds, self.min_seconds, 1e9)?;
        within("dwell.max_seconds", self.max_seconds, self.median_seconds, 1e9)
    }
}

impl Faults {
    fn check(&self) -> Result<(), OptionsError> {
        share("faults.duplicate_share", self.duplicate_share)?;
        share("faults.re_read_share", self.re_read_share)?;
        share("faults.late_share", self.late_share)?;
        share("faults.misread_share", self.misread_share)?;
        let gap = self.re_read_gap_seconds_max;
        within("faults.re_read_gap_seconds_max", gap, 0.0, RE_READ_GAP_SECONDS_MAX)?;
        within("faults.late_seconds_max", self.late_seconds_max, 0.0, 86_400.0)
    }
}

/// Whether `rate` is one that can be asked for, at the start or while running.
pub(crate) fn check_rate(rate: f64) -> Result<(), OptionsError> {
    within("rate", rate, 0.0, RATE_MAX)
}

fn share(setting: &'static str, value: f64) -> Result<(), OptionsError> {
    within(setting, value, 0.0, 1.0)
}

/// NaN is outside of everything.
fn within(setting: &'static str, value: f64, min: f64, max: f64) -> Result<(), OptionsError> {
    if (min..=max).contains(&value) {
        return Ok(());
    }
    Err(OptionsError { setting, why: format!("{value} is not between {min} and {max}") })
}

#[cfg(test)]
mod tests;
