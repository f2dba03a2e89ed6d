//! Windows that can never hold, and tiers with gaps.

use super::{FaultKind, Faults};
use crate::period::Period;
use crate::table::{After, Anew, CapPeriod, Line, Price, Product, RateTable, Tier};
use crate::window::{Day, When};

/// The windows and tiers of a product.
pub(super) fn product(table: &RateTable, product: &Product, faults: &mut Faults) {
    let name = format!("product \"{}\"", product.name);
    for line in &product.lines {
        let place = format!("{name}: line \"{}\"", line.name);
        window(table, &line.when, &place, faults);
        if let Price::Tiers { tiers, after, anew } = &line.price {
            tier_times(tiers, *anew, &place, faults);
            tiers_and_stays(product, line, tiers, (*after, *anew), &place, faults);
        }
    }
    for (what, when) in [("enter", &product.enter), ("within", &product.within)] {
        if let Some(when) = when {
            window(table, when, &format!("{name}: {what}"), faults);
        }
    }
    for cap in &product.caps {
        let place = format!("{name}: cap \"{}\"", cap.name);
        if let Some(when) = &cap.when {
            window(table, when, &place, faults);
        } else if cap.period == Some(CapPeriod::Window) {
            faults.add(
                FaultKind::NeverHolds,
                &place,
                "`period = \"window\"` needs the window: add `when`",
            );
        }
    }
    if let (Some(Period::Elapsed(shortest)), Some(Period::Elapsed(longest))) =
        (product.shortest, product.longest)
        && shortest > longest
    {
        faults.add(
            FaultKind::NeverHolds,
            &format!("{name}: shortest"),
            format!(
                "no stay is {} and more, and at most {}",
                Period::Elapsed(shortest),
                Period::Elapsed(longest)
            ),
        );
    }
    if let Some(leave) = &product.leave {
        let place = format!("{name}: leave");
        window(table, &leave.when, &place, faults);
        let entered = product.enter.as_ref().and_then(When::minutes).map_or(0, |(from, _)| from);
        let until = leave.when.minutes().map_or(0, |(_, until)| until);
        if leave.days_after == 0 && until <= entered {
            faults.add(
                FaultKind::NeverHolds,
                &place,
                "on the day of the entry, it ends before `enter` begins; for an exit on the next day write `days_after = 1`",
            );
        }
        if let Some(Period::Elapsed(longest)) = product.longest {
            // The shortest stay from the last entry to the first exit, give or take a changed clock.
            let enter = product
                .enter
                .as_ref()
                .and_then(When::minutes)
                .map_or(1440, |(_, until)| until.min(1440));
            let leaves = leave.when.minutes().map_or(0, |(from, _)| from);
            let shortest =
                i64::from(leave.days_after) * 1440 + i64::from(leaves) - i64::from(enter);
            if shortest > i64::from(longest / 60) + 60 {
                faults.add(
                    FaultKind::NeverHolds,
                    &place,
                    format!("no stay of at most {} can reach it", Period::Elapsed(longest)),
                );
            }
        }
    }
}

/// Tiers that the product's shortest and longest stay leave out, or that leave them out.
fn tiers_and_stays(
    product: &Product,
    line: &Line,
    tiers: &[Tier],
    (after, anew): (Option<After>, Option<Anew>),
    place: &str,
    faults: &mut Faults,
) {
    let elapsed = |period: Option<Period>| period.and_then(Period::seconds);
    let ends = || tiers.iter().filter_map(|tier| tier.up_to.seconds());
    if let Some(shortest) = elapsed(product.shortest) {
        for end in ends().filter(|end| *end < shortest) {
            let (end, shortest) = (length(end), length(shortest));
            faults.add(FaultKind::NeverHolds, place, format!(
                "the tier up to {end} is never charged, because the product is for stays of {shortest} and more (`shortest`)"
            ));
        }
    }
    let (Some(longest), Some(end)) = (elapsed(product.longest), ends().max()) else { return };
    if let Some(before) = ends().filter(|end| *end >= longest).min()
        && before < end
    {
        faults.add(FaultKind::NeverHolds, place, format!(
            "the tier up to {} is never reached, because the product is for stays of at most {} (`longest`)",
            length(end), length(longest)
        ));
    }
    // The longest time that can be counted: of the stay, of one window, before the tiers begin anew.
    let window = line.when.minutes().filter(|_| !line.when.is_always());
    let window = window.map_or(i64::MAX, |(from, until)| 60 * i64::from(until - from));
    let again = match anew {
        Some(Anew::Each(period)) => period.seconds().unwrap_or(i64::MAX),
        Some(Anew::Never) | None => i64::MAX,
    };
    let most = longest.min(window).min(again);
    if after == Some(After::Closed) && end < most {
        faults.add(FaultKind::Gap, place, format!(
            "no tier is for stays between {} and {}, although the product is for them (`longest`)",
            length(end), length(most)
        ));
    }
}

