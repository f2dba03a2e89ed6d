//! Opening the log, found in whatever state a process before us left it.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::sync::Arc;

use chrono::NaiveDate;

use super::super::segment::{Line, Marks, Segment, each_line, list, path_of};
use super::{LogSettings, Open, State, recorded_at};
use crate::disk::{LogFile, sync_dir};
use crate::fact::id_of;
use crate::index::Index;
use crate::start_error::StartError;
use crate::table::Fingerprint;

/// Makes the file that begins with `first`, durable in its directory.
pub(super) fn begin(settings: &LogSettings, first: u64) -> io::Result<(Open, Box<dyn LogFile>)> {
    fs::create_dir_all(&settings.dir)?;
    let path = path_of(&settings.dir, first);
    let mut writer = settings.disk.open(&path)?;
    // One that a failure left behind may have something in it that was never told.
    writer.cut(0)?;
    writer.sync()?;
    sync_dir(&settings.dir)?;
    let file = Arc::new(File::open(&path)?);
    Ok((Open { first, path, file, bytes: 0, marks: Marks::default() }, writer))
}

pub(super) type Opened = (State, Box<dyn LogFile>, Option<NaiveDate>);

pub(super) fn open_files(settings: &LogSettings) -> Result<Opened, StartError> {
    let dir = settings.dir.as_path();
    fs::create_dir_all(dir).map_err(StartError::io("create", dir))?;
    if let Some(parent) = dir.parent() {
        sync_dir(parent).map_err(StartError::io("sync", parent))?;
    }
    let mut files = list(dir).map_err(StartError::io("list", dir))?;
    let Some((first, path)) = files.pop() else {
        let (open, writer) = begin(settings, 1).map_err(StartError::io("begin a file in", dir))?;
        return Ok((State { closed: Vec::new(), open, next: 1 }, writer, None));
    };
    let closed = files.into_iter().map(|(first, path)| {
        let opened = Segment::open(first, path.clone()).map_err(StartError::io("read", &path));
        opened.map(Arc::new)
    });
    let closed = closed.collect::<Result<Vec<_>, _>>()?;
    let (open, writer, next, day) =
        open_last(settings, first, &path).map_err(StartError::io("read", &path))?;
    Ok((State { closed, open, next }, writer, day))
}

type OpenedLast = (Open, Box<dyn LogFile>, u64, Option<NaiveDate>);

/// Opens the file that is appended to.
fn open_last(settings: &LogSettings, first: u64, path: &Path) -> io::Result<OpenedLast> {
    let file = Arc::new(File::open(path)?);
    let length = file.metadata()?.len();
    let (mut marks, mut next, mut whole, mut day) = (Marks::default(), first, 0, None);
    let mut damaged = 0_u64;
    let mut damaged_before = 0;
    each_line(&file, 0, length, |line, offset| {
        match line {
            Some(line) => {
                marks.note(line.position, offset);
                next = line.position + 1;
                // Its end: the two numbers, the blanks between them and the line feed.
                whole = offset + line_bytes(line);
                damaged_before = damaged;
                if day.is_none() {
                    day = recorded_at(line.event).map(|at| at.date_naive());
                }
            }
            None => damaged += 1,
        }
        true
    })?;
    if damaged_before > 0 {
        tracing::error!(
            feed.file = %path.display(),
            feed.damaged = damaged_before,
            "damaged events are passed over and stay as they are",
        );
    }
    let mut writer = settings.disk.open(path)?;
    if whole < length {
        tracing::warn!(
            feed.file = %path.display(),
            feed.cut_bytes = length - whole,
            "torn end of the feed cut off",
        );
        writer.cut(whole)?;
    }
    writer.sync()?;
    sync_dir(&settings.dir)?;
    let open = Open { first, path: path.to_owned(), file, bytes: whole, marks };
    Ok((open, writer, next, day))
}

fn line_bytes(line: Line<'_>) -> u64 {
    let mut text = Vec::new();
    line.write(&mut text);
    text.len() as u64
}

/// Reads the ids of the newest events back.
pub(super) fn build_index(state: &State, events_max: usize) -> io::Result<Index> {
    let mut index = Index::new(events_max);
    let oldest = state.next.saturating_sub(events_max as u64);
    let closed = state.closed.iter().map(|s| (s.first, &s.file, s.bytes));
    let files: Vec<_> =
        closed.chain([(state.open.first, &state.open.file, state.open.bytes)]).collect();
    let begin = files.partition_point(|(first, ..)| *first <= oldest).saturating_sub(1);
    for (_, file, bytes) in &files[begin..] {
        each_line(file, 0, *bytes, |line, _| {
            let line = line.filter(|line| line.position >= oldest);
            if let Some(id) = line.and_then(|line| id_of(line.event)) {
                index.insert(Fingerprint::from(id));
            }
            true
        })?;
    }
    Ok(index)
}
