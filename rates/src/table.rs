//! A rate table, as its file has it.
//!
//! What has two answers in the world is an [`Option`] here, and no default: [`crate::parse()`] and
//! [`crate::price()`] refuse a table that leaves one out, with the question (see [`crate::questions()`]).

use chrono::NaiveDate;
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use crate::calendar::Holidays;
use crate::money::{Currency, Decimal};
use crate::period::Period;
use crate::ratio::Mode;
use crate::window::When;

/// One version of a car park's prices. Versions are never changed: a new price is a new version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateTable {
    /// What the table is called in bills and addresses: `city-centre`.
    pub id: String,
    /// The version, counted from 1. Every line of a bill names it.
    pub version: u32,
    /// The name that people read.
    pub name: String,
    /// The currency of every amount, by ISO 4217: `EUR`. Amounts are in major units, in quotes.
    pub currency: Currency,
    /// The time zone of the place, by its IANA name: `Europe/Berlin`.
    pub time_zone: Tz,
    /// The first local date on which entries are charged by this version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<NaiveDate>,
    /// The local date from which it is charged no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<NaiveDate>,
    /// Which days are holidays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holidays: Option<Holidays>,
    /// The answers that hold for the whole table.
    #[serde(default)]
    pub rules: Rules,
    /// The ways of charging, which compete.
    #[serde(default, rename = "product")]
    pub products: Vec<Product>,
    /// What is taken off, each with its place in the order.
    #[serde(default, rename = "discount", skip_serializing_if = "Vec::is_empty")]
    pub discounts: Vec<Discount>,
    /// Rights (of a subscription, a permit) under which parking costs nothing while they last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub covered_by: Vec<String>,
    /// The taxes that products name; none where no product is taxed.
    #[serde(default, rename = "tax", skip_serializing_if = "Vec::is_empty")]
    pub taxes: Vec<Tax>,
    /// Factors by occupancy.
    #[serde(default, rename = "occupancy", skip_serializing_if = "Vec::is_empty")]
    pub occupancy: Vec<Band>,
    /// What is charged when no entry is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost_ticket: Option<Decimal>,
}

/// The answers to what has two answers in the world, for the whole table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// How a line of a bill is rounded, and to what.
    pub rounding: Option<Rounding>,
    /// Free time at the start.
    pub grace: Option<Grace>,
    /// The time to leave after paying: exit before it has passed costs no more. `PT0S` is none.
    pub leave_grace: Option<Period>,
    /// What a unit costs that begins under one price and ends under another.
    pub crossing: Option<Crossing>,
    /// Whether the price is that of the entry, or follows what changes while the car is parked.
    pub change_while_parked: Option<Change>,
    /// What free time in the middle of a stay does to the unit that runs into it.
    pub free_time: Option<FreeTime>,
    /// What it is when a car comes back soon.
    pub reentry: Option<Reentry>,
    /// The amount above which a bill is held until a person has looked at it.
    pub hold_above: Option<Ceiling>,
}

/// How a line of a bill becomes money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rounding {
    /// Up, down, or to the nearest.
    pub mode: Mode,
    /// To a multiple of this amount: `"0.01"`, `"0.05"`.
    pub to: Decimal,
}

/// Free time at the start of a stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Grace {
    /// There is none.
    None,
    /// A stay shorter than this costs nothing; a longer one is charged from its first minute.
    Forgives(Period),
    /// A stay of at most this costs nothing; a longer one is charged from its first minute.
    ForgivesUpTo(Period),
    /// The first so many minutes are free for every stay; what follows is charged.
    Allowance(Period),
}

/// What a unit costs that begins under one price and ends under another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Crossing {
    /// The whole unit has the price under which it began.
    ByEntry,
    /// The unit ends at the boundary and a new one begins.
    BySegment,
    /// Time is charged exactly under each price; only the whole time in the last place is rounded up,
    /// to a multiple of the last price's step, and what is added has the last price (as OCPI has it).
    LastStep,
}

/// Whether the price of the entry holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// The version and the factor of the entry hold for the whole stay.
    Entry,
    /// Each part of the stay has the version and the factor of its own time.
    Segment,
}

/// What free (or covered) time in the middle of a stay does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FreeTime {
    /// It is skipped: the unit that has begun goes on behind it.
    Skip,
    /// It ends the unit; behind it a new one begins.
    Split,
}

/// What it is when a car comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Reentry {
    /// A new stay, always.
    Separate,
    /// Back before this time has passed since the exit: one stay from the first entry, the time
    /// outside included; what was paid is taken off.
    OneStayWithin(Period),
}

