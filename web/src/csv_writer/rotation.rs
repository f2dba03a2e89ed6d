//! The names of the files of past days.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use chrono::NaiveDate;

use crate::table::Table;

const DAY_FORMAT: &str = "%Y-%m-%d";

/// `summaries-2026-11-20.csv`; a second one of the same day (the clock was set back, a copy was
/// put back) is `summaries-2026-11-20.2.csv`, and so on: what is there is never written over.
fn rotated_name(table: Table, day: NaiveDate, number: u32) -> String {
    let day = day.format(DAY_FORMAT);
    match number {
        1 => format!("{}-{day}.csv", table.name()),
        _ => format!("{}-{day}.{number}.csv", table.name()),
    }
}

fn parse_rotated_name(table: Table, name: &str) -> Option<(NaiveDate, u32)> {
    let stem = name.strip_prefix(table.name())?.strip_prefix('-')?.strip_suffix(".csv")?;
    let (day, number) = match stem.split_once('.') {
        Some((day, number)) => (day, number.parse().ok()?),
        None => (stem, 1),
    };
    Some((NaiveDate::parse_from_str(day, DAY_FORMAT).ok()?, number))
}

/// The files of past days, the newest first.
pub(crate) fn past_files(dir: &Path, table: Table) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if let Some(day) = entry.file_name().to_str().and_then(|n| parse_rotated_name(table, n)) {
            files.push((day, entry.path()));
        }
    }
    files.sort_unstable_by(|a, b| b.cmp(a));
    Ok(files.into_iter().map(|(_, path)| path).collect())
}

/// A path for the file of `day` that nothing has yet. No one takes it in between: the directory
/// is locked.
pub(crate) fn free_path(dir: &Path, table: Table, day: NaiveDate) -> io::Result<PathBuf> {
    for number in 1.. {
        let path = dir.join(rotated_name(table, day, number));
        if !path.try_exists()? {
            return Ok(path);
        }
    }
    unreachable!("a directory has fewer than u32::MAX files of one day");
}
