//! What the writer asks of a disk. A seam: a test has a disk that fails when it is told to.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

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
