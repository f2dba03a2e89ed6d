//! The entry generator.
//!
//! Owns the schedule of the simulated entries. Hears [`SetRate`], [`Pause`], [`Resume`],
//! [`Describe`] and [`Finish`]. Tells the publisher, and the store once an entry is confirmed.
//! Never has more passages under way than it has slots, and never makes up for more than a second
//! of turns that it missed.

use std::sync::Arc;
use std::time::Duration;

use actix::prelude::*;
use chrono::TimeDelta;
use domain::SharedClock;
use platform::runtime::Vital;
use tokio::time::Instant;

use crate::camera::{Camera, Passage};
use crate::control::{Describe, Finish, Pause, Resume, Schedule, SetRate};
use crate::dice::Dice;
use crate::inside_store::{Inside, InsideStore};
use crate::keep::Keeper;
use crate::metrics::{KindMeters, Origin};
use crate::outbox::Outbox;
use crate::pace::Pace;
use crate::phase::PhaseWatch;
use crate::plate_format::PlateFormat;
use crate::publisher::Sent;
use crate::slots::{Slot, Slots};
use crate::traffic::{RateIsGiven, Traffic};

/// Requests of the admin page; nothing else is sent here.
const MAILBOX_CAPACITY: usize = 16;
/// How often the vehicles inside are counted.
pub(crate) const COUNT_EVERY: Duration = Duration::from_secs(1);

/// What it is made of.
pub(crate) struct EntryParts {
    /// The simulated camera that reads the vehicles.
    pub(crate) camera: Camera,
    /// How many come and how long they stay.
    pub(crate) traffic: Traffic,
    /// What their plates look like.
    pub(crate) plate_format: PlateFormat,
    /// All its chance, but for the waits.
    pub(crate) dice: Dice,
    /// The clock of event times.
    pub(crate) clock: SharedClock,
    /// Ends with the run, also where nobody said [`Finish`].
    pub(crate) phases: PhaseWatch,
    /// Bounds what is under way.
    pub(crate) slots: Slots,
    /// Sends the messages to the broker.
    pub(crate) outbox: Outbox,
    /// Puts the vehicles inside into the store.
    pub(crate) keeper: Keeper,
    /// Counted once per second for the gauge.
    pub(crate) store: Arc<dyn InsideStore>,
    /// Counts what it does.
    pub(crate) meters: Arc<KindMeters>,
    /// Without it there is no traffic.
    pub(crate) vital: Vital,
}

/// See the module.
pub(crate) struct EntryGenerator {
    parts: EntryParts,
    /// What the schedule owes.
    pace: Pace,
    /// The operator's wish.
    is_paused: bool,
    /// What wakes it next: the schedule, or a slot that becomes free. One at a time.
    alarm: Option<SpawnHandle>,
}

/// What came of a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// A vehicle came.
    Made,
    /// Too many are under way; the turn is still owed.
    Full,
}

impl EntryGenerator {
    pub(crate) fn new(parts: EntryParts) -> Self {
        Self { parts, pace: Pace::new(Instant::now()), is_paused: false, alarm: None }
    }

    /// Takes all turns that are owed and there is room for, and sets the alarm for the next.
    fn wake(&mut self, ctx: &mut Context<Self>) {
        if let Some(alarm) = self.alarm.take() {
            ctx.cancel_future(alarm);
        }
        if self.is_paused {
            return;
        }
        let rate = self.rate();
        self.parts.meters.skipped.inc_by(self.pace.advance(Instant::now(), rate));
        while self.pace.is_due() {
            if self.turn() == Turn::Full {
                let freed = self.parts.slots.clone().freed().into_actor(self);
                self.alarm = Some(ctx.spawn(freed.map(|(), generator, ctx| generator.wake(ctx))));
                return;
            }
            self.pace.take();
        }
        self.alarm = Some(ctx.run_later(self.pace.sleep(rate), Self::wake));
    }

