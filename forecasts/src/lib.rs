//! How full a car park will be, and when a client comes.
//!
//! Pure models: no input or output, no clock, no dice. The same history gives the same forecast.
//!
//! - [`Occupancy`] is for the bays of one type at one place. It is told the share of the spaces that is taken
//!   ([`Occupancy::observe`]), value by value, learns a day when it is over, and says how full it will be
//!   ([`Occupancy::forecast`]), with intervals that are right as often as they say, and when it will be full
//!   ([`Occupancy::fills`]). Each [`Point`] says of what it was made ([`MadeOf`]).
//! - [`Habit`] is for one client at one place. It is told visits, and says the chance that he comes, quarter
//!   of an hour by quarter of an hour, given that he has not come yet.
//! - [`Baselines`] need no model. What is not better than they are is not worth having; [`backtest`] holds
//!   one against the other.
//!
//! All of them are data (serde), of a size that does not grow, and never need the history again. JSON
//! gives them back all but to the last bit, or to it where `serde_json` has its feature `float_roundtrip`.
//!
//! The order of the files is that of the data: `moment` (quarters of an hour, kinds of day), `profile` (what
//! is usual), `decay` (how long a deviation lasts), `spread` (how wrong it was), `day` (was it a day like
//! others), `occupancy` (all of it, value by value), `forecast` and `explain` (what is said); `similar` (a
//! new place), `baseline`, `backtest`; `arrivals`. What was measured: `docs/forecasts.md`.

mod arrivals;
pub mod backtest;
mod baseline;
mod day;
mod decay;
mod explain;
mod forecast;
mod moment;
mod occupancy;
mod profile;
mod similar;
mod spread;
mod table;

pub use arrivals::{Chances, Habit, NoChance, PlaceHours, Visit};
pub use baseline::Baselines;
pub use day::DayWas;
pub use decay::{Deviation, Left};
pub use forecast::{Fills, Forecast, MadeOf, NoForecast, Point, QUARTERS_MAX};
pub use moment::{Calendar, Class, DayKind, Local, QUARTERS, Slot};
pub use occupancy::{Heard, Occupancy};
pub use profile::Usual;
pub use similar::Traits;