/// The amount above which a bill is held for a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Ceiling {
    /// No bill is held.
    Never,
    /// A bill above this amount is held.
    Amount(Decimal),
}

/// One way of charging a whole stay. Of those for which a stay qualifies, those with the highest
/// priority compete, and the cheapest is charged.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Product {
    /// What the bill calls it.
    pub name: String,
    /// Where given, products with a lower priority (none is 0) do not compete with it.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub priority: u32,
    /// The right that a driver needs for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub right: Option<String>,
    /// The window in which the entry must be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enter: Option<When>,
    /// The window in which the exit must be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leave: Option<Leave>,
    /// A window that must hold the whole stay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<When>,
    /// The shortest stay that it is for; a shorter one does not qualify.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shortest: Option<Period>,
    /// The longest stay that it is for; a longer one does not qualify.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub longest: Option<Period>,
    /// What the time is that no line covers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub otherwise: Option<Otherwise>,
    /// What the time costs: each line for the times that it is for.
    #[serde(default, rename = "line")]
    pub lines: Vec<Line>,
    /// The most that a time costs.
    #[serde(default, rename = "cap", skip_serializing_if = "Vec::is_empty")]
    pub caps: Vec<Cap>,
    /// The least that a stay costs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum: Option<Minimum>,
    /// The most that a stay costs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maximum: Option<Decimal>,
    /// The name of its tax.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tax: Option<String>,
}

/// The shortest period of a cap, of tiers or of a flat amount, in seconds.
pub(crate) const SHORTEST: i64 = 900;

impl Product {
    /// The periods of its caps, tiers and flat amounts: what accounts are kept for.
    pub(crate) fn periods(&self) -> impl Iterator<Item = Period> {
        let lines = self.lines.iter().filter_map(|line| match &line.price {
            Price::Tiers { anew: Some(Anew::Each(period)), .. } => Some(*period),
            Price::Flat { each: Some(Each::Period(period)), .. } => Some(*period),
            _ => None,
        });
        let caps = self.caps.iter().filter_map(|cap| match cap.period {
            Some(CapPeriod::Period(period)) => Some(period),
            Some(CapPeriod::Window) | None => None,
        });
        lines.chain(caps)
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// When a car must leave for a product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Leave {
    /// The window in which the exit must be.
    #[serde(default)]
    pub when: When,
    /// So many days of the calendar after the entry: 0 is the same day, 1 the next.
    pub days_after: u16,
}

/// What time is that no line covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Otherwise {
    /// It costs nothing.
    Free,
    /// There is no price: a stay that runs into it does not qualify for the product.
    Closed,
}

/// A price, and when, where and for whom it holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// What the bill calls it; unique in its product.
    pub name: String,
    /// When it holds.
    #[serde(default, skip_serializing_if = "When::is_always")]
    pub when: When,
    /// The bay types; none said means all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bays: Vec<String>,
    /// The places (of a nest of places); none said means all. While the car is in another place, the
    /// line's unit pauses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub zones: Vec<String>,
    /// Where another line holds at the same time, the higher priority (none is 0) is charged.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub priority: u32,
    /// What it costs.
    pub price: Price,
}

/// What a line costs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Price {
    /// The time costs nothing.
    Free,
    /// There is no price: a stay at this time does not qualify for the product.
    Closed,
    /// So much per unit of time.
    PerUnit(PerUnit),
    /// So much, however long.
    Flat {
        /// The price, in the table's currency.
        amount: Decimal,
        /// For what it is charged once.
        each: Option<Each>,
    },
    /// A total by how long the car has been charged for.
    Tiers {
        /// The tiers, in any order.
        tiers: Vec<Tier>,
        /// What comes after the last.
        after: Option<After>,
        /// When the tiers begin anew.
        anew: Option<Anew>,
    },
}

/// So much per unit of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PerUnit {
    /// How much for one `per`.
    pub amount: Decimal,
    /// The time that costs the amount: `PT1H`; or `calendar_day` for each date touched.
    pub per: Period,
    /// What is charged of a part: a whole step that has begun (`PT1H`, or shorter), or `exact`.
    pub step: Option<Step>,
}

/// What is charged of a part of a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Step {
    /// The time that was used, to the second.
    Exact,
    /// Every step that has begun, whole.
    Started(Period),
}

