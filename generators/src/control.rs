//! The messages that both generators hear beside those of their own work.

use actix::prelude::*;
use serde::Serialize;

use crate::traffic::RateIsGiven;

/// Make this many entries per second from now on; it has been checked.
#[derive(Message)]
#[rtype(result = "Result<Schedule, RateIsGiven>")]
pub(crate) struct SetRate(pub(crate) f64);

/// Make nothing until [`Resume`]. What is under way goes on.
#[derive(Message)]
#[rtype(result = "Schedule")]
pub(crate) struct Pause;

/// Go on. Nothing fell due in the meantime.
#[derive(Message)]
#[rtype(result = "Schedule")]
pub(crate) struct Resume;

/// Say how the schedule stands.
#[derive(Message)]
#[rtype(result = "Schedule")]
pub(crate) struct Describe;

/// Make nothing any more and stop; the answer comes when nothing is under way.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct Finish;

/// How the schedule of a generator stands.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, MessageResponse, utoipa::ToSchema)]
pub(crate) struct Schedule {
    /// Passages per second: of entries what is aimed at, of exits the most.
    pub(crate) rate: f64,
    /// Whether it pauses.
    pub(crate) paused: bool,
}