    /// The step: a vehicle comes, if there is room for one more under way.
    pub(crate) fn turn(&mut self) -> Turn {
        self.parts.vital.may_die_here();
        let Some(slot) = self.parts.slots.try_take() else { return Turn::Full };
        let (passage, vehicle) = self.draw();
        if !passage.late_by.is_zero() {
            self.parts.meters.late.inc();
        }
        let (outbox, keeper) = (self.parts.outbox.clone(), self.parts.keeper.clone());
        actix_rt::spawn(enter(passage, vehicle, outbox, keeper, slot));
        Turn::Made
    }

    /// A vehicle that was not there before.
    pub(crate) fn draw(&mut self) -> (Passage, Inside) {
        let EntryParts { camera, traffic, plate_format, dice, clock, .. } = &mut self.parts;
        let plate = plate_format.draw(dice);
        let dwell = traffic.dwell(dice);
        let passage = camera.see(&plate, clock.now(), dwell / 2, dice);
        let leaves_at = passage.first.at + TimeDelta::from_std(dwell).unwrap_or(TimeDelta::MAX);
        (passage, Inside { plate, leaves_at, exit: None })
    }

    fn rate(&self) -> f64 {
        self.parts.traffic.entry_rate(self.parts.clock.now())
    }

    fn schedule(&self) -> Schedule {
        Schedule { rate: self.rate(), paused: self.is_paused }
    }
}

/// Publishes an entry, and only then lets the vehicle in: one whose entry never arrived must not
/// leave.
async fn enter(passage: Passage, vehicle: Inside, outbox: Outbox, keeper: Keeper, slot: Slot) {
    if outbox.send_first(&passage, Origin::New).await == Sent::Confirmed {
        if !keeper.put(vehicle).await {
            tracing::warn!("a vehicle that entered is not in the store and will not leave");
        }
        outbox.send_repeats(passage, Origin::New).await;
    }
    drop(slot);
}

impl Actor for EntryGenerator {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(MAILBOX_CAPACITY);
        ctx.run_interval(COUNT_EVERY, |generator, ctx| {
            let (store, meters) = (&generator.parts.store, &generator.parts.meters);
            actix_rt::spawn(count_inside(Arc::clone(store), Arc::clone(meters)));
            // Where it waits for a slot: what it misses is to be seen while it misses it.
            generator.wake(ctx);
        });
        let gone = self.parts.phases.clone().gone().into_actor(self);
        ctx.spawn(gone.map(|(), _, ctx| ctx.stop()));
        self.wake(ctx);
    }
}

/// Brings the gauge up to date. A store that is away says so itself.
pub(crate) async fn count_inside(store: Arc<dyn InsideStore>, meters: Arc<KindMeters>) {
    if let Ok(count) = store.count().await {
        meters.inside.set(i64::try_from(count).unwrap_or(i64::MAX));
    }
}

impl Handler<SetRate> for EntryGenerator {
    type Result = Result<Schedule, RateIsGiven>;

    fn handle(&mut self, SetRate(rate): SetRate, ctx: &mut Self::Context) -> Self::Result {
        self.parts.traffic.set_rate(rate)?;
        self.pace.rest(Instant::now());
        self.wake(ctx);
        Ok(self.schedule())
    }
}

impl Handler<Pause> for EntryGenerator {
    type Result = Schedule;

    fn handle(&mut self, _: Pause, ctx: &mut Self::Context) -> Self::Result {
        self.is_paused = true;
        self.wake(ctx);
        self.schedule()
    }
}

impl Handler<Resume> for EntryGenerator {
    type Result = Schedule;

    fn handle(&mut self, _: Resume, ctx: &mut Self::Context) -> Self::Result {
        if self.is_paused {
            self.is_paused = false;
            self.pace.rest(Instant::now());
            self.wake(ctx);
        }
        self.schedule()
    }
}

impl Handler<Describe> for EntryGenerator {
    type Result = Schedule;

    fn handle(&mut self, _: Describe, _: &mut Self::Context) -> Self::Result {
        self.schedule()
    }
}

impl Handler<Finish> for EntryGenerator {
    type Result = ResponseFuture<()>;

    fn handle(&mut self, _: Finish, ctx: &mut Self::Context) -> Self::Result {
        ctx.stop();
        Box::pin(self.parts.slots.clone().all_freed())
    }
}

#[cfg(test)]
mod tests;
