//! The exceptions that hold, of all that the files tell: how many there are of each kind, right at
//! any number, and the rows of those that a person can look at.
//!
//! Bounded (G6) by two rules. Up to `rows_max` rows are kept whole, about 450 bytes each; beyond, the
//! dismissed leave first, then the oldest of all but the overstays, which are as many as vehicles
//! that stand there and never leave. What leaves stays counted by a fingerprint, about 50 bytes each (a million exceptions: 125 MB),
//! so that a repair or a dismissal that comes later still takes it off the count.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use domain::{ExceptionKind, ExceptionRow, Instant, Plate};

use super::Standing;
use super::places::PlaceNo;
use crate::dismissal::Dismissal;
use crate::row::subject_of;

/// Rows that are kept whole.
pub(crate) const ROWS_MAX: usize = 200_000;
/// Subjects that hold no more and whose last revision is remembered: an older row of one may still
/// be on its way.
const ENDED_MAX: usize = 100_000;
/// Different reasons that are kept once for all rows.
const REASONS_MAX: usize = 1_000;

/// Where a row is in `rows`.
type Slot = u32;
/// How many there are of each of [`ExceptionKind::TO_REVIEW`].
pub(crate) type Counts = [u64; ExceptionKind::TO_REVIEW.len()];

/// Where a page of the list goes on: behind this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Cursor {
    at: Instant,
    slot: Slot,
}

impl Cursor {
    /// As it stands in an address.
    pub(crate) fn to_text(self) -> String {
        format!("{}-{}", self.at.timestamp_micros(), self.slot)
    }

    /// Reads what [`Cursor::to_text`] wrote; `None` for anything else.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (micros, slot) = text.rsplit_once('-')?;
        let at = chrono::DateTime::from_timestamp_micros(micros.parse().ok()?)?;
        Some(Self { at, slot: slot.parse().ok()? })
    }
}

/// One that is kept whole.
struct Kept {
    /// The row, without its reason.
    row: ExceptionRow,
    place: PlaceNo,
    /// Of many rows the same.
    reason: Arc<str>,
    dismissed: Option<Box<Dismissal>>,
}

/// One that is only counted.
struct Counted {
    revision: u64,
    /// To forget it by.
    plate: u32,
    place: PlaceNo,
    /// Index into [`ExceptionKind::TO_REVIEW`].
    kind: u8,
}

/// The newest exceptions and which of them somebody has dismissed, up to `rows_max`.
pub(super) struct Standings {
    rows_max: usize,
    hasher: RandomState,
    rows: Vec<Option<Kept>>,
    free: Vec<Slot>,
    /// By the fingerprint of plate and subject.
    slots: HashMap<u64, Slot>,
    of_plate: BTreeSet<(Plate, Slot)>,
    /// Not dismissed, by kind and the time of the verdict.
    to_review: [BTreeSet<Cursor>; ExceptionKind::TO_REVIEW.len()],
    /// The same by place, and by the index of the kind.
    to_review_of: BTreeSet<(PlaceNo, usize, Cursor)>,
    /// Put aside, by the time of the verdict; no overstays.
    dismissed: BTreeSet<Cursor>,
    /// Dismissed or not, by the time of the entry.
    overstays: BTreeSet<Cursor>,
    overstays_of: BTreeSet<(PlaceNo, Cursor)>,
    counted: HashMap<u64, Counted>,
    counted_of: Counts,
    counted_at: HashMap<PlaceNo, Counts>,
    /// Of all that are to be looked at, counted or kept.
    all_at: HashMap<PlaceNo, Counts>,
    /// The last revision of what holds no more.
    ended: HashMap<u64, u64>,
    ended_order: VecDeque<u64>,
    reasons: HashSet<Arc<str>>,
}

impl Standings {
    pub(super) fn new(rows_max: usize) -> Self {
        Self {
            rows_max,
            hasher: RandomState::new(),
            rows: Vec::new(),
            free: Vec::new(),
            slots: HashMap::new(),
            of_plate: BTreeSet::new(),
            to_review: Default::default(),
            to_review_of: BTreeSet::new(),
            dismissed: BTreeSet::new(),
            overstays: BTreeSet::new(),
            overstays_of: BTreeSet::new(),
            counted: HashMap::new(),
            counted_of: Default::default(),
            counted_at: HashMap::new(),
            all_at: HashMap::new(),
            ended: HashMap::new(),
            ended_order: VecDeque::new(),
            reasons: HashSet::new(),
        }
    }

