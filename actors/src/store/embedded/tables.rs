//! The tables of the file, and how a change is written to them.

use domain::record::OnPast;
use domain::{Behind, PlaceName, Plate, Record, Watermarks};
use redb::{ReadableTable, TableDefinition, WriteTransaction};

use crate::store::Committed;
use crate::store::change::{Change, IndexChange, past_text};

/// Where a plate waits for a place's past: place, which watermark (`e` or `x`), time in ms, plate.
pub(super) type PastKey<'k> = (&'k str, char, i64, &'k str);
/// What stands under a plate: version, when it expires, when each watermark makes it due (event
/// or processing time in ms), the record as JSON.
type Row = (u64, Option<i64>, Option<i64>, Option<i64>, &'static [u8]);

pub(super) const RECORDS: TableDefinition<'_, &str, Row> = TableDefinition::new("records");
pub(super) const OPEN: TableDefinition<'_, &str, ()> = TableDefinition::new("entry_plates");
pub(super) const DUE_ENTRIES: TableDefinition<'_, (i64, &str), ()> =
    TableDefinition::new("due_entries");
pub(super) const DUE_EXITS: TableDefinition<'_, (i64, &str), ()> =
    TableDefinition::new("due_exits");
pub(super) const PAST: TableDefinition<'_, PastKey<'_>, ()> = TableDefinition::new("past");
/// The same of each plate, as [`past_text`] says it.
pub(super) const PAST_OF: TableDefinition<'_, &str, &str> = TableDefinition::new("past_of");
pub(super) const EXPIRY: TableDefinition<'_, (i64, &str), ()> = TableDefinition::new("expiry");
pub(super) const OUTBOX: TableDefinition<'_, &str, &str> = TableDefinition::new("outbox");
/// By minute of event time: vehicles that came, vehicles that went.
pub(super) const PASSED: TableDefinition<'_, i64, (u64, u64)> = TableDefinition::new("passed");

/// What is noted of the file itself: `spelling`, see [`domain::plate::SPELLING`].
pub(super) const NOTES: TableDefinition<'_, &str, u32> = TableDefinition::new("notes");

/// Most expired plates that one sign of life sweeps away.
const SWEPT_MAX: usize = 1000;
pub(super) fn create_tables(write: &WriteTransaction) -> Result<(), redb::TableError> {
    write.open_table(RECORDS)?;
    write.open_table(OPEN)?;
    write.open_table(DUE_ENTRIES)?;
    write.open_table(DUE_EXITS)?;
    write.open_table(PAST)?;
    write.open_table(PAST_OF)?;
    write.open_table(EXPIRY)?;
    write.open_table(OUTBOX)?;
    write.open_table(PASSED)?;
    write.open_table(NOTES)?;
    Ok(())
}

/// The tables of one commit, opened once per batch.
pub(super) struct Tables<'t> {
    pub(super) records: redb::Table<'t, &'static str, Row>,
    open: redb::Table<'t, &'static str, ()>,
    due_entries: redb::Table<'t, (i64, &'static str), ()>,
    due_exits: redb::Table<'t, (i64, &'static str), ()>,
    past: redb::Table<'t, PastKey<'static>, ()>,
    past_of: redb::Table<'t, &'static str, &'static str>,
    expiry: redb::Table<'t, (i64, &'static str), ()>,
    outbox: redb::Table<'t, &'static str, &'static str>,
}

/// The part of a row that the next version must know.
#[derive(Clone, Copy, Default)]
struct Standing {
    expires: Option<i64>,
    due_entries: Option<i64>,
    due_exits: Option<i64>,
}

impl<'t> Tables<'t> {
    pub(super) fn open(write: &'t WriteTransaction) -> Result<Self, redb::Error> {
        Ok(Self {
            records: write.open_table(RECORDS)?,
            open: write.open_table(OPEN)?,
            due_entries: write.open_table(DUE_ENTRIES)?,
            due_exits: write.open_table(DUE_EXITS)?,
            past: write.open_table(PAST)?,
            past_of: write.open_table(PAST_OF)?,
            expiry: write.open_table(EXPIRY)?,
            outbox: write.open_table(OUTBOX)?,
        })
    }

    pub(super) fn apply(
        &mut self,
        change: &Change,
        expires: Option<i64>,
    ) -> Result<Committed, redb::Error> {
        let plate = change.plate.as_str();
        let mut stands = Standing::default();
        if let Some(row) = self.records.get(plate)? {
            let (version, expires, due_entries, due_exits, record) = row.value();
            stands = Standing { expires, due_entries, due_exits };
            if version != change.expected {
                let is_mine = version == change.version && record == change.record.as_bytes();
                return Ok(match Record::from_json(record) {
                    _ if is_mine => Committed::Stored,
                    Ok(record) => Committed::Conflict(record),
                    Err(e) => Committed::Refused(e.to_string()),
                });
            }
        } else if change.expected != 0 {
            return Ok(Committed::Conflict(Record::default()));
        }
        let due_entries =
            reindex(&mut self.due_entries, plate, stands.due_entries, change.due_on_entries)?;
        let due_exits = reindex(&mut self.due_exits, plate, stands.due_exits, change.due_on_exits)?;
        if let Some(past) = &change.past {
            self.wait_for_past(plate, past)?;
        }
        let expiry = expires.map_or(IndexChange::Remove, IndexChange::Set);
        let expires = reindex(&mut self.expiry, plate, stands.expires, expiry)?;
        let row = (change.version, expires, due_entries, due_exits, change.record.as_bytes());
        self.records.insert(plate, row)?;
        match (change.was_open, change.is_open) {
            (false, true) => drop(self.open.insert(plate, ())?),
            (true, false) => drop(self.open.remove(plate)?),
            _ => {}
        }
        for entry in &change.outbox {
            self.outbox.insert(entry.key.as_str(), entry.to_stored().as_str())?;
        }
        Ok(Committed::Stored)
    }

