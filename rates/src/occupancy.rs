//! The factor by occupancy, with hysteresis.

use crate::table::Band;

/// The band that holds at an occupancy in percent, given the one that held before.
///
/// A higher band begins at its `from_percent`; the one that held is left only below its
/// `until_below_percent`. `None` where no band is for so low an occupancy.
pub fn band<'a>(bands: &'a [Band], before: Option<&Band>, percent: u8) -> Option<&'a Band> {
    let reached = bands
        .iter()
        .filter(|band| band.from_percent <= percent)
        .max_by_key(|band| band.from_percent);
    let kept = bands
        .iter()
        .find(|band| Some(*band) == before)
        .filter(|band| percent >= band.until_below_percent.unwrap_or(band.from_percent));
    match (reached, kept) {
        (Some(reached), Some(kept)) if kept.from_percent > reached.from_percent => Some(kept),
        (None, kept) => kept,
        (reached, _) => reached,
    }
}
