//! A disk so small that a test can fill it: a file system in memory, for which one has to be root
//! (as in CI). Elsewhere the program is forbidden to write, which fails as a full disk does, and the
//! test says so.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::geteuid;

use crate::process::Running;
use crate::site;

/// See the module. Gone when it is dropped.
pub struct SmallDisk {
    directory: PathBuf,
    is_mounted: bool,
}

impl SmallDisk {
    /// An empty one.
    pub fn new(bytes: u64) -> Self {
        let directory = site::directory();
        if !geteuid().is_root() {
            eprintln!("not root: instead of a full disk, a limit of file sizes");
            return Self { directory, is_mounted: false };
        }
        let status = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={bytes},mode=755"), "tmpfs"])
            .arg(&directory)
            .status()
            .unwrap();
        assert!(status.success(), "mount: {status}");
        Self { directory, is_mounted: true }
    }

    /// Where it is.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// From now on it takes at most `left` bytes more.
    pub fn fill(&self, running: &Running, left: u64) {
        if !self.is_mounted {
            return running.limit_file_bytes(Some(1));
        }
        let mut ballast = fs::File::create(self.ballast()).unwrap();
        while ballast.write_all(&[b'x'; 4096]).is_ok() {}
        let bytes = ballast.metadata().unwrap().len();
        ballast.set_len(bytes.saturating_sub(left)).unwrap();
    }

    /// It has room again.
    pub fn free(&self, running: &Running) {
        if !self.is_mounted {
            return running.limit_file_bytes(None);
        }
        fs::remove_file(self.ballast()).unwrap();
    }

    fn ballast(&self) -> PathBuf {
        self.directory.join("ballast")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        if self.is_mounted {
            let _ = Command::new("umount").arg("-l").arg(&self.directory).status();
        }
    }
}
