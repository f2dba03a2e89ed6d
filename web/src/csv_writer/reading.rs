//! Reads the files back whole, those of past days included: for an audit, and for what is held of
//! one plate. Only reads: the files may be in use.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use domain::{ExceptionRow, Summary};

use super::rotation::past_files;
use crate::cell;
use crate::dismissal::Dismissal;
use crate::row::Row;
use crate::table::Table;

/// What the files of a data directory say.
#[derive(Debug, Default)]
pub struct Told {
    /// The rows of `summaries.csv` and its predecessors, the oldest file first, each as often as it
    /// stands there.
    pub summaries: Vec<Summary>,
    /// The same of `exceptions.csv`.
    pub exceptions: Vec<ExceptionRow>,
    /// The same of `dismissals.csv`.
    pub dismissals: Vec<Dismissal>,
    /// Lines that are no row.
    pub damaged: Vec<Damaged>,
}

/// A line that is no row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damaged {
    /// The file that is damaged.
    pub path: PathBuf,
    /// Which line, from 1.
    pub line: u64,
    /// It is the last one and has no end: it was being written when its writer died, or is being
    /// written now. The next start of the web role cuts it off.
    pub is_torn: bool,
}

/// Reads all files of `dir`. A missing file says nothing.
pub fn read_told(dir: &Path) -> io::Result<Told> {
    let mut told = Told::default();
    read_table(dir, &mut told.summaries, &mut told.damaged)?;
    read_table(dir, &mut told.exceptions, &mut told.damaged)?;
    read_table(dir, &mut told.dismissals, &mut told.damaged)?;
    Ok(told)
}

fn read_table<R: Row>(dir: &Path, rows: &mut Vec<R>, damaged: &mut Vec<Damaged>) -> io::Result<()> {
    for path in files_of(dir, R::TABLE)? {
        let named = |e: io::Error| io::Error::new(e.kind(), format!("{}: {e}", path.display()));
        match File::open(&path) {
            Ok(file) => read_file(&path, file, rows, damaged).map_err(named)?,
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            Err(e) => return Err(named(e)),
        }
    }
    Ok(())
}

/// The files of a table, the oldest first.
pub(crate) fn files_of(dir: &Path, table: Table) -> io::Result<Vec<PathBuf>> {
    let mut files = past_files(dir, table)?;
    files.reverse();
    files.push(dir.join(table.file_name()));
    Ok(files)
}

fn read_file<R: Row>(
    path: &Path,
    file: File,
    rows: &mut Vec<R>,
    damaged: &mut Vec<Damaged>,
) -> io::Result<()> {
    let mut reader = BufReader::new(file);
    let mut line = Vec::new();
    for number in 1_u64.. {
        line.clear();
        if reader.read_until(b'\n', &mut line)? == 0 {
            break;
        }
        let whole = line.strip_suffix(b"\n");
        match whole.and_then(|whole| parse::<R>(whole, number)) {
            Some(Line::Header) => {}
            Some(Line::Row(row)) => rows.push(row),
            None => damaged.push(Damaged {
                path: path.to_owned(),
                line: number,
                is_torn: whole.is_none(),
            }),
        }
    }
    Ok(())
}

enum Line<R> {
    Header,
    Row(R),
}

/// A line without its end. It counts as a row if it is, to the letter, what its row would be
/// written as: so a row whose duration does not add up is none.
fn parse<R: Row>(line: &[u8], number: u64) -> Option<Line<R>> {
    if number == 1 && line == R::TABLE.header().as_bytes() {
        return Some(Line::Header);
    }
    row::<R>(line).map(Line::Row)
}

/// One line as a row; `None` where [`parse`] would count it as none.
pub(crate) fn row<R: Row>(line: &[u8]) -> Option<R> {
    let cells = cell::split(line)?;
    let texts: Vec<&str> =
        cells.iter().map(|cell| std::str::from_utf8(cell).ok()).collect::<Option<_>>()?;
    let row = R::from_cells(&texts)?;
    let is_same = row.cells().iter().map(AsRef::as_ref).eq(texts.iter().copied());
    is_same.then_some(row)
}

#[cfg(test)]
mod tests;