    /// A row of the file, in whatever order, and perhaps not for the first time: the highest revision
    /// holds.
    pub(super) fn written(&mut self, row: &ExceptionRow, place: PlaceNo) {
        let key = self.key(&row.plate, subject_of(row));
        let known = self.revision(key);
        if known.is_some_and(|revision| revision >= row.revision) {
            return;
        }
        self.take_out(key);
        let Some(kind) = index(row.kind) else {
            self.end(key, row.revision);
            return;
        };
        self.ended.remove(&key);
        self.put_in(key, kind, row, place);
        while self.slots.len() > self.rows_max && self.let_one_go() {}
    }

    /// An operator has put a verdict aside: that one, and no later one of the same subject.
    pub(super) fn dismiss(&mut self, dismissal: &Dismissal) {
        let key = self.key(&dismissal.plate, dismissal.subject());
        let Some(kind) = index(dismissal.kind) else { return };
        if let Some(counted) = self.counted.get(&key) {
            if (usize::from(counted.kind), counted.revision) == (kind, dismissal.revision) {
                self.take_out(key);
            }
            return;
        }
        let Some(&slot) = self.slots.get(&key) else { return };
        let Some(kept) = self.rows[slot as usize].as_mut() else { return };
        if (kept.row.kind, kept.row.revision) != (dismissal.kind, dismissal.revision) {
            return;
        }
        kept.dismissed = Some(Box::new(dismissal.clone()));
        let (cursor, place) = (Cursor { at: kept.row.recorded_at, slot }, kept.place);
        self.reviewed(kind, place, cursor);
        if dismissal.kind != ExceptionKind::Overstay {
            self.dismissed.insert(cursor);
        }
    }

    /// A plate was erased from the files (G8).
    pub(super) fn forget(&mut self, plate: &Plate) {
        for slot in self.slots_of(plate) {
            if let Some(kept) = &self.rows[slot as usize] {
                let key = self.key(plate, subject_of(&kept.row));
                self.take_out(key);
            }
        }
        let forgotten = self.plate_key(plate);
        let of_it = self.counted.iter().filter(|(_, counted)| counted.plate == forgotten);
        for key in of_it.map(|(key, _)| *key).collect::<Vec<_>>() {
            self.take_out(key);
        }
    }

    /// How many are to be looked at, at a place or at all.
    pub(super) fn counts(&self, place: Option<PlaceNo>) -> Counts {
        match place {
            Some(place) => self.all_at.get(&place).copied().unwrap_or_default(),
            None => std::array::from_fn(|kind| {
                self.to_review[kind].len() as u64 + self.counted_of[kind]
            }),
        }
    }

    /// How many of these are counted and not listed any more.
    pub(super) fn unlisted(&self, kind: Option<ExceptionKind>, place: Option<PlaceNo>) -> u64 {
        let counted = match place {
            Some(place) => self.counted_at.get(&place).copied().unwrap_or_default(),
            None => self.counted_of,
        };
        match kind {
            None => counted.iter().sum(),
            Some(kind) => index(kind).map_or(0, |kind| counted[kind]),
        }
    }

    /// Those to be looked at, of one kind or of all, of one place or of all, the newest first, behind
    /// `before`; and where the next page begins.
    pub(super) fn page(
        &self,
        kind: Option<ExceptionKind>,
        place: Option<PlaceNo>,
        before: Option<Cursor>,
        limit: usize,
    ) -> (Vec<ExceptionRow>, Option<Cursor>) {
        let before = before.unwrap_or(Cursor { at: Instant::MAX_UTC, slot: Slot::MAX });
        let of_kind = |kind: usize| -> Vec<Cursor> {
            let Some(place) = place else {
                return self.to_review[kind]
                    .range(..before)
                    .rev()
                    .take(limit + 1)
                    .copied()
                    .collect();
            };
            let from = (place, kind, Cursor { at: Instant::MIN_UTC, slot: 0 });
            let of_place = self.to_review_of.range(from..(place, kind, before));
            of_place.rev().take(limit + 1).map(|(_, _, cursor)| *cursor).collect()
        };
        let mut cursors: Vec<Cursor> = match kind {
            Some(kind) => index(kind).map(of_kind).unwrap_or_default(),
            None => (0..ExceptionKind::TO_REVIEW.len()).flat_map(of_kind).collect(),
        };
        cursors.sort_unstable_by(|one, other| other.cmp(one));
        let is_more = cursors.len() > limit;
        cursors.truncate(limit);
        let next = cursors.last().copied().filter(|_| is_more);
        (cursors.iter().filter_map(|cursor| self.row(cursor.slot)).collect(), next)
    }

