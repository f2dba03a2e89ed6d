//! The files that this process keeps: looked at each second, told of in `/readyz`, and the reason to
//! end where one is gone for good.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use platform::component::{Component, States};
use platform::storage::{DatabaseFile, FileWatch};
use tokio::task::spawn_blocking;
use tracing::{error, info};

/// How often the files are looked at.
const EVERY: Duration = Duration::from_secs(1);

/// See the module. Its clones are one.
#[derive(Clone, Default)]
pub struct Watched(Arc<Mutex<Vec<Kept>>>);

/// Something that is kept in files.
#[derive(Clone)]
struct Kept {
    /// As `/readyz` calls it.
    name: &'static str,
    file: File,
}

#[derive(Clone)]
enum File {
    Database(Arc<DatabaseFile>),
    /// The lock of a directory, which stands for all that is in it.
    Directory(Arc<FileWatch>),
}

impl Kept {
    /// Looks whether the file is still there. Blocks.
    fn look(&self) -> Result<(), String> {
        match &self.file {
            File::Database(database) => database.look(),
            File::Directory(watch) => watch.look(),
        }
    }

    fn trouble(&self) -> Option<String> {
        match &self.file {
            File::Database(database) => database.trouble(),
            File::Directory(watch) => watch.lost(),
        }
    }

    fn watch(&self) -> &FileWatch {
        match &self.file {
            File::Database(database) => database.watch(),
            File::Directory(watch) => watch,
        }
    }
}

impl Watched {
    /// Watches a file of redb.
    pub fn database(&self, name: &'static str, database: Arc<DatabaseFile>) {
        self.add(Kept { name, file: File::Database(database) });
    }

    /// Watches a directory by its lock.
    pub fn directory(&self, name: &'static str, lock: Arc<FileWatch>) {
        self.add(Kept { name, file: File::Directory(lock) });
    }

    /// Looks at all of them, each second. Answers when one has been gone for `patience`: what was
    /// not lost with it is wherever it is answered for, and a restart finds what is there.
    pub async fn until_lost(&self, patience: Duration) -> String {
        let mut was_well = true;
        loop {
            actix_rt::time::sleep(EVERY).await;
            let all = self.all();
            // The system may take its time: a disk that hangs, a network that is away.
            let look = spawn_blocking(move || {
                // Each of them is looked at, whatever became of the one before.
                let lost: Vec<String> = all.iter().filter_map(|kept| kept.look().err()).collect();
                let for_good = all.iter().find_map(|kept| kept.watch().lost_for(patience));
                (lost, for_good)
            });
            let Ok((lost, for_good)) = look.await else { continue };
            if let Some(reason) = for_good {
                return reason;
            }
            match (lost.first(), was_well) {
                (Some(reason), true) => error!(
                    error = %reason,
                    patience_seconds = patience.as_secs(),
                    "nothing can be kept; senders are asked to retry; the process ends if this lasts"
                ),
                (None, false) => info!("the files are there again"),
                _ => {}
            }
            was_well = lost.is_empty();
        }
    }

    fn add(&self, kept: Kept) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(kept);
    }

    fn all(&self) -> Vec<Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait(?Send)]
impl Component for Watched {
    /// Of each file, `ok` or why nothing can be kept in it.
    fn checks(&self) -> Option<States> {
        let all = self.clone();
        let state = |kept: &Kept| kept.trouble().unwrap_or_else(|| "ok".to_owned());
        Some(Box::new(move || {
            all.all().iter().map(|kept| (kept.name.to_owned(), state(kept))).collect()
        }))
    }

    /// Closes all files well, when nothing needs them any more.
    async fn stop(self: Box<Self>) {
        let all = self.all();
        let close = spawn_blocking(move || {
            for kept in &all {
                if let File::Database(database) = &kept.file {
                    database.close_for_good();
                }
            }
        });
        if close.await.is_err() {
            error!("a file was not closed well, the next start repairs it");
        }
    }
}
