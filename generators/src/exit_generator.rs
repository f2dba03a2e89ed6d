//! The exit generator.
//!
//! Owns the schedule of the simulated exits. Hears [`Looked`] from its own look into the store, and
//! [`SetRate`], [`Pause`], [`Resume`], [`Describe`] and [`Finish`]. Tells the store and the
//! publisher. Never changes its mind: a turn is drawn as matched or made up first, and while a
//! matched one waits for its vehicle all turns behind it wait too, so that the shares come out.
//! Never loses a vehicle it took: what cannot be published is put back.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use actix::prelude::*;
use domain::SharedClock;
use platform::runtime::Vital;
use tokio::time::Instant;

use crate::camera::{Camera, Passage};
use crate::control::{Describe, Finish, Pause, Resume, Schedule, SetRate};
use crate::dice::Dice;
use crate::entry_generator::{COUNT_EVERY, count_inside};
use crate::inside_store::{Inside, InsideStore, PlateText, StoreError};
use crate::keep::Keeper;
use crate::metrics::{KindMeters, Origin};
use crate::misread::misread;
use crate::options::RE_READ_GAP_SECONDS_MAX;
use crate::outbox::Outbox;
use crate::pace::Pace;
use crate::phase::PhaseWatch;
use crate::plate_format::PlateFormat;
use crate::publisher::Sent;
use crate::slots::{Slot, Slots};
use crate::traffic::{RateIsGiven, Traffic};

/// Its own looks, one at a time, and requests of the admin page.
const MAILBOX_CAPACITY: usize = 16;
/// When to look again where no vehicle was due. Others put vehicles into the store, in other
/// processes too, and nobody tells.
const LOOK_AGAIN: Duration = Duration::from_millis(50);
/// Most vehicles of one look: one is not much dearer than many.
const LOOK_MAX: usize = 256;
/// When to look again where the store did not answer.
const STORE_AWAY: Duration = Duration::from_secs(1);

/// What it is made of.
pub(crate) struct ExitParts {
    /// The simulated camera that reads the vehicles.
    pub(crate) camera: Camera,
    /// How fast exits may be.
    pub(crate) traffic: Traffic,
    /// What made up plates look like.
    pub(crate) plate_format: PlateFormat,
    /// Share of the turns that take a vehicle out of the store.
    pub(crate) matched_share: f64,
    /// Share of these whose plate is read wrong.
    pub(crate) misread_share: f64,
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
    /// Takes back vehicles whose exit was not published.
    pub(crate) keeper: Keeper,
    /// The store of the vehicles that are inside.
    pub(crate) store: Arc<dyn InsideStore>,
    /// Counts what it does.
    pub(crate) meters: Arc<KindMeters>,
    /// Without it there is no traffic.
    pub(crate) vital: Vital,
}

/// See the module.
pub(crate) struct ExitGenerator {
    parts: ExitParts,
    /// What the schedule allows.
    pace: Pace,
    /// The kinds that were drawn for turns not yet taken, in their order. Never more than the
    /// schedule allows at that time.
    drawn: VecDeque<Origin>,
    /// Whether a look into the store is under way: its answer wakes the generator.
    is_looking: bool,
    /// Whether the last turn found no slot: only then are turns that fall out late ones.
    is_full: bool,
    /// The operator's wish.
    is_paused: bool,
    /// What wakes it next. One at a time.
    alarm: Option<SpawnHandle>,
}

/// What the turns that are due came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turns {
    /// All are taken.
    Taken,
    /// Vehicles are looked for; [`Looked`] tells.
    Looking,
    /// Too many are under way; the rest is still owed.
    Full,
}

/// What a look into the store found, at most one vehicle for each slot.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct Looked {
    found: Result<Vec<Inside>, StoreError>,
    slots: Vec<Arc<Slot>>,
}

impl ExitGenerator {
    pub(crate) fn new(parts: ExitParts) -> Self {
        Self {
            parts,
            pace: Pace::new(Instant::now()),
            drawn: VecDeque::new(),
            is_looking: false,
            is_full: false,
            is_paused: false,
            alarm: None,
        }
    }