    /// Stays that are too long, dismissed or not, the longest first.
    pub(super) fn overstays(&self, place: Option<PlaceNo>, limit: usize) -> Vec<ExceptionRow> {
        let Some(place) = place else {
            let longest = self.overstays.iter().take(limit);
            return longest.filter_map(|cursor| self.row(cursor.slot)).collect();
        };
        let from = (place, Cursor { at: Instant::MIN_UTC, slot: 0 });
        let longest = self.overstays_of.range(from..).take_while(|(at, _)| *at == place);
        longest.take(limit).filter_map(|(_, cursor)| self.row(cursor.slot)).collect()
    }

    /// The exceptions that hold of a plate, the oldest first.
    pub(super) fn of(&self, plate: &Plate) -> Vec<Standing> {
        let standing = |slot: Slot| {
            let row = self.row(slot)?;
            let dismissed = self.rows[slot as usize].as_ref()?.dismissed.as_deref().cloned();
            Some(Standing { row, dismissed })
        };
        let mut all: Vec<Standing> =
            self.slots_of(plate).into_iter().filter_map(standing).collect();
        all.sort_by_key(|standing| standing.row.recorded_at);
        all
    }

    /// Whether an exception of that kind holds of a plate.
    pub(super) fn has(&self, plate: &Plate, kind: ExceptionKind) -> bool {
        let kept = |slot: Slot| self.rows[slot as usize].as_ref();
        let mut all = self.slots_of(plate).into_iter().filter_map(kept);
        all.any(|kept| kept.row.kind == kind)
    }

    fn slots_of(&self, plate: &Plate) -> Vec<Slot> {
        let range = (plate.clone(), 0)..=(plate.clone(), Slot::MAX);
        self.of_plate.range(range).map(|(_, slot)| *slot).collect()
    }

    fn row(&self, slot: Slot) -> Option<ExceptionRow> {
        let kept = self.rows[slot as usize].as_ref()?;
        Some(ExceptionRow { reason: kept.reason.to_string(), ..kept.row.clone() })
    }

    fn key(&self, plate: &Plate, subject: &str) -> u64 {
        self.hasher.hash_one((plate.as_str(), subject))
    }

    #[expect(clippy::cast_possible_truncation, reason = "a part of a hash is one")]
    fn plate_key(&self, plate: &Plate) -> u32 {
        self.hasher.hash_one(plate.as_str()) as u32
    }

    /// The highest revision that is known of a subject.
    fn revision(&self, key: u64) -> Option<u64> {
        if let Some(slot) = self.slots.get(&key) {
            return self.rows[*slot as usize].as_ref().map(|kept| kept.row.revision);
        }
        let counted = self.counted.get(&key).map(|counted| counted.revision);
        counted.or_else(|| self.ended.get(&key).copied())
    }

    fn put_in(&mut self, key: u64, kind: usize, row: &ExceptionRow, place: PlaceNo) {
        let reason = self.reason(&row.reason);
        let row = ExceptionRow { reason: String::new(), ..row.clone() };
        let (vehicle, recorded_at, entry_at) = (row.plate.clone(), row.recorded_at, row.entry_at);
        let is_overstay = row.kind == ExceptionKind::Overstay;
        let kept = Some(Kept { row, place, reason, dismissed: None });
        let slot = if let Some(slot) = self.free.pop() {
            self.rows[slot as usize] = kept;
            slot
        } else {
            self.rows.push(kept);
            Slot::try_from(self.rows.len() - 1).unwrap_or(Slot::MAX)
        };
        self.slots.insert(key, slot);
        self.of_plate.insert((vehicle, slot));
        let cursor = Cursor { at: recorded_at, slot };
        self.to_review[kind].insert(cursor);
        self.to_review_of.insert((place, kind, cursor));
        self.all_at.entry(place).or_default()[kind] += 1;
        if is_overstay {
            let cursor = Cursor { at: entry_at.unwrap_or(recorded_at), slot };
            self.overstays.insert(cursor);
            self.overstays_of.insert((place, cursor));
        }
    }

