//! Whether a stay qualifies for a product.

use super::entry::Parked;
use super::place::Place;
use crate::period::Period;
use crate::spot;
use crate::table::Product;

/// Whether the stay qualifies, by its entry, its exit, its length and its driver's right.
pub(crate) fn qualifies(
    product: &Product,
    place: &Place<'_>,
    parked: &Parked<'_>,
) -> Result<(), String> {
    let refuse = |reason: &str| Err(reason.to_owned());
    // Free minutes, too, are free only where the product has a line.
    let mut charged = parked.parts.iter().filter(|part| !part.covered).map(super::Part::spot);
    let suits = |spot: spot::Spot<'_>| product.lines.iter().any(|line| spot.suits(line));
    if let Some(first) = charged.next()
        && !suits(first)
        && !charged.any(suits)
    {
        return Err(spot::unserved(product, first));
    }
    if product.right.as_deref().is_some_and(|right| !parked.rights.contains(&right)) {
        return refuse("the driver does not have its right");
    }
    if product.enter.as_ref().is_some_and(|when| !place.holds(when, parked.from)) {
        return refuse("the entry is not in its window");
    }
    if let Some(leave) = &product.leave {
        // The exit is judged by the instant it happens at, and by its date there.
        let (entry, exit) = (place.local(parked.from).date(), place.local(parked.until).date());
        if exit.signed_duration_since(entry).num_days() != i64::from(leave.days_after) {
            return refuse("the exit is not on its day");
        }
        if !place.holds(&leave.when, parked.until) {
            return refuse("the exit is not in its window");
        }
    }
    if let Some(within) = &product.within {
        // Saturday and Sunday are one time, although each is a window.
        let mut end = parked.from;
        for span in place.spans(within, parked.from, parked.until) {
            if span.from > end {
                break;
            }
            end = end.max(span.until);
        }
        if end < parked.until {
            return refuse("the stay is not within its window");
        }
    }
    if let Some(shortest) = product.shortest
        && parked.until < end_of(shortest, place, parked)
    {
        return Err(format!("the stay is shorter than {shortest}"));
    }
    if let Some(longest) = product.longest
        && parked.until > end_of(longest, place, parked)
    {
        return Err(format!("the stay is longer than {longest}"));
    }
    Ok(())
}

/// When a period that began with the entry is over; never, where the stay does not last so long.
fn end_of(period: Period, place: &Place<'_>, parked: &Parked<'_>) -> i64 {
    match period {
        Period::Elapsed(seconds) => parked.from.saturating_add(i64::from(seconds)),
        other => {
            // Where the second period begins; it is there if the stay reaches it.
            let until = parked.until.saturating_add(1);
            let periods = super::place::Periods::new(place, other, parked.from, until);
            periods.begins().get(1).copied().unwrap_or(i64::MAX)
        }
    }
}