impl TryFrom<String> for Step {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.as_str() {
            "exact" => Ok(Self::Exact),
            _ => Period::try_from(text).map(Self::Started).map_err(|error| {
                format!("{error}; or write \"exact\" where only the time used is charged")
            }),
        }
    }
}

impl From<Step> for String {
    fn from(step: Step) -> Self {
        match step {
            Step::Exact => "exact".to_owned(),
            Step::Started(period) => period.to_string(),
        }
    }
}

/// For what a flat amount is charged once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Each {
    /// For the stay.
    Stay,
    /// For each window of the line (each night) that the stay touches.
    Window,
    /// For each period from the entry (`PT24H`) or to midnight (`calendar_day`).
    Period(Period),
}

/// A total for a stay up to a length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tier {
    /// Where the tier begins; not said means where the one before ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Period>,
    /// The longest time that it is for; it belongs to the tier.
    pub up_to: Period,
    /// The total for such a time.
    pub total: Decimal,
}

/// What comes after the last tier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum After {
    /// There is no price: a longer stay does not qualify for the product.
    Closed,
    /// Nothing more is charged.
    NothingMore,
    /// So much more per unit of time.
    PerUnit(PerUnit),
}

/// When the tiers begin anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Anew {
    /// Never in a stay.
    Never,
    /// With each period from the entry (`PT24H`) or to midnight (`calendar_day`).
    Each(Period),
}

/// The most that a time costs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cap {
    /// What the bill calls it.
    pub name: String,
    /// In the table's currency; what goes beyond it is not charged.
    pub amount: Decimal,
    /// For how long: `PT24H` or `P1D` from the entry, `calendar_day` to midnight; or each `window` of `when`.
    pub period: Option<CapPeriod>,
    /// Whether it holds for the first period alone, or for each.
    pub holds: Option<Holds>,
    /// The time whose charges count; not said means all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<When>,
}

/// For how long a cap holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum CapPeriod {
    /// For each window of the cap's `when`.
    Window,
    /// For so long: from the entry, or by the calendar.
    Period(Period),
}

impl TryFrom<String> for CapPeriod {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.as_str() {
            "window" => Ok(Self::Window),
            _ => Period::try_from(text).map(Self::Period),
        }
    }
}

impl From<CapPeriod> for String {
    fn from(period: CapPeriod) -> Self {
        match period {
            CapPeriod::Window => "window".to_owned(),
            CapPeriod::Period(period) => period.to_string(),
        }
    }
}

/// Whether a cap holds once or repeats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Holds {
    /// For the first period alone; afterwards the lines are charged without it.
    Once,
    /// For every period.
    Repeats,
}

/// The least that a stay costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Minimum {
    /// In the table's currency; a smaller bill is raised to it.
    pub amount: Decimal,
    /// Whether it is also charged where the lines come to nothing.
    pub when_free: Option<WhenFree>,
}

/// Whether a minimum is charged where the lines come to nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhenFree {
    /// It is charged all the same.
    Applies,
    /// A stay whose lines come to nothing costs nothing.
    Waived,
}

/// Something taken off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Discount {
    /// What the bill calls it.
    pub name: String,
    /// Its place: the lowest is taken off first, each from what the one before left.
    pub order: u32,
    /// The right or the merchant's validation that gives it; the stay has to have it.
    pub for_right: String,
    /// What is taken off.
    pub off: Off,
}

/// What a discount takes off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Off {
    /// So many percent of what is left.
    Percent(Decimal),
    /// So much, and never more than is left.
    Amount(Decimal),
    /// The price of the first so many minutes: the stay is charged as if it began that much later.
    FreeTime(Period),
}

/// A tax on the prices of a product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tax {
    /// Its name, which products refer to.
    pub name: String,
    /// The rate in percent: `"19"`.
    pub percent: Decimal,
    /// Whether the prices of the table include it.
    pub prices: Option<Prices>,
    /// How the tax is rounded: once per rate and bill, to the currency's minor unit.
    pub rounding: Option<Mode>,
}

/// Whether prices (caps, minimum and maximum too) include the tax.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Prices {
    /// The tax is inside.
    IncludeTax,
    /// The tax comes on top.
    ExcludeTax,
}

/// A factor by occupancy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Band {
    /// The occupancy in percent from which it holds; the lowest band has 0.
    pub from_percent: u8,
    /// It is left again only below this occupancy (hysteresis); the lowest band has 0.
    pub until_below_percent: Option<u8>,
    /// What prices are multiplied with.
    pub factor: Decimal,
}
