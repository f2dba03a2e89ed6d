//! What a file holds when it is found: its whole lines, its newest rows, and which of its lines
//! are damaged.
//!
//! Lines are found by their ends, from the back, so that of a file of any size only as much is
//! read as the window of the index needs.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::opening::header_line;
use crate::cell;
use crate::index::Index;
use crate::table::Table;

const CHUNK_BYTES: usize = 256 * 1024;

/// Most damaged lines of a file that are logged one by one.
const DAMAGED_LOGGED_MAX: usize = 10;

/// The outcome of [`line_end_from_back`].
struct LineEnds {
    /// Where the line end that was asked for is.
    at: Option<u64>,
    /// How many there are, up to that one.
    count: usize,
}

/// Finds the `nth` line end (from 1) in a part of a file, counted from its back.
#[expect(clippy::naive_bytecount, reason = "once per start, and far faster than the disk")]
fn line_end_from_back(file: &File, part: Range<u64>, nth: usize) -> io::Result<LineEnds> {
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut count = 0;
    let mut end = part.end;
    while end > part.start {
        let begin = end.saturating_sub(CHUNK_BYTES as u64).max(part.start);
        let length = usize::try_from(end - begin).expect("a chunk is small");
        let bytes = &mut chunk[..length];
        file.read_exact_at(bytes, begin)?;
        let ends_here = bytes.iter().filter(|byte| **byte == b'\n').count();
        if count + ends_here >= nth {
            let at = (0..length).rev().filter(|i| bytes[*i] == b'\n').nth(nth - count - 1);
            return Ok(LineEnds { at: at.map(|i| begin + i as u64), count: nth });
        }
        count += ends_here;
        end = begin;
    }
    Ok(LineEnds { at: None, count })
}

/// How many bytes of a file are whole lines. What follows was being written when its writer died.
pub(crate) fn whole_lines_bytes(file: &File, bytes: u64) -> io::Result<u64> {
    Ok(line_end_from_back(file, 0..bytes, 1)?.at.map_or(0, |at| at + 1))
}

/// The first bytes of a file, at most as many as asked for.
pub(crate) fn beginning(file: &File, bytes_max: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; bytes_max];
    let mut length = 0;
    while length < bytes_max {
        match file.read_at(&mut bytes[length..], length as u64)? {
            0 => break,
            more => length += more,
        }
    }
    bytes.truncate(length);
    Ok(bytes)
}

/// The newest lines of a file.
pub(crate) struct NewestLines {
    /// Where they are.
    pub(crate) part: Range<u64>,
    /// How many they are.
    pub(crate) count: usize,
}

/// Finds the newest lines of a file, at most `lines_max`. Neither the header nor a torn last line
/// is one.
pub(crate) fn newest_lines(file: &File, table: Table, lines_max: usize) -> io::Result<NewestLines> {
    let header = header_line(table);
    let has_header = beginning(file, header.len())? == header.as_bytes();
    let first = if has_header { header.len() as u64 } else { 0 };
    let end = whole_lines_bytes(file, file.metadata()?.len())?.max(first);
    let before = line_end_from_back(file, first..end, lines_max.saturating_add(1))?;
    let begin = before.at.map_or(first, |at| at + 1);
    Ok(NewestLines { part: begin..end, count: before.count.min(lines_max) })
}

/// Takes the newest lines of a file into the index. A damaged line is told of, stays where it is
/// and is passed over: the row it may have been can be sent again.
pub(crate) fn load(
    path: &Path,
    table: Table,
    newest: &NewestLines,
    index: &mut Index,
) -> io::Result<()> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(newest.part.start))?;
    let bytes = newest.part.end - newest.part.start;
    let mut reader = BufReader::with_capacity(CHUNK_BYTES, file.by_ref().take(bytes));

    let mut damaged = Vec::new();
    let mut damaged_count = 0;
    let mut line = Vec::new();
    for number in 0_u64.. {
        line.clear();
        if reader.read_until(b'\n', &mut line)? == 0 {
            break;
        }
        let text = line.strip_suffix(b"\n").unwrap_or(&line);
        let is_text = std::str::from_utf8(text).is_ok();
        let cells = is_text.then(|| cell::split(text)).flatten();
        if let Some(fingerprint) = cells.and_then(|cells| table.fingerprint(&cells)) {
            index.insert(fingerprint);
        } else {
            damaged_count += 1;
            if damaged.len() < DAMAGED_LOGGED_MAX {
                damaged.push(number);
            }
        }
    }
    if damaged_count > 0 {
        let before = line_end_from_back(&file, 0..newest.part.start, usize::MAX)?.count as u64;
        let lines: Vec<u64> = damaged.iter().map(|number| before + number + 1).collect();
        tracing::warn!(
            file.path = %path.display(),
            file.lines = ?lines,
            file.damaged_lines = damaged_count,
            "damaged lines are passed over and stay as they are",
        );
    }
    Ok(())
}
