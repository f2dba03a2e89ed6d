//! Takes a plate's rows out of a file (G8): the file is written anew without them and put in the
//! place of the old one, so that a crash leaves the one or the other. [`Erasures`] outlive a crash
//! between the files: what was begun is finished at the next start.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use domain::Plate;

use crate::cell;
use crate::disk::{Replacement, sync_dir};
use crate::table::Table;

/// The plates whose erasure was begun, in a file until it is finished.
pub(crate) struct Erasures {
    path: PathBuf,
    plates: Vec<Plate>,
}

impl Erasures {
    /// Those that a process before us left.
    pub(crate) fn read(feed_dir: &Path) -> io::Result<Self> {
        let path = feed_dir.join("erasing");
        let plates = match fs::read_to_string(&path) {
            Ok(text) => text.lines().filter_map(|line| Plate::parse(line).ok()).collect(),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(e) => return Err(e),
        };
        Ok(Self { path, plates })
    }

    /// In the order they were begun.
    pub(crate) fn plates(&self) -> &[Plate] {
        &self.plates
    }

    /// From here on the plate is to be erased, whatever happens.
    pub(crate) fn begin(&mut self, plate: &Plate) -> io::Result<()> {
        if self.plates.contains(plate) {
            return Ok(());
        }
        let plates = self.plates.iter().chain([plate]).map(Plate::as_str);
        let text = plates.collect::<Vec<_>>().join("\n");
        let mut file = Replacement::of(&self.path)?;
        file.write_all(text.as_bytes())?;
        file.put()?;
        self.plates.push(plate.clone());
        Ok(())
    }

    /// All of them are erased.
    pub(crate) fn end(&mut self) -> io::Result<()> {
        if !self.plates.is_empty() {
            fs::remove_file(&self.path)?;
            self.path.parent().map_or(Ok(()), sync_dir)?;
            self.plates.clear();
        }
        Ok(())
    }
}

/// Erases the plate's rows in the file; answers how many there were. Nothing is touched where
/// there are none. A damaged line that names the plate counts as one of its rows.
pub(crate) fn erase(path: &Path, table: Table, plate: &Plate) -> io::Result<usize> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(0),
        Err(e) => return Err(e),
    };
    let modified = file.metadata()?.modified()?;
    let rows = each_line(&file, |line| Ok(usize::from(is_of(line, table, plate))))?;
    if rows == 0 {
        return Ok(0);
    }
    let mut anew = Replacement::of(path)?;
    each_line(&File::open(path)?, |line| {
        if !is_of(line, table, plate) {
            anew.write_all(line)?;
        }
        Ok(0)
    })?;
    // The file is still of the day of its newest row.
    anew.put_as_of(Some(modified))?;
    Ok(rows)
}

/// Adds up what `of` says of each line, its end included.
fn each_line(file: &File, mut of: impl FnMut(&[u8]) -> io::Result<usize>) -> io::Result<usize> {
    let mut reader = BufReader::new(file);
    let mut line = Vec::new();
    let mut sum = 0;
    loop {
        line.clear();
        if reader.read_until(b'\n', &mut line)? == 0 {
            return Ok(sum);
        }
        sum += of(&line)?;
    }
}

fn is_of(line: &[u8], table: Table, plate: &Plate) -> bool {
    let text = line.strip_suffix(b"\n").unwrap_or(line);
    let is_plate = |cell: &[u8]| {
        // An earlier version may have spelled the plate otherwise.
        cell == plate.as_str().as_bytes()
            || (!cell.is_ascii()
                && std::str::from_utf8(cell).is_ok_and(|t| Plate::parse(t).as_ref() == Ok(plate)))
    };
    let plate = plate.as_str().as_bytes();
    match cell::split(text).filter(|cells| cells.len() == table.columns()) {
        Some(cells) => is_plate(&cells[table.plate_column()]),
        None => text.windows(plate.len()).any(|part| part == plate),
    }
}

#[cfg(test)]
mod tests;
