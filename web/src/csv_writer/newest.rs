//! Reads rows back at the start, the newest ones or all: what was going on when the process before us ended.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use super::reading::{files_of, row};
use super::recovery::newest_lines;
use crate::row::Row;

/// Bytes read at once.
const CHUNK_BYTES: usize = 256 * 1024;

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

/// Every row of a table, the oldest first, one at a time: of files of any size. Damaged lines, and a
/// line that has no end yet, are passed over.
pub(crate) fn each_row<R: Row>(dir: &Path, mut see: impl FnMut(R)) -> io::Result<()> {
    for path in files_of(dir, R::TABLE)? {
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(e) if e.kind() == io::ErrorKind::NotFound => continue,
            Err(e) => return Err(e),
        };
        let mut reader = BufReader::with_capacity(CHUNK_BYTES, file);
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line)? > 0 {
            if let Some(row) = line.strip_suffix(b"\n").and_then(row::<R>) {
                see(row);
            }
            line.clear();
        }
    }
    Ok(())
}
