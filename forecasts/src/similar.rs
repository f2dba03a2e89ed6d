//! A new place begins with what similar places know.

use serde::{Deserialize, Serialize};

use crate::decay::Decay;
use crate::occupancy::Occupancy;
use crate::profile::Profile;
use crate::spread::Spread;

/// What the evidence of other places is worth in a new one: for how deviations decay, and for how wrong
/// forecasts are. Its own days soon outweigh it.
const DECAY_WORTH: f64 = 0.2;
const SPREAD_WORTH: f64 = 0.05;
/// Places that are this far apart are alike by half.
const KILOMETRES: f64 = 1.0;
/// Bays of another type are alike by this.
const OTHER_TYPE: f64 = 0.2;

/// What is known of a place before anything was counted there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Traits {
    /// Bays of the type.
    pub spaces: u32,
    /// The type of the bays.
    pub bay_type: String,
    /// Degrees north and east, if known.
    pub location: Option<(f64, f64)>,
}

impl Traits {
    /// How alike two places are, above 0, 1 for the same: near each other, of the same type, of the same
    /// size.
    pub fn likeness(&self, other: &Self) -> f64 {
        let size = |traits: &Self| f64::from(traits.spaces.max(1));
        let (a, b) = (size(self), size(other));
        let sizes = (a.min(b) / a.max(b)).sqrt();
        let types = if self.bay_type == other.bay_type { 1.0 } else { OTHER_TYPE };
        let near = match (self.location, other.location) {
            (Some(a), Some(b)) => 0.5_f64.powf(kilometres(a, b) / KILOMETRES),
            _ => 0.5,
        };
        // Even the farthest one says more than nothing.
        (sizes * types * near).max(1e-6)
    }
}

/// The distance of two points, on a plane: what is far is far enough.
fn kilometres(a: (f64, f64), b: (f64, f64)) -> f64 {
    let north = (a.0 - b.0) * 111.2;
    let east = (a.1 - b.1) * 111.2 * a.0.to_radians().cos();
    north.hypot(east)
}

impl Occupancy {
    /// A place of which nothing is known but that it is like others, each with how alike it is
    /// ([`Traits::likeness`]): their weighted mean, as if half a day had been seen. Those that learned
    /// nothing are passed over.
    pub fn of_similar<'a>(others: impl IntoIterator<Item = (f64, &'a Self)>) -> Self {
        let others: Vec<(f64, &Self)> = others
            .into_iter()
            .filter(|(weight, other)| *weight > 0.0 && other.days() > 0)
            .collect();
        let profiles: Vec<(f64, &Profile)> = others.iter().map(|(w, o)| (*w, &o.profile)).collect();
        let decays: Vec<(f64, &Decay)> = others.iter().map(|(w, o)| (*w, &o.decay)).collect();
        let spreads: Vec<(f64, &Spread)> = others.iter().map(|(w, o)| (*w, &o.spread)).collect();
        Self::of(
            Profile::of_others(&profiles),
            Decay::of_others(&decays, DECAY_WORTH),
            Spread::of_others(&spreads, SPREAD_WORTH),
        )
    }
}