    /// It is not to be looked at any more, if it was.
    fn reviewed(&mut self, kind: usize, place: PlaceNo, cursor: Cursor) {
        if self.to_review[kind].remove(&cursor) {
            self.to_review_of.remove(&(place, kind, cursor));
            less(&mut self.all_at, place, kind);
        }
    }

    /// Whatever is known of a subject is known no more.
    fn take_out(&mut self, key: u64) -> Option<Kept> {
        if let Some(Counted { kind, place, .. }) = self.counted.remove(&key) {
            let kind = usize::from(kind);
            self.counted_of[kind] -= 1;
            less(&mut self.counted_at, place, kind);
            less(&mut self.all_at, place, kind);
        }
        let slot = self.slots.remove(&key)?;
        let kept = self.rows[slot as usize].take()?;
        self.free.push(slot);
        self.of_plate.remove(&(kept.row.plate.clone(), slot));
        let cursor = Cursor { at: kept.row.recorded_at, slot };
        if let Some(kind) = index(kept.row.kind) {
            self.reviewed(kind, kept.place, cursor);
        }
        self.dismissed.remove(&cursor);
        let entry_at = kept.row.entry_at.unwrap_or(kept.row.recorded_at);
        let cursor = Cursor { at: entry_at, slot };
        self.overstays.remove(&cursor);
        self.overstays_of.remove(&(kept.place, cursor));
        Some(kept)
    }

    fn end(&mut self, key: u64, revision: u64) {
        if self.ended.insert(key, revision).is_none() {
            self.ended_order.push_back(key);
        }
        if self.ended_order.len() > ENDED_MAX
            && let Some(oldest) = self.ended_order.pop_front()
        {
            self.ended.remove(&oldest);
        }
    }

    /// The dismissed first, then the oldest of all but the overstays; false where only those are
    /// left.
    fn let_one_go(&mut self) -> bool {
        let oldest = self.dismissed.first().copied().or_else(|| {
            let kinds = ExceptionKind::TO_REVIEW.iter().zip(&self.to_review);
            let others = kinds.filter(|(kind, _)| **kind != ExceptionKind::Overstay);
            others.filter_map(|(_, set)| set.first()).min().copied()
        });
        let Some(kept) = oldest.and_then(|cursor| self.rows[cursor.slot as usize].as_ref()) else {
            return false;
        };
        let key = self.key(&kept.row.plate, subject_of(&kept.row));
        let Some(kept) = self.take_out(key) else { return false };
        if let (None, Some(kind)) = (&kept.dismissed, index(kept.row.kind)) {
            let (revision, place) = (kept.row.revision, kept.place);
            self.counted_of[kind] += 1;
            self.counted_at.entry(place).or_default()[kind] += 1;
            self.all_at.entry(place).or_default()[kind] += 1;
            let kind = u8::try_from(kind).unwrap_or(0);
            let of = self.plate_key(&kept.row.plate);
            self.counted.insert(key, Counted { revision, plate: of, place, kind });
        }
        true
    }

    fn reason(&mut self, text: &str) -> Arc<str> {
        if let Some(reason) = self.reasons.get(text) {
            return Arc::clone(reason);
        }
        let reason: Arc<str> = text.into();
        if self.reasons.len() < REASONS_MAX {
            self.reasons.insert(Arc::clone(&reason));
        }
        reason
    }
}

/// One fewer; a place of which there are none is forgotten.
fn less(counts: &mut HashMap<PlaceNo, Counts>, place: PlaceNo, kind: usize) {
    if let Some(of) = counts.get_mut(&place) {
        of[kind] = of[kind].saturating_sub(1);
        if of.iter().all(|count| *count == 0) {
            counts.remove(&place);
        }
    }
}

/// Position in [`ExceptionKind::TO_REVIEW`].
fn index(kind: ExceptionKind) -> Option<usize> {
    ExceptionKind::TO_REVIEW.iter().position(|shown| *shown == kind)
}
