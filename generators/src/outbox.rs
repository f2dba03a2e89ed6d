//! The way of a passage's messages to the publisher: in their order, each when its time has come.

use std::time::Duration;

use actix::Recipient;
use domain::{Observation, SharedClock};
use platform::messaging::Message;

use crate::camera::Passage;
use crate::metrics::{Origin, Read};
use crate::phase::{Phase, PhaseWatch};
use crate::publisher::{Publish, Sent};

/// Shared by all passages of a generator.
#[derive(Clone)]
pub(crate) struct Outbox {
    /// Who publishes, and tries again until the broker has confirmed.
    publisher: Recipient<Publish>,
    /// A stop cuts the waits short.
    phases: PhaseWatch,
    /// When a second read is due.
    clock: SharedClock,
}

impl Outbox {
    pub(crate) fn new(
        publisher: Recipient<Publish>,
        phases: PhaseWatch,
        clock: SharedClock,
    ) -> Self {
        Self { publisher, phases, clock }
    }

    /// Sends the message that every passage has. One that is held back on purpose leaves when a
    /// stop begins, at the latest: the camera has seen it.
    pub(crate) async fn send_first(&self, passage: &Passage, origin: Origin) -> Sent {
        if !passage.late_by.is_zero() {
            self.phases.sleep_unless(Phase::Draining, passage.late_by).await;
        }
        self.send(&passage.first, origin, Read::First).await
    }

    /// Sends what comes after a confirmed first message. A second read that has not been made when
    /// a stop begins is not made: no event is ahead of the clock.
    pub(crate) async fn send_repeats(&self, passage: Passage, origin: Origin) {
        if passage.is_duplicated {
            self.send(&passage.first, origin, Read::Duplicate).await;
        }
        let Some(again) = passage.re_read else { return };
        let gap = (again.at - self.clock.now()).to_std().unwrap_or(Duration::ZERO);
        if self.phases.sleep_unless(Phase::Draining, gap).await {
            self.send(&again, origin, Read::Again).await;
        }
    }

    async fn send(&self, observation: &Observation, origin: Origin, read: Read) -> Sent {
        let message = Message::from(observation);
        let publish = Publish { kind: observation.direction, origin, read, message };
        // A publisher that is gone confirms nothing any more.
        self.publisher.send(publish).await.unwrap_or(Sent::GivenUp)
    }
}