    /// Takes all turns that are due and there is room for, and sets the alarm for the next.
    fn wake(&mut self, ctx: &mut Context<Self>) {
        if let Some(alarm) = self.alarm.take() {
            ctx.cancel_future(alarm);
        }
        if self.is_paused || self.is_looking {
            return;
        }
        let rate = self.parts.traffic.exit_rate_max();
        let left_out = self.pace.advance(Instant::now(), rate);
        if self.is_full {
            self.parts.meters.skipped.inc_by(left_out);
        }
        let turns = self.turns(&ctx.address());
        self.is_full = turns == Turns::Full;
        match turns {
            Turns::Taken => self.alarm = Some(ctx.run_later(self.pace.sleep(rate), Self::wake)),
            Turns::Looking => {}
            Turns::Full => {
                let freed = self.parts.slots.clone().freed().into_actor(self);
                self.alarm = Some(ctx.spawn(freed.map(|(), generator, ctx| generator.wake(ctx))));
            }
        }
    }

    /// The step: draws which kinds of exits come, where that is not drawn already, takes the made
    /// up ones in front and looks for vehicles for the matched ones behind.
    fn turns(&mut self, own: &Addr<Self>) -> Turns {
        self.parts.vital.may_die_here();
        let due = self.pace.due_count().min(LOOK_MAX);
        while self.drawn.len() < due {
            let is_matched = self.parts.dice.chance(self.parts.matched_share);
            self.drawn.push_back(if is_matched { Origin::Matched } else { Origin::MadeUp });
        }
        if !self.made_up_in_front() {
            return Turns::Full;
        }
        // A rate that was lowered leaves more drawn than due.
        let due = self.drawn.iter().take(self.pace.due_count());
        let matched = due.filter(|origin| **origin == Origin::Matched).count();
        if matched == 0 {
            return Turns::Taken;
        }
        let take_slot = || self.parts.slots.try_take().map(Arc::new);
        let slots: Vec<_> = std::iter::from_fn(take_slot).take(matched).collect();
        if slots.is_empty() {
            return Turns::Full;
        }
        self.is_looking = true;
        let (store, clock) = (Arc::clone(&self.parts.store), self.parts.clock.clone());
        let keeper = self.parts.keeper.clone();
        actix_rt::spawn(look(store, clock, keeper, own.clone(), slots));
        Turns::Looking
    }

    /// Takes the turns that are due up to the first matched one. False where there was no room.
    fn made_up_in_front(&mut self) -> bool {
        while self.pace.is_due() && self.drawn.front() == Some(&Origin::MadeUp) {
            let Some(slot) = self.parts.slots.try_take() else { return false };
            self.drawn.pop_front();
            let plate = self.parts.plate_format.draw(&mut self.parts.dice);
            let passage = self.see(&plate);
            self.begin(passage, None, Origin::MadeUp, Arc::new(slot));
        }
        true
    }

    /// A vehicle was found: the first matched turn is taken.
    fn leave(&mut self, mut vehicle: Inside, slot: Arc<Slot>) {
        if let Some(at) = self.drawn.iter().position(|origin| *origin == Origin::Matched) {
            self.drawn.remove(at);
        }
        let passage = match vehicle.exit.take() {
            // It may have arrived: the same observation again, and no other.
            Some(exit) => Passage::plain(*exit),
            None if self.parts.dice.chance(self.parts.misread_share) => {
                self.parts.meters.misread.inc();
                let wrong = misread(&vehicle.plate, &mut self.parts.dice);
                self.see(&wrong)
            }
            None => self.see(&vehicle.plate),
        };
        self.begin(passage, Some(vehicle), Origin::Matched, slot);
    }

    fn see(&mut self, plate: &PlateText) -> Passage {
        let ExitParts { camera, clock, dice, .. } = &mut self.parts;
        camera.see(plate, clock.now(), Duration::from_secs_f64(RE_READ_GAP_SECONDS_MAX), dice)
    }

    /// A turn is taken: its messages are on their way.
    fn begin(&mut self, passage: Passage, from: Option<Inside>, origin: Origin, slot: Arc<Slot>) {
        self.pace.take();
        if !passage.late_by.is_zero() {
            self.parts.meters.late.inc();
        }
        let (outbox, keeper) = (self.parts.outbox.clone(), self.parts.keeper.clone());
        let meters = Arc::clone(&self.parts.meters);
        actix_rt::spawn(async move {
            match outbox.send_first(&passage, origin).await {
                Sent::Confirmed => outbox.send_repeats(passage, origin).await,
                Sent::GivenUp => put_back(passage, from, &keeper, &meters).await,
            }
            drop(slot);
        });
    }

