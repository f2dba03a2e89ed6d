//! Generators on a bench: paused time, a broker and a store in memory, both at hand.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta};
use domain::{Direction, Instant, Observation, Plate, SharedClock};
use platform::runtime::Vitals;
use prometheus::Registry;

use crate::inside_store::{Inside, MemoryStore, StoreError};
use crate::testing::RecordingPublisher;
use crate::{Faults, Generators, InsideStore, Options, Snapshot};

pub(crate) const BOTH: &[Direction] = &[Direction::Entry, Direction::Exit];
pub(crate) const ENTRIES: &[Direction] = &[Direction::Entry];
pub(crate) const EXITS: &[Direction] = &[Direction::Exit];

pub(crate) struct Rig {
    pub(crate) generators: Generators,
    pub(crate) broker: Arc<RecordingPublisher>,
    pub(crate) store: Arc<MoodyStore>,
    pub(crate) clock: SharedClock,
    pub(crate) registry: Registry,
}

/// A store in memory that can be made to fail.
#[derive(Default)]
pub(crate) struct MoodyStore {
    store: MemoryStore,
    is_away: AtomicBool,
}

/// A seeded set of options with plates enough that none comes twice.
pub(crate) fn options() -> Options {
    Options { seed: Some(7), plate_format: plates("AAA-9999-AA"), ..Options::default() }
}

pub(crate) fn faults(faults: Faults) -> Options {
    Options { faults, ..options() }
}

pub(crate) fn plates(format: &str) -> crate::PlateFormat {
    crate::PlateFormat::parse(format).unwrap()
}

/// A clock that follows the paused time of the runtime.
pub(crate) fn paused_clock() -> SharedClock {
    let begun_at = tokio::time::Instant::now();
    let epoch = DateTime::UNIX_EPOCH + TimeDelta::days(20_000);
    Arc::new(move || -> Instant { epoch + TimeDelta::from_std(begun_at.elapsed()).unwrap() })
}

impl Rig {
    /// Pauses time and starts generators.
    pub(crate) async fn start(options: Options, kinds: &[Direction]) -> Self {
        tokio::time::pause();
        Self::start_again(options, kinds).await
    }

    /// Starts generators in a world of their own, where time is paused already.
    pub(crate) async fn start_again(options: Options, kinds: &[Direction]) -> Self {
        Self::beside(options, kinds, paused_clock(), Arc::default(), Arc::default()).await
    }

    /// Generators that share the world of others.
    pub(crate) async fn beside(
        options: Options,
        kinds: &[Direction],
        clock: SharedClock,
        broker: Arc<RecordingPublisher>,
        store: Arc<MoodyStore>,
    ) -> Self {
        let registry = Registry::new();
        let (publisher, inside) = (broker.clone(), store.clone());
        let generators = crate::start(
            options,
            kinds,
            publisher,
            inside,
            Arc::clone(&clock),
            &registry,
            &Vitals::default(),
        )
        .await
        .unwrap();
        Self { generators, broker, store, clock, registry }
    }

    /// Lets paused time pass: everything that falls due in it happens.
    pub(crate) async fn pass(&self, seconds: u64) {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
    }

    pub(crate) fn confirmed(&self, kind: Direction) -> Vec<Observation> {
        self.broker.observations(kind, self.clock.now())
    }

    pub(crate) fn plates(&self, kind: Direction) -> HashSet<Plate> {
        self.confirmed(kind).into_iter().map(|observation| observation.plate).collect()
    }

    pub(crate) fn entries(&self) -> crate::Counts {
        self.generators.snapshot().entries.unwrap()
    }

    pub(crate) fn exits(&self) -> crate::Counts {
        self.generators.snapshot().exits.unwrap()
    }

    pub(crate) async fn inside(&self) -> u64 {
        self.store.store.count().await.unwrap()
    }

    pub(crate) async fn stop(self) -> Snapshot {
        self.generators.finish().await
    }
}

impl MoodyStore {
    pub(crate) fn set_away(&self, is_away: bool) {
        self.is_away.store(is_away, Ordering::SeqCst);
    }

    fn check(&self) -> Result<(), StoreError> {
        if self.is_away.load(Ordering::SeqCst) {
            return Err(StoreError("away".to_owned()));
        }
        Ok(())
    }
}

#[async_trait]
impl InsideStore for MoodyStore {
    async fn put(&self, vehicle: Inside) -> Result<(), StoreError> {
        self.check()?;
        self.store.put(vehicle).await
    }

    async fn take_due(&self, now: Instant, count: usize) -> Result<Vec<Inside>, StoreError> {
        self.check()?;
        self.store.take_due(now, count).await
    }

    async fn count(&self) -> Result<u64, StoreError> {
        self.check()?;
        self.store.count().await
    }
}
