//! Reads the feed's files back whole, for an audit. Only reads: they may be in use.

use std::collections::HashSet;
use std::io;
use std::path::Path;

use domain::Instant;
use domain::wire::parse_time;

use super::reading::Told;
use crate::fact::Head;
use crate::feed::each_event;
use crate::row::{Lines, Row, line_of};
use crate::table::Table;

/// What the feed of a data directory says.
#[derive(Debug, Default)]
pub struct FeedTold {
    /// How many events it has.
    pub events: usize,
    /// Events that are told twice, in words.
    pub doubled: Vec<String>,
    /// Lines that are no event, in words.
    pub damaged: Vec<String>,
    /// Position and row of each event that a file has a row for.
    rows: Vec<(u64, Vec<u8>)>,
}

/// The events of these types in the feed of `data_dir`, in their order, each as JSON; lines that are none
/// are left to [`read_feed`].
pub fn read_events(data_dir: &Path, types: &[&str]) -> io::Result<Vec<serde_json::Value>> {
    let mut events = Vec::new();
    each_event(&data_dir.join("feed"), |_, event| {
        let Some((_, event)) = event else { return };
        let Ok(event) = serde_json::from_str::<serde_json::Value>(event) else { return };
        if event["type"].as_str().is_some_and(|kind| types.contains(&kind)) {
            events.push(event);
        }
    })?;
    Ok(events)
}

/// Reads the feed of `data_dir`. Of what was recorded after `as_of` the rows may still be on their way.
pub fn read_feed(data_dir: &Path, as_of: Instant) -> io::Result<FeedTold> {
    let mut told = FeedTold::default();
    let mut ids = HashSet::new();
    each_event(&data_dir.join("feed"), |path, event| {
        let Some((position, event)) = event else {
            told.damaged.push(format!("{}: a line is no event", path.display()));
            return;
        };
        let Ok(head) = serde_json::from_str::<Head<'_>>(event) else {
            told.damaged.push(format!("{}: event {position} cannot be read", path.display()));
            return;
        };
        told.events += 1;
        if !ids.insert(head.id.clone().into_owned()) {
            told.doubled.push(format!("event {position} was told before"));
        }
        if parse_time(&head.recordedat).is_none_or(|at| at > as_of) {
            return;
        }
        let tables = [Table::Summaries, Table::Exceptions];
        let row = tables.into_iter().find_map(|table| line_of(event, table));
        told.rows.extend(row.map(|row| (position, row.line)));
    })?;
    Ok(told)
}

impl FeedTold {
    /// The events that the files have no such row for, in words.
    pub fn unwritten(&self, files: &Told) -> Vec<String> {
        fn lines<R: Row>(rows: &[R]) -> impl Iterator<Item = Vec<u8>> {
            let lines = Lines::of(rows);
            lines.iter().map(|row| row.text.to_vec()).collect::<Vec<_>>().into_iter()
        }
        let written: HashSet<Vec<u8>> =
            lines(&files.summaries).chain(lines(&files.exceptions)).collect();
        let is_missing = |(_, line): &&(u64, Vec<u8>)| !written.contains(line);
        let missing = self.rows.iter().filter(is_missing);
        missing.map(|(position, _)| format!("no file has the row of event {position}")).collect()
    }
}
