//! Whether a path still leads to the file that is open. A file that was removed or replaced under a
//! process, or whose volume was unmounted, goes on taking what is written to it; nobody will ever
//! read it there. So who says that something is durable looks at the path first.

use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// See the module. Shared by who writes the file, by `/readyz`, and by who ends the process when
/// the file does not come back.
#[derive(Debug)]
pub struct FileWatch {
    path: PathBuf,
    /// Device and inode of the file that is open.
    identity: OnceLock<(u64, u64)>,
    lost: Mutex<Option<Lost>>,
}

#[derive(Debug)]
struct Lost {
    since: Instant,
    reason: String,
    /// The path cannot tell that it is well again; who found it lost must.
    is_unusable: bool,
}

impl FileWatch {
    /// Nothing is open yet.
    pub fn new(path: PathBuf) -> Self {
        Self { path, identity: OnceLock::new(), lost: Mutex::default() }
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The first file that is shown is the one that the path has to lead to. Answers whether this
    /// one is it.
    pub fn is_mine(&self, file: &File) -> io::Result<bool> {
        let identity = identity(&file.metadata()?);
        Ok(*self.identity.get_or_init(|| identity) == identity)
    }

    /// Looks at the path; an error says what became of it. One that leads to the file again is well
    /// again. One call of the system: cheap enough for each commit.
    pub fn look(&self) -> Result<(), String> {
        let Some(mine) = self.identity.get() else { return Ok(()) };
        let path = self.path.display();
        let reason = match fs::metadata(&self.path) {
            Ok(found) if identity(&found) == *mine => None,
            Ok(_) => Some(format!(
                "{path} is another file than the one that is open: was the data directory replaced, or its volume?"
            )),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Some(format!(
                "{path} is gone: was the data directory removed, or its volume unmounted?"
            )),
            Err(e) => Some(format!("{path} cannot be reached any more: {e}")),
        };
        let mut lost = self.lock();
        match (&*lost, reason) {
            (Some(Lost { is_unusable: true, reason, .. }), None) => Err(reason.clone()),
            (_, None) => {
                *lost = None;
                Ok(())
            }
            (_, Some(reason)) => {
                let since = lost.take().map_or_else(Instant::now, |lost| lost.since);
                *lost = Some(Lost { since, reason: reason.clone(), is_unusable: false });
                Err(reason)
            }
        }
    }

    /// What the path leads to is of no use, until [`FileWatch::is_usable`].
    pub fn is_unusable(&self, reason: &str) {
        let mut lost = self.lock();
        let since = lost.take().map_or_else(Instant::now, |lost| lost.since);
        *lost = Some(Lost { since, reason: reason.to_owned(), is_unusable: true });
    }

    /// It is of use again.
    pub fn is_usable(&self) {
        *self.lock() = None;
    }

    /// Why nothing can be kept, as of the last look.
    pub fn lost(&self) -> Option<String> {
        self.lock().as_ref().map(|lost| lost.reason.clone())
    }

    /// The same, once that has lasted for `patience`.
    pub fn lost_for(&self, patience: Duration) -> Option<String> {
        let lost = self.lock();
        lost.as_ref().filter(|lost| lost.since.elapsed() >= patience).map(|l| l.reason.clone())
    }

    fn lock(&self) -> MutexGuard<'_, Option<Lost>> {
        self.lost.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn identity(metadata: &Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_moved_away_or_replaced_is_lost_until_it_is_back() {
        let dir = tempfile::tempdir().unwrap();
        let (path, away) = (dir.path().join("file"), dir.path().join("away"));
        let file = File::create(&path).unwrap();
        let watch = FileWatch::new(path.clone());
        assert_eq!(watch.look(), Ok(()), "nothing is open yet");
        assert!(watch.is_mine(&file).unwrap());
        assert_eq!(watch.look(), Ok(()));

        fs::rename(&path, &away).unwrap();
        assert!(watch.look().unwrap_err().contains("gone"));
        let other = File::create(&path).unwrap();
        assert!(!watch.is_mine(&other).unwrap());
        assert!(watch.look().unwrap_err().contains("another file"));
        assert!(watch.lost_for(Duration::ZERO).is_some());
        assert_eq!(watch.lost_for(Duration::from_hours(1)), None);

        fs::rename(&away, &path).unwrap();
        assert_eq!(watch.look(), Ok(()));
        assert_eq!(watch.lost(), None);
    }

    #[test]
    fn what_is_of_no_use_is_not_well_again_by_being_there() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        let watch = FileWatch::new(path.clone());
        watch.is_mine(&File::create(&path).unwrap()).unwrap();
        watch.is_unusable("damaged");
        assert_eq!(watch.look(), Err("damaged".to_owned()));
        watch.is_usable();
        assert_eq!(watch.look(), Ok(()));
    }
}
