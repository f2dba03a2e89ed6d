//! What goes to the broker is written down once it is confirmed, for `carpark verify`: the way of
//! cameras and of `reads`. (Simulated cameras record by themselves.)

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use async_trait::async_trait;
use generators::Ledger;
use platform::messaging::{Message, PublishError, Publisher};

/// Hands messages on, and writes each confirmed one into a ledger: to the letter, a line each.
struct Recording {
    inner: Arc<dyn Publisher>,
    ledger: Arc<Ledger>,
}

/// The publisher, recorded into the file at `path` where one is named.
pub fn recorded(
    inner: Arc<dyn Publisher>,
    path: Option<&Path>,
) -> anyhow::Result<Arc<dyn Publisher>> {
    let Some(path) = path else { return Ok(inner) };
    let ledger = Ledger::open(path).with_context(|| {
        format!("the ledger {} cannot be written: name another file", path.display())
    })?;
    Ok(Arc::new(Recording { inner, ledger: Arc::new(ledger) }))
}

#[async_trait]
impl Publisher for Recording {
    /// In a task of its own: a camera that waits no longer does not make the broker take the message
    /// back, so its line is written all the same. At once: cameras are few, and a process that is
    /// killed then loses none. A ledger that cannot be written says so itself and harms nothing else.
    async fn publish(&self, message: &Message) -> Result<(), PublishError> {
        let message = message.clone();
        let (inner, ledger) = (Arc::clone(&self.inner), Arc::clone(&self.ledger));
        let published = tokio::spawn(async move {
            inner.publish(&message).await?;
            ledger.record(&message.body);
            let _ = ledger.flush();
            Ok(())
        });
        published.await.unwrap_or(Err(PublishError::Away))
    }

    fn is_ready(&self) -> bool {
        self.inner.is_ready()
    }
}
