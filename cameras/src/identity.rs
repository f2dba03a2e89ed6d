//! Which reads are of one vehicle. Pure.
//!
//! A vendor's event id is a hint, not a name: cameras count from one after a restart, send the same
//! code always, or let a car that follows closely into the event of the one before. So a passage is
//! known by its plate, by the stage of its messages and by the time of the camera's clock; the event
//! id only says among which reads to look. What holds, in this order:
//!
//! 1. The same message again (same plate, same time) is the same passage, whatever came meanwhile.
//! 2. More than `camera_events_for` apart nothing is.
//! 3. Where the id is the sender's own key of the read (carpark's messages), or the message names no
//!    time, the same plate going the same way is the same passage.
//! 4. After a final message the vehicle is gone. A `new` that was made later is another one, and so
//!    is a final message with another plate, or with the same one more than [`GATHERS_FOR`] later.
//!    Only a preview that lies within [`GATHERS_FOR`] of it is a straggler and changes nothing.
//! 5. Before the final message all previews within [`GATHERS_FOR`] are of one vehicle, whatever they
//!    read: a plate is refined while it comes nearer. Later ones are where the plate is the same, or
//!    nearly ([`is_alike`]); and a `new` is not.
//! 6. A final message that is sure, of a passage whose plate is published already, is of another
//!    vehicle unless its plate is the same, or, within [`GATHERS_FOR`], the same in at least half of
//!    its characters, or, later, nearly ([`is_alike`]).
//!
//! Where this errs, it errs towards two observations: the rules (R2) make one passage of the same
//! plate read twice, and nothing makes a car of none.

use std::collections::VecDeque;

use chrono::TimeDelta;
use compact_str::CompactString;
use domain::{Direction, Instant, Plate};

use crate::read::Stage;
use crate::sighting::{Fit, Sighting};

/// By the camera's clock: no second vehicle is told of under one event so soon, but by a sure and
/// final read of another plate.
pub const GATHERS_FOR: TimeDelta = TimeDelta::seconds(20);
/// Messages of one passage that are known again, the latest.
const MESSAGES_MAX: usize = 32;
/// Fewest characters of a plate that is a part of another and therefore alike.
const PART_MIN: usize = 2;

/// What is known of one vehicle before one camera.
#[derive(Debug)]
pub struct Identity {
    /// The plate of the best read, and once one is published, that.
    plate: Option<Plate>,
    direction: Option<Direction>,
    first: Instant,
    last: Instant,
    /// The vendor's last message of it came.
    is_closed: bool,
    /// Its messages, the oldest first.
    messages: VecDeque<(Option<Plate>, CompactString)>,
}

impl Identity {
    /// Of a passage that begins.
    pub fn of(sighting: &Sighting) -> Self {
        let mut identity = Self {
            plate: None,
            direction: None,
            first: sighting.at,
            last: sighting.at,
            is_closed: false,
            messages: VecDeque::new(),
        };
        identity.take(sighting);
        identity.stands_for(sighting);
        identity
    }

    /// The plate that it goes by.
    pub fn plate(&self) -> Option<&Plate> {
        self.plate.as_ref()
    }

    /// This read is the best of it.
    pub fn stands_for(&mut self, best: &Sighting) {
        self.plate.clone_from(&best.plate);
        self.direction = best.direction;
    }

    /// A message that is of it.
    pub fn take(&mut self, sighting: &Sighting) {
        self.first = self.first.min(sighting.at);
        self.last = self.last.max(sighting.at);
        self.is_closed |= sighting.stage == Stage::Final;
        self.direction = self.direction.or(sighting.direction);
        if !self.knows(sighting) {
            if self.messages.len() >= MESSAGES_MAX {
                self.messages.pop_front();
            }
            self.messages.push_back((sighting.plate.clone(), sighting.when.clone()));
        }
    }

    /// Whether it is a message that came before.
    pub fn knows(&self, sighting: &Sighting) -> bool {
        self.messages.iter().any(|(plate, when)| *plate == sighting.plate && *when == sighting.when)
    }

    /// Whether the read is of the same vehicle. `is_published`: an observation of it is with the
    /// broker, or may be. `events_for`: see [`Options`](crate::Options).
    pub fn is_of(&self, sighting: &Sighting, is_published: bool, events_for: TimeDelta) -> bool {
        let away = (self.first - sighting.at).max(sighting.at - self.last).max(TimeDelta::zero());
        if away > events_for {
            return false;
        }
        let is_near = away <= GATHERS_FOR;
        let is_later = sighting.at > self.last;
        let goes_the_same_way = match (self.direction, sighting.direction) {
            (Some(one), Some(other)) => one == other,
            _ => true,
        };
        let is_same_plate = sighting.plate.is_some() && sighting.plate == self.plate;
        if is_same_plate && goes_the_same_way && (sighting.id_is_key || !sighting.names_time) {
            return true;
        }
        if self.is_closed {
            return match sighting.stage {
                Stage::Final if is_same_plate => is_near && goes_the_same_way,
                // Of one instant: the same picture, and less seen in it.
                Stage::Final => sighting.plate.is_none() && away.is_zero(),
                Stage::New => is_near && !is_later,
                Stage::Update => is_near,
            };
        }
        if sighting.stage == Stage::New && is_later && !is_near {
            return false;
        }
        let (Some(known), Some(plate)) = (&self.plate, &sighting.plate) else { return true };
        if is_same_plate {
            return is_near || goes_the_same_way;
        }
        let is_sure = matches!(sighting.fit, Fit::Observation(_));
        match is_near {
            true if sighting.stage == Stage::Final && is_sure && is_published => {
                is_half_alike(known, plate)
            }
            true => true,
            false => goes_the_same_way && is_alike(known, plate),
        }
    }
}

/// One is a part of the other, or they differ in one character, letters and digits that cameras
/// take for each other left aside.
pub fn is_alike(one: &Plate, other: &Plate) -> bool {
    let (one, other) = (by_looks(one), by_looks(other));
    let is_part =
        |part: &str, whole: &str| part.chars().count() >= PART_MIN && whole.contains(part);
    is_part(&one, &other) || is_part(&other, &one) || strsim::levenshtein(&one, &other) <= 1
}

/// As many edits as half of the longer one's characters make the one of the other.
fn is_half_alike(one: &Plate, other: &Plate) -> bool {
    let (one, other) = (by_looks(one), by_looks(other));
    let longer = one.chars().count().max(other.chars().count());
    let is_part = one.contains(&other) || other.contains(&one);
    is_part || strsim::levenshtein(&one, &other) <= longer / 2
}

/// With one character for those that look like each other.
fn by_looks(plate: &Plate) -> String {
    let looks = |character| match character {
        'O' | 'Q' | 'D' => '0',
        'I' | 'L' | 'J' => '1',
        'Z' => '2',
        'S' => '5',
        'G' => '6',
        'B' => '8',
        other => other,
    };
    plate.as_str().chars().map(looks).collect()
}

#[cfg(test)]
mod tests;
