//! Webhooks: what the feed tells is posted to whoever asked for it, as Standard Webhooks 1.0.0 has it.
//!
//! Each webhook is a reader of the feed of its own ([`platform::feed`]), with its own position, its own retries and
//! its own task, so that one which is dead delays no other. A request is made by `sender`: signed
//! (`signature`), and only to an address that may be asked (`address`). What failed goes on a list (`store`) and
//! comes again with growing pauses (`pauses`), while later events go their way (`delivering`); the list is
//! bounded, and where it is full the webhook stands still at its position. Nothing of an event is kept but its
//! position and its id: what is sent again is read again, so an erased plate is sent no more (G8).
//!
//! `routes` is what the administrator sees of it.

mod address;
mod configured;
mod delivering;
mod meters;
mod pauses;
mod routes;
mod sender;
mod signature;
mod store;

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use domain::SharedClock;
use platform::component::Component;
use platform::feed::{Following, Meters, Wanted, follow};
use platform::http::Routes;
use platform::runtime::Vitals;
use platform::storage::DatabaseFile;
use prometheus::Registry;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::feed::{LocalFeed, Readers};
use crate::start_error::StartError;
pub use configured::{Secret, SecretError, Webhook, types_of};
use delivering::{Delivering, Retrying, Taking};
use meters::WebhookMeters;
pub(crate) use routes::{WebhookStatus, routes};
use sender::Sender;
use store::Store;

/// Where the file is, in the data directory.
const FILE: &str = "webhooks.redb";

/// One webhook, as its tasks and the routes share it.
pub(crate) struct Hook {
    configured: Webhook,
    store: Store,
    meters: WebhookMeters,
    clock: SharedClock,
    /// Raised when somebody has changed what waits, or whether it is sent.
    changed: watch::Sender<u64>,
}

impl Hook {
    fn name(&self) -> &str {
        &self.configured.name
    }

    fn is_changed(&self) {
        self.changed.send_modify(|changes| *changes += 1);
    }
}

/// What the routes know.
pub(crate) struct Webhooks {
    hooks: Vec<Arc<Hook>>,
    readers: Arc<Readers>,
}

/// The webhooks, as a part of the process.
pub struct OpenWebhooks {
    webhooks: Arc<Webhooks>,
    file: Option<Arc<DatabaseFile>>,
    is_over: watch::Sender<bool>,
    tasks: Vec<(Following, JoinHandle<()>)>,
}

impl OpenWebhooks {
    /// Begins to deliver, on this thread. No file is opened where nobody is to be told.
    pub(crate) async fn start(
        configured: Vec<Webhook>,
        data_dir: &Path,
        readers: &Arc<Readers>,
        clock: SharedClock,
        registry: &Registry,
        vitals: &Vitals,
    ) -> Result<Self, StartError> {
        let (is_over, ends) = watch::channel(false);
        let mut open = Self {
            webhooks: Arc::new(Webhooks { hooks: Vec::new(), readers: Arc::clone(readers) }),
            file: None,
            is_over,
            tasks: Vec::new(),
        };
        if configured.is_empty() {
            return Ok(open);
        }
        let file = Store::open(&data_dir.join(FILE))?;
        let meters = WebhookMeters::register(registry)?;
        let mut hooks = Vec::new();
        for configured in configured {
            let store = Store::of(&file, &configured.name);
            store
                .is_configured_as(&configured.fingerprint())
                .await
                .map_err(StartError::Webhooks)?;
            let (clock, meters) = (Arc::clone(&clock), meters.of(&configured.name));
            let changed = watch::Sender::default();
            hooks.push(Arc::new(Hook { configured, store, meters, clock, changed }));
        }
        for hook in &hooks {
            let Webhook { types, places, .. } = hook.configured.clone();
            let source = LocalFeed::new(readers, Wanted { types, places });
            let every = Arc::new(LocalFeed::new(readers, Wanted::default()));
            let delivering = Delivering::new(Sender::new(hook), Arc::clone(hook), ends.clone());
            let reader = Meters::register(registry, &format!("webhook {}", hook.name()))?;
            let taking = Taking { delivering: delivering.clone(), feed: Arc::clone(&every) };
            let following = follow(source, taking, reader, vitals.of("webhooks"));
            let retrying =
                Retrying { delivering, feed: every }.run(vitals.of("retries of webhooks"));
            open.tasks.push((following, tokio::task::spawn_local(retrying)));
        }
        open.file = Some(file);
        open.webhooks = Arc::new(Webhooks { hooks, readers: Arc::clone(readers) });
        Ok(open)
    }

    /// Each of them, for whoever shows how it does.
    pub(crate) fn all(&self) -> Arc<Webhooks> {
        Arc::clone(&self.webhooks)
    }

    /// The file of the positions and retries, to see how it does; none where there is no webhook.
    pub fn file(&self) -> Option<Arc<DatabaseFile>> {
        self.file.clone()
    }
}

#[async_trait(?Send)]
impl Component for OpenWebhooks {
    fn routes(&self) -> Routes {
        let webhooks = Arc::clone(&self.webhooks);
        routes().sharing(move || actix_web::web::Data::from(Arc::clone(&webhooks)))
    }

    /// What is under way has a moment to end; what does not comes again.
    async fn stop(self: Box<Self>) {
        self.is_over.send_replace(true);
        for (following, retrying) in self.tasks {
            following.stop().await;
            let _ended_or_panicked = retrying.await;
        }
    }
}

#[cfg(test)]
mod tests;
