//! Opening a file, found in whatever state a process before us left it.

use std::fs::File;
use std::io;
use std::path::Path;
use std::time::SystemTime;

use chrono::{DateTime, NaiveDate, Utc};

use super::journal::Settings;
use super::recovery::{beginning, load, newest_lines, whole_lines_bytes};
use super::rotation::past_files;
use crate::disk::{LogFile, sync_dir};
use crate::index::Index;
use crate::start_error::StartError;
use crate::table::Table;

/// What [`open_log`] hands over.
pub(crate) struct OpenLog {
    /// Open for appending: rows are written by it alone.
    pub(crate) log: Box<dyn LogFile>,
    /// Reads the same file.
    pub(crate) reader: File,
    /// Its length, all of it durable.
    pub(crate) bytes: u64,
    /// The UTC day on which it was last written to.
    pub(crate) day: NaiveDate,
}

/// The first line, with its end.
pub(crate) fn header_line(table: Table) -> String {
    format!("{}\n", table.header())
}

/// A file as it was found.
struct Found {
    bytes: u64,
    /// How many of them are whole lines.
    whole: u64,
    /// As many of the first ones as the header has.
    beginning: Vec<u8>,
    modified: SystemTime,
}

fn look_at(file: &File, header: &str) -> io::Result<Found> {
    let metadata = file.metadata()?;
    Ok(Found {
        bytes: metadata.len(),
        whole: whole_lines_bytes(file, metadata.len())?,
        beginning: beginning(file, header.len())?,
        modified: metadata.modified()?,
    })
}

impl Found {
    /// Begins with the header; or holds not one whole line, and is the torn beginning of it.
    fn is_ours(&self, header: &str) -> bool {
        if self.whole == 0 {
            self.bytes < header.len() as u64 && header.as_bytes().starts_with(&self.beginning)
        } else {
            self.beginning == header.as_bytes()
        }
    }
}

/// Opens `path` with a whole header and whole lines, all of it durable: what a process before us
/// wrote may have got no further than the system's memory, and is about to be called a duplicate.
pub(crate) fn open_log(
    table: Table,
    settings: &Settings,
    path: &Path,
) -> Result<OpenLog, StartError> {
    let header = header_line(table);
    let mut log = settings.disk.open(path).map_err(StartError::io("open", path))?;
    let reader = File::open(path).map_err(StartError::io("read", path))?;
    let found = look_at(&reader, &header).map_err(StartError::io("read", path))?;
    if !found.is_ours(&header) {
        return Err(StartError::ForeignHeader(path.to_owned()));
    }
    if found.whole < found.bytes {
        tracing::warn!(
            file.path = %path.display(),
            file.cut_bytes = found.bytes - found.whole,
            "torn last line cut off",
        );
        log.cut(found.whole).map_err(StartError::io("shorten", path))?;
        // The cut is no row: the file is still of the day of its newest one.
        if let Err(error) = reader.set_modified(found.modified) {
            tracing::debug!(file.path = %path.display(), %error, "time of change not kept");
        }
    }
    if found.whole == 0 {
        log.write_all(header.as_bytes()).map_err(StartError::io("write", path))?;
    }
    log.sync().map_err(StartError::io("sync", path))?;
    sync_dir(&settings.data_dir).map_err(StartError::io("sync", &settings.data_dir))?;
    Ok(OpenLog {
        log,
        reader,
        bytes: found.whole.max(header.len() as u64),
        day: DateTime::<Utc>::from(found.modified).date_naive(),
    })
}

/// Reads the newest rows, of the current file and as many past ones as fill the window.
pub(crate) fn build_index(
    table: Table,
    settings: &Settings,
    current: &Path,
) -> Result<Index, StartError> {
    let dir = &settings.data_dir;
    let past = past_files(dir, table).map_err(StartError::io("list", dir))?;

    let mut index = Index::new(settings.index_rows);
    let mut lines_wanted = settings.index_rows;
    let mut newest_first = Vec::new();
    for path in std::iter::once(current.to_owned()).chain(past) {
        if lines_wanted == 0 {
            break;
        }
        let newest = File::open(&path)
            .and_then(|file| newest_lines(&file, table, lines_wanted))
            .map_err(StartError::io("read", &path))?;
        lines_wanted -= newest.count;
        newest_first.push((path, newest));
    }
    index.reserve(newest_first.iter().map(|(_, newest)| newest.count).sum());
    for (path, newest) in newest_first.iter().rev() {
        load(path, table, newest, &mut index).map_err(StartError::io("read", path))?;
    }
    Ok(index)
}
