//! A generator of simulated traffic: of the entries, or of the exits.
//!
//! Owns the schedule of its passages. Hears [`Order`] from the operator, [`Looked`] from its own look
//! into the store, and [`Finish`]. Tells the broker and the store, by the [`Way`] that each passage
//! takes. Never has more passages under way than it has slots, and never makes up for more than a
//! second of turns that it missed. Exits never change their mind: a turn is drawn as matched or made
//! up first, and while a matched one waits for its vehicle all turns behind it wait too, so that the
//! shares come out. A vehicle that was taken is never lost: what cannot be published is put back.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use actix::prelude::*;
use chrono::TimeDelta;
use domain::Direction;
use platform::runtime::Vital;
use serde::Serialize;
use tokio::time::Instant;

use crate::camera::{Camera, Passage};
use crate::dice::{Dice, Stream};
use crate::inside_store::{Inside, PlateText, StoreError};
use crate::metrics::Origin;
use crate::misread::misread;
use crate::options::{Options, RE_READ_GAP_SECONDS_MAX};
use crate::pace::Pace;
use crate::slots::{Slot, Slots};
use crate::traffic::{RateIsGiven, Traffic};
use crate::way::Way;

/// Its own looks, one at a time, and requests of the admin page.
const MAILBOX_CAPACITY: usize = 16;
/// How often the vehicles inside are counted and the ledger goes to its file.
const TICK_EVERY: Duration = Duration::from_secs(1);
/// When to look again where no vehicle was due. Others put vehicles into the store, in other
/// processes too, and nobody tells.
const LOOK_AGAIN: Duration = Duration::from_millis(50);
/// Most vehicles of one look: one is not much dearer than many.
const LOOK_MAX: usize = 256;
/// When to look again where the store did not answer.
const STORE_AWAY: Duration = Duration::from_secs(1);

/// What the operator wants; the answer is the schedule from then on.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "Result<Schedule, RateIsGiven>")]
pub(crate) enum Order {
    /// To know the schedule.
    Describe,
    /// No passages until [`Order::Resume`]. What is under way goes on.
    Pause,
    /// Passages again. Nothing fell due in the meantime.
    Resume,
    /// This many entries per second; it has been checked.
    SetRate(f64),
}

/// Make nothing any more and stop; the answer comes when nothing is under way.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct Finish;

/// How the schedule of a generator stands.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, utoipa::ToSchema)]
pub(crate) struct Schedule {
    /// Passages per second: of entries what is aimed at, of exits the most.
    pub(crate) rate: f64,
    /// Whether it pauses.
    pub(crate) paused: bool,
}

/// What a look into the store found, at most one vehicle for each slot.
#[derive(Message)]
#[rtype(result = "()")]
struct Looked {
    found: Result<Vec<Inside>, StoreError>,
    slots: Vec<Arc<Slot>>,
}

