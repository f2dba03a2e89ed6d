//! Putting vehicles into a store that may be away.

use std::sync::Arc;
use std::time::Duration;

use platform::runtime::Backoff;

use crate::inside_store::{Inside, InsideStore};
use crate::phase::{Phase, PhaseWatch};

/// How long a stop tries to put a vehicle back.
pub(crate) const PUT_BACK_MAX: Duration = Duration::from_secs(2);

/// What every passage of a generator needs to keep its vehicle.
#[derive(Clone)]
pub(crate) struct Keeper {
    /// Where the vehicles are kept.
    store: Arc<dyn InsideStore>,
    /// A stop ends the attempts.
    phases: PhaseWatch,
}

impl Keeper {
    pub(crate) fn new(store: Arc<dyn InsideStore>, phases: PhaseWatch) -> Self {
        Self { store, phases }
    }

    /// A vehicle has entered. Tries until the store has it, or a stop gives up: then the vehicle
    /// never leaves.
    pub(crate) async fn put(&self, vehicle: Inside) -> bool {
        tokio::select! {
            biased;
            () = self.put_until_kept(vehicle) => true,
            () = self.phases.reached(Phase::GivingUp) => false,
        }
    }

    /// A vehicle that was taken has not left. Tries for a while, also after a stop has given up on
    /// the broker.
    pub(crate) async fn put_back(&self, vehicle: Inside) -> bool {
        tokio::time::timeout(PUT_BACK_MAX, self.put_until_kept(vehicle)).await.is_ok()
    }

    async fn put_until_kept(&self, vehicle: Inside) {
        let mut backoff = Backoff::default();
        while self.store.put(vehicle.clone()).await.is_err() {
            backoff.wait().await;
        }
    }
}
