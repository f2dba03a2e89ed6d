//! What the writer asks of a disk. A seam: a test has a disk that fails when it is told to.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use tokio::task::JoinError;

use crate::start_error::StartError;

/// What a probe writes and takes away again: a page, so that the disk has to find room for it,
/// and no line end, so that a crash leaves a torn line and no row.
pub(crate) const PROBE: [u8; 4096] = [b' '; 4096];

/// Opens files for appending.
pub(crate) trait Disk: Send + Sync {
    /// Opens `path`, which is created where it is missing. Every call gives a new descriptor: one
    /// whose sync failed tells of it once and is of no more use.
    fn open(&self, path: &Path) -> io::Result<Box<dyn LogFile>>;
}

/// A file that grows at its end.
pub(crate) trait LogFile: Write + Send {
    /// Returns when all that was written is durable, length included.
    fn sync(&mut self) -> io::Result<()>;

    /// Drops all behind the first `bytes`.
    fn cut(&mut self, bytes: u64) -> io::Result<()>;
}

/// The disk of this machine.
pub(crate) struct RealDisk;

impl Disk for RealDisk {
    fn open(&self, path: &Path) -> io::Result<Box<dyn LogFile>> {
        Ok(Box::new(File::options().append(true).create(true).open(path)?))
    }
}

impl LogFile for File {
    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }

    fn cut(&mut self, bytes: u64) -> io::Result<()> {
        self.set_len(bytes)
    }
}

/// Makes the names in a directory durable: files that were created or renamed.
pub(crate) fn sync_dir(dir: &Path) -> io::Result<()> {
    fs::File::open(dir)?.sync_all()
}

/// A file that is written beside another, to take its place: a crash leaves the one or the other, and
/// what it left beside is overwritten.
pub(crate) struct Replacement<'a> {
    path: &'a Path,
    beside: PathBuf,
    writer: BufWriter<File>,
}

impl<'a> Replacement<'a> {
    /// For the file at `path`, which need not be there.
    pub(crate) fn of(path: &'a Path) -> io::Result<Self> {
        let beside = path.with_extension("unfinished");
        let writer = BufWriter::new(File::create(&beside)?);
        Ok(Self { path, beside, writer })
    }

    /// Puts it in its place, durable.
    pub(crate) fn put(self) -> io::Result<()> {
        self.put_as_of(None)
    }

    /// The same, as if it had last been changed at that time.
    pub(crate) fn put_as_of(self, modified: Option<SystemTime>) -> io::Result<()> {
        let file = self.writer.into_inner().map_err(io::IntoInnerError::into_error)?;
        if let Some(modified) = modified {
            file.set_modified(modified)?;
        }
        file.sync_all()?;
        fs::rename(&self.beside, self.path)?;
        self.path.parent().map_or(Ok(()), sync_dir)
    }
}

impl Write for Replacement<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

/// A write that failed, for everybody who waited for it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub(crate) struct WriteFailure {
    /// Whether the disk, or this user's share of it, is full.
    pub(crate) is_disk_full: bool,
    /// What happened to which file.
    pub(crate) reason: String,
}

impl WriteFailure {
    /// Something failed on that path.
    pub(crate) fn new(path: &Path, error: &io::Error) -> Self {
        Self {
            is_disk_full: is_disk_full(error),
            reason: format!("writing {}: {error}", path.display()),
        }
    }
}

impl From<StartError> for WriteFailure {
    fn from(error: StartError) -> Self {
        let is_disk_full = matches!(&error, StartError::Io { error, .. } if is_disk_full(error));
        Self { is_disk_full, reason: error.to_string() }
    }
}

impl From<JoinError> for WriteFailure {
    fn from(error: JoinError) -> Self {
        Self { is_disk_full: false, reason: format!("the write was aborted: {error}") }
    }
}

fn is_disk_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}
