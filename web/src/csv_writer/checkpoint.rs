//! How far a file is durable, and how far the feed is in it.
//!
//! A row is durable when the feed has it; its line in the file follows unsynced, and is made durable
//! with many others. What a crash leaves behind a checkpoint is held against the feed at the next start.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::disk::Replacement;
use crate::table::Table;

/// See the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Checkpoint {
    /// The rows of all events up to this position are in the file.
    pub(crate) position: u64,
    /// So much of the file is durable.
    pub(crate) bytes: u64,
    /// Which file it is: one that is moved or written anew is another.
    pub(crate) inode: u64,
}

impl Checkpoint {
    /// The last one of the table; `None` where there is none, or none that can be read.
    pub(crate) fn read(feed_dir: &Path, table: Table) -> io::Result<Option<Self>> {
        match fs::read(path_of(feed_dir, table)) {
            Ok(text) => Ok(serde_json::from_slice(&text).ok()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Puts it in the place of the last one: a crash leaves the one or the other.
    pub(crate) fn write(self, feed_dir: &Path, table: Table) -> io::Result<()> {
        let path = path_of(feed_dir, table);
        let mut file = Replacement::of(&path)?;
        file.write_all(&serde_json::to_vec(&self)?)?;
        file.put()
    }
}

fn path_of(feed_dir: &Path, table: Table) -> PathBuf {
    feed_dir.join(format!("{}.checkpoint", table.name()))
}
