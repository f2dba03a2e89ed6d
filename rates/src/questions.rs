//! The questions that a table has to answer, and what each answer would mean on an example.
//!
//! A question is asked where it matters for the table: what a cap's period is where there is a cap, what
//! a crossing costs where a price can change in a stay.

use std::fmt;

use crate::cover;
use crate::table::{After, PerUnit, Price, Product, RateTable, Step};

/// A choice that the table leaves out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Where the answer belongs: `rules.grace`, `product "day": cap "night": period`.
    pub place: String,
    /// What has to be decided.
    pub asks: &'static str,
    /// Each answer as it is written, and what it means on an example.
    pub answers: &'static [(&'static str, &'static str)],
}

impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is missing. {}", self.place, self.asks)?;
        for (answer, means) in self.answers {
            write!(f, "\n    {answer}\n        {means}")?;
        }
        Ok(())
    }
}

type Asked = (&'static str, &'static [(&'static str, &'static str)]);

const ROUNDING: Asked = (
    "How is a line of the bill rounded? Example: 25 minutes at 1.10 an hour are 0.45833...",
    &[
        (
            r#"rounding = { mode = "half_up", to = "0.01" }"#,
            "0.46: to the nearest cent, a half upwards",
        ),
        (
            r#"rounding = { mode = "half_even", to = "0.01" }"#,
            "0.46: to the nearest cent, a half to the even one",
        ),
        (r#"rounding = { mode = "down", to = "0.01" }"#, "0.45: in the driver's favour"),
        (r#"rounding = { mode = "up", to = "0.10" }"#, "0.50: to the next ten cents"),
    ],
);
const GRACE: Asked = (
    "Is the start of a stay free? Example: 2.00 per started hour, in for 70 minutes, with 15 minutes.",
    &[
        (r#"grace = "none""#, "4.00; and a car that turns round at once pays 2.00"),
        (
            r#"grace = { forgives = "PT15M" }"#,
            "4.00: a stay under 15 minutes is free, a longer one is charged from its start",
        ),
        (
            r#"grace = { forgives_up_to = "PT15M" }"#,
            "4.00: the same, and a stay of exactly 15 minutes is free too",
        ),
        (
            r#"grace = { allowance = "PT15M" }"#,
            "2.00: the first 15 minutes are free for everyone, 55 are charged",
        ),
    ],
);
const LEAVE_GRACE: Asked = (
    "How long may a driver take to leave after paying? Example: paid at 16:25 for two hours, 2.00 an hour.",
    &[
        (r#"leave_grace = "PT15M""#, "out at 16:35: nothing more"),
        (r#"leave_grace = "PT0S""#, "out at 16:35: the third hour has begun, 2.00 more"),
    ],
);
const CROSSING: Asked = (
    "What does a unit cost that begins under one price and ends under another? Example: 5.00 an hour before 17:00 and 7.00 after, in steps of 10 minutes, from 16:54 to 17:22.",
    &[
        (
            r#"crossing = "by_entry""#,
            "3.16: 0.83 for the step from 16:54, which keeps its price, and 2.33 for two from 17:04",
        ),
        (
            r#"crossing = "by_segment""#,
            "4.33: one step of 0.83 until 17:00, and three of 1.17 after",
        ),
        (
            r#"crossing = "last_step""#,
            "3.30: 28 minutes become 30 by the last step, 6 at 5.00 and 24 at 7.00 an hour",
        ),
    ],
);
const CHANGE: Asked = (
    "Does the price of the entry hold when a new table or an occupancy factor begins? Example: 2.00 an hour, 3.00 from midnight, in from 23:00 to 01:00.",
    &[
        (r#"change_while_parked = "entry""#, "4.00: what was shown at the entry holds"),
        (r#"change_while_parked = "segment""#, "5.00: each hour has the price of its own time"),
    ],
);
const FREE_TIME: Asked = (
    "What does free (or covered) time in the middle of a stay do? Example: 2.50 per started hour, free from 22:00 to 06:00, in from 21:30 to 06:30.",
    &[
        (r#"free_time = "skip""#, "2.50: 30 and 30 minutes are one hour"),
        (r#"free_time = "split""#, "5.00: an hour begins on each side"),
    ],
);
const REENTRY: Asked = (
    "What is it when a car comes back soon? Example: three hours free and then 2.00 an hour; in from 10:00 to 12:30 and again from 13:00 to 13:30.",
    &[
        (r#"reentry = "separate""#, "0.00: two stays, each within its free hours"),
        (
            r#"reentry = { one_stay_within = "PT2H" }"#,
            "2.00: one stay from 10:00 to 13:30, what was paid taken off",
        ),
    ],
);
const HOLD: Asked = (
    "Above which amount does a person look at a bill before it is charged? Example: a misread entry asks 700.00 for two hours.",
    &[
        (
            r#"hold_above = { amount = "60.00" }"#,
            "the bill is held, and nothing is debited until somebody has decided",
        ),
        (r#"hold_above = "never""#, "700.00 are debited"),
    ],
);
const STEP: Asked = (
    "What is charged of a part of a unit? Example: 2.00 an hour, in for 70 minutes.",
    &[
        (r#"step = "PT1H""#, "4.00: each started hour is whole"),
        (r#"step = "PT15M""#, "2.50: each started quarter of an hour"),
        (r#"step = "exact""#, "2.33: the time used"),
    ],
);
const EACH: Asked = (
    "For what is the flat amount charged once? Example: 5.00 from 22:00 to 06:00, in for two nights.",
    &[
        (r#"each = "stay""#, "5.00"),
        (r#"each = "window""#, "10.00: once for each night"),
        (
            r#"each = { period = "calendar_day" }"#,
            "15.00: once for each date that the nights touch",
        ),
    ],
);
const AFTER: Asked = (
    "What comes after the last tier? Example: up to one hour 1.40, up to two 2.80; in for three.",
    &[
        (r#"after = "closed""#, "no price: so long a stay is not for this product"),
        (r#"after = "nothing_more""#, "2.80"),
        (r#"after = { per_unit = { amount = "2.00", per = "PT1H", step = "PT1H" } }"#, "4.80"),
    ],
);
const ANEW: Asked = (
    "When do the tiers begin anew? Example: up to 5 hours 12.00, up to 24 hours 18.00, nothing more; in for 25 hours.",
    &[
        (r#"anew = "never""#, "18.00"),
        (r#"anew = { each = "PT24H" }"#, "30.00: 18.00, and 12.00 for the hour of the second day"),
        (
            r#"anew = { each = "calendar_day" }"#,
            "depends on the hour of entry: the tiers begin anew at each midnight",
        ),
    ],
);
const PERIOD: Asked = (
    "How long is the time that the cap holds for? Example: 2.00 per started hour, at most 20.00, in from Saturday 20:00 to Sunday 20:00 on the weekend when the clocks go back (25 hours).",
    &[
        (r#"period = "PT24H""#, "22.00: 20.00 for 24 hours, and 2.00 for the 25th"),
        (
            r#"period = "P1D""#,
            "20.00: a day is over when the clock shows the time of the entry again",
        ),
        (r#"period = "calendar_day""#, "28.00: 8.00 until midnight, and 20.00 for Sunday"),
        (r#"period = "window""#, "each window of the cap's `when`, as a night from 22:30 to 07:00"),
    ],
);
const HOLDS: Asked = (
    "Does the cap hold once or for every period? Example: 400 an hour, at most 1,500 in 24 hours, in for three days.",
    &[
        (r#"holds = "once""#, "20,700: 1,500, and 48 hours at 400"),
        (r#"holds = "repeats""#, "4,500"),
    ],
);
const WHEN_FREE: Asked = (
    "Is the minimum charged where the lines come to nothing? Example: at least 5.00, charged at weekends, in on a Thursday.",
    &[(r#"when_free = "applies""#, "5.00"), (r#"when_free = "waived""#, "0.00")],
);
const OTHERWISE: Asked = (
    "What is the time that no line covers? Example: a line for 08:00 to 18:00, in from 17:00 to 19:00 at 2.00 an hour.",
    &[
        (r#"otherwise = "free""#, "2.00: the hour after 18:00 costs nothing"),
        (r#"otherwise = "closed""#, "no price: the car must not stand there then"),
    ],
);
const PRICES: Asked = (
    "Do the prices include the tax? Example: 4.50 and 19 percent.",
    &[
        (r#"prices = "include_tax""#, "4.50 to pay, 0.72 of it tax"),
        (r#"prices = "exclude_tax""#, "5.36 to pay, 0.86 of it tax"),
    ],
);
const TAX_ROUNDING: Asked = (
    "How is the tax of a bill rounded? Example: 20 percent inside 2.97 are 0.495.",
    &[
        (r#"rounding = "half_up""#, "0.50"),
        (r#"rounding = "half_even""#, "0.50: a half to the even one"),
        (r#"rounding = "up""#, "0.50"),
        (r#"rounding = "down""#, "0.49"),
    ],
);
const UNTIL_BELOW: Asked = (
    "Below which occupancy is the band left again? Example: factor 1.5 from 80 percent, the car park goes from 81 to 79.",
    &[
        (
            "until_below_percent = 80",
            "the factor is 1.0 again at 79 percent, and may change every minute",
        ),
        ("until_below_percent = 75", "it stays 1.5 until occupancy is below 75 percent"),
    ],
);

/// Every question that the table leaves open; none for a table that can be charged by.
pub fn questions(table: &RateTable) -> Vec<Question> {
    let mut open = Vec::new();
    missing(table, &mut |place, (asks, answers)| {
        open.push(Question { place: place(), asks, answers });
    });
    // What is asked of a walk through the calendar. A price does not walk: the meter finds a unit that
    // crosses, and time without a line has no price.
    if table.rules.crossing.is_none()
        && let Some(meeting) =
            table.products.iter().find_map(|product| cover::meeting(table, product))
    {
        let place = format!("rules.crossing ({meeting})");
        open.push(Question { place, asks: CROSSING.0, answers: CROSSING.1 });
    }
    for product in table.products.iter().filter(|product| product.otherwise.is_none()) {
        if let Some(when) = cover::gap(table, product) {
            let place = format!("product \"{}\": otherwise (nothing covers {when})", product.name);
            open.push(Question { place, asks: OTHERWISE.0, answers: OTHERWISE.1 });
        }
    }
    open
}

/// The place of the first question that is open; nothing is allocated where none is.
pub(crate) fn first_missing(table: &RateTable) -> Option<String> {
    let mut first = None;
    missing(table, &mut |place, _| {
        if first.is_none() {
            first = Some(place());
        }
    });
    first
}

type Ask<'a> = &'a mut dyn FnMut(&dyn Fn() -> String, Asked);

fn missing(table: &RateTable, ask: Ask<'_>) {
    let rules = &table.rules;
    let lines = || table.products.iter().flat_map(|product| &product.lines);
    let mut rule = |name: &str, absent: bool, asked: Asked| {
        if absent {
            ask(&|| format!("rules.{name}"), asked);
        }
    };
    rule("rounding", rules.rounding.is_none(), ROUNDING);
    rule("grace", rules.grace.is_none(), GRACE);
    rule("leave_grace", rules.leave_grace.is_none(), LEAVE_GRACE);
    rule("change_while_parked", rules.change_while_parked.is_none(), CHANGE);
    let free = !table.covered_by.is_empty()
        || lines().any(|line| line.price == Price::Free)
        || table.products.iter().any(|p| p.otherwise == Some(crate::table::Otherwise::Free));
    rule("free_time", free && rules.free_time.is_none(), FREE_TIME);
    rule("reentry", rules.reentry.is_none(), REENTRY);
    rule("hold_above", rules.hold_above.is_none(), HOLD);
    for product in &table.products {
        of_product(product, ask);
    }
    for tax in &table.taxes {
        let place = |field: &str| format!("tax \"{}\": {field}", tax.name);
        if tax.prices.is_none() {
            ask(&|| place("prices"), PRICES);
        }
        if tax.rounding.is_none() {
            ask(&|| place("rounding"), TAX_ROUNDING);
        }
    }
    for band in &table.occupancy {
        if band.from_percent > 0 && band.until_below_percent.is_none() {
            let place = || format!("occupancy from {}: until_below_percent", band.from_percent);
            ask(&place, UNTIL_BELOW);
        }
    }
}

fn of_product(product: &Product, ask: Ask<'_>) {
    let name = &product.name;
    for line in &product.lines {
        let place = |field: &str| format!("product \"{name}\": line \"{}\": {field}", line.name);
        let step = |unit: &PerUnit| unit.step.is_none();
        match &line.price {
            Price::PerUnit(unit) if step(unit) => ask(&|| place("step"), STEP),
            Price::Flat { each: None, .. } => ask(&|| place("each"), EACH),
            Price::Tiers { after, anew, .. } => {
                match after {
                    None => ask(&|| place("after"), AFTER),
                    Some(After::PerUnit(unit)) if step(unit) => {
                        ask(&|| place("after.per_unit.step"), STEP);
                    }
                    Some(_) => {}
                }
                if anew.is_none() {
                    ask(&|| place("anew"), ANEW);
                }
            }
            Price::Free | Price::Closed | Price::PerUnit(_) | Price::Flat { .. } => {}
        }
    }
    for cap in &product.caps {
        let place = |field: &str| format!("product \"{name}\": cap \"{}\": {field}", cap.name);
        if cap.period.is_none() {
            ask(&|| place("period"), PERIOD);
        }
        if cap.holds.is_none() {
            ask(&|| place("holds"), HOLDS);
        }
    }
    if product.minimum.is_some_and(|minimum| minimum.when_free.is_none()) {
        ask(&|| format!("product \"{name}\": minimum.when_free"), WHEN_FREE);
    }
}

/// The step of a unit in seconds; `None` where the time used is charged exactly.
pub(crate) fn step_seconds(unit: &PerUnit) -> Option<i64> {
    match unit.step {
        Some(Step::Started(period)) => period.seconds(),
        Some(Step::Exact) | None => None,
    }
}
