//! A store that several processors share, in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use domain::record::{LastReport, OnPast};
use domain::watermark::agreed;
use domain::{Behind, Direction, Plate, Reading, Record, Watermarks};
use tokio::time::Instant;

use super::{Moment, SharedFate};
use crate::flow::Passed;
use crate::store::{
    Beat, Change, Committed, Counters, Counts, Held, IndexChange, OutboxEntry, Outboxes, Peers,
    Plates, ProcessorId, Processors, Records, Scope, Spelling, Store, StoreError,
};

/// After this long without a sign of life a processor holds no watermark back.
const SILENT_AFTER: Duration = Duration::from_secs(5);
/// After this long its outbox is taken over.
const ADOPT_AFTER: Duration = Duration::from_secs(5);

#[derive(Default)]
struct State {
    records: BTreeMap<Plate, (u64, String)>,
    /// When each version was stored.
    stored_at: BTreeMap<(Plate, u64), Instant>,
    open: BTreeSet<Plate>,
    due_entries: BTreeMap<Plate, i64>,
    due_exits: BTreeMap<Plate, i64>,
    outboxes: BTreeMap<ProcessorId, BTreeMap<String, OutboxEntry>>,
    past: BTreeMap<Plate, Vec<OnPast>>,
    processors: BTreeMap<ProcessorId, (Instant, Reading)>,
    passed: crate::flow::Flow,
}

/// See the module. Clones share.
#[derive(Clone)]
pub struct MemoryStore {
    state: Arc<Mutex<State>>,
    fate: SharedFate,
    /// Whether the version is checked: a test takes the check away and sees the difference.
    compares: bool,
    /// Whether reports are kept: likewise.
    keeps_outbox: bool,
}

impl MemoryStore {
    /// A store that has no records yet.
    pub fn new(fate: SharedFate) -> Self {
        Self { state: Arc::default(), fate, compares: true, keeps_outbox: true }
    }

    /// One that commits whatever version stands: broken on purpose.
    #[must_use]
    pub fn without_compare_and_set(mut self) -> Self {
        self.compares = false;
        self
    }

    /// One that forgets what is to be reported: broken on purpose.
    #[must_use]
    pub fn without_outbox(mut self) -> Self {
        self.keeps_outbox = false;
        self
    }

    /// The same store with another fate: as another processor finds it.
    #[must_use]
    pub fn with_fate(&self, fate: SharedFate) -> Self {
        Self { fate, ..self.clone() }
    }

    /// When that version of a plate's record was stored.
    pub fn stored_at(&self, plate: &Plate, version: u64) -> Option<Instant> {
        self.state().stored_at.get(&(plate.clone(), version)).copied()
    }

    /// Reports that were not confirmed, of all processors.
    pub fn unconfirmed(&self) -> usize {
        self.state().outboxes.values().map(BTreeMap::len).sum()
    }

    /// Every record, with its plate.
    pub fn records(&self) -> Vec<(Plate, Record)> {
        let state = self.state();
        let read = |(plate, (_, json)): (&Plate, &(u64, String))| {
            (plate.clone(), Record::from_json(json.as_bytes()).expect("it was written by itself"))
        };
        state.records.iter().map(read).collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("the store does not panic")
    }

    async fn asked(&self) -> Result<(), StoreError> {
        self.fate.at(Moment::StoreAsked).await.map_err(StoreError)
    }
}

impl State {
    fn apply(&mut self, owner: &ProcessorId, change: &Change, compares: bool) -> Committed {
        let stands = self.records.get(&change.plate);
        let version = stands.map_or(0, |(version, _)| *version);
        if compares && version != change.expected {
            let Some((_, json)) = stands else {
                return Committed::Conflict(Record::default());
            };
            if version == change.version && *json == change.record {
                return Committed::Stored;
            }
            return Committed::Conflict(Record::from_json(json.as_bytes()).expect("own JSON"));
        }
        let plate = &change.plate;
        self.records.insert(plate.clone(), (change.version, change.record.clone()));
        self.stored_at.insert((plate.clone(), change.version), Instant::now());
        if change.is_open {
            self.open.insert(plate.clone());
        } else {
            self.open.remove(plate);
        }
        change_index(&mut self.due_entries, plate, change.due_on_entries);
        change_index(&mut self.due_exits, plate, change.due_on_exits);
        if let Some(past) = &change.past {
            self.past.insert(plate.clone(), past.clone());
        }
        let outbox = self.outboxes.entry(owner.clone()).or_default();
        outbox.extend(change.outbox.iter().map(|entry| (entry.key.clone(), entry.clone())));
        Committed::Stored
    }
}

