//! One file of the log, and how a line of it is written and read.
//!
//! A line is `POSITION CHECKSUM EVENT`, ended by a line feed: the position in decimal, the CRC-32 of
//! position and event in eight hexadecimal digits, the event as JSON. A file is named after the first
//! position that it may hold, so that an empty one still says where the log goes on.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// Ending of the files.
const ENDING: &str = "log";
/// So far apart at least are the places of a file whose position is remembered.
const MARK_EVERY: u64 = 32 * 1024;
/// Bytes read at once.
const CHUNK_BYTES: usize = 256 * 1024;

/// Where in a file which position begins: one mark for every 32 KB or so.
#[derive(Debug, Clone, Default)]
pub(super) struct Marks(Vec<(u64, u64)>);

impl Marks {
    /// A line with this position begins there.
    pub(super) fn note(&mut self, position: u64, offset: u64) {
        if self.0.last().is_none_or(|(_, last)| offset >= last + MARK_EVERY) {
            self.0.push((position, offset));
        }
    }

    /// A place at or before the line with the first position behind `after`.
    pub(super) fn find(&self, after: u64) -> u64 {
        let behind = self.0.partition_point(|(position, _)| *position <= after + 1);
        behind.checked_sub(1).map_or(0, |at| self.0[at].1)
    }
}

/// A file that grows no more.
#[derive(Debug)]
pub(super) struct Segment {
    /// The first position that it may hold.
    pub(super) first: u64,
    /// Where it is.
    pub(super) path: PathBuf,
    /// Read by position: the cursor is shared.
    pub(super) file: Arc<File>,
    /// How much of it is durable.
    pub(super) bytes: u64,
    /// Found when it is first read.
    marks: OnceLock<Marks>,
}

impl Segment {
    /// The file at `path`, as long as it is now.
    pub(super) fn open(first: u64, path: PathBuf) -> io::Result<Self> {
        let file = File::open(&path)?;
        let bytes = file.metadata()?.len();
        Ok(Self { first, path, file: Arc::new(file), bytes, marks: OnceLock::new() })
    }

    /// One that has just been closed.
    pub(super) fn closed(
        first: u64,
        path: PathBuf,
        file: Arc<File>,
        bytes: u64,
        marks: Marks,
    ) -> Self {
        Self { first, path, file, bytes, marks: marks.into() }
    }

    /// A place at or before the line with the first position behind `after`. Blocks where the file is
    /// read for the first time.
    pub(super) fn find(&self, after: u64) -> io::Result<u64> {
        if let Some(marks) = self.marks.get() {
            return Ok(marks.find(after));
        }
        let mut marks = Marks::default();
        each_line(&self.file, 0, self.bytes, |line, offset| {
            if let Some(line) = line {
                marks.note(line.position, offset);
            }
            true
        })?;
        Ok(self.marks.get_or_init(|| marks).find(after))
    }

    /// Its newest event; `None` where it has none.
    pub(super) fn newest(&self) -> io::Result<Option<String>> {
        let mut newest = None;
        each_line(&self.file, self.find(u64::MAX - 1)?, self.bytes, |line, _| {
            newest = line.map(|line| line.event.to_owned()).or(newest.take());
            true
        })?;
        Ok(newest)
    }
}

/// The path of the file whose first position is `first`.
pub(super) fn path_of(dir: &Path, first: u64) -> PathBuf {
    dir.join(format!("{first:020}.{ENDING}"))
}

/// First positions and paths of the files in `dir`, in order.
pub(super) fn list(dir: &Path) -> io::Result<Vec<(u64, PathBuf)>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        let first = path
            .extension()
            .is_some_and(|ending| ending == ENDING)
            .then(|| path.file_stem()?.to_str()?.parse().ok())
            .flatten();
        if let Some(first) = first {
            files.push((first, path));
        }
    }
    files.sort_unstable();
    Ok(files)
}

/// A whole line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Line<'a> {
    /// Its place in the order of all events.
    pub(super) position: u64,
    /// The event, as JSON.
    pub(super) event: &'a str,
}

impl<'a> Line<'a> {
    /// Appends it to `text`, with its end.
    pub(super) fn write(self, text: &mut Vec<u8>) {
        let checksum = checksum(self.position, self.event.as_bytes());
        text.extend_from_slice(
            format!("{} {checksum:08x} {}\n", self.position, self.event).as_bytes(),
        );
    }

    /// Reads it back, without its end; `None` where a bit of it is not what was written.
    pub(super) fn read(bytes: &'a [u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?;
        let (position, rest) = text.split_once(' ')?;
        let (shown, event) = rest.split_once(' ')?;
        let position = position.parse().ok()?;
        let is_whole = u32::from_str_radix(shown, 16).ok()? == checksum(position, event.as_bytes());
        is_whole.then_some(Self { position, event })
    }
}

fn checksum(position: u64, event: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&position.to_le_bytes());
    hasher.update(event);
    hasher.finalize()
}

/// Shows every ended line between `from`, where one begins, and `to`, with where it begins; a damaged
/// one as `None`. Ends early when `see` answers false. Answers where the last ended line ended.
pub(super) fn each_line(
    file: &File,
    from: u64,
    to: u64,
    mut see: impl FnMut(Option<Line<'_>>, u64) -> bool,
) -> io::Result<u64> {
    let mut buffer: Vec<u8> = Vec::new();
    // Where the first byte of `buffer` stands in the file.
    let mut offset = from;
    loop {
        let filled = buffer.len();
        let wanted = (to - offset - filled as u64).min(CHUNK_BYTES as u64);
        buffer.resize(filled + usize::try_from(wanted).expect("a chunk is small"), 0);
        let read = file.read_at(&mut buffer[filled..], offset + filled as u64)?;
        buffer.truncate(filled + read);
        let mut begin = 0;
        while let Some(length) = buffer[begin..].iter().position(|byte| *byte == b'\n') {
            let line = Line::read(&buffer[begin..begin + length]);
            if !see(line, offset + begin as u64) {
                return Ok(offset + (begin + length + 1) as u64);
            }
            begin += length + 1;
        }
        buffer.drain(..begin);
        offset += begin as u64;
        if read == 0 {
            return Ok(offset);
        }
    }
}

/// Shows every event in `dir` with its position, in order, and of each damaged line its file. A missing
/// directory has none.
pub(crate) fn each_event(
    dir: &Path,
    mut see: impl FnMut(&Path, Option<(u64, &str)>),
) -> io::Result<()> {
    let files = match list(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        files => files?,
    };
    for (_, path) in files {
        let file = File::open(&path)?;
        each_line(&file, 0, file.metadata()?.len(), |line, _| {
            see(&path, line.map(|line| (line.position, line.event)));
            true
        })?;
    }
    Ok(())
}
