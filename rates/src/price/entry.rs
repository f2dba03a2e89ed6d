//! The stay that is charged: checked, joined with the visits before it, and cut at the payment.

use super::Part;
use crate::bill::Unpriced;
use crate::stay::{Segment, Stay};
use crate::table::{Change, RateTable, Reentry};

/// The stay that is charged.
pub(crate) struct Parked<'a> {
    pub from: i64,
    pub until: i64,
    pub parts: Vec<Part<'a>>,
    /// The rights of the entry, and what was validated since.
    pub rights: Vec<&'a str>,
    pub paid: i64,
}

const TEN_YEARS: i64 = 10 * 366 * 86_400;

impl<'a> Parked<'a> {
    /// `None` where no entry is known.
    pub fn new(table: &'a RateTable, stay: &'a Stay) -> Result<Option<Self>, Unpriced> {
        let Some(first) = stay.segments.first() else { return Ok(None) };
        let locked = table.rules.change_while_parked == Some(Change::Entry);
        let mut parts: Vec<Part<'a>> = Vec::with_capacity(stay.segments.len() + 1);
        for segment in &stay.segments {
            let part = part(table, segment, if locked { first } else { segment });
            if part.until < part.from {
                let (from, until) = (segment.from, segment.until);
                return Err(Unpriced::BadStay(format!(
                    "a part from {from} ends at {until}, before it begins"
                )));
            }
            if parts.last().is_some_and(|before| before.until != part.from) {
                return Err(Unpriced::BadStay(format!(
                    "no part ends at {}, where one begins",
                    segment.from
                )));
            }
            parts.push(part);
        }
        let rights = first.rights.iter().chain(&stay.validations).map(String::as_str).collect();
        let mut parked = Self {
            from: parts[0].from,
            until: parts[parts.len() - 1].until,
            parts,
            rights,
            paid: stay.credit.max(0),
        };
        parked.cut_at_payment(table, stay);
        parked.join(table, stay, first)?;
        if parked.until.saturating_sub(parked.from) > TEN_YEARS {
            return Err(Unpriced::TooLong);
        }
        Ok(Some(parked))
    }

    /// A stay whose entry nobody knows.
    pub fn unknown(stay: &Stay) -> Self {
        Self { from: 0, until: 0, parts: Vec::new(), rights: Vec::new(), paid: stay.credit.max(0) }
    }

    /// Paid, and out before the time to leave has passed: the stay ended with the payment.
    fn cut_at_payment(&mut self, table: &RateTable, stay: &Stay) {
        let Some(paid_at) = stay.paid_at.map(|at| at.timestamp()) else { return };
        let grace = table.rules.leave_grace.and_then(crate::Period::seconds).unwrap_or(0);
        if paid_at >= self.from && paid_at < self.until && self.until - paid_at < grace {
            self.parts.retain(|part| part.from < paid_at || part.from == self.from);
            if let Some(last) = self.parts.last_mut() {
                last.until = last.until.min(paid_at);
            }
            self.until = paid_at;
        }
    }

    /// Joins the visits that the table counts as one stay with this.
    fn join(
        &mut self,
        table: &'a RateTable,
        stay: &Stay,
        first: &'a Segment,
    ) -> Result<(), Unpriced> {
        let Some(Reentry::OneStayWithin(within)) = table.rules.reentry else { return Ok(()) };
        let within = within.seconds().unwrap_or(0);
        for visit in stay.earlier.iter().rev() {
            let (from, until) = (visit.from.timestamp(), visit.until.timestamp());
            if until < from || until > self.from {
                return Err(Unpriced::BadStay(format!(
                    "the earlier visit from {} does not end before this stay",
                    visit.from
                )));
            }
            if self.from - until >= within {
                break;
            }
            let before = Part { from, until: self.from, ..part(table, first, first) };
            self.parts.insert(0, before);
            self.from = from;
            self.paid = self.paid.saturating_add(visit.paid.max(0));
        }
        Ok(())
    }
}

fn part<'a>(table: &RateTable, segment: &'a Segment, factor_of: &Segment) -> Part<'a> {
    Part {
        from: segment.from.timestamp(),
        until: segment.until.timestamp(),
        zone: &segment.zone,
        bay: &segment.bay,
        factor: factor_of.factor,
        covered: segment.rights.iter().any(|right| table.covered_by.contains(right)),
    }
}