/// Alive from the start until [`Finish`], or until nobody holds the run any more.
pub(crate) struct Generator {
    kind: Direction,
    options: Options,
    camera: Camera,
    traffic: Traffic,
    /// All its chance, but for the waits.
    dice: Dice,
    /// Taken by every passage, and by the looks into the store.
    way: Arc<Way>,
    slots: Slots,
    /// What the schedule owes.
    pace: Pace,
    /// Of the exits: the origins that were drawn for turns not yet taken, in their order. Never more
    /// than the schedule allowed when they were drawn.
    drawn: VecDeque<Origin>,
    /// Whether a look into the store is under way: its answer wakes the generator.
    is_looking: bool,
    /// Whether the last turn found no slot: exits that fall out for want of vehicles are not missed.
    is_full: bool,
    /// The operator's wish.
    is_paused: bool,
    /// What wakes it next: the schedule, or a slot that becomes free. One at a time.
    alarm: Option<SpawnHandle>,
    /// Without it there is no traffic.
    vital: Vital,
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

impl Generator {
    /// `options` have been checked.
    pub(crate) fn new(
        kind: Direction,
        options: Options,
        seed: u64,
        way: Arc<Way>,
        vital: Vital,
    ) -> Self {
        let stream = match kind {
            Direction::Entry => Stream::Entries,
            Direction::Exit => Stream::Exits,
        };
        Self {
            kind,
            camera: Camera::new(kind, &options),
            traffic: Traffic::new(&options, way.clock.now()),
            dice: Dice::new(seed, stream),
            slots: Slots::new(options.in_flight_max, way.meters.in_flight.clone()),
            options,
            way,
            pace: Pace::new(Instant::now()),
            drawn: VecDeque::new(),
            is_looking: false,
            is_full: false,
            is_paused: false,
            alarm: None,
            vital,
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
        let rate = self.rate();
        let left_out = self.pace.advance(Instant::now(), rate);
        if self.is_full || self.kind == Direction::Entry {
            self.way.meters.skipped.inc_by(left_out);
        }
        let turns = self.turns(&ctx.address());
        self.is_full = turns == Turns::Full;
        match turns {
            Turns::Taken => self.alarm = Some(ctx.run_later(self.pace.sleep(rate), Self::wake)),
            Turns::Looking => {}
            Turns::Full => {
                let freed = self.slots.clone().freed().into_actor(self);
                self.alarm = Some(ctx.spawn(freed.map(|(), generator, ctx| generator.wake(ctx))));
            }
        }
    }

    /// The step: draws which origins the exits that are due have, where that is not drawn already,
    /// takes the turns in front that need no vehicle, and looks for vehicles for those behind.
    fn turns(&mut self, own: &Addr<Self>) -> Turns {
        self.vital.may_die_here();
        if self.kind == Direction::Exit {
            while self.drawn.len() < self.pace.due_count().min(LOOK_MAX) {
                let is_matched = self.dice.chance(self.options.matched_share);
                self.drawn.push_back(if is_matched { Origin::Matched } else { Origin::MadeUp });
            }
        }
        if !self.turns_in_front() {
            return Turns::Full;
        }
        // A rate that was lowered leaves more drawn than due.
        let due = self.drawn.iter().take(self.pace.due_count());
        let matched = due.filter(|origin| **origin == Origin::Matched).count();
        if matched == 0 {
            return Turns::Taken;
        }
        let take_slot = || self.slots.try_take().map(Arc::new);
        let slots: Vec<_> = std::iter::from_fn(take_slot).take(matched).collect();
        if slots.is_empty() {
            return Turns::Full;
        }
        self.is_looking = true;
        actix_rt::spawn(look(Arc::clone(&self.way), own.clone(), slots));
        Turns::Looking
    }

    /// Takes the turns that are due up to the first that waits for a vehicle. False where there was no
    /// room.
    fn turns_in_front(&mut self) -> bool {
        while self.pace.is_due() {
            let origin = match self.kind {
                Direction::Entry => Origin::New,
                Direction::Exit if self.drawn.front() == Some(&Origin::MadeUp) => Origin::MadeUp,
                Direction::Exit => break,
            };
            let Some(slot) = self.slots.try_take() else { return false };
            self.drawn.pop_front();
            let plate = self.options.plate_format.draw(&mut self.dice);
            let stay = (origin == Origin::New).then(|| self.traffic.dwell(&mut self.dice));
            let passage = self.see(&plate, &plate, stay.map(|stay| stay / 2));
            let vehicle = stay.map(|stay| Inside {
                plate,
                leaves_at: passage.first.at + TimeDelta::from_std(stay).unwrap_or(TimeDelta::MAX),
                exit: None,
            });
            self.begin(passage, vehicle, origin, Arc::new(slot));
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
            None if self.dice.chance(self.options.faults.misread_share) => {
                self.way.meters.misread.inc();
                let wrong = misread(&vehicle.plate, &mut self.dice);
                self.see(&wrong, &vehicle.plate, None)
            }
            None => self.see(&vehicle.plate, &vehicle.plate, None),
        };
        self.begin(passage, Some(vehicle), Origin::Matched, slot);
    }

    /// The camera sees a vehicle now, and reads `plate`; a second read of it lies within
    /// `re_read_within`.
    fn see(
        &mut self,
        plate: &PlateText,
        vehicle: &PlateText,
        re_read_within: Option<Duration>,
    ) -> Passage {
        let within = re_read_within.unwrap_or(Duration::from_secs_f64(RE_READ_GAP_SECONDS_MAX));
        self.camera.see(plate, vehicle, self.way.clock.now(), within, &mut self.dice)
    }

    /// A turn is taken: its messages are on their way, and hold the slot until they are through.
    fn begin(
        &mut self,
        passage: Passage,
        vehicle: Option<Inside>,
        origin: Origin,
        slot: Arc<Slot>,
    ) {
        self.pace.take();
        if !passage.late_by.is_zero() {
            self.way.meters.late.inc();
        }
        let way = Arc::clone(&self.way);
        actix_rt::spawn(async move {
            way.pass(passage, origin, vehicle).await;
            drop(slot);
        });
    }

    fn rate(&self) -> f64 {
        match self.kind {
            Direction::Entry => self.traffic.entry_rate(self.way.clock.now()),
            Direction::Exit => self.traffic.exit_rate_max(),
        }
    }
}

/// Looks for vehicles whose time has come, one for each slot, once. Where the generator has stopped
/// meanwhile they go back; the slots are held until they have, so that a stop waits for it.
async fn look(way: Arc<Way>, own: Addr<Generator>, slots: Vec<Arc<Slot>>) {
    let found = way.store.take_due(way.clock.now(), slots.len()).await;
    let looked = Looked { found: found.clone(), slots: slots.clone() };
    if own.send(looked).await.is_err() {
        for vehicle in found.unwrap_or_default() {
            way.put_back(vehicle).await;
        }
    }
    drop(slots);
}

impl Actor for Generator {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(MAILBOX_CAPACITY);
        ctx.run_interval(TICK_EVERY, |generator, ctx| {
            let way = Arc::clone(&generator.way);
            actix_rt::spawn(async move { way.count_inside().await });
            generator.way.flush_ledger();
            // Where it waits for a slot: what it misses is to be seen while it misses it.
            generator.wake(ctx);
        });
        // Ends with the run, also where nobody said `Finish`.
        let given_up = self.way.stop.giving_up.clone().cancelled_owned().into_actor(self);
        ctx.spawn(given_up.map(|(), _, ctx| ctx.stop()));
        self.wake(ctx);
    }
}

impl Handler<Looked> for Generator {
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
                if all_found || self.is_paused || !self.turns_in_front() {
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

impl Handler<Order> for Generator {
    type Result = Result<Schedule, RateIsGiven>;

    fn handle(&mut self, order: Order, ctx: &mut Self::Context) -> Self::Result {
        let is_changed = match order {
            Order::Describe => false,
            Order::Pause => !std::mem::replace(&mut self.is_paused, true),
            Order::Resume => std::mem::take(&mut self.is_paused),
            Order::SetRate(rate) => self.traffic.set_rate(rate).map(|()| true)?,
        };
        if is_changed {
            self.pace.rest(Instant::now());
            self.wake(ctx);
        }
        Ok(Schedule { rate: self.rate(), paused: self.is_paused })
    }
}

impl Handler<Finish> for Generator {
    type Result = ResponseFuture<()>;

    fn handle(&mut self, _: Finish, ctx: &mut Self::Context) -> Self::Result {
        ctx.stop();
        Box::pin(self.slots.clone().all_freed())
    }
}

#[cfg(test)]
mod tests;