/// A window that never holds.
fn window(table: &RateTable, when: &When, place: &str, faults: &mut Faults) {
    let never =
        |message: String, faults: &mut Faults| faults.add(FaultKind::NeverHolds, place, message);
    if when.minutes().is_none() {
        let message = match (when.from, when.until) {
            (Some(from), Some(until)) if from == until => {
                format!(
                    "from {from} until {until} is no time at all; for a whole day leave both out"
                )
            }
            _ => "`from` is the end of the day; write the time at which it begins".to_owned(),
        };
        never(message, faults);
        return;
    }
    if when.days.contains(&Day::Holiday) && table.holidays.is_none() {
        never("`holiday` is no day here, because the table has no `holidays`".to_owned(), faults);
    }
    let holidays = table.holidays.as_ref();
    let dates = crate::cover::dates(table);
    let named = when.dates.iter().filter(|date| {
        table.valid_from.is_none_or(|from| **date >= from)
            && table.valid_until.is_none_or(|until| **date < until)
    });
    if !dates.iter().chain(named).any(|date| when.begins_on(*date, holidays)) {
        never(
            "no day that the table is for fits its days, seasons and dates together".to_owned(),
            faults,
        );
    }
}

/// Tiers that leave a length of stay out, or have two totals for it.
fn tier_times(tiers: &[Tier], anew: Option<Anew>, place: &str, faults: &mut Faults) {
    let mut sorted: Vec<&Tier> = tiers.iter().collect();
    sorted.sort_by_key(|tier| tier.up_to.seconds());
    if sorted.is_empty() {
        faults.add(
            FaultKind::Gap,
            place,
            "there are no tiers; add one, as { up_to = \"PT1H\", total = \"2.00\" }",
        );
    }
    let mut end = 0;
    let mut total = None;
    for tier in sorted {
        let Some(up_to) = tier.up_to.seconds().filter(|up_to| *up_to > 0) else {
            faults.add(
                FaultKind::BadNumber,
                place,
                format!("a tier up to {} has no length that elapses; write \"PT1H\"", tier.up_to),
            );
            continue;
        };
        let from = tier.from.map_or(Some(end), Period::seconds);
        match from {
            Some(from) if from >= up_to => faults.add(FaultKind::NeverHolds, place, format!("the tier up to {} begins where it ends, or after", tier.up_to)),
            Some(from) if from > end => faults.add(FaultKind::Gap, place, format!(
                "no tier is for stays between {} and {}; a tier begins exactly where the one before ends (`from` may be left out)", length(end), length(from)
            )),
            Some(from) if from < end => faults.add(FaultKind::Overlap, place, format!(
                "two tiers are for stays between {} and {}; end one where the other begins", length(from), length(end.min(up_to))
            )),
            Some(_) if up_to == end => faults.add(FaultKind::Overlap, place, format!("two tiers end at {}", tier.up_to)),
            Some(_) => {}
            None => faults.add(FaultKind::BadNumber, place, "a tier's `from` is time that elapses; write \"PT1H\""),
        }
        if total.is_some_and(|before| {
            tier.total.ratio().sub(before).is_ok_and(crate::Ratio::is_negative)
        }) {
            faults.add(FaultKind::LongerCostsLess, place, format!("the tier up to {} costs less than the one before; `total` is the price of the whole stay", tier.up_to));
        }
        if let Some(Anew::Each(period)) = anew
            && period.seconds().is_some_and(|period| end >= period)
        {
            faults.add(FaultKind::NeverHolds, place, format!("the tier up to {} is never reached, because the tiers begin anew with each {period}", tier.up_to));
        }
        end = end.max(up_to);
        total = Some(tier.total.ratio());
    }
}

fn length(seconds: i64) -> String {
    u32::try_from(seconds).map_or_else(|_| "?".to_owned(), |s| Period::Elapsed(s).to_string())
}
