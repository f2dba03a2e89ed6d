//! The other way round: until when an amount pays.

use chrono::{DateTime, TimeDelta, Utc};

use super::price;
use crate::bill::Unpriced;
use crate::stay::{Segment, Stay};
use crate::table::RateTable;

/// The last whole minute until which a stay that begins like `first` costs no more than `amount` minor
/// units: free time before charging begins, and behind it, is given. `first.until` is not looked at.
///
/// The search ends after 35 days, or where the table has no price.
pub fn paid_until(
    table: &RateTable,
    first: &Segment,
    amount: i64,
) -> Result<DateTime<Utc>, Unpriced> {
    const MINUTES: i64 = 35 * 24 * 60;
    let at = |minutes: i64| first.from + TimeDelta::minutes(minutes);
    let pays = |minutes: i64| -> Result<bool, Unpriced> {
        let segment = Segment { until: at(minutes), ..first.clone() };
        match price(table, &Stay::of(vec![segment])) {
            Ok(bill) => Ok(bill.total <= amount),
            Err(Unpriced::NoProduct(_)) if minutes > 1 => Ok(false),
            Err(unpriced) => Err(unpriced),
        }
    };
    // No price within the first minute is no price at all.
    pays(1)?;
    let (mut good, mut bad) = (0, MINUTES + 1);
    while bad - good > 1 {
        let middle = good + (bad - good) / 2;
        if pays(middle)? { good = middle } else { bad = middle }
    }
    Ok(at(good))
}
