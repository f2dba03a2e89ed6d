//! What waits to be posted, in the order in which it was committed. Reports of one plate arrive in
//! their order (G9): none is sent while an earlier one of its plate is on its way by another post, or
//! waits itself, be it for another processor to bring what comes before it.

use std::collections::{HashMap, HashSet, VecDeque};

use domain::Plate;
use domain::record::LastReport;

use super::Pending;
use crate::store::OutboxKind;

/// See the module.
#[derive(Default)]
pub(super) struct Queue {
    waiting: VecDeque<Pending>,
    /// Plates of which something is on its way, and how much.
    under_way: HashMap<Plate, usize>,
    /// By key, entries that wait for another processor's report.
    held: HashMap<String, LastReport>,
}

impl Queue {
    /// Puts entries at the end.
    pub(super) fn extend(&mut self, entries: impl IntoIterator<Item = Pending>) {
        for pending in entries {
            if let Some(before) = &pending.entry.after {
                self.held.insert(pending.entry.key.clone(), before.clone());
            }
            self.waiting.push_back(pending);
        }
    }

    /// Puts entries among the others, of which some may come after them.
    pub(super) fn merge(&mut self, entries: impl IntoIterator<Item = Pending>) {
        self.extend(entries);
        self.waiting.make_contiguous().sort_by_key(|pending| pending.entry.order);
    }

    /// The next post: of one kind, at most `count_max` entries. Its plates are under way until
    /// [`Queue::arrived`] or [`Queue::returned`].
    pub(super) fn take(&mut self, count_max: usize) -> Option<(OutboxKind, Vec<Pending>)> {
        let mut kind = None;
        let (mut batch, mut skipped) = (Vec::new(), Vec::new());
        let mut blocked: HashSet<Plate> = HashSet::new();
        while batch.len() < count_max
            && let Some(mut pending) = self.waiting.pop_front()
        {
            let entry = &pending.entry;
            let must_wait = kind.is_some_and(|kind| kind != entry.kind)
                || self.under_way.contains_key(&entry.plate)
                || blocked.contains(&entry.plate)
                || entry.after.is_some() && self.held.contains_key(&entry.key);
            if must_wait {
                blocked.insert(entry.plate.clone());
                skipped.push(pending);
            } else {
                kind = Some(entry.kind);
                pending.entry.after = None;
                batch.push(pending);
            }
        }
        for pending in skipped.into_iter().rev() {
            self.waiting.push_front(pending);
        }
        for pending in &batch {
            *self.under_way.entry(pending.entry.plate.clone()).or_default() += 1;
        }
        Some((kind?, batch))
    }

    /// A post is over.
    pub(super) fn arrived(&mut self, batch: &[Pending]) {
        for pending in batch {
            if let Some(count) = self.under_way.get_mut(&pending.entry.plate) {
                *count -= 1;
                if *count == 0 {
                    self.under_way.remove(&pending.entry.plate);
                }
            }
        }
    }

    /// A post failed: its entries wait again, before all others.
    pub(super) fn returned(&mut self, batch: Vec<Pending>) {
        self.arrived(&batch);
        for pending in batch.into_iter().rev() {
            self.waiting.push_front(pending);
        }
    }

    /// Entries that wait for another processor's report, with that, at most `count_max`.
    pub(super) fn held(&self, count_max: usize) -> Vec<(String, LastReport)> {
        self.held
            .iter()
            .take(count_max)
            .map(|(key, before)| (key.clone(), before.clone()))
            .collect()
    }

    /// What an entry waited for has arrived.
    pub(super) fn release(&mut self, key: &str) {
        self.held.remove(key);
    }

    /// The keys of all that waits.
    pub(super) fn keys(&self) -> HashSet<&str> {
        self.waiting.iter().map(|pending| pending.entry.key.as_str()).collect()
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;
    use crate::store::{OutboxEntry, ProcessorId};

    /// `o1 ABC1`: kind and revision, plate; `o1 ABC1 after p2` waits for a report of that processor.
    fn pending(text: &str) -> Pending {
        let words: Vec<&str> = text.split_whitespace().collect();
        let kind = OutboxKind::ALL.into_iter().find(|kind| words[0].starts_with(kind.tag()));
        let before = |by: &&str| LastReport::new(by, "before");
        let entry = OutboxEntry {
            key: text.to_owned(),
            kind: kind.unwrap(),
            plate: Plate::parse(words[1]).unwrap(),
            order: (words[0][1..].parse().unwrap(), 0),
            after: words.get(3).map(before),
            body: String::new(),
        };
        let owner = ProcessorId("p1".into());
        Pending { owner, entry, since: Instant::now(), is_adopted: false }
    }

    fn queue(entries: &[&str]) -> Queue {
        let mut queue = Queue::default();
        queue.extend(entries.iter().map(|text| pending(text)));
        queue
    }

    fn take(queue: &mut Queue, count_max: usize) -> Vec<Pending> {
        queue.take(count_max).map(|(_, batch)| batch).unwrap_or_default()
    }

    fn keys(batch: &[Pending]) -> Vec<&str> {
        batch.iter().map(|pending| pending.entry.key.as_str()).collect()
    }

    #[test]
    fn a_post_is_of_one_kind_and_overtakes_nothing_of_its_plates() {
        let mut queue = queue(&["o1 AA1", "s2 AA1", "o1 BB2", "x9 CC3", "o3 AA1", "o2 BB2"]);
        let first = take(&mut queue, 9);
        assert_eq!(keys(&first), ["o1 AA1", "o1 BB2", "o2 BB2"]);
        let second = take(&mut queue, 9);
        assert_eq!(keys(&second), ["x9 CC3"], "the plates of the first are on their way");
        assert!(take(&mut queue, 9).is_empty());
        queue.arrived(&first);
        assert_eq!(keys(&take(&mut queue, 9)), ["s2 AA1"]);
        assert!(take(&mut queue, 9).is_empty());
    }

    #[test]
    fn what_was_not_posted_waits_before_what_came_after_it() {
        let mut queue = queue(&["o1 AA1", "o1 BB2", "o2 AA1"]);
        let first = take(&mut queue, 2);
        queue.returned(first);
        assert_eq!(keys(&take(&mut queue, 9)), ["o1 AA1", "o1 BB2", "o2 AA1"]);
    }

    #[test]
    fn a_report_waits_for_another_processors_and_holds_back_its_plate_alone() {
        let mut queue = queue(&["s2 AA1 after p2", "s3 AA1", "s1 BB2"]);
        let other = take(&mut queue, 9);
        assert_eq!(keys(&other), ["s1 BB2"]);
        let held = queue.held(9);
        assert_eq!(
            held,
            [("s2 AA1 after p2".to_owned(), LastReport { by: "p2".into(), key: "before".into() })]
        );
        queue.release(&held[0].0);
        assert_eq!(keys(&take(&mut queue, 9)), ["s2 AA1 after p2", "s3 AA1"]);
        assert!(queue.held(9).is_empty());
    }
}
