//! A simulated camera: what it makes of a vehicle that passes.

use std::time::Duration;

use chrono::{SubsecRound as _, TimeDelta};
use compact_str::CompactString;
use domain::observation::PlateAsRead;
use domain::{Direction, Instant, LaneName, Observation, PlaceName};

use crate::dice::Dice;
use crate::inside_store::PlateText;
use crate::options::{Faults, Options};

/// The cameras of one kind, at all lanes of all places.
pub(crate) struct Camera {
    direction: Direction,
    places: Vec<PlaceName>,
    lanes: Vec<LaneName>,
    faults: Faults,
}

/// One vehicle that passed, and the messages that come of it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Passage {
    /// What every passage has.
    pub(crate) first: Observation,
    /// How long the message is held back.
    pub(crate) late_by: Duration,
    /// Whether the message is sent twice.
    pub(crate) is_duplicated: bool,
    /// The same passage, read again a little later (R2).
    pub(crate) re_read: Option<Observation>,
}

impl Camera {
    /// `options` have been checked.
    pub(crate) fn new(direction: Direction, options: &Options) -> Self {
        let way = match direction {
            Direction::Entry => "in",
            Direction::Exit => "out",
        };
        let lane = |number| LaneName::parse(&format!("{way}-{number}")).expect("a short word");
        Self {
            direction,
            places: options.places.all().to_vec(),
            lanes: (1..=options.lanes.max(1)).map(lane).collect(),
            faults: options.faults,
        }
    }

    /// A vehicle passes at `now`, and `plate` is what is read; a second read of it lies within
    /// `re_read_within`.
    pub(crate) fn see(
        &self,
        plate: &PlateText,
        vehicle: &PlateText,
        now: Instant,
        re_read_within: Duration,
        dice: &mut Dice,
    ) -> Passage {
        let first = Observation { place: self.place_of(vehicle), ..self.read(plate, now, dice) };
        let late_by = if dice.chance(self.faults.late_share) {
            dice.up_to(Duration::from_secs_f64(self.faults.late_seconds_max))
        } else {
            Duration::ZERO
        };
        let is_duplicated = dice.chance(self.faults.duplicate_share);
        let re_read = dice.chance(self.faults.re_read_share).then(|| {
            let gap_max = Duration::from_secs_f64(self.faults.re_read_gap_seconds_max);
            let gap = dice.up_to(gap_max.min(re_read_within));
            let at = now + TimeDelta::from_std(gap).unwrap_or_default();
            Observation {
                place: first.place.clone(),
                lane: first.lane.clone(),
                ..self.read(plate, at, dice)
            }
        });
        Passage { first, late_by, is_duplicated, re_read }
    }

    /// The one that a vehicle always uses: so it leaves where it came, and nothing needs to be
    /// remembered for that.
    fn place_of(&self, vehicle: &PlateText) -> PlaceName {
        // FNV-1a, folded: what follows from a plate has to be the same in every process.
        let hash =
            vehicle.plate().as_str().bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
            });
        let hash = (hash >> 32) ^ (hash & 0xffff_ffff);
        let count = self.places.len() as u64;
        self.places[usize::try_from(hash % count).unwrap_or(0)].clone()
    }

    /// One read, with an id of its own. Cameras tell the time to the millisecond.
    fn read(&self, plate: &PlateText, at: Instant, dice: &mut Dice) -> Observation {
        let id = dice.observation_id();
        let lane = self.lanes[dice.index(self.lanes.len())].clone();
        let as_read = plate.as_str();
        let plate = plate.plate();
        Observation {
            id,
            plate_as_read: (as_read != plate.as_str())
                .then(|| PlateAsRead(CompactString::new(as_read))),
            plate,
            direction: self.direction,
            at: at.trunc_subsecs(3),
            place: PlaceName::default(),
            lane: Some(lane),
            camera: None,
            confidence: None,
            method: domain::Method::Camera,
        }
    }
}

impl Passage {
    /// A passage of one message, sent at once.
    pub(crate) fn plain(first: Observation) -> Self {
        Self { first, late_by: Duration::ZERO, is_duplicated: false, re_read: None }
    }
}
