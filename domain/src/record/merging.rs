//! Records that an earlier version kept under another spelling of the plate: put with what stands
//! under the spelling of this one.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use compact_str::CompactString;

use super::Record;
use crate::known::{Known, Seq};
use crate::observation::PlateAsRead;
use crate::timeline::Verdict;

impl Record {
    /// What both records know, as the next version of this one. `other` stood under the text
    /// `former`. Nothing is judged here: [`crate::judgement::refiled`] does.
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
        // A merge that was stored, and whose other record was not taken away for a crash, is met again.
        let mut renumbered = BTreeMap::new();
        let mut is_new = BTreeSet::new();
        for mut known in other.observations {
            let former_plate = known
                .former_plate
                .get_or_insert_with(|| PlateAsRead(CompactString::new(former)))
                .clone();
            let merged_before = self
                .observations
                .iter()
                .find(|one| one.id == known.id && one.former_plate.as_ref() == Some(&former_plate));
            if let Some(one) = merged_before {
                renumbered.insert(known.seq, one.seq);
                continue;
            }
            is_new.insert(known.seq);
            renumbered.insert(known.seq, known.seq + offset);
            known.seq += offset;
            let at = merged.observations.partition_point(|one| one.order() < known.order());
            merged.observations.insert(at, known);
        }
        let seq = |seq: &Seq| renumbered.get(seq).copied().unwrap_or(seq + offset);
        for verdict in other.reported {
            if is_new.iter().any(|new| verdict.concerns(*new)) {
                merged.reported.push(verdict.renumbered(seq));
            }
        }
        for (entry, exit) in other.withdrawn {
            if is_new.contains(&entry) || is_new.contains(&exit) {
                merged.withdrawn.push((seq(&entry), seq(&exit)));
            }
        }
        merged.next_seq = offset + other.next_seq;
        // The rows of an exception are in the order of the versions: both go on from there.
        merged.version = self.version.max(other.version);
        merged
    }
}

impl Verdict {
    /// The same verdict, under other arrival numbers.
    fn renumbered(self, seq: impl Fn(&Seq) -> Seq) -> Self {
        match self {
            Self::Session(entry, exit) => Self::Session(seq(&entry), seq(&exit)),
            Self::Lone(kind, read) => Self::Lone(kind, seq(&read)),
        }
    }
}