    /// Forgets a plate; answers whether it was known.
    pub(super) fn erase(&mut self, plate: &str) -> Result<bool, redb::Error> {
        let (expires, due_entries, due_exits) = match self.records.remove(plate)? {
            Some(row) => (row.value().1, row.value().2, row.value().3),
            None => return Ok(false),
        };
        reindex(&mut self.expiry, plate, expires, IndexChange::Remove)?;
        reindex(&mut self.due_entries, plate, due_entries, IndexChange::Remove)?;
        reindex(&mut self.due_exits, plate, due_exits, IndexChange::Remove)?;
        self.wait_for_past(plate, &[])?;
        self.open.remove(plate)?;
        Ok(true)
    }

    /// Puts a plate where it waits for the past of these places, and of no others.
    fn wait_for_past(&mut self, plate: &str, past: &[OnPast]) -> Result<(), redb::Error> {
        let stood = self.past_of.remove(plate)?.map(|text| text.value().to_owned());
        for (of, at, place) in stood.iter().flat_map(|text| text.lines()).filter_map(past_of_line) {
            self.past.remove((place, of, at, plate))?;
        }
        if past.is_empty() {
            return Ok(());
        }
        let text = past_text(past);
        for (of, at, place) in text.lines().filter_map(past_of_line) {
            self.past.insert((place, of, at, plate), ())?;
        }
        self.past_of.insert(plate, text.as_str())?;
        Ok(())
    }

    /// Forgets plates whose time is over.
    pub(super) fn sweep(&mut self, now: i64) -> Result<(), redb::Error> {
        let expired: Vec<(i64, String)> = self
            .expiry
            .range(..(now, ""))?
            .take(SWEPT_MAX)
            .map(|entry| entry.map(|(key, _)| (key.value().0, key.value().1.to_owned())))
            .collect::<Result<_, _>>()?;
        for (at, plate) in expired {
            self.expiry.remove((at, plate.as_str()))?;
            self.records.remove(plate.as_str())?;
        }
        Ok(())
    }
}

/// Moves the plate's entry in an index ordered by time; answers where it stands now.
fn reindex(
    index: &mut redb::Table<'_, (i64, &'static str), ()>,
    plate: &str,
    stands: Option<i64>,
    change: IndexChange,
) -> Result<Option<i64>, redb::Error> {
    let next = match change {
        IndexChange::Keep => return Ok(stands),
        IndexChange::Set(at) => Some(at),
        IndexChange::Remove => None,
    };
    if next != stands {
        if let Some(at) = stands {
            index.remove((at, plate))?;
        }
        if let Some(at) = next {
            index.insert((at, plate), ())?;
        }
    }
    Ok(next)
}

pub(super) fn due_in(
    index: &impl ReadableTable<(i64, &'static str), ()>,
    watermark: Option<domain::Instant>,
    limit: usize,
    into: &mut Vec<Plate>,
) -> Result<(), redb::Error> {
    let Some(watermark) = watermark else {
        return Ok(());
    };
    for entry in index.range(..(watermark.timestamp_millis().saturating_add(1), ""))?.take(limit) {
        let (key, _) = entry?;
        into.extend(Plate::parse(key.value().1));
    }
    Ok(())
}

/// Reads a line of [`past_text`].
fn past_of_line(line: &str) -> Option<(char, i64, &str)> {
    let (due, place) = line.split_once(' ')?;
    let at = due.get(1..)?.parse().ok()?;
    Some((due.chars().next()?, at, place))
}

/// Plates that wait for the past of places that are not behind.
pub(super) fn due_in_past(
    index: &impl ReadableTable<PastKey<'static>, ()>,
    watermarks: &Watermarks,
    behind: &Behind,
    limit: usize,
) -> Result<Vec<Plate>, redb::Error> {
    let mut plates = Vec::new();
    if behind.places().is_none() {
        return Ok(plates);
    }
    // From place to place, whatever there is of each.
    let mut from = String::new();
    while plates.len() < limit {
        let Some(first) = index.range((from.as_str(), '\0', i64::MIN, "")..)?.next() else { break };
        let place = first?.0.value().0.to_owned();
        if PlaceName::parse(&place).is_ok_and(|place| !behind.holds(&place)) {
            for (of, mark) in [('e', watermarks.entries), ('x', watermarks.exits)] {
                let Some(mark) = mark else { continue };
                let past = mark.timestamp_millis().saturating_add(1);
                let due = (place.as_str(), of, i64::MIN, "")..(place.as_str(), of, past, "");
                for entry in index.range(due)?.take(limit) {
                    plates.extend(Plate::parse(entry?.0.value().3));
                }
            }
        }
        from = place + "\0";
    }
    Ok(plates)
}

/// Plates among the keys of a table, from a key on.
pub(super) fn keys<V: redb::Value + 'static>(
    table: &impl ReadableTable<&'static str, V>,
    from: &str,
    limit: usize,
) -> Result<Vec<Plate>, redb::Error> {
    let mut plates = Vec::new();
    for entry in table.range(from..)?.take(limit) {
        let (key, _) = entry?;
        plates.extend(Plate::parse(key.value()));
    }
    Ok(plates)
}
