//! Reads the newest rows back at the start: what was going on when the process before us ended.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use super::reading::{files_of, row};
use super::recovery::newest_lines;
use crate::row::Row;

/// The newest rows of a table, at most `rows_max`, the oldest of them first. Damaged lines are
/// passed over.
pub(crate) fn newest_rows<R: Row>(dir: &Path, rows_max: usize) -> io::Result<Vec<R>> {
    let mut parts = Vec::new();
    let mut wanted = rows_max;
    for path in files_of(dir, R::TABLE)?.into_iter().rev() {
        if wanted == 0 {
            break;
        }
        let mut file = match File::open(&path) {
            Ok(file) => file,
            Err(e) if e.kind() == io::ErrorKind::NotFound => continue,
            Err(e) => return Err(e),
        };
        let newest = newest_lines(&file, R::TABLE, wanted)?;
        wanted -= newest.count;
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(newest.part.start))?;
        file.take(newest.part.end - newest.part.start).read_to_end(&mut bytes)?;
        parts.push(bytes);
    }
    let lines = parts.iter().rev().flat_map(|bytes| bytes.split(|byte| *byte == b'\n'));
    Ok(lines.filter(|line| !line.is_empty()).filter_map(row::<R>).collect())
}
