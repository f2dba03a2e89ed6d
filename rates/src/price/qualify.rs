//! Whether a stay qualifies for a product.

use super::entry::Parked;
use super::place::Place;
use crate::period::Period;
use crate::table::Product;

/// Whether the stay qualifies, by its entry, its exit, its length and its driver's right.
pub(crate) fn qualifies(
    product: &Product,
    place: &Place<'_>,
    parked: &Parked<'_>,
) -> Result<(), String> {
    let refuse = |reason: &str| Err(reason.to_owned());
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
        let spans = place.spans(within, parked.from, parked.until);
        if !spans.iter().any(|span| span.from == parked.from && span.until == parked.until) {
            return refuse("the stay is not within its window");
        }
    }
    if let Some(longest) = product.longest {
        let ends = match longest {
            Period::Elapsed(seconds) => parked.from.saturating_add(i64::from(seconds)),
            other => {
                // The end of the first period: where the second begins.
                let periods = super::place::Periods::new(place, other, parked.from, parked.until);
                periods.begins().get(1).copied().unwrap_or(i64::MAX)
            }
        };
        if parked.until > ends {
            return Err(format!("the stay is longer than {longest}"));
        }
    }
    Ok(())
}