    fn schedule(&self) -> Schedule {
        Schedule { rate: self.parts.traffic.exit_rate_max(), paused: self.is_paused }
    }
}

/// Looks for vehicles whose time has come, one for each slot, once. Where the generator has stopped
/// meanwhile they go back; the slots are held until they have, so that a stop waits for it.
async fn look(
    store: Arc<dyn InsideStore>,
    clock: SharedClock,
    keeper: Keeper,
    own: Addr<ExitGenerator>,
    slots: Vec<Arc<Slot>>,
) {
    let found = store.take_due(clock.now(), slots.len()).await;
    let looked = Looked { found: found.clone(), slots: slots.clone() };
    if own.send(looked).await.is_err() {
        for vehicle in found.unwrap_or_default() {
            if !keeper.put_back(vehicle).await {
                log_lost();
            }
        }
    }
    drop(slots);
}

/// A stop came before the confirmation: the vehicle goes back, with the exit that was made.
async fn put_back(passage: Passage, from: Option<Inside>, keeper: &Keeper, meters: &KindMeters) {
    let Some(vehicle) = from else { return };
    let exit = Some(Box::new(passage.first));
    if keeper.put_back(Inside { exit, ..vehicle }).await {
        meters.put_back.inc();
    } else {
        log_lost();
    }
}

fn log_lost() {
    tracing::warn!("a vehicle could not be put back into the store and will not leave");
}

impl Actor for ExitGenerator {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(MAILBOX_CAPACITY);
        ctx.run_interval(COUNT_EVERY, |generator, ctx| {
            let (store, meters) = (&generator.parts.store, &generator.parts.meters);
            actix_rt::spawn(count_inside(Arc::clone(store), Arc::clone(meters)));
            generator.wake(ctx);
        });
        let gone = self.parts.phases.clone().gone().into_actor(self);
        ctx.spawn(gone.map(|(), _, ctx| ctx.stop()));
        self.wake(ctx);
    }
}

impl Handler<Looked> for ExitGenerator {
    type Result = ();

    fn handle(&mut self, Looked { found, slots }: Looked, ctx: &mut Self::Context) {
        self.is_looking = false;
        let wanted = slots.len();
        let again = match found {
            Ok(vehicles) => {
                let all_found = vehicles.len() == wanted;
                // In a pause, too: they have been taken.
                for (vehicle, slot) in vehicles.into_iter().zip(slots) {
                    self.leave(vehicle, slot);
                }
                if all_found || self.is_paused || !self.made_up_in_front() {
                    return self.wake(ctx);
                }
                LOOK_AGAIN
            }
            Err(_) => STORE_AWAY,
        };
        if !self.is_paused {
            self.alarm = Some(ctx.run_later(again, Self::wake));
        }
    }
}

impl Handler<SetRate> for ExitGenerator {
    type Result = Result<Schedule, RateIsGiven>;

    fn handle(&mut self, SetRate(rate): SetRate, ctx: &mut Self::Context) -> Self::Result {
        self.parts.traffic.set_rate(rate)?;
        self.pace.rest(Instant::now());
        self.wake(ctx);
        Ok(self.schedule())
    }
}

impl Handler<Pause> for ExitGenerator {
    type Result = Schedule;

    fn handle(&mut self, _: Pause, ctx: &mut Self::Context) -> Self::Result {
        self.is_paused = true;
        self.wake(ctx);
        self.schedule()
    }
}

impl Handler<Resume> for ExitGenerator {
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

impl Handler<Describe> for ExitGenerator {
    type Result = Schedule;

    fn handle(&mut self, _: Describe, _: &mut Self::Context) -> Self::Result {
        self.schedule()
    }
}

impl Handler<Finish> for ExitGenerator {
    type Result = ResponseFuture<()>;

    fn handle(&mut self, _: Finish, ctx: &mut Self::Context) -> Self::Result {
        ctx.stop();
        Box::pin(self.parts.slots.clone().all_freed())
    }
}

#[cfg(test)]
mod tests;