fn change_index(index: &mut BTreeMap<Plate, i64>, plate: &Plate, change: IndexChange) {
    match change {
        IndexChange::Keep => {}
        IndexChange::Set(at) => drop(index.insert(plate.clone(), at)),
        IndexChange::Remove => drop(index.remove(plate)),
    }
}

#[async_trait]
impl Records for MemoryStore {
    async fn commit(
        &self,
        owner: &ProcessorId,
        batch: Arc<[Change]>,
    ) -> Result<Vec<Committed>, StoreError> {
        self.fate.at(Moment::CommitArrived).await.map_err(StoreError)?;
        let answers = {
            let mut state = self.state();
            let silent = (Instant::now(), Reading::of(Watermarks::default()));
            state.processors.entry(owner.clone()).or_insert(silent);
            let answers: Vec<Committed> =
                batch.iter().map(|change| state.apply(owner, change, self.compares)).collect();
            if !self.keeps_outbox {
                state.outboxes.clear();
            }
            answers
        };
        self.fate.at(Moment::CommitApplied).await.map_err(StoreError)?;
        Ok(answers)
    }

    async fn load(&self, plates: &[Plate]) -> Result<Vec<Result<Record, String>>, StoreError> {
        self.asked().await?;
        let state = self.state();
        let read = |plate| match state.records.get(plate) {
            Some((_, json)) => Record::from_json(json.as_bytes()).map_err(|e| e.to_string()),
            None => Ok(Record::default()),
        };
        Ok(plates.iter().map(read).collect())
    }

    async fn due(
        &self,
        watermarks: &Watermarks,
        behind: &Behind,
        limit: usize,
    ) -> Result<Vec<Plate>, StoreError> {
        self.asked().await?;
        let state = self.state();
        let mut due = BTreeSet::new();
        for (index, mark) in
            [(&state.due_entries, watermarks.entries), (&state.due_exits, watermarks.exits)]
        {
            let Some(mark) = mark else { continue };
            let reached = index.iter().filter(|(_, at)| **at <= mark.timestamp_millis());
            due.extend(reached.map(|(plate, _)| plate.clone()));
        }
        let has_come = |one: &OnPast| {
            let mark = match one.of {
                Direction::Entry => watermarks.entries,
                Direction::Exit => watermarks.exits,
            };
            behind.places().is_some() && !behind.holds(&one.place) && mark >= Some(one.at)
        };
        let past = state.past.iter().filter(|(_, past)| past.iter().any(has_come));
        let past = past.map(|(plate, _)| plate.clone()).take(limit);
        Ok(due.into_iter().take(limit).chain(past).collect())
    }
}

#[async_trait]
impl Outboxes for MemoryStore {
    async fn outbox(
        &self,
        owner: &ProcessorId,
        cursor: Option<String>,
        limit: usize,
    ) -> Result<(Vec<OutboxEntry>, Option<String>), StoreError> {
        self.asked().await?;
        let state = self.state();
        let Some(outbox) = state.outboxes.get(owner) else {
            return Ok((Vec::new(), None));
        };
        let after = |key: &String| cursor.as_ref().is_none_or(|last| key > last);
        let page: Vec<OutboxEntry> = outbox
            .iter()
            .filter(|(key, _)| after(key))
            .take(limit)
            .map(|(_, entry)| entry.clone())
            .collect();
        let next = page.last().filter(|_| page.len() == limit).map(|last| last.key.clone());
        Ok((page, next))
    }

    async fn are_waiting(&self, reports: &[LastReport]) -> Result<Vec<bool>, StoreError> {
        self.asked().await?;
        let state = self.state();
        let is_there = |report: &LastReport| {
            let outbox = state.outboxes.get(&ProcessorId(report.by.as_str().into()));
            outbox.is_some_and(|outbox| outbox.contains_key(report.key.as_str()))
        };
        Ok(reports.iter().map(is_there).collect())
    }

    async fn clear(&self, owner: &ProcessorId, keys: &[String]) -> Result<(), StoreError> {
        self.asked().await?;
        if let Some(outbox) = self.state().outboxes.get_mut(owner) {
            outbox.retain(|key, _| !keys.contains(key));
        }
        Ok(())
    }
}

