//! The vehicles' turns.
//!
//! Owns: the fleet, its dice, and whose turn it is.
//! Hears: [`Order`], [`Finish`].
//! Tells: the monitor, by a [`Way`]; the answer comes when the ping is confirmed.
//! Never: has more pings under way than the way takes; changes a ping between two attempts.

use std::sync::Arc;
use std::time::Duration;

use actix::prelude::*;
use domain::wire::ping::{Ping, ping_to_json};
use domain::{SharedClock, VehicleId};
use platform::runtime::{Backoff, Vital};
use serde::Serialize;
use tokio::time::Instant;

use super::metrics::Meters;
use super::monitor::Monitor;
use super::way::{Way, WayError};
use super::{Options, Register, fleet};
use crate::dice::Dice;
use crate::pace::Pace;
use crate::slots::{Slot, Slots};

/// How often turns are given out.
const TURNS_EVERY: Duration = Duration::from_millis(50);
/// Attempts at one ping; the next one is more news.
const ATTEMPTS_MAX: u32 = 10;

/// What the operator wants; the answer is the state after it.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "State")]
pub(super) enum Order {
    /// To know the state.
    Describe,
    /// No pings until [`Order::Resume`].
    Pause,
    /// Pings again, from now on: no turn is made up for.
    Resume,
}

/// Make no more pings; answered when none is under way.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Finish;

/// How the simulated vehicles are.
#[derive(Debug, Clone, PartialEq, Serialize, MessageResponse, utoipa::ToSchema)]
pub(super) struct State {
    /// How many there are.
    vehicles: usize,
    /// Whether an operator has paused the vehicles.
    paused: bool,
    /// Seconds between two turns of one.
    every_seconds: f64,
    /// Share of the turns in which it pings.
    ping_share: f64,
    /// Pings confirmed since the start.
    confirmed: u64,
    /// Pings that the monitor did not take.
    refused: u64,
}

/// Gives out the turns of the whole fleet, one vehicle after the other.
pub(super) struct PingGenerator {
    options: Options,
    monitor: Monitor,
    way: Arc<dyn Way>,
    dice: Dice,
    clock: SharedClock,
    meters: Meters,
    slots: Slots,
    pace: Pace,
    vehicles: Vec<VehicleId>,
    /// Whose turn is next.
    next: usize,
    is_paused: bool,
    /// Without it no vehicle pings.
    vital: Vital,
}

impl PingGenerator {
    pub(super) fn new(
        options: Options,
        monitor: Monitor,
        way: Arc<dyn Way>,
        dice: Dice,
        clock: SharedClock,
        meters: Meters,
        vital: Vital,
    ) -> Self {
        Self {
            slots: Slots::new(way.window(), meters.in_flight.clone()),
            options,
            monitor,
            way,
            dice,
            clock,
            meters,
            pace: Pace::new(Instant::now()),
            vehicles: Vec::new(),
            next: 0,
            is_paused: false,
            vital,
        }
    }

    /// Registers the vehicles, or asks who is registered, until the monitor answers.
    fn prepare(&self) -> impl Future<Output = Vec<VehicleId>> + use<> {
        let monitor = self.monitor.clone();
        let Options { vehicles, customers, seed, register, .. } = self.options;
        async move {
            let mut backoff = Backoff::default();
            let mut is_told = false;
            loop {
                let ready = match vehicles {
                    Some(count) => {
                        let fleet = fleet::make(count, customers, seed.unwrap_or(0));
                        match register {
                            Register::No => Ok(fleet.vehicles),
                            _ => monitor.import(fleet.csv).await.map(|()| fleet.vehicles),
                        }
                    }
                    None => monitor.list().await,
                };
                match ready {
                    Ok(vehicles) if !vehicles.is_empty() => return vehicles,
                    Ok(_) if !is_told => {
                        tracing::warn!("no vehicles are registered: --vehicles makes some");
                    }
                    Err(error) if !is_told => {
                        tracing::warn!(error, "the vehicle monitor does not answer, trying again");
                    }
                    _ => {}
                }
                is_told = true;
                backoff.wait().await;
            }
        }
    }

    fn turns(&mut self, context: &mut Context<Self>) {
        self.vital.may_die_here();
        let now = Instant::now();
        if self.is_paused || self.vehicles.is_empty() {
            self.pace.rest(now);
            return;
        }
        let rate = self.vehicles.len() as f64 / self.options.every.as_secs_f64();
        self.meters.skipped.inc_by(self.pace.advance(now, rate));
        while self.pace.take() {
            self.next = (self.next + 1) % self.vehicles.len();
            if !self.dice.chance(self.options.share) {
                self.meters.silent.inc();
                continue;
            }
            let Some(slot) = self.slots.try_take() else {
                self.meters.skipped.inc();
                continue;
            };
            let ping = Ping { vehicle: self.vehicles[self.next].clone(), at: self.clock.now() };
            let body = ping_to_json(self.dice.observation_id().as_str(), &ping);
            context.spawn(self.send(ping.vehicle, body, slot).into_actor(self));
        }
    }

    fn send(
        &self,
        vehicle: VehicleId,
        body: String,
        slot: Slot,
    ) -> impl Future<Output = ()> + use<> {
        let (way, meters) = (Arc::clone(&self.way), self.meters.clone());
        async move {
            let _slot = slot;
            let mut backoff = Backoff::default();
            for _ in 0..ATTEMPTS_MAX {
                match way.bring(&vehicle, body.clone()).await {
                    Ok(()) => return meters.ended("confirmed"),
                    Err(WayError::Refused) => return meters.ended("refused"),
                    Err(WayError::Away) => meters.ended("failed"),
                }
                backoff.wait().await;
            }
        }
    }
}

impl Actor for PingGenerator {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        let prepared = self.prepare().into_actor(self);
        context.spawn(prepared.map(|vehicles, generator, _| {
            tracing::info!(vehicles = vehicles.len(), "simulated vehicles ready");
            generator.vehicles = vehicles;
        }));
        context.run_interval(TURNS_EVERY, Self::turns);
    }
}

impl Handler<Order> for PingGenerator {
    type Result = State;

    fn handle(&mut self, order: Order, _: &mut Self::Context) -> State {
        match order {
            Order::Describe => {}
            Order::Pause => self.is_paused = true,
            Order::Resume => self.is_paused = false,
        }
        State {
            vehicles: self.vehicles.len(),
            paused: self.is_paused,
            every_seconds: self.options.every.as_secs_f64(),
            ping_share: self.options.share,
            confirmed: self.meters.count("confirmed"),
            refused: self.meters.count("refused"),
        }
    }
}

impl Handler<Finish> for PingGenerator {
    type Result = ResponseFuture<()>;

    fn handle(&mut self, _: Finish, _: &mut Self::Context) -> Self::Result {
        self.is_paused = true;
        Box::pin(self.slots.clone().all_freed())
    }
}
