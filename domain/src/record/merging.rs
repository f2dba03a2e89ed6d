//! Records that an earlier version kept under another spelling of the plate: put with what stands
//! under the spelling of this one.

use chrono::TimeDelta;
use compact_str::CompactString;

use super::{Known, Record};
use crate::observation::PlateAsRead;
use crate::timeline::Verdict;

impl Record {
    /// What both records know, as the next version of this one. `other` stood under the text
    /// `former`. Nothing is judged here: [`crate::session::refiled`] does.
    pub(crate) fn merged_with(&self, other: Self, former: &str) -> Self {
        let mut merged = self.clone();
        let offset = self.next_seq;
        let line = self.forgotten_until.max(other.forgotten_until);
        let is_kept = |record: &Self, known: &Known| {
            record.forgotten_until.is_none_or(|until| known.at > until)
        };
        let first_kept = [self, &other]
            .iter()
            .flat_map(|record| record.observations.iter().filter(|known| is_kept(record, known)))
            .map(|known| known.at)
            .min();
        // What one of the two still pairs does not fall into what the other has forgotten.
        merged.forgotten_until = match (line, first_kept) {
            (Some(line), Some(at)) if at <= line => {
                at.checked_sub_signed(TimeDelta::nanoseconds(1))
            }
            (line, _) => line,
        };
        for mut known in other.observations {
            known.seq += offset;
            known.former_plate.get_or_insert_with(|| PlateAsRead(CompactString::new(former)));
            let at = merged.observations.partition_point(|one| one.order() < known.order());
            merged.observations.insert(at, known);
        }
        merged.reported.extend(other.reported.into_iter().map(|verdict| verdict.later_by(offset)));
        merged.withdrawn.extend(
            other.withdrawn.into_iter().map(|(entry, exit)| (entry + offset, exit + offset)),
        );
        merged.next_seq = offset + other.next_seq;
        // The rows of an exception are in the order of the versions: both go on from there.
        merged.version = self.version.max(other.version);
        merged
    }
}

impl Verdict {
    /// The same verdict, where arrival numbers begin later.
    fn later_by(self, offset: u32) -> Self {
        match self {
            Self::Session(entry, exit) => Self::Session(entry + offset, exit + offset),
            Self::UnmatchedExit(exit) => Self::UnmatchedExit(exit + offset),
            Self::MissedExit(entry) => Self::MissedExit(entry + offset),
            Self::Overstay(entry) => Self::Overstay(entry + offset),
        }
    }
}