#[async_trait]
impl Processors for MemoryStore {
    async fn beat(&self, beat: &Beat) -> Result<Peers, StoreError> {
        self.asked().await?;
        let (now, mine) = (Instant::now(), beat.processor.clone());
        let mut state = self.state();
        state.processors.insert(beat.processor.clone(), (now, beat.reading.clone()));
        let silent = |beat: &Instant| now.saturating_duration_since(*beat);
        let alive: Vec<(&ProcessorId, &Reading)> = state
            .processors
            .iter()
            .filter(|(_, (beat, _))| silent(beat) < SILENT_AFTER)
            .map(|(id, (_, reading))| (id, reading))
            .collect();
        let (watermarks, behind) = agreed(alive.iter().map(|(_, reading)| (*reading).clone()));
        let gone = state
            .processors
            .iter()
            .filter(|(id, (beat, _))| **id != mine && silent(beat) >= ADOPT_AFTER)
            .filter(|(id, _)| state.outboxes.get(*id).is_some_and(|outbox| !outbox.is_empty()))
            .map(|(id, _)| id.clone())
            .collect();
        let rank = alive.iter().position(|(id, _)| **id == beat.processor).unwrap_or(0);
        Ok(Peers { watermarks, behind, alive: alive.len(), rank, gone })
    }

    async fn leave(&self, processor: &ProcessorId) -> Result<(), StoreError> {
        self.asked().await?;
        let mut state = self.state();
        if let Some((beat, _)) = state.processors.get_mut(processor) {
            *beat -= SILENT_AFTER;
        }
        Ok(())
    }
}

#[async_trait]
impl Plates for MemoryStore {
    async fn plates(
        &self,
        scope: Scope,
        cursor: Option<String>,
        limit: usize,
    ) -> Result<(Vec<Plate>, Option<String>), StoreError> {
        self.asked().await?;
        let state = self.state();
        let all: Vec<&Plate> = match scope {
            Scope::Open => state.open.iter().collect(),
            Scope::All => state.records.keys().collect(),
        };
        let after = |plate: &&&Plate| cursor.as_deref().is_none_or(|last| plate.as_str() > last);
        let page: Vec<Plate> = all.iter().filter(after).take(limit).map(|p| (*p).clone()).collect();
        let next = page.last().filter(|_| page.len() == limit).map(ToString::to_string);
        Ok((page, next))
    }

    async fn open_among(&self, plates: &[Plate]) -> Result<Vec<bool>, StoreError> {
        self.asked().await?;
        let state = self.state();
        Ok(plates.iter().map(|plate| state.open.contains(plate)).collect())
    }

    async fn held(&self, plate: &Plate) -> Result<Held, StoreError> {
        self.asked().await?;
        let state = self.state();
        let record = state.records.get(plate).map(|(_, json)| json.clone());
        let outboxes = state.outboxes.values().flat_map(BTreeMap::values);
        let reports = outboxes.filter(|entry| entry.plate == *plate).cloned().collect();
        Ok(Held { record, reports })
    }

    async fn erase(&self, plate: &Plate) -> Result<bool, StoreError> {
        self.asked().await?;
        let mut state = self.state();
        state.open.remove(plate);
        state.due_entries.remove(plate);
        state.due_exits.remove(plate);
        state.past.remove(plate);
        Ok(state.records.remove(plate).is_some())
    }
}

#[async_trait]
impl Counters for MemoryStore {
    async fn counts(&self) -> Result<Counts, StoreError> {
        self.asked().await?;
        let state = self.state();
        let past = state.past.values().filter(|past| !past.is_empty()).count();
        let waiting = state.due_entries.len() + state.due_exits.len() + past;
        Ok(Counts { open: state.open.len() as u64, waiting: waiting as u64 })
    }

    async fn count_passed(&self, passed: &[Passed]) -> Result<(), StoreError> {
        self.asked().await?;
        self.state().passed.add(passed);
        Ok(())
    }

    async fn passed(&self, since_minute: i64) -> Result<Vec<Passed>, StoreError> {
        self.asked().await?;
        let state = self.state();
        let mut all = state.passed.take();
        state.passed.add(&all);
        all.retain(|passed| passed.minute >= since_minute);
        Ok(all)
    }
}

#[async_trait]
impl Spelling for MemoryStore {}

#[async_trait]
impl Store for MemoryStore {}
