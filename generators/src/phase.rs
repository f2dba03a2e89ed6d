//! How far a stop has come, for all that have to know.

use tokio::sync::watch;

/// The phases of a run, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// As it should be.
    Running,
    /// Nothing new is made; what was held back on purpose leaves now.
    Draining,
    /// What is unconfirmed stays so; vehicles go back into the store.
    GivingUp,
}

/// Says which phase it is.
#[derive(Debug)]
pub(crate) struct PhaseSetter(watch::Sender<Phase>);

/// Knows which phase it is.
#[derive(Debug, Clone)]
pub(crate) struct PhaseWatch(watch::Receiver<Phase>);

/// A run begins.
pub(crate) fn running() -> (PhaseSetter, PhaseWatch) {
    let (setter, watch) = watch::channel(Phase::Running);
    (PhaseSetter(setter), PhaseWatch(watch))
}

impl PhaseSetter {
    pub(crate) fn set(&self, phase: Phase) {
        self.0.send_replace(phase);
    }
}

impl PhaseWatch {
    /// Waits for `phase` or a later one. Who sets the phases is gone: then the run is, too.
    pub(crate) async fn reached(&self, phase: Phase) {
        let mut watch = self.0.clone();
        let _gone = watch.wait_for(|now| *now >= phase).await;
    }

    /// Waits until who sets the phases is gone, and the run with it.
    pub(crate) async fn gone(self) {
        let mut watch = self.0;
        while watch.changed().await.is_ok() {}
    }

    /// Sleeps, but not into `phase`. False if it came.
    pub(crate) async fn sleep_unless(&self, phase: Phase, duration: std::time::Duration) -> bool {
        tokio::select! {
            biased;
            () = self.reached(phase) => false,
            () = tokio::time::sleep(duration) => true,
        }
    }
}
